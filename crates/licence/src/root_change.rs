//! What puts a vendor's new root in the place of the old one. `docs/spec.md`, §7.10.

use keyfob_crypto::PublicKey;
use keyfob_signed::{Kind, Payload, cbor};
use keyfob_wire::{Decoder, Malformed, PartitionId, Serial};
use minicbor::{Encoder, encode};

/// A partition's new root. It counts if the old root or the recovery key, and the new root, have signed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootChange {
    /// Which change of the partition's root it is, from 1.
    pub number: u32,
    /// The new root's key.
    pub root: PublicKey,
}

impl<'a> Payload<'a> for RootChange {
    const KIND: Kind = Kind::RootChange;
    type Binding = (Serial, PartitionId);

    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
        cbor::array(decoder, 2)?;
        Ok(Self { number: decoder.u32()?, root: PublicKey(*cbor::fixed(decoder)?) })
    }

    fn encode<W: encode::Write>(&self, encoder: &mut Encoder<W>) -> Result<(), encode::Error<W::Error>> {
        encoder.array(2)?.u32(self.number)?.bytes(&self.root.0)?.ok()
    }
}
