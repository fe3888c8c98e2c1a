//! Receipt files. Spec §7.7.

use minicbor::{Encode, Encoder, encode};

use crate::{
    Malformed, Serial,
    body::{array, fixed, whole},
};

/// A receipt as it travels to the vendor: whose it is, and what proves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptFile<'a> {
    /// The token that gave it.
    pub serial: Serial,
    /// The endorsement of the partition that gave it.
    pub endorsement: &'a [u8],
    /// The signed receipt.
    pub receipt: &'a [u8],
}

impl<'a> ReceiptFile<'a> {
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
            Ok(Self { serial: Serial(fixed(decoder)?), endorsement: decoder.bytes()?, receipt: decoder.bytes()? })
        })
    }
}

impl<C> Encode<C> for ReceiptFile<'_> {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.array(4)?.str(MAGIC)?.bytes(&self.serial.0)?.bytes(self.endorsement)?.bytes(self.receipt)?.ok()
    }
}

const MAGIC: &str = "keyfob-receipt";
