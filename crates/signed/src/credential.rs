//! App credentials: what a vendor gives an app to open sessions with. `docs/spec.md`, §10.

use keyfob_crypto::{PublicKey, Secret};
use keyfob_wire::{Decoder, Malformed};
use minicbor::{Encoder, encode};

use crate::{Invalid, VendorRoot, cbor};

const NAME: &str = "keyfob-app";

/// An app's key and certificate, and the vendor whose tokens it trusts.
///
/// # Security
/// It is part of the app, so take it as known to everybody: it lets one use what was sold, and nothing else.
#[derive(Clone)]
pub struct AppCredential<'a> {
    /// The vendor.
    pub vendor: VendorRoot,
    /// The secret key of the handshake.
    pub secret: Secret<32>,
    /// The certificate, signed by the vendor.
    pub certificate: &'a [u8],
}

impl<'a> AppCredential<'a> {
    /// Reads a credential file. The certificate is not verified: that is the token's part.
    ///
    /// # Errors
    /// [`Invalid::Malformed`] if the bytes aren't exactly as specified.
    pub fn parse(file: &'a [u8]) -> Result<Self, Invalid> {
        if !cbor::is_deterministic(file) {
            return Err(Invalid::Malformed);
        }
        Self::decode(&mut Decoder::new(file)).map_err(|_| Invalid::Malformed)
    }

    fn decode(decoder: &mut Decoder<'a>) -> Result<Self, Malformed> {
        cbor::array(decoder, 4)?;
        if decoder.str()? != NAME {
            return Err(Malformed);
        }
        Ok(Self {
            vendor: VendorRoot(PublicKey(*cbor::fixed(decoder)?)),
            secret: Secret::new(*cbor::fixed(decoder)?),
            certificate: decoder.bytes()?,
        })
    }

    /// Writes the credential file.
    ///
    /// # Errors
    /// If the writer fails.
    pub fn encode<W: encode::Write>(&self, encoder: &mut Encoder<W>) -> Result<(), encode::Error<W::Error>> {
        encoder.array(4)?.str(NAME)?.bytes(&self.vendor.0.0)?.bytes(self.secret.expose())?.bytes(self.certificate)?;
        Ok(())
    }
}
