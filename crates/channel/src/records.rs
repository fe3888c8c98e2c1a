//! Records: what a session sends after the handshake. `docs/spec.md`, §6.

use core::marker::PhantomData;

use keyfob_crypto::{AeadKey, Crypto, Secret};

use crate::symmetric::nonce;

/// What a record adds to its plaintext: the number and the tag.
pub const OVERHEAD: usize = 2 + 16;
/// A direction's key is replaced after that many records.
const REKEY_EVERY: u64 = 1 << 16;

/// Why a record was refused or could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// Not the next record of this session, or altered. Nothing has changed.
    #[error("not the next genuine record of this session")]
    Refused,
    /// The buffer is too small.
    #[error("the buffer is too small for the record")]
    Room,
    /// The session's numbers are used up.
    #[error("the session has no more numbers")]
    Exhausted,
}

/// Both directions of a session while nothing is sent: keys and numbers, a tenth of what [`Records`] takes.
///
/// # Security
/// A session is this or [`Records`], and one becomes the other: were there two, they would use a number twice.
pub struct Resting<C: Crypto> {
    send: Cipher,
    receive: Cipher,
    crypto: PhantomData<C>,
}

impl<C: Crypto> Resting<C> {
    pub(crate) fn new(send: Secret<32>, receive: Secret<32>) -> Self {
        Self { send: Cipher { key: send, nonce: 0 }, receive: Cipher { key: receive, nonce: 0 }, crypto: PhantomData }
    }

    /// Expands the keys.
    #[must_use]
    pub fn wake(self) -> Records<C> {
        Records { send: Direction::new(self.send), receive: Direction::new(self.receive) }
    }
}

/// Both directions of a session, ready for use.
pub struct Records<C: Crypto> {
    send: Direction<C>,
    receive: Direction<C>,
}

impl<C: Crypto> Records<C> {
    /// Gives up what was expanded.
    #[must_use]
    pub fn rest(self) -> Resting<C> {
        Resting { send: self.send.cipher, receive: self.receive.cipher, crypto: PhantomData }
    }

    /// Seals a record in place: `buffer` holds 2 bytes of room, the plaintext of `length`, and 16 bytes of room or
    /// more. Returns the record's length.
    ///
    /// # Errors
    /// [`RecordError::Room`] or [`RecordError::Exhausted`].
    ///
    /// # Security
    /// The number is spent, whatever becomes of the record.
    pub fn seal(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, RecordError> {
        let end = length.checked_add(OVERHEAD).ok_or(RecordError::Room)?;
        let record = buffer.get_mut(..end).ok_or(RecordError::Room)?;
        let (number, rest) = record.split_first_chunk_mut::<2>().ok_or(RecordError::Room)?;
        let (text, tag) = rest.split_last_chunk_mut::<16>().ok_or(RecordError::Room)?;
        *number = self.send.number();
        let spent = self.send.cipher.nonce;
        self.send.cipher.nonce = spent.checked_add(1).ok_or(RecordError::Exhausted)?;
        *tag = self.send.ready.seal(&nonce(spent), &[], text);
        self.send.rekey_if_due();
        Ok(end)
    }

    /// Opens the next record of the other side in place and returns its plaintext.
    ///
    /// # Errors
    /// [`RecordError::Refused`]; the session is as before, and the buffer holds no plaintext.
    pub fn open<'a>(&mut self, record: &'a mut [u8]) -> Result<&'a mut [u8], RecordError> {
        let (number, rest) = record.split_first_chunk_mut::<2>().ok_or(RecordError::Refused)?;
        let (text, tag) = rest.split_last_chunk_mut::<16>().ok_or(RecordError::Refused)?;
        if *number != self.receive.number() {
            return Err(RecordError::Refused);
        }
        let next = self.receive.cipher.nonce.checked_add(1).ok_or(RecordError::Exhausted)?;
        let opened = self.receive.ready.open(&nonce(self.receive.cipher.nonce), &[], text, tag);
        opened.map_err(|_| RecordError::Refused)?;
        self.receive.cipher.nonce = next;
        self.receive.rekey_if_due();
        Ok(text)
    }
}

/// Noise's CipherState (section 5.1).
struct Cipher {
    key: Secret<32>,
    nonce: u64,
}

/// One of the directions, and what was expanded from its key.
struct Direction<C: Crypto> {
    cipher: Cipher,
    ready: C::Aead,
}

impl<C: Crypto> Direction<C> {
    fn new(cipher: Cipher) -> Self {
        Self { ready: C::Aead::new(&cipher.key), cipher }
    }

    fn number(&self) -> [u8; 2] {
        let [.., high, low] = self.cipher.nonce.to_be_bytes();
        [high, low]
    }

    /// REKEY (Noise, section 4.2): the new key is the encryption of zeros under the last nonce.
    fn rekey_if_due(&mut self) {
        if self.cipher.nonce.is_multiple_of(REKEY_EVERY) {
            let mut key = Secret::zero();
            let _tag = self.ready.seal(&nonce(u64::MAX), &[], key.expose_mut());
            self.ready = C::Aead::new(&key);
            self.cipher.key = key;
        }
    }
}
