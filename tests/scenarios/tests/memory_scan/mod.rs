//! Looks through the memory of this process for keys, without having them in it.

use std::cell::RefCell;
use std::fs::File;
use std::io::Read;
use std::marker::PhantomData;
use std::os::unix::fs::FileExt;

use keyfob_crypto::{
    AeadKey, Aes256Gcm, AgreementKey, BadKey, BadSignature, Crypto, Entropy, OpenFailed, P256Agreement, P256Signing,
    PublicKey, RustCrypto, Secret, Signature,
};
use keyfob_scenarios::watched::Whose;

/// What keys are masked with while they are remembered, so that remembering them isn't having them.
const MASK: u8 = 0x5a;

thread_local! {
    static NOTED: RefCell<Vec<Needle>> = const { RefCell::new(Vec::new()) };
    static LEAKS: RefCell<bool> = const { RefCell::new(false) };
}

/// A secret to be looked for.
struct Needle {
    what: &'static str,
    whose: u8,
    masked: [u8; 32],
}

/// Remembers a secret of which the first bytes, 16 or more, are telling.
pub(crate) fn note<W: Whose>(what: &'static str, secret: &[u8; 32]) {
    let mut masked = *secret;
    masked.iter_mut().for_each(|byte| *byte ^= MASK);
    NOTED.with_borrow_mut(|noted| noted.push(Needle { what, whose: W::NUMBER, masked }));
}

/// From now on each key of a cipher is left behind once more, where nobody overwrites it.
pub(crate) fn leak() {
    LEAKS.set(true);
}

/// Forgets what was remembered so far.
pub(crate) fn forget() {
    NOTED.with_borrow_mut(Vec::clear);
}

/// How many secrets were remembered.
pub(crate) fn noted() -> usize {
    NOTED.with_borrow(Vec::len)
}

/// A secret that was found, and in what kind of memory.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    pub(crate) whose: u8,
    pub(crate) what: &'static str,
    pub(crate) memory: Memory,
}

/// Where memory belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Memory {
    /// The stack of this thread.
    Stack,
    /// Heaps, statics, other stacks.
    Other,
}

/// Looks for everything that was remembered in all memory that this process can write.
pub(crate) fn scan() -> (u64, Vec<Found>) {
    let mut maps = String::new();
    File::open("/proc/self/maps").unwrap().read_to_string(&mut maps).unwrap();
    let memory = File::open("/proc/self/mem").unwrap();
    let mut chunk = vec![0; CHUNK];
    let here = std::ptr::from_ref(&maps) as u64;
    let (mut found, mut seen) = (Vec::new(), 0);
    NOTED.with_borrow(|needles| {
        let mut begins = vec![false; 1 << 16];
        for needle in needles {
            begins[usize::from(u16::from_be_bytes([needle.masked[0] ^ MASK, needle.masked[1] ^ MASK]))] = true;
        }
        for line in maps.lines() {
            let mut fields = line.split_whitespace();
            let (range, rights) = (fields.next().unwrap(), fields.next().unwrap());
            if !rights.starts_with("rw") {
                continue;
            }
            let (start, end) = range.split_once('-').unwrap();
            let (mut at, end) = (u64::from_str_radix(start, 16).unwrap(), u64::from_str_radix(end, 16).unwrap());
            let memory_kind = if (at..end).contains(&here) { Memory::Stack } else { Memory::Other };
            while at < end {
                let length = CHUNK.min(usize::try_from(end - at).unwrap());
                if memory.read_exact_at(&mut chunk[..length], at).is_err() {
                    break;
                }
                seen += length as u64;
                for place in candidates(&chunk[..length], &begins) {
                    let bytes = &chunk[place..place + 32];
                    for needle in needles {
                        if bytes.iter().zip(&needle.masked).all(|(byte, masked)| byte ^ MASK == *masked) {
                            found.push(Found { whose: needle.whose, what: needle.what, memory: memory_kind });
                        }
                    }
                }
                // What lies across two chunks is seen whole in the next.
                at += if length == CHUNK { CHUNK as u64 - 31 } else { length as u64 };
            }
        }
    });
    chunk.fill(0);
    found.sort();
    (seen, found)
}

const CHUNK: usize = 1 << 16;

/// Places where two bytes are right.
fn candidates(chunk: &[u8], begins: &[bool]) -> Vec<usize> {
    let mut places = Vec::new();
    if chunk.iter().all(|byte| *byte == 0) {
        return places;
    }
    for place in 0..chunk.len().saturating_sub(31) {
        if begins[usize::from(chunk[place]) << 8 | usize::from(chunk[place + 1])] {
            places.push(place);
        }
    }
    places
}

/// RustCrypto, whose secret keys are remembered masked.
pub(crate) struct Noted<W>(PhantomData<W>);

impl<W: Whose> Crypto for Noted<W> {
    type Agreement = NotedAgreement<W>;
    type Signing = P256Signing;
    type Aead = NotedAead<W>;

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

/// A key for Diffie-Hellman. Those of one session and what comes of them are remembered.
pub(crate) struct NotedAgreement<W>(P256Agreement, PhantomData<W>);

impl<W: Whose> AgreementKey for NotedAgreement<W> {
    fn generate(entropy: &mut (impl Entropy + ?Sized)) -> Self {
        let key = P256Agreement::generate(entropy);
        note::<W>("an ephemeral key", key.to_secret().expose());
        Self(key, PhantomData)
    }

    fn from_secret(secret: &Secret<32>) -> Result<Self, BadKey> {
        P256Agreement::from_secret(secret).map(|key| Self(key, PhantomData))
    }

    fn to_secret(&self) -> Secret<32> {
        self.0.to_secret()
    }

    fn public(&self) -> PublicKey {
        self.0.public()
    }

    fn agree(&self, peer: &PublicKey) -> Result<Secret<32>, BadKey> {
        let agreed = self.0.agree(peer)?;
        note::<W>("a shared secret", agreed.expose());
        Ok(agreed)
    }
}

/// AES-256-GCM, whose keys are remembered.
pub(crate) struct NotedAead<W>(Aes256Gcm, PhantomData<W>);

impl<W: Whose> AeadKey for NotedAead<W> {
    fn new(key: &Secret<32>) -> Self {
        note::<W>("a cipher's key", key.expose());
        if LEAKS.with_borrow(|leaks| *leaks) {
            std::hint::black_box(Box::leak(Box::new(*key.expose())));
        }
        Self(Aes256Gcm::new(key), PhantomData)
    }

    fn seal(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8]) -> [u8; 16] {
        self.0.seal(nonce, aad, data)
    }

    fn open(&self, nonce: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &[u8; 16]) -> Result<(), OpenFailed> {
        self.0.open(nonce, aad, data, tag)
    }
}
