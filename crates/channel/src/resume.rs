//! Resuming: a session from an earlier one, by one short message each way. `docs/spec.md`, §5.1.

use keyfob_crypto::{AgreementKey, Crypto, Entropy, PublicKey, Secret, hkdf_sha256};

use crate::symmetric::{NN_PSK0, Symmetric, take};
use crate::{Established, HandshakeError, Prologue};

/// The size of RESUME's request.
pub const RESUME_REQUEST: usize = 8 + 33 + 16;
/// The size of RESUME's answer.
pub const RESUME_ANSWER: usize = 33 + 16;
/// What the ticket is derived under.
const INFO: &[u8] = b"keyfob/1 resume";

/// What names a ticket on the wire; it says nothing about its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct TicketId(pub [u8; 8]);

impl TicketId {
    /// The ticket that RESUME's request names.
    ///
    /// # Errors
    /// [`HandshakeError::Message`] if the request has another size.
    pub fn of(request: &[u8]) -> Result<Self, HandshakeError> {
        let request: &[u8; RESUME_REQUEST] = request.try_into().map_err(|_| HandshakeError::Message)?;
        request.first_chunk().copied().map(Self).ok_or(HandshakeError::Message)
    }
}

/// What a session can be resumed with, once.
pub struct Ticket {
    id: TicketId,
    psk: Secret<32>,
    earlier: [u8; 32],
}

impl Ticket {
    /// Derives the ticket of a session from the third output of its Split() and its transcript hash.
    #[must_use]
    pub fn derive(secret: &Secret<32>, earlier: [u8; 32]) -> Self {
        let mut derived = Secret::<40>::zero();
        hkdf_sha256(&[], secret.expose(), INFO, derived.expose_mut());
        let (mut psk, mut id) = (Secret::<32>::zero(), TicketId::default());
        let places = psk.expose_mut().iter_mut().chain(&mut id.0);
        places.zip(derived.expose()).for_each(|(to, from)| *to = *from);
        Self { id, psk, earlier }
    }

    /// The ticket's name.
    #[must_use]
    pub fn id(&self) -> TicketId {
        self.id
    }

    /// The transcript hash of the session that the ticket resumes, equal on both sides and unique to it.
    #[must_use]
    pub fn handshake_hash(&self) -> &[u8; 32] {
        &self.earlier
    }

    /// Begins to resume and returns RESUME's request.
    ///
    /// # Errors
    /// None that can happen; a ticket always has a key.
    pub fn resume<C: Crypto>(
        &self,
        prologue: &Prologue<'_>,
        entropy: &mut impl Entropy,
    ) -> Result<(Resuming<C>, [u8; RESUME_REQUEST]), HandshakeError> {
        let mut symmetric = self.symmetric(prologue);
        let ephemeral = C::Agreement::generate(entropy);
        let public = ephemeral.public();
        symmetric.mix_ephemeral(&public);
        let mut tag = [0; 16];
        symmetric.encrypt(&mut tag)?;
        let mut message = [0; RESUME_REQUEST];
        let bytes = self.id.0.iter().chain(&public.0).chain(&tag);
        message.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Ok((Resuming { symmetric, ephemeral }, message))
    }

    /// Reads RESUME's request, whose ticket this is.
    ///
    /// # Errors
    /// [`HandshakeError::Message`] if whoever wrote it doesn't have the ticket.
    pub fn read<C: Crypto>(&self, prologue: &Prologue<'_>, request: &[u8]) -> Result<ResumeAsked<C>, HandshakeError> {
        let mut request: [u8; RESUME_REQUEST] = request.try_into().map_err(|_| HandshakeError::Message)?;
        let mut rest = &mut request[..];
        let _id = take::<8>(&mut rest)?;
        let remote = PublicKey(*take::<33>(&mut rest)?);
        let mut symmetric = self.symmetric(prologue);
        symmetric.mix_ephemeral(&remote);
        symmetric.decrypt(rest)?;
        Ok(ResumeAsked { symmetric, remote })
    }

    fn symmetric<C: Crypto>(&self, prologue: &Prologue<'_>) -> Symmetric<C> {
        let mut symmetric = Symmetric::new(NN_PSK0, prologue, &self.earlier);
        symmetric.mix_key_and_hash(&self.psk);
        symmetric
    }
}

/// RESUME's request is sent.
pub struct Resuming<C: Crypto> {
    symmetric: Symmetric<C>,
    ephemeral: C::Agreement,
}

impl<C: Crypto> Resuming<C> {
    /// Reads RESUME's answer, in place.
    ///
    /// # Errors
    /// [`HandshakeError::Message`] if it isn't genuine.
    pub fn finish(mut self, answer: &mut [u8]) -> Result<Established<C>, HandshakeError> {
        let mut rest = answer;
        let remote = PublicKey(*take::<33>(&mut rest)?);
        self.symmetric.mix_ephemeral(&remote);
        self.symmetric.mix_agreement(&self.ephemeral, &remote)?;
        if self.symmetric.decrypt(rest)?.is_empty() {
            Ok(self.symmetric.split(true))
        } else {
            Err(HandshakeError::Message)
        }
    }
}

/// RESUME's request is genuine.
pub struct ResumeAsked<C: Crypto> {
    symmetric: Symmetric<C>,
    remote: PublicKey,
}

impl<C: Crypto> ResumeAsked<C> {
    /// Makes the token's key for this resumption.
    pub fn generate(self, entropy: &mut impl Entropy) -> ResumeGenerated<C> {
        ResumeGenerated { asked: self, ephemeral: C::Agreement::generate(entropy) }
    }
}

/// The token's key for this resumption is there.
pub struct ResumeGenerated<C: Crypto> {
    asked: ResumeAsked<C>,
    ephemeral: C::Agreement,
}

impl<C: Crypto> ResumeGenerated<C> {
    /// Agrees on the new session's secret and returns RESUME's answer.
    ///
    /// # Errors
    /// [`HandshakeError::Message`] if the app's key is no point.
    pub fn answer(self) -> Result<(Established<C>, [u8; RESUME_ANSWER]), HandshakeError> {
        let ResumeAsked { mut symmetric, remote } = self.asked;
        let public = self.ephemeral.public();
        symmetric.mix_ephemeral(&public);
        symmetric.mix_agreement(&self.ephemeral, &remote)?;
        let mut tag = [0; 16];
        symmetric.encrypt(&mut tag)?;
        let mut message = [0; RESUME_ANSWER];
        message.iter_mut().zip(public.0.iter().chain(&tag)).for_each(|(to, from)| *to = *from);
        Ok((symmetric.split(false), message))
    }
}
