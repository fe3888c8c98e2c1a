//! What an app does with a feature's keys, and what it can prove. `docs/spec.md`, §7.11, §8 and §8.6.

use keyfob_wire::body::{
    CIPHER_OVERHEAD, CipherRequest, MAX_RANDOM, ProveAnswer, ProveRequest, RandomRequest, Request,
};
use keyfob_wire::{MAX_TRANSFER, ProofFile, Serial, Slot};
use zeroize::Zeroizing;

use crate::client::lock;
use crate::connection::accepted;
use crate::{Error, Secret, Session};

/// What somebody who isn't at the token wants to have proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge<'a> {
    /// For whom the proof is, 1 to 64 bytes.
    pub audience: &'a str,
    /// The audience's nonce, 16 to 64 bytes, which it has never used before.
    pub nonce: &'a [u8],
    /// What app and audience agree upon, at most 64 bytes.
    pub context: &'a [u8],
}

/// A token's signed decision, with what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The token.
    pub serial: Serial,
    /// The proof, signed by the partition's proof key.
    pub proof: Vec<u8>,
    /// The partition's endorsement.
    pub endorsement: Vec<u8>,
}

impl Proof {
    /// The proof file that the audience verifies.
    ///
    /// # Errors
    /// If it could not be encoded.
    pub fn to_file(&self) -> Result<Vec<u8>, Error> {
        let file = ProofFile { serial: self.serial, endorsement: &self.endorsement, proof: &self.proof };
        minicbor::to_vec(file).map_err(|_| Error::TooLong)
    }
}

impl Session {
    /// Encrypts with the feature's key: only a token with the key decrypts it. 32 bytes longer than the plaintext.
    ///
    /// # Errors
    /// [`Error::TooLong`] for more than 2,048 bytes; [`Error::Refused`] if the feature may not be used, there is no key
    /// in the slot, or the app may not; and if the token can't be asked.
    pub fn encrypt(&self, slot: Slot, plaintext: &[u8]) -> Result<Vec<u8>, Error> {
        self.cipher(slot, plaintext, MAX_TRANSFER, Request::Encrypt, |message| {
            if message.len() == plaintext.len() + CIPHER_OVERHEAD { Ok(message.to_vec()) } else { Err(Error::Answer) }
        })
    }

    /// Decrypts what [`encrypt`](Self::encrypt) gave.
    ///
    /// # Errors
    /// As [`encrypt`](Self::encrypt), and `unlock-failed` if it was altered or is for another feature, slot or key.
    pub fn decrypt(&self, slot: Slot, message: &[u8]) -> Result<Secret, Error> {
        self.cipher(slot, message, CIPHER_OVERHEAD + MAX_TRANSFER, Request::Decrypt, |plaintext| {
            if plaintext.is_empty() { Err(Error::Answer) } else { Ok(Secret(Zeroizing::new(plaintext.to_vec()))) }
        })
    }

    /// Derives a key of 32 bytes from the feature's key; always the same one for a label of 1 to 32 bytes.
    ///
    /// # Errors
    /// As [`encrypt`](Self::encrypt).
    pub fn derive(&self, slot: Slot, label: &[u8]) -> Result<Secret, Error> {
        self.cipher(slot, label, keyfob_wire::body::MAX_DERIVE_LABEL, Request::Derive, |key| {
            if key.len() == 32 { Ok(Secret(Zeroizing::new(key.to_vec()))) } else { Err(Error::Answer) }
        })
    }

    /// Has the token prove whether the feature may be used now; a refusal is proven as well.
    ///
    /// # Errors
    /// [`Error::Refused`] if the feature isn't licensed at all, or the app may not; and if the token can't be asked.
    pub fn prove(&self, challenge: &Challenge<'_>) -> Result<Proof, Error> {
        let Challenge { audience, nonce, context } = *challenge;
        let mut core = lock(&self.core);
        let serial = core.serial()?;
        let request = ProveRequest { audience, nonce, context, feature: self.feature, time: core.time() };
        core.request(&Request::Prove(request), |plaintext| {
            let answer = ProveAnswer::parse(accepted(plaintext)?).map_err(|_| Error::Answer)?;
            Ok(Proof { serial, proof: answer.proof.to_vec(), endorsement: answer.endorsement.to_vec() })
        })
    }

    /// Asks for random bytes of the token's.
    ///
    /// # Errors
    /// If the token can't be asked.
    pub fn random(&self, length: usize) -> Result<Secret, Error> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(length));
        while let Some(left) = length.checked_sub(bytes.len()).filter(|left| *left > 0) {
            let part = u8::try_from(left).unwrap_or(MAX_RANDOM).min(MAX_RANDOM);
            let request = Request::Random(RandomRequest { length: part });
            let more = lock(&self.core).request(&request, |plaintext| {
                let more = accepted(plaintext)?;
                if more.len() == usize::from(part) { Ok(Zeroizing::new(more.to_vec())) } else { Err(Error::Answer) }
            })?;
            bytes.extend_from_slice(&more);
        }
        Ok(Secret(bytes))
    }

    fn cipher<'r, T>(
        &self,
        slot: Slot,
        input: &'r [u8],
        longest: usize,
        request: impl FnOnce(CipherRequest<'r>) -> Request<'r>,
        read: impl Fn(&[u8]) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if input.len() > longest {
            return Err(Error::TooLong);
        }
        let mut core = lock(&self.core);
        let request = request(CipherRequest { feature: self.feature, slot, time: core.time(), input });
        core.request(&request, |plaintext| read(accepted(plaintext)?))
    }
}
