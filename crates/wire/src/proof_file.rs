//! Proof files. Spec §7.11.

use minicbor::{Encode, Encoder, encode};

use crate::{
    Malformed, Serial,
    body::{array, fixed, whole},
};

/// A proof as it travels to a server: whose it is, and what proves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProofFile<'a> {
    /// The token that gave it.
    pub serial: Serial,
    /// The endorsement of the partition that gave it.
    pub endorsement: &'a [u8],
    /// The signed proof.
    pub proof: &'a [u8],
}

impl<'a> ProofFile<'a> {
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
            Ok(Self { serial: Serial(fixed(decoder)?), endorsement: decoder.bytes()?, proof: decoder.bytes()? })
        })
    }
}

impl<C> Encode<C> for ProofFile<'_> {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.array(4)?.str(MAGIC)?.bytes(&self.serial.0)?.bytes(self.endorsement)?.bytes(self.proof)?.ok()
    }
}

const MAGIC: &str = "keyfob-proof";
