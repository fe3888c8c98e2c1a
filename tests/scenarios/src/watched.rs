//! Cryptography that sees every encryption and counts each nonce that is used twice with a key.

use std::cell::RefCell;
use std::collections::HashSet;
use std::marker::PhantomData;

use keyfob_crypto::{
    AeadKey, Aes256Gcm, BadKey, BadSignature, Crypto, OpenFailed, P256Agreement, P256Signing, PublicKey, RustCrypto,
    Secret, Signature, sha256,
};

/// Whose encryptions they are.
pub trait Whose: Send + 'static {
    /// Tells one from the other.
    const NUMBER: u8;
}

/// A token's.
pub enum TheTokens {}
/// An app's.
pub enum TheApps {}

impl Whose for TheTokens {
    const NUMBER: u8 = 1;
}

impl Whose for TheApps {
    const NUMBER: u8 = 2;
}

/// RustCrypto, watched. What is seen is the thread's, so that a test sees its own alone.
pub struct Watched<W>(PhantomData<W>);

thread_local! {
    static SEEN: RefCell<Seen> = RefCell::default();
}

/// What was encrypted in this thread.
#[derive(Default)]
struct Seen {
    used: HashSet<[u8; 16]>,
    sums: Encryptions,
    last_of_token: Option<(Secret<32>, [u8; 12])>,
    gives_back: bool,
}

/// Sums of what was encrypted in this thread.
#[derive(Debug, Clone, Copy, Default)]
pub struct Encryptions {
    /// All of them.
    pub all: u64,
    /// Those that made a new key of an old one.
    pub rekeys: u64,
    /// Those whose nonce had been used with that key.
    pub repeated: u64,
}

/// The sums so far.
#[must_use]
pub fn encryptions() -> Encryptions {
    SEEN.with_borrow(|seen| seen.sums)
}

/// Lets the token encrypt with the number that it used last, as one would that takes numbers back.
pub fn give_back_last_number() {
    SEEN.with_borrow_mut(|seen| seen.gives_back = true);
}

/// Lets the token encrypt once more what it encrypted last, as one would that composes a lost answer again.
pub fn encrypt_last_again() {
    let last = SEEN.with_borrow(|seen| seen.last_of_token.clone());
    if let Some((key, nonce)) = last {
        let _tag = WatchedAead::<TheTokens>::new(&key).seal(&nonce, &[], &mut [0; 16]);
    }
}

/// The nonce of Noise's REKEY (Noise, section 4.2).
const REKEY: [u8; 12] = [0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];

impl<W: Whose> Crypto for Watched<W> {
    type Agreement = P256Agreement;
    type Signing = P256Signing;
    type Aead = WatchedAead<W>;

    fn verify_digest(key: &PublicKey, digest: &[u8; 32], signature: &Signature) -> Result<(), BadSignature> {
        RustCrypto::verify_digest(key, digest, signature)
    }

    fn compress(point: &[u8; 65]) -> Result<PublicKey, BadKey> {
        RustCrypto::compress(point)
    }

    fn decompress(key: &PublicKey) -> Result<[u8; 65], BadKey> {
        RustCrypto::decompress(key)
    }
}

/// AES-256-GCM, watched.
pub struct WatchedAead<W> {
    genuine: Aes256Gcm,
    key: Secret<32>,
    whose: PhantomData<W>,
}

impl<W: Whose> AeadKey for WatchedAead<W> {
    fn new(key: &Secret<32>) -> Self {
        Self { genuine: Aes256Gcm::new(key), key: key.clone(), whose: PhantomData }
    }

    fn seal(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8]) -> [u8; 16] {
        let nonce = SEEN.with_borrow_mut(|seen| seen.watch::<W>(&self.key, *nonce));
        self.genuine.seal(&nonce, aad, data)
    }

    fn open(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &[u8; 16]) -> Result<(), OpenFailed> {
        self.genuine.open(nonce, aad, data, tag)
    }
}

impl Seen {
    /// Notes an encryption; gives the nonce that is used.
    fn watch<W: Whose>(&mut self, key: &Secret<32>, mut nonce: [u8; 12]) -> [u8; 12] {
        if W::NUMBER == TheTokens::NUMBER {
            // Handshakes' associated data isn't looked at: their numbers are 0, and there is none before.
            let number = u64::from_be_bytes(nonce[4..].try_into().unwrap_or_default());
            if self.gives_back && number > 0 && nonce != REKEY {
                self.gives_back = false;
                nonce[4..].copy_from_slice(&(number - 1).to_be_bytes());
            }
            self.last_of_token = Some((key.clone(), nonce));
        }
        // Both ends compute REKEY, each once; every other encryption under a key is one end's.
        let computes = if nonce == REKEY { W::NUMBER } else { 0 };
        let digest = sha256(&[key.expose(), &nonce, &[computes]]);
        let mut front = [0; 16];
        front.copy_from_slice(&digest[..16]);
        self.sums.all += 1;
        self.sums.rekeys += u64::from(nonce == REKEY);
        self.sums.repeated += u64::from(!self.used.insert(front));
        nonce
    }
}
