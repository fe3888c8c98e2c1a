//! Update files. Spec §7.5.

use minicbor::{Encode, Encoder, encode};

use crate::{
    Malformed, PartitionId, Serial,
    body::{Certificates, array, fixed, whole},
};

/// An update as it travels: for whom it is, and what proves it. Also the body of `apply`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpdateFile<'a> {
    /// The token it is for.
    pub serial: Serial,
    /// The partition it is for.
    pub partition: PartitionId,
    /// The certificate of the update signer, or none if the root signed.
    pub certificates: Certificates<'a>,
    /// The signed update.
    pub update: &'a [u8],
}

impl<'a> UpdateFile<'a> {
    /// Reads a file. Nothing in it is verified.
    ///
    /// # Errors
    /// If it isn't as specified.
    pub fn parse(file: &'a [u8]) -> Result<Self, Malformed> {
        whole(file, |decoder| {
            array(decoder, 5)?;
            if decoder.str()? != MAGIC {
                return Err(Malformed);
            }
            Ok(Self {
                serial: Serial(fixed(decoder)?),
                partition: PartitionId(fixed(decoder)?),
                certificates: Certificates::decode(decoder)?,
                update: decoder.bytes()?,
            })
        })
    }
}

impl<C> Encode<C> for UpdateFile<'_> {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, ctx: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.array(5)?.str(MAGIC)?.bytes(&self.serial.0)?.bytes(&self.partition.0)?;
        self.certificates.encode(e, ctx)?;
        e.bytes(self.update)?.ok()
    }
}

const MAGIC: &str = "keyfob-update";
