//! Signed time. `docs/spec.md`, §7.8.

use keyfob_signed::{Kind, Payload, cbor};
use keyfob_wire::{Decoder, Malformed, PartitionId, Serial, UnixTime};
use minicbor::{Encoder, encode};

/// A vendor's word that it is at least this late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedTime {
    /// It is at least this late.
    pub time: UnixTime,
    /// The nonce that the token gave for it.
    pub nonce: [u8; 16],
}

impl<'a> Payload<'a> for SignedTime {
    const KIND: Kind = Kind::Time;
    type Binding = (Serial, PartitionId);

    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
        cbor::array(decoder, 2)?;
        Ok(Self { time: UnixTime(decoder.u64()?), nonce: *cbor::fixed(decoder)? })
    }

    fn encode<W: encode::Write>(&self, encoder: &mut Encoder<W>) -> Result<(), encode::Error<W::Error>> {
        encoder.array(2)?.u64(self.time.0)?.bytes(&self.nonce)?.ok()
    }
}
