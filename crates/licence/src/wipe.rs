//! What ends a partition. `docs/spec.md`, §7.9.

use keyfob_signed::{Kind, Payload, cbor};
use keyfob_wire::{Decoder, Malformed, PartitionId, Serial};
use minicbor::{Encoder, encode};

/// A vendor's order to take its partition away with all that is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wipe {
    /// Which wipe of the token it is, from 1.
    pub sequence: u32,
}

impl<'a> Payload<'a> for Wipe {
    const KIND: Kind = Kind::Wipe;
    type Binding = (Serial, PartitionId);

    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
        cbor::array(decoder, 1)?;
        Ok(Self { sequence: decoder.u32()? })
    }

    fn encode<W: encode::Write>(&self, encoder: &mut Encoder<W>) -> Result<(), encode::Error<W::Error>> {
        encoder.array(1)?.u32(self.sequence)?.ok()
    }
}
