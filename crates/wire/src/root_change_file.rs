//! Root change files. Spec §7.10.

use minicbor::{Encode, Encoder, encode};

use crate::{
    Malformed, PartitionId, Serial,
    body::{array, fixed, whole},
};

/// A change of a vendor's root as it travels: for which partition it is, and what proves it. Also the body of
/// `change-root`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootChangeFile<'a> {
    /// The token it is for.
    pub serial: Serial,
    /// The partition it is for.
    pub partition: PartitionId,
    /// The change, signed by the old root or the recovery key.
    pub by_old: &'a [u8],
    /// The same change, signed by the new root.
    pub by_new: &'a [u8],
    /// The new root's endorsement of the partition's keys.
    pub endorsement: &'a [u8],
}

impl<'a> RootChangeFile<'a> {
    /// Reads a file. Nothing in it is verified.
    ///
    /// # Errors
    /// If it isn't as specified.
    pub fn parse(file: &'a [u8]) -> Result<Self, Malformed> {
        whole(file, |decoder| {
            array(decoder, 6)?;
            if decoder.str()? != MAGIC {
                return Err(Malformed);
            }
            Ok(Self {
                serial: Serial(fixed(decoder)?),
                partition: PartitionId(fixed(decoder)?),
                by_old: decoder.bytes()?,
                by_new: decoder.bytes()?,
                endorsement: decoder.bytes()?,
            })
        })
    }
}

impl<C> Encode<C> for RootChangeFile<'_> {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.array(6)?.str(MAGIC)?.bytes(&self.serial.0)?.bytes(&self.partition.0)?;
        e.bytes(self.by_old)?.bytes(self.by_new)?.bytes(self.endorsement)?.ok()
    }
}

const MAGIC: &str = "keyfob-root-change";
