//! INSTALL, which comes before any session. Spec §4.

use minicbor::{Encode, Encoder, encode};

use super::{KeyBytes, array, fixed, whole};
use crate::Malformed;

/// The device's certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstallRequest<'a> {
    /// The maker's root key.
    pub maker_root: KeyBytes,
    /// The batch certificate.
    pub batch: &'a [u8],
    /// The device handshake certificate.
    pub device_handshake: &'a [u8],
    /// The device signing certificate.
    pub device_signing: &'a [u8],
}

impl<'a> InstallRequest<'a> {
    /// Reads a message.
    ///
    /// # Errors
    /// If it isn't as specified.
    pub fn parse(message: &'a [u8]) -> Result<Self, Malformed> {
        whole(message, |decoder| {
            array(decoder, 4)?;
            Ok(Self {
                maker_root: fixed(decoder)?,
                batch: decoder.bytes()?,
                device_handshake: decoder.bytes()?,
                device_signing: decoder.bytes()?,
            })
        })
    }
}

impl<C> Encode<C> for InstallRequest<'_> {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.array(4)?.bytes(&self.maker_root)?.bytes(self.batch)?;
        e.bytes(self.device_handshake)?.bytes(self.device_signing)?.ok()
    }
}
