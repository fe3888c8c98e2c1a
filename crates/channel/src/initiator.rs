//! The app's side of the handshake.

use keyfob_crypto::{AgreementKey, Crypto, Entropy, PublicKey};
use keyfob_signed::{Endorsement, MakerRoot, Usage, VendorRoot, Verified, cbor};
use keyfob_wire::{Serial, VendorHint};

use crate::symmetric::{Symmetric, XX, take};
use crate::{Established, HandshakeError, MESSAGE_1, MESSAGE_3_OVERHEAD, Prologue};

/// Message 1 is sent.
pub struct Initiator<C: Crypto> {
    symmetric: Symmetric<C>,
    ephemeral: C::Agreement,
}

impl<C: Crypto> Initiator<C> {
    /// Begins a handshake and returns message 1.
    pub fn start(prologue: &Prologue<'_>, hint: VendorHint, entropy: &mut impl Entropy) -> (Self, [u8; MESSAGE_1]) {
        let mut symmetric = Symmetric::new(XX, prologue, &[]);
        let ephemeral = C::Agreement::generate(entropy);
        let public = ephemeral.public();
        symmetric.mix_hash(&public.0);
        symmetric.mix_hash(&hint.0);
        let mut message = [0; MESSAGE_1];
        for (to, from) in message.iter_mut().zip(public.0.iter().chain(&hint.0)) {
            *to = *from;
        }
        (Self { symmetric, ephemeral }, message)
    }

    /// Reads message 2, in place.
    ///
    /// # Errors
    /// [`HandshakeError::Message`] if it isn't genuine.
    pub fn read_answer(mut self, mut message: &mut [u8]) -> Result<Answered<'_, C>, HandshakeError> {
        let remote_ephemeral = PublicKey(*take::<33>(&mut message)?);
        self.symmetric.mix_hash(&remote_ephemeral.0);
        self.symmetric.mix_agreement(&self.ephemeral, &remote_ephemeral)?;
        let remote = self.symmetric.decrypt(take::<49>(&mut message)?)?;
        let remote = PublicKey((&*remote).try_into().map_err(|_| HandshakeError::Message)?);
        self.symmetric.mix_agreement(&self.ephemeral, &remote)?;
        let payload = self.symmetric.decrypt(message)?;
        Ok(Answered { state: Authenticated { symmetric: self.symmetric, remote_ephemeral }, remote, payload })
    }
}

/// Message 2 has been decrypted, but nothing says yet whom it is from.
pub struct Answered<'m, C: Crypto> {
    state: Authenticated<C>,
    remote: PublicKey,
    payload: &'m [u8],
}

impl<'m, C: Crypto> Answered<'m, C> {
    /// Goes on if the vendor has endorsed this very key for this token.
    ///
    /// # Errors
    /// [`HandshakeError::Certificate`] or [`HandshakeError::KeyMismatch`].
    ///
    /// # Security
    /// Without the comparison of keys anybody could show somebody else's endorsement.
    pub fn endorsed_by(
        self,
        vendor: &VendorRoot,
        serial: Serial,
        minimum_epoch: u32,
    ) -> Result<(Authenticated<C>, Verified<Endorsement>), HandshakeError> {
        let endorsement = vendor.verify_endorsement::<C>(self.payload, serial, minimum_epoch)?;
        if endorsement.handshake == self.remote {
            Ok((self.state, endorsement))
        } else {
            Err(HandshakeError::KeyMismatch)
        }
    }

    /// The batch and device certificates that a token shows to a guest, unverified.
    ///
    /// # Errors
    /// [`HandshakeError::Message`] if there aren't two.
    pub fn device_certificates(&self) -> Result<(&'m [u8], &'m [u8]), HandshakeError> {
        match cbor::split_first(self.payload) {
            Some((batch, device)) if !device.is_empty() => Ok((batch, device)),
            _ => Err(HandshakeError::Message),
        }
    }

    /// Goes on as a guest if the maker has certified this very key for this token.
    ///
    /// # Errors
    /// [`HandshakeError::Certificate`] or [`HandshakeError::KeyMismatch`].
    pub fn made_by(self, maker: &MakerRoot, serial: Serial) -> Result<Authenticated<C>, HandshakeError> {
        let (batch, device) = self.device_certificates()?;
        let device = maker.verify_device::<C>(batch, device, serial, Usage::Handshake)?;
        if device.key == self.remote { Ok(self.state) } else { Err(HandshakeError::KeyMismatch) }
    }

    /// Goes on as a guest with whoever this is.
    ///
    /// # Security
    /// Only for tools that show what a token says of itself, or pass on what is signed.
    #[must_use]
    pub fn unverified(self) -> Authenticated<C> {
        self.state
    }
}

/// The token is who it should be; message 3 can be written.
pub struct Authenticated<C: Crypto> {
    symmetric: Symmetric<C>,
    remote_ephemeral: PublicKey,
}

impl<C: Crypto> Authenticated<C> {
    /// Writes message 3 into `out` and returns its length and the session.
    ///
    /// # Errors
    /// [`HandshakeError::Room`] if `out` is too small; [`HandshakeError::Message`] if the token's key is no point.
    pub fn finish(
        mut self,
        static_key: &C::Agreement,
        certificate: &[u8],
        first_request: &[u8],
        out: &mut [u8],
    ) -> Result<(usize, Established<C>), HandshakeError> {
        let certificate_length = u16::try_from(certificate.len()).map_err(|_| HandshakeError::Room)?;
        let payload = 2 + certificate.len() + first_request.len();
        let mut rest = out.get_mut(..MESSAGE_3_OVERHEAD + payload).ok_or(HandshakeError::Room)?;
        let length = rest.len();

        let sealed_key = take::<49>(&mut rest)?;
        for (to, from) in sealed_key.iter_mut().zip(static_key.public().0) {
            *to = from;
        }
        self.symmetric.encrypt(sealed_key)?;
        self.symmetric.mix_agreement(static_key, &self.remote_ephemeral)?;
        let parts = certificate_length.to_be_bytes();
        for (to, from) in rest.iter_mut().zip(parts.iter().chain(certificate).chain(first_request)) {
            *to = *from;
        }
        self.symmetric.encrypt(rest)?;
        Ok((length, self.symmetric.split(true)))
    }
}
