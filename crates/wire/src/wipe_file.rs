//! Wipe files. Spec §7.9.

use minicbor::{Encode, Encoder, encode};

use crate::{
    Malformed, PartitionId, Serial,
    body::{array, fixed, whole},
};

/// A wipe as it travels: for which partition it is, and what proves it. Also the body of `wipe`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WipeFile<'a> {
    /// The token it is for.
    pub serial: Serial,
    /// The partition it is for.
    pub partition: PartitionId,
    /// The signed wipe.
    pub wipe: &'a [u8],
}

impl<'a> WipeFile<'a> {
    /// Reads a file. Nothing in it is verified.
    ///
    /// # Errors
    /// If it isn't as specified.
    pub fn parse(file: &'a [u8]) -> Result<Self, Malformed> {
        whole(file, |decoder| {
            array(decoder, 4)?;
            if decoder.str()? != MAGIC {
                return Err(Malformed);
            }
            Ok(Self {
                serial: Serial(fixed(decoder)?),
                partition: PartitionId(fixed(decoder)?),
                wipe: decoder.bytes()?,
            })
        })
    }
}

impl<C> Encode<C> for WipeFile<'_> {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.array(4)?.str(MAGIC)?.bytes(&self.serial.0)?.bytes(&self.partition.0)?.bytes(self.wipe)?.ok()
    }
}

const MAGIC: &str = "keyfob-wipe";
