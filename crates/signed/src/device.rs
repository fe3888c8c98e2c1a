//! What a token says of its keys, and what a vendor says of them. `docs/spec.md`, §7.2 to §7.4.

use keyfob_crypto::PublicKey;
use keyfob_wire::{Firmware, PartitionId, Serial};
use minicbor::{Decoder, Encoder, decode, encode};

use crate::{Kind, Levels, Payload, cbor};

/// A kind of board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Board(pub u8);

impl Board {
    /// The software token.
    pub const EMULATOR: Self = Self(0);
}

/// A blank token's wish to be certified, signed by the key that it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BirthRequest {
    /// The serial that the token gave itself.
    pub serial: Serial,
    /// The board, by its own word.
    pub board: Board,
    /// The levels, by its own word.
    pub levels: Levels,
    /// The device's handshake key.
    pub handshake: PublicKey,
    /// The device's signing key.
    pub signing: PublicKey,
    /// The asker's nonce.
    pub nonce: [u8; 16],
    /// The firmware, by its own word.
    pub firmware: Firmware,
}

impl<'a> Payload<'a> for BirthRequest {
    const KIND: Kind = Kind::BirthRequest;
    type Binding = ();

    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, decode::Error> {
        cbor::array(decoder, 7)?;
        Ok(Self {
            serial: Serial(*cbor::fixed(decoder)?),
            board: Board(decoder.u8()?),
            levels: levels(decoder)?,
            handshake: PublicKey(*cbor::fixed(decoder)?),
            signing: PublicKey(*cbor::fixed(decoder)?),
            nonce: *cbor::fixed(decoder)?,
            firmware: Firmware(*cbor::fixed(decoder)?),
        })
    }

    fn encode<W: encode::Write>(&self, encoder: &mut Encoder<W>) -> Result<(), encode::Error<W::Error>> {
        encoder
            .array(7)?
            .bytes(&self.serial.0)?
            .u8(self.board.0)?
            .u8(self.levels.number())?
            .bytes(&self.handshake.0)?
            .bytes(&self.signing.0)?
            .bytes(&self.nonce)?
            .bytes(&self.firmware.0)?;
        Ok(())
    }
}

/// A token's wish that a vendor endorse the partition it has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnrolmentRequest {
    /// The partition.
    pub partition: PartitionId,
    /// The digest of the vendor's root key.
    pub vendor: [u8; 32],
    /// The partition's handshake key.
    pub handshake: PublicKey,
    /// The partition's sealing key.
    pub sealing: PublicKey,
    /// The partition's proof key.
    pub proof: PublicKey,
    /// The vendor's nonce.
    pub nonce: [u8; 16],
}

impl<'a> Payload<'a> for EnrolmentRequest {
    const KIND: Kind = Kind::EnrolmentRequest;
    type Binding = Serial;

    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, decode::Error> {
        cbor::array(decoder, 6)?;
        Ok(Self {
            partition: PartitionId(*cbor::fixed(decoder)?),
            vendor: *cbor::fixed(decoder)?,
            handshake: PublicKey(*cbor::fixed(decoder)?),
            sealing: PublicKey(*cbor::fixed(decoder)?),
            proof: PublicKey(*cbor::fixed(decoder)?),
            nonce: *cbor::fixed(decoder)?,
        })
    }

    fn encode<W: encode::Write>(&self, encoder: &mut Encoder<W>) -> Result<(), encode::Error<W::Error>> {
        encoder
            .array(6)?
            .bytes(&self.partition.0)?
            .bytes(&self.vendor)?
            .bytes(&self.handshake.0)?
            .bytes(&self.sealing.0)?
            .bytes(&self.proof.0)?
            .bytes(&self.nonce)?;
        Ok(())
    }
}

/// A vendor's word that these are the keys of its partition on a genuine token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endorsement {
    /// The partition.
    pub partition: PartitionId,
    /// The partition's handshake key.
    pub handshake: PublicKey,
    /// The partition's sealing key.
    pub sealing: PublicKey,
    /// The partition's proof key.
    pub proof: PublicKey,
    /// The device's levels, as its maker certified them.
    pub levels: Levels,
    /// Refused once the verifier's minimum is above it.
    pub epoch: u32,
}

impl<'a> Payload<'a> for Endorsement {
    const KIND: Kind = Kind::Endorsement;
    type Binding = Serial;

    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, decode::Error> {
        cbor::array(decoder, 6)?;
        Ok(Self {
            partition: PartitionId(*cbor::fixed(decoder)?),
            handshake: PublicKey(*cbor::fixed(decoder)?),
            sealing: PublicKey(*cbor::fixed(decoder)?),
            proof: PublicKey(*cbor::fixed(decoder)?),
            levels: levels(decoder)?,
            epoch: decoder.u32()?,
        })
    }

    fn encode<W: encode::Write>(&self, encoder: &mut Encoder<W>) -> Result<(), encode::Error<W::Error>> {
        encoder
            .array(6)?
            .bytes(&self.partition.0)?
            .bytes(&self.handshake.0)?
            .bytes(&self.sealing.0)?
            .bytes(&self.proof.0)?
            .u8(self.levels.number())?
            .u32(self.epoch)?;
        Ok(())
    }
}

fn levels(decoder: &mut Decoder<'_>) -> Result<Levels, decode::Error> {
    Levels::from_number(decoder.u8()?).ok_or_else(|| decode::Error::message("levels"))
}
