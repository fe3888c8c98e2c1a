//! What a token says of its keys, and what a vendor says of them. `docs/spec.md`, §7.2 to §7.4.

use keyfob_crypto::PublicKey;
use keyfob_wire::{Decoder, Firmware, Malformed, PartitionId, Serial};
use minicbor::{Encoder, encode};

use crate::{Kind, Levels, Payload, cbor};

/// A kind of board (specification §7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Board(pub u8);

impl Board {
    /// The software token.
    pub const EMULATOR: Self = Self(0);
    /// Raspberry Pi Pico, with an RP2040.
    pub const PICO: Self = Self(1);
    /// Raspberry Pi Pico 2, with an RP2350.
    pub const PICO_2: Self = Self(2);
    /// Nordic's nRF52840 dongle.
    pub const NRF52840_DONGLE: Self = Self(3);
    /// Arm's MPS2 board with image AN386, as QEMU has it.
    pub const MPS2_AN386: Self = Self(4);
    /// Arm's MPS2 board with image AN505, as QEMU has it.
    pub const MPS2_AN505: Self = Self(5);

    /// Whether there is no such hardware to buy: it counts as emulated.
    #[must_use]
    pub const fn is_emulated(self) -> bool {
        matches!(self, Self::EMULATOR | Self::MPS2_AN386 | Self::MPS2_AN505)
    }

    /// The board's levels, if it is a known one.
    #[must_use]
    pub const fn levels(self) -> Option<Levels> {
        match self {
            Self::EMULATOR | Self::MPS2_AN386 | Self::MPS2_AN505 => Some(Levels::EMULATED),
            Self::PICO => Some(Levels::OPEN),
            Self::PICO_2 => Some(Levels::SEALED_ANCHORED),
            Self::NRF52840_DONGLE => Some(Levels::OPEN_STRONG),
            _ => None,
        }
    }

    /// The board's name for people, if it is a known one.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::EMULATOR => Some("emulator"),
            Self::PICO => Some("Raspberry Pi Pico"),
            Self::PICO_2 => Some("Raspberry Pi Pico 2"),
            Self::NRF52840_DONGLE => Some("nRF52840 dongle"),
            Self::MPS2_AN386 => Some("MPS2 AN386"),
            Self::MPS2_AN505 => Some("MPS2 AN505"),
            _ => None,
        }
    }
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

    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
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

    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
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

    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
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

fn levels(decoder: &mut Decoder<'_>) -> Result<Levels, Malformed> {
    Levels::from_number(decoder.u8()?).ok_or(Malformed)
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use super::{Board, Levels};

    /// The specification's table is the list.
    #[test]
    fn the_specification_lists_the_same_boards() {
        let spec = include_str!("../../../docs/spec.md");
        let (_, table) = spec.split_once("| board | number | levels |\n|---|---|---|\n").unwrap();
        let rows: Vec<_> = table.lines().take_while(|row| row.starts_with('|')).collect();
        for number in 0..=u8::MAX {
            let board = Board(number);
            let row = rows.get(usize::from(number)).map(|row| row.trim_matches('|').split('|').map(str::trim));
            let row: Option<Vec<_>> = row.map(Iterator::collect);
            let Some([name, written, levels]) = row.as_deref() else {
                assert_eq!((board.name(), board.levels(), board.is_emulated()), (None, None, false), "{number}");
                continue;
            };
            assert!(name.starts_with(board.name().unwrap().split(' ').next().unwrap()), "{name}");
            assert_eq!(written.parse(), Ok(number));
            let expected = match *levels {
                "emulated" => Levels::EMULATED,
                "keys in the clear, state can be put back" => Levels::OPEN,
                "keys sealed under a chip secret, state anchored" => Levels::SEALED_ANCHORED,
                "keys in the clear, state strong" => Levels::OPEN_STRONG,
                other => panic!("{other}"),
            };
            assert_eq!(board.levels(), Some(expected), "{name}");
            assert_eq!(Levels::from_number(expected.number()), Some(expected), "{name}");
            assert_eq!(board.is_emulated(), expected.is_emulated(), "{name}");
        }
    }
}
