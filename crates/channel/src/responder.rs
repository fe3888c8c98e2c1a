//! The token's side of the handshake, one public-key operation at a time.

use keyfob_crypto::{AgreementKey, Crypto, Entropy, PublicKey};
use keyfob_signed::{Certificate, Role, VendorRoot, Verified};
use keyfob_wire::VendorHint;
use keyfob_wire::cursor::copy;

use crate::symmetric::{Symmetric, XX, take};
use crate::{Established, HandshakeError, MESSAGE_1, MESSAGE_2_OVERHEAD, Prologue};

/// Message 1 has been read.
pub struct Asked<C: Crypto> {
    symmetric: Symmetric<C>,
    remote_ephemeral: PublicKey,
}

impl<C: Crypto> Asked<C> {
    /// Makes the token's key for this handshake.
    pub fn generate(self, entropy: &mut impl Entropy) -> Generated<C> {
        Generated { asked: self, ephemeral: C::Agreement::generate(entropy) }
    }
}

/// The token's key for this handshake is there.
pub struct Generated<C: Crypto> {
    asked: Asked<C>,
    ephemeral: C::Agreement,
}

impl<C: Crypto> Generated<C> {
    /// Agrees on a secret that nobody has authenticated yet, and seals the token's static key under it.
    ///
    /// # Errors
    /// [`HandshakeError::Message`] if the app's key is no point.
    pub fn agree(mut self, static_key: &C::Agreement) -> Result<Agreed<C>, HandshakeError> {
        let Asked { symmetric, remote_ephemeral } = &mut self.asked;
        symmetric.mix_hash(&self.ephemeral.public().0);
        symmetric.mix_agreement(&self.ephemeral, remote_ephemeral)?;
        let mut sealed_key = [0; 49];
        for (to, from) in sealed_key.iter_mut().zip(static_key.public().0) {
            *to = from;
        }
        symmetric.encrypt(&mut sealed_key)?;
        Ok(Agreed { generated: self, sealed_key })
    }
}

/// The first secret is agreed.
pub struct Agreed<C: Crypto> {
    generated: Generated<C>,
    sealed_key: [u8; 49],
}

impl<C: Crypto> Agreed<C> {
    /// Writes message 2 into `out` and returns its length. `static_key` is the same as before.
    ///
    /// # Errors
    /// [`HandshakeError::Room`] if `out` is too small.
    pub fn answer<'p>(
        self,
        static_key: &C::Agreement,
        payload: impl Iterator<Item = &'p [u8]>,
        out: &mut [u8],
    ) -> Result<(Responder<C>, usize), HandshakeError> {
        let Generated { asked: Asked { mut symmetric, remote_ephemeral }, ephemeral } = self.generated;
        let mut rest = out;
        *take::<33>(&mut rest).map_err(|_| HandshakeError::Room)? = ephemeral.public().0;
        *take::<49>(&mut rest).map_err(|_| HandshakeError::Room)? = self.sealed_key;
        symmetric.mix_agreement(static_key, &remote_ephemeral)?;
        let mut length = 0usize;
        for part in payload {
            let end = length.saturating_add(part.len());
            copy(rest.get_mut(length..end).ok_or(HandshakeError::Room)?, part);
            length = end;
        }
        symmetric.encrypt(rest.get_mut(..length.saturating_add(16)).ok_or(HandshakeError::Room)?)?;
        Ok((Responder { symmetric, ephemeral }, length.saturating_add(MESSAGE_2_OVERHEAD)))
    }
}

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

    /// Reads message 1.
    ///
    /// # Errors
    /// [`HandshakeError::Message`] if the message has another size.
    pub fn begin(prologue: &Prologue<'_>, message: &[u8]) -> Result<Asked<C>, HandshakeError> {
        let hint = Self::hint(message)?;
        let remote_ephemeral = PublicKey(*message.first_chunk().ok_or(HandshakeError::Message)?);
        let mut symmetric = Symmetric::new(XX, prologue, &[]);
        symmetric.mix_hash(&remote_ephemeral.0);
        symmetric.mix_hash(&hint.0);
        Ok(Asked { symmetric, remote_ephemeral })
    }

    /// Reads message 1 and writes message 2 into `out`, all at once; returns its length.
    ///
    /// # Errors
    /// As the single steps.
    pub fn answer<'p>(
        prologue: &Prologue<'_>,
        message: &[u8],
        static_key: &C::Agreement,
        payload: impl Iterator<Item = &'p [u8]>,
        entropy: &mut impl Entropy,
        out: &mut [u8],
    ) -> Result<(Self, usize), HandshakeError> {
        Self::begin(prologue, message)?.generate(entropy).agree(static_key)?.answer(static_key, payload, out)
    }

    /// Reads message 3, in place.
    ///
    /// # Errors
    /// [`HandshakeError::Message`] if it isn't genuine.
    pub fn read_finish(mut self, message: &mut [u8]) -> Result<Presented<C>, HandshakeError> {
        let mut rest = message;
        let remote = self.symmetric.decrypt(take::<49>(&mut rest)?)?;
        let remote = PublicKey((&*remote).try_into().map_err(|_| HandshakeError::Message)?);
        self.symmetric.mix_agreement(&self.ephemeral, &remote)?;
        let length = self.symmetric.decrypt(rest)?.len();
        Ok(Presented { symmetric: self.symmetric, remote, length })
    }
}

