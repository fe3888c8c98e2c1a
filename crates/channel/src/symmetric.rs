//! Noise's SymmetricState (section 5.2) and what both roles share.

use core::marker::PhantomData;

use keyfob_crypto::{AeadKey, AgreementKey, Crypto, PublicKey, Secret, noise_hkdf, sha256};

use crate::resume::Ticket;
use crate::{Established, HandshakeError, Resting};

/// The cold handshake's name.
pub(crate) const XX: &[u8] = b"Noise_XX_P256_AESGCM_SHA256";
/// The resumption's name.
pub(crate) const NN_PSK0: &[u8] = b"Noise_NNpsk0_P256_AESGCM_SHA256";
/// The prologue begins with it.
const LABEL: &[u8; 8] = b"keyfob/1";

/// What both sides have exchanged before the handshake: INIT's request and answer.
#[derive(Clone, Copy, Debug)]
pub struct Prologue<'a> {
    /// The request's data: the nonce.
    pub request: &'a [u8; 8],
    /// The answer's data.
    pub answer: &'a [u8; 36],
}

/// `ck`, `h` and the handshake's cipher, whose key is expanded when it is used: that is once or twice, and what is
/// expanded takes fifteen times the room.
pub(crate) struct Symmetric<C: Crypto> {
    chaining: Secret<32>,
    hash: [u8; 32],
    cipher: Option<Secret<32>>,
    nonce: u64,
    crypto: PhantomData<C>,
}

impl<C: Crypto> Symmetric<C> {
    /// Starts with a protocol's name, at most 32 bytes, so that it is padded, not hashed, into the first `h`; and with
    /// the prologue, which `earlier` ends.
    pub(crate) fn new(protocol: &[u8], prologue: &Prologue<'_>, earlier: &[u8]) -> Self {
        let mut name = [0; 32];
        for (to, from) in name.iter_mut().zip(protocol) {
            *to = *from;
        }
        let hash = sha256(&[&name, LABEL, prologue.request, prologue.answer, earlier]);
        Self { chaining: Secret::new(name), hash, cipher: None, nonce: 0, crypto: PhantomData }
    }

    pub(crate) fn mix_hash(&mut self, data: &[u8]) {
        self.hash = sha256(&[&self.hash, data]);
    }

    /// MixKey(DH(own, peer)).
    pub(crate) fn mix_agreement(&mut self, own: &C::Agreement, peer: &PublicKey) -> Result<(), HandshakeError> {
        self.mix_key(own.agree(peer)?.expose());
        Ok(())
    }

    pub(crate) fn mix_key(&mut self, input: &[u8]) {
        let [chaining, key] = noise_hkdf(&self.chaining, input);
        self.set_key(chaining, key);
    }

    /// MixKeyAndHash(psk).
    pub(crate) fn mix_key_and_hash(&mut self, psk: &Secret<32>) {
        let [chaining, hash, key] = noise_hkdf(&self.chaining, psk.expose());
        self.mix_hash(hash.expose());
        self.set_key(chaining, key);
    }

    /// What `e` means in handshakes with a pre-shared key (Noise, section 9.2).
    pub(crate) fn mix_ephemeral(&mut self, public: &PublicKey) {
        self.mix_hash(&public.0);
        self.mix_key(&public.0);
    }

    fn set_key(&mut self, chaining: Secret<32>, key: Secret<32>) {
        self.chaining = chaining;
        self.cipher = Some(key);
        self.nonce = 0;
    }

    fn cipher(&self) -> Result<C::Aead, HandshakeError> {
        self.cipher.as_ref().map(C::Aead::new).ok_or(HandshakeError::Message)
    }

    /// EncryptAndHash in place: `data` ends with 16 bytes of room for the tag.
    pub(crate) fn encrypt(&mut self, data: &mut [u8]) -> Result<(), HandshakeError> {
        let nonce = nonce(self.nonce);
        let cipher = self.cipher()?;
        let (text, tag) = data.split_last_chunk_mut::<16>().ok_or(HandshakeError::Room)?;
        *tag = cipher.seal(&nonce, &self.hash, text);
        self.nonce = self.nonce.saturating_add(1);
        self.mix_hash(data);
        Ok(())
    }

    /// DecryptAndHash in place; returns the plaintext.
    pub(crate) fn decrypt<'a>(&mut self, data: &'a mut [u8]) -> Result<&'a mut [u8], HandshakeError> {
        let next = sha256(&[&self.hash, data]);
        let nonce = nonce(self.nonce);
        let cipher = self.cipher()?;
        let (text, tag) = data.split_last_chunk_mut::<16>().ok_or(HandshakeError::Message)?;
        cipher.open(&nonce, &self.hash, text, tag).map_err(|_| HandshakeError::Message)?;
        self.nonce = self.nonce.saturating_add(1);
        self.hash = next;
        Ok(text)
    }

    /// Split(): the first key is the initiator's to send with, the third output the ticket's.
    pub(crate) fn split(self, initiator: bool) -> Established<C> {
        let [first, second, third] = noise_hkdf(&self.chaining, &[]);
        let (send, receive) = if initiator { (first, second) } else { (second, first) };
        let ticket = Ticket::derive(&third, self.hash);
        Established { records: Resting::new(send, receive), ticket }
    }
}

/// AESGCM's nonce of Noise, section 12.4: four zero bytes and the counter.
pub(crate) fn nonce(counter: u64) -> [u8; 12] {
    let mut nonce = [0; 12];
    if let Some(low) = nonce.last_chunk_mut::<8>() {
        *low = counter.to_be_bytes();
    }
    nonce
}

/// Takes the next `N` bytes off the front of a message.
pub(crate) fn take<'a, const N: usize>(message: &mut &'a mut [u8]) -> Result<&'a mut [u8; N], HandshakeError> {
    let (front, rest) = core::mem::take(message).split_first_chunk_mut::<N>().ok_or(HandshakeError::Message)?;
    *message = rest;
    Ok(front)
}
