//! Records: what a session sends after the handshake. `docs/spec.md`, §6.

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

/// Both directions of a session.
pub struct Records<C: Crypto> {
    send: Direction<C>,
    receive: Direction<C>,
}

impl<C: Crypto> Records<C> {
    pub(crate) fn new(send: &Secret<32>, receive: &Secret<32>) -> Self {
        Self { send: Direction::new(send), receive: Direction::new(receive) }
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
        let spent = self.send.nonce;
        self.send.nonce = spent.checked_add(1).ok_or(RecordError::Exhausted)?;
        *tag = self.send.key.seal(&nonce(spent), &[], text);
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
        let next = self.receive.nonce.checked_add(1).ok_or(RecordError::Exhausted)?;
        let opened = self.receive.key.open(&nonce(self.receive.nonce), &[], text, tag);
        opened.map_err(|_| RecordError::Refused)?;
        self.receive.nonce = next;
        self.receive.rekey_if_due();
        Ok(text)
    }
}

/// Noise's CipherState (section 5.1).
struct Direction<C: Crypto> {
    key: C::Aead,
    nonce: u64,
}

impl<C: Crypto> Direction<C> {
    fn new(key: &Secret<32>) -> Self {
        Self { key: C::Aead::new(key), nonce: 0 }
    }

    fn number(&self) -> [u8; 2] {
        let [.., high, low] = self.nonce.to_be_bytes();
        [high, low]
    }

    /// REKEY (Noise, section 4.2): the new key is the encryption of zeros under the last nonce.
    fn rekey_if_due(&mut self) {
        if self.nonce.is_multiple_of(REKEY_EVERY) {
            let mut key = Secret::zero();
            let _tag = self.key.seal(&nonce(u64::MAX), &[], key.expose_mut());
            self.key = C::Aead::new(&key);
        }
    }
}
