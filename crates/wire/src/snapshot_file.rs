//! Snapshot files. Spec §7.12.

use minicbor::{Encode, Encoder, encode};

use crate::{
    Malformed, Serial,
    body::{array, fixed, whole},
};

/// A snapshot as it travels to the vendor: whose it is, and what proves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotFile<'a> {
    /// The token that gave it.
    pub serial: Serial,
    /// The endorsement of the partition that gave it.
    pub endorsement: &'a [u8],
    /// The signed snapshot.
    pub snapshot: &'a [u8],
}

impl<'a> SnapshotFile<'a> {
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
            Ok(Self { serial: Serial(fixed(decoder)?), endorsement: decoder.bytes()?, snapshot: decoder.bytes()? })
        })
    }
}

impl<C> Encode<C> for SnapshotFile<'_> {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.array(4)?.str(MAGIC)?.bytes(&self.serial.0)?.bytes(self.endorsement)?.bytes(self.snapshot)?.ok()
    }
}

const MAGIC: &str = "keyfob-snapshot";
