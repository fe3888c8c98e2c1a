//! Proofs: a token's decision for somebody who isn't at the token. `docs/spec.md`, §7.11.
//!
//! An Entity Attestation Token (RFC 9711) of CWT claims (RFC 8392), which is a map.

use keyfob_signed::{Kind, Payload, cbor};
use keyfob_wire::body::{MAX_AUDIENCE, MAX_CONTEXT, MAX_NONCE, MIN_PROOF_NONCE};
use keyfob_wire::{Decoder, FeatureId, Malformed, PartitionId, Serial, Status, Subject, UnixTime};
use minicbor::{Encoder, encode};

use crate::Quality;

/// A decision, for whom it was made and what it rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof<'a> {
    /// For whom it is, 1 to 64 bytes.
    pub audience: &'a str,
    /// The time of judgement.
    pub time: UnixTime,
    /// The audience's nonce, 16 to 64 bytes.
    pub nonce: &'a [u8],
    /// The feature that was judged.
    pub feature: FeatureId,
    /// The decision: `ok`, or why not.
    pub status: Status,
    /// How far the time can be relied upon.
    pub quality: Quality,
    /// What app and audience agreed upon, at most 64 bytes.
    pub context: &'a [u8],
    /// The subject of the app's certificate.
    pub app: Subject,
    /// The last update's number.
    pub number: u32,
    /// The last update's epoch.
    pub epoch: u32,
}

impl Proof<'_> {
    fn is_sound(&self) -> bool {
        (1..=MAX_AUDIENCE).contains(&self.audience.len())
            && (MIN_PROOF_NONCE..=MAX_NONCE).contains(&self.nonce.len())
            && self.context.len() <= MAX_CONTEXT
    }
}

impl<'a> Payload<'a> for Proof<'a> {
    const KIND: Kind = Kind::Proof;
    type Binding = (Serial, PartitionId);

    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
        if decoder.map()? != 10 {
            return Err(Malformed);
        }
        let proof = Self {
            audience: claim(decoder, AUDIENCE)?.str()?,
            time: UnixTime(claim(decoder, ISSUED_AT)?.u64()?),
            nonce: claim(decoder, NONCE)?.bytes()?,
            feature: FeatureId(claim(decoder, FEATURE)?.u32()?),
            status: Status::from_number(claim(decoder, STATUS)?.u16()?).ok_or(Malformed)?,
            quality: Quality::from_number(claim(decoder, QUALITY)?.u8()?).ok_or(Malformed)?,
            context: claim(decoder, CONTEXT)?.bytes()?,
            app: Subject(*cbor::fixed(claim(decoder, APP)?)?),
            number: claim(decoder, NUMBER)?.u32()?,
            epoch: claim(decoder, EPOCH)?.u32()?,
        };
        if proof.is_sound() { Ok(proof) } else { Err(Malformed) }
    }

    fn encode<W: encode::Write>(&self, encoder: &mut Encoder<W>) -> Result<(), encode::Error<W::Error>> {
        if !self.is_sound() {
            return Err(encode::Error::message("length"));
        }
        encoder.map(10)?.i32(AUDIENCE)?.str(self.audience)?.i32(ISSUED_AT)?.u64(self.time.0)?;
        encoder.i32(NONCE)?.bytes(self.nonce)?.i32(FEATURE)?.u32(self.feature.0)?;
        encoder.i32(STATUS)?.u16(self.status.number())?.i32(QUALITY)?.u8(self.quality.number())?;
        encoder.i32(CONTEXT)?.bytes(self.context)?.i32(APP)?.bytes(&self.app.0)?;
        encoder.i32(NUMBER)?.u32(self.number)?.i32(EPOCH)?.u32(self.epoch)?.ok()
    }
}

/// Reads the key of the next claim, which must be this one.
fn claim<'d, 'a>(decoder: &'d mut Decoder<'a>, key: i32) -> Result<&'d mut Decoder<'a>, Malformed> {
    // A negative key -1 - n is written as n.
    let number = if key < 0 { !key } else { key };
    if decoder.integer()? == (key < 0, u64::from(number.unsigned_abs())) { Ok(decoder) } else { Err(Malformed) }
}

/// CWT's aud (RFC 8392, section 3.1.3).
const AUDIENCE: i32 = 3;
/// CWT's iat (RFC 8392, section 3.1.6).
const ISSUED_AT: i32 = 6;
/// EAT's eat_nonce (RFC 9711, section 4.1).
const NONCE: i32 = 10;
/// For private use, as all below (RFC 8392, section 9.1).
const FEATURE: i32 = -65_537;
const STATUS: i32 = -65_538;
const QUALITY: i32 = -65_539;
const CONTEXT: i32 = -65_540;
const APP: i32 = -65_541;
const NUMBER: i32 = -65_542;
const EPOCH: i32 = -65_543;
