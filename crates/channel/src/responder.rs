//! The token's side of the handshake.

use keyfob_crypto::{AgreementKey, Crypto, Entropy, PublicKey};
use keyfob_signed::{Certificate, Role, VendorRoot, Verified};
use keyfob_wire::VendorHint;

use crate::symmetric::{Symmetric, take};
use crate::{HandshakeError, MESSAGE_1, MESSAGE_2_OVERHEAD, Prologue, Records};

/// Message 2 is written.
pub struct Responder<C: Crypto> {
    symmetric: Symmetric<C>,
    ephemeral: C::Agreement,
}

impl<C: Crypto> Responder<C> {
    /// Reads whom message 1 asks for: the first thing, since the keys to answer with depend on it.
    ///
    /// # Errors
    /// [`HandshakeError::Message`] if the message has another size.
    pub fn hint(message: &[u8]) -> Result<VendorHint, HandshakeError> {
        let message: &[u8; MESSAGE_1] = message.try_into().map_err(|_| HandshakeError::Message)?;
        message.last_chunk().map(|hint| VendorHint(*hint)).ok_or(HandshakeError::Message)
    }

    /// Reads message 1 and writes message 2 into `out`; returns its length.
    ///
    /// # Errors
    /// [`HandshakeError::Message`] if the app's key is no point, [`HandshakeError::Room`] if `out` is too small.
    pub fn answer<'p>(
        prologue: &Prologue<'_>,
        message: &[u8],
        static_key: &C::Agreement,
        payload: impl Iterator<Item = &'p [u8]>,
        entropy: &mut impl Entropy,
        out: &mut [u8],
    ) -> Result<(Self, usize), HandshakeError> {
        let hint = Self::hint(message)?;
        let remote_ephemeral = PublicKey(*message.first_chunk().ok_or(HandshakeError::Message)?);
        let mut symmetric = Symmetric::new(prologue);
        symmetric.mix_hash(&remote_ephemeral.0);
        symmetric.mix_hash(&hint.0);

        let mut rest = &mut *out;
        let ephemeral = C::Agreement::generate(entropy);
        let public = take::<33>(&mut rest).map_err(|_| HandshakeError::Room)?;
        *public = ephemeral.public().0;
        symmetric.mix_hash(public);
        symmetric.mix_agreement(&ephemeral, &remote_ephemeral)?;
        let sealed_key = take::<49>(&mut rest).map_err(|_| HandshakeError::Room)?;
        for (to, from) in sealed_key.iter_mut().zip(static_key.public().0) {
            *to = from;
        }
        symmetric.encrypt(sealed_key)?;
        symmetric.mix_agreement(static_key, &remote_ephemeral)?;

        let mut length = 0usize;
        for part in payload {
            let end = length.saturating_add(part.len());
            rest.get_mut(length..end).ok_or(HandshakeError::Room)?.copy_from_slice(part);
            length = end;
        }
        symmetric.encrypt(rest.get_mut(..length.saturating_add(16)).ok_or(HandshakeError::Room)?)?;
        Ok((Self { symmetric, ephemeral }, length.saturating_add(MESSAGE_2_OVERHEAD)))
    }

    /// Reads message 3, in place.
    ///
    /// # Errors
    /// [`HandshakeError::Message`] if it isn't genuine.
    pub fn read_finish(mut self, mut message: &mut [u8]) -> Result<Presented<'_, C>, HandshakeError> {
        let remote = self.symmetric.decrypt(take::<49>(&mut message)?)?;
        let remote = PublicKey((&*remote).try_into().map_err(|_| HandshakeError::Message)?);
        self.symmetric.mix_agreement(&self.ephemeral, &remote)?;
        let payload = self.symmetric.decrypt(message)?;
        Ok(Presented { symmetric: self.symmetric, remote, payload })
    }
}

/// Message 3 has been decrypted, but nothing says yet whom it is from.
pub struct Presented<'m, C: Crypto> {
    symmetric: Symmetric<C>,
    remote: PublicKey,
    payload: &'m mut [u8],
}

/// A session whose other side is known.
pub struct Admitted<'m, C: Crypto> {
    /// The session's records.
    pub records: Records<C>,
    /// The app's certificate; none of a guest.
    pub certificate: Option<Verified<Certificate>>,
    /// The first request, decrypted.
    pub first_request: &'m mut [u8],
}

impl<'m, C: Crypto> Presented<'m, C> {
    /// Admits an app that the vendor has certified for this very key.
    ///
    /// # Errors
    /// [`HandshakeError::Certificate`] or [`HandshakeError::KeyMismatch`].
    ///
    /// # Security
    /// Without the comparison of keys anybody could show somebody else's certificate.
    pub fn admit_app(self, vendor: &VendorRoot, minimum_epoch: u32) -> Result<Admitted<'m, C>, HandshakeError> {
        let (length, rest) = self.payload.split_first_chunk_mut::<2>().ok_or(HandshakeError::Message)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (certificate, first_request) = rest.split_at_mut_checked(length).ok_or(HandshakeError::Message)?;
        let certificate = vendor.verify_certificate::<C>(certificate, Role::App, minimum_epoch)?;
        if certificate.key != self.remote {
            return Err(HandshakeError::KeyMismatch);
        }
        Ok(Admitted { records: self.symmetric.split(false), certificate: Some(certificate), first_request })
    }

    /// Admits a guest, who shows no certificate.
    ///
    /// # Errors
    /// [`HandshakeError::Message`] if there is one.
    pub fn admit_guest(self) -> Result<Admitted<'m, C>, HandshakeError> {
        match self.payload.split_first_chunk_mut::<2>() {
            Some(([0, 0], first_request)) => {
                Ok(Admitted { records: self.symmetric.split(false), certificate: None, first_request })
            }
            _ => Err(HandshakeError::Message),
        }
    }
}
