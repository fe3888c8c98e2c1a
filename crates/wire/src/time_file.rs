//! Time files. Spec §7.8.

use minicbor::{Encode, Encoder, encode};

use crate::{
    Malformed, PartitionId, Serial,
    body::{Certificates, array, fixed, whole},
};

/// Signed time as it travels to a token: for whom it is, and what proves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeFile<'a> {
    /// The token it is for.
    pub serial: Serial,
    /// The partition it is for.
    pub partition: PartitionId,
    /// The certificate of the time signer, or none if the root signed.
    pub certificates: Certificates<'a>,
    /// The signed time.
    pub time: &'a [u8],
}

impl<'a> TimeFile<'a> {
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
                time: decoder.bytes()?,
            })
        })
    }
}

impl<C> Encode<C> for TimeFile<'_> {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, ctx: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.array(5)?.str(MAGIC)?.bytes(&self.serial.0)?.bytes(&self.partition.0)?;
        self.certificates.encode(e, ctx)?;
        e.bytes(self.time)?.ok()
    }
}

const MAGIC: &str = "keyfob-time";
