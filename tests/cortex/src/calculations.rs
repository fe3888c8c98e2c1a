//! Single calculations of an image's cryptography.

use std::io;

use crate::machine::Machine;

/// A public key from its secret one.
pub(crate) const KEY: u8 = b'k';
/// A shared secret, from a secret key and a public one.
pub(crate) const AGREE: u8 = b'a';
/// A signature, from a secret key, a digest and entropy.
pub(crate) const SIGN: u8 = b's';
/// Whether a public key's signature of a digest is genuine.
pub(crate) const VERIFY: u8 = b'v';
/// A point, compressed.
pub(crate) const COMPRESS: u8 = b'c';
/// A point, not compressed.
pub(crate) const DECOMPRESS: u8 = b'd';
/// SHA-256.
pub(crate) const HASH: u8 = b'h';
/// What it all has cost.
pub(crate) const COST: u8 = b'm';

/// What something cost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) instructions: u64,
    /// Bytes of stack below the loop around the token.
    pub(crate) stack: u32,
    /// Public-key operations: keys, agreements, signatures, verifications, points brought into another form.
    pub(crate) operations: [u32; 5],
    /// Their instructions, which are among the others.
    pub(crate) within: u64,
    /// The instructions of each step of what was computed beside other work.
    pub(crate) steps: Vec<u64>,
}

impl Cost {
    /// Reads what an image answers.
    pub(crate) fn read(answer: &[u8]) -> Option<Self> {
        let (instructions, rest) = answer.split_first_chunk()?;
        let (stack, rest) = rest.split_first_chunk()?;
        let (operations, rest) = rest.split_first_chunk::<20>()?;
        let (within, rest) = rest.split_first_chunk()?;
        let (count, rest) = rest.split_first_chunk()?;
        let (steps, []) = rest.as_chunks() else {
            return None;
        };
        let is_whole = steps.len() == usize::try_from(u32::from_le_bytes(*count)).ok()?;
        let (operations, _) = operations.as_chunks();
        is_whole.then(|| Self {
            operations: std::array::from_fn(|kind| u32::from_le_bytes(operations[kind])),
            within: u64::from_le_bytes(*within),
            instructions: u64::from_le_bytes(*instructions),
            stack: u32::from_le_bytes(*stack),
            steps: steps.iter().map(|step| u64::from_le_bytes(*step)).collect(),
        })
    }
}

impl Machine {
    /// Gives an order with a body in parts; none if it couldn't be done.
    ///
    /// # Errors
    /// If the machine is gone.
    pub(crate) fn calculate(&mut self, letter: u8, parts: &[&[u8]]) -> io::Result<Option<Vec<u8>>> {
        self.order(letter, &parts.concat())
    }

    /// Seals a text; gives it with the tag.
    ///
    /// # Errors
    /// If the machine is gone.
    pub(crate) fn seal(&mut self, key: &[u8], nonce: &[u8], associated: &[u8], text: &[u8]) -> io::Result<Vec<u8>> {
        let length = length(associated)?;
        let sealed = self.calculate(b'e', &[key, nonce, &length, associated, text])?;
        sealed.ok_or_else(|| io::Error::other("sealing is refused"))
    }

    /// Opens a text; none if it isn't authentic.
    ///
    /// # Errors
    /// If the machine is gone.
    pub(crate) fn open(
        &mut self,
        key: &[u8],
        nonce: &[u8],
        associated: &[u8],
        text: &[u8],
        tag: &[u8],
    ) -> io::Result<Option<Vec<u8>>> {
        let length = length(associated)?;
        self.calculate(b'o', &[key, nonce, tag, &length, associated, text])
    }

    /// Authenticates a text.
    ///
    /// # Errors
    /// If the machine is gone.
    pub(crate) fn hmac(&mut self, key: &[u8], text: &[u8]) -> io::Result<Vec<u8>> {
        let tag = self.calculate(b'i', &[&length(key)?, key, text])?;
        tag.ok_or_else(|| io::Error::other("HMAC is refused"))
    }

    /// Derives so many bytes.
    ///
    /// # Errors
    /// If the machine is gone.
    pub(crate) fn hkdf(&mut self, salt: &[u8], key: &[u8], info: &[u8], size: u16) -> io::Result<Vec<u8>> {
        let parts = [&size.to_le_bytes()[..], &length(salt)?, salt, &length(key)?, key, info];
        self.calculate(b'x', &parts)?.ok_or_else(|| io::Error::other("HKDF is refused"))
    }
}

fn length(bytes: &[u8]) -> io::Result<[u8; 2]> {
    u16::try_from(bytes.len()).map(u16::to_le_bytes).map_err(io::Error::other)
}
