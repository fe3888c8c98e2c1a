//! Cryptography whose public-key operations are counted apart from everything else.

use core::marker::PhantomData;
use core::sync::atomic::{AtomicU32, Ordering};

use keyfob_crypto::{
    AgreementKey, BadKey, BadSignature, Crypto, Entropy, PublicKey, Secret, Signature, SigningFailed, SigningKey,
};

use crate::counter::{PER_TICK, ticks_since};
use crate::order::Answer;

/// An implementation of cryptography, counted.
pub struct Counted<C>(PhantomData<C>);

/// A key of it.
pub struct CountedKey<K>(K);

impl<C: Crypto> Crypto for Counted<C> {
    type Agreement = CountedKey<C::Agreement>;
    type Signing = CountedKey<C::Signing>;
    type Aead = C::Aead;

    fn verify_digest(key: &PublicKey, digest: &[u8; 32], signature: &Signature) -> Result<(), BadSignature> {
        count(VERIFY, || C::verify_digest(key, digest, signature))
    }

    fn compress(point: &[u8; 65]) -> Result<PublicKey, BadKey> {
        count(POINT, || C::compress(point))
    }

    fn decompress(key: &PublicKey) -> Result<[u8; 65], BadKey> {
        count(POINT, || C::decompress(key))
    }
}

impl<K: AgreementKey> AgreementKey for CountedKey<K> {
    fn generate(entropy: &mut (impl Entropy + ?Sized)) -> Self {
        count(KEY, || Self(K::generate(entropy)))
    }

    fn from_secret(secret: &Secret<32>) -> Result<Self, BadKey> {
        count(KEY, || K::from_secret(secret).map(Self))
    }

    fn from_pair(secret: &Secret<32>, public: &PublicKey) -> Result<Self, BadKey> {
        // Nothing is worked out.
        K::from_pair(secret, public).map(Self)
    }

    fn to_secret(&self) -> Secret<32> {
        self.0.to_secret()
    }

    fn public(&self) -> PublicKey {
        self.0.public()
    }

    fn agree(&self, peer: &PublicKey) -> Result<Secret<32>, BadKey> {
        count(AGREE, || self.0.agree(peer))
    }
}

impl<K: SigningKey> SigningKey for CountedKey<K> {
    fn generate(entropy: &mut (impl Entropy + ?Sized)) -> Self {
        count(KEY, || Self(K::generate(entropy)))
    }

    fn from_secret(secret: &Secret<32>) -> Result<Self, BadKey> {
        count(KEY, || K::from_secret(secret).map(Self))
    }

    fn from_pair(secret: &Secret<32>, public: &PublicKey) -> Result<Self, BadKey> {
        count(POINT, || K::from_pair(secret, public).map(Self))
    }

    fn to_secret(&self) -> Secret<32> {
        self.0.to_secret()
    }

    fn public(&self) -> PublicKey {
        self.0.public()
    }

    fn sign_digest(
        &self,
        digest: &[u8; 32],
        entropy: &mut (impl Entropy + ?Sized),
    ) -> Result<Signature, SigningFailed> {
        count(SIGN, || self.0.sign_digest(digest, entropy))
    }
}

/// Answers how many operations of each kind there were and the instructions of all, and begins anew.
pub(crate) fn read(answer: &mut Answer) {
    for operations in &OPERATIONS {
        answer.put(&operations.load(Ordering::Relaxed).to_le_bytes());
        operations.store(0, Ordering::Relaxed);
    }
    answer.put(&(u64::from(TICKS.load(Ordering::Relaxed)) * PER_TICK).to_le_bytes());
    TICKS.store(0, Ordering::Relaxed);
}

fn count<T>(kind: usize, operate: impl FnOnce() -> T) -> T {
    let (done, ticks) = ticks_since(operate);
    // Not `fetch_add`, which the smallest cores don't have; nothing comes between.
    TICKS.store(TICKS.load(Ordering::Relaxed) + ticks, Ordering::Relaxed);
    if let Some(operations) = OPERATIONS.get(kind) {
        operations.store(operations.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
    done
}

const KEY: usize = 0;
const AGREE: usize = 1;
const SIGN: usize = 2;
const VERIFY: usize = 3;
/// A point that is brought into another form.
const POINT: usize = 4;

static OPERATIONS: [AtomicU32; 5] = [const { AtomicU32::new(0) }; 5];
static TICKS: AtomicU32 = AtomicU32::new(0);