/// Message 3 has been decrypted, but nothing says yet whom it is from.
pub struct Presented<C: Crypto> {
    symmetric: Symmetric<C>,
    remote: PublicKey,
    /// The payload's length, which stays in the message until it is looked at.
    length: usize,
}

/// A session whose other side is known.
pub struct Admitted<'m, C: Crypto> {
    /// The session.
    pub session: Established<C>,
    /// The app's certificate; none of a guest.
    pub certificate: Option<Verified<Certificate>>,
    /// The first request, decrypted.
    pub first_request: &'m mut [u8],
}

impl<C: Crypto> Presented<C> {
    /// Admits an app that the vendor has certified for this very key. `message` is the one that was read.
    ///
    /// # Errors
    /// [`HandshakeError::Certificate`] or [`HandshakeError::KeyMismatch`].
    ///
    /// # Security
    /// Without the comparison of keys anybody could show somebody else's certificate.
    pub fn admit_app<'m>(
        self,
        message: &'m mut [u8],
        vendor: &VendorRoot,
        minimum_epoch: u32,
    ) -> Result<Admitted<'m, C>, HandshakeError> {
        let (length, rest) = self.payload(message)?.split_first_chunk_mut::<2>().ok_or(HandshakeError::Message)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (certificate, first_request) = rest.split_at_mut_checked(length).ok_or(HandshakeError::Message)?;
        let certificate = vendor.verify_certificate::<C>(certificate, Role::App, minimum_epoch)?;
        if certificate.key != self.remote {
            return Err(HandshakeError::KeyMismatch);
        }
        Ok(Admitted { session: self.symmetric.split(false), certificate: Some(certificate), first_request })
    }

    /// Admits a guest, who shows no certificate. `message` is the one that was read.
    ///
    /// # Errors
    /// [`HandshakeError::Message`] if there is one.
    pub fn admit_guest(self, message: &mut [u8]) -> Result<Admitted<'_, C>, HandshakeError> {
        match self.payload(message)?.split_first_chunk_mut::<2>() {
            Some(([0, 0], first_request)) => {
                Ok(Admitted { session: self.symmetric.split(false), certificate: None, first_request })
            }
            _ => Err(HandshakeError::Message),
        }
    }

    /// The payload lies behind the sealed key.
    fn payload<'m>(&self, message: &'m mut [u8]) -> Result<&'m mut [u8], HandshakeError> {
        message.get_mut(49..).and_then(|rest| rest.get_mut(..self.length)).ok_or(HandshakeError::Message)
    }
}
