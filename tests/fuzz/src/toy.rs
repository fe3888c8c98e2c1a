//! Cryptography that takes a microsecond where P-256 takes a hundred, for targets that look at what is around it.
//!
//! It has P-256's *shape*, with what a careless caller trips over: a key's first byte is its sign, which agreement
//! ignores; each signature has a twin with a high `s`. AES-GCM and SHA-256 are the real ones. It protects nothing: a
//! program could forge and compute discrete logarithms here, but no mutation of bytes does.

use keyfob_crypto::{
    Aes256Gcm, AgreementKey, BadKey, BadSignature, Crypto, Entropy, PublicKey, Secret, Signature, SigningFailed,
    SigningKey, sha256,
};

/// The toy.
pub(crate) struct Toy;

/// A secret key: an exponent modulo 2^61 - 1.
pub(crate) struct ToyKey(Secret<32>);

/// The prime 2^61 - 1.
const PRIME: u64 = (1 << 61) - 1;
const GENERATOR: u64 = 37;

impl ToyKey {
    fn exponent(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = sha256(&[self.0.expose()]);
        u64::from_be_bytes([a, b, c, d, e, f, g, h]) | 1
    }

    fn random(entropy: &mut (impl Entropy + ?Sized)) -> Self {
        let mut secret = Secret::random(entropy);
        secret.expose_mut()[31] |= 1;
        Self(secret)
    }

    fn checked(secret: &Secret<32>) -> Result<Self, BadKey> {
        if *secret == Secret::zero() { Err(BadKey) } else { Ok(Self(secret.clone())) }
    }

    fn point(&self) -> PublicKey {
        let mut key = [0; 33];
        key[0] = 2;
        key[25..].copy_from_slice(&power(GENERATOR, self.exponent()).to_be_bytes());
        PublicKey(key)
    }
}

impl AgreementKey for ToyKey {
    fn generate(entropy: &mut (impl Entropy + ?Sized)) -> Self {
        Self::random(entropy)
    }

    fn from_secret(secret: &Secret<32>) -> Result<Self, BadKey> {
        Self::checked(secret)
    }

    fn to_secret(&self) -> Secret<32> {
        self.0.clone()
    }

    fn public(&self) -> PublicKey {
        self.point()
    }

    fn agree(&self, peer: &PublicKey) -> Result<Secret<32>, BadKey> {
        let shared = power(element(peer)?, self.exponent());
        let mut secret = Secret::zero();
        secret.expose_mut()[24..].copy_from_slice(&shared.to_be_bytes());
        Ok(secret)
    }
}

impl SigningKey for ToyKey {
    fn generate(entropy: &mut (impl Entropy + ?Sized)) -> Self {
        Self::random(entropy)
    }

    fn from_secret(secret: &Secret<32>) -> Result<Self, BadKey> {
        Self::checked(secret)
    }

    fn to_secret(&self) -> Secret<32> {
        self.0.clone()
    }

    fn public(&self) -> PublicKey {
        self.point()
    }

    fn sign_digest(&self, digest: &[u8; 32], _: &mut (impl Entropy + ?Sized)) -> Result<Signature, SigningFailed> {
        Ok(signature(&self.point(), digest))
    }
}

impl Crypto for Toy {
    type Agreement = ToyKey;
    type Signing = ToyKey;
    type Aead = Aes256Gcm;

    fn verify_digest(key: &PublicKey, digest: &[u8; 32], given: &Signature) -> Result<(), BadSignature> {
        element(key).map_err(|_| BadSignature)?;
        let mut given = given.0;
        // The twin.
        given[32] &= 0x7f;
        // All bytes at once, so that no comparison tells libFuzzer how far it has come.
        let wrong = given.iter().zip(signature(key, digest).0).fold(0, |wrong, (a, b)| wrong | (a ^ b));
        if wrong == 0 { Ok(()) } else { Err(BadSignature) }
    }

    fn compress(point: &[u8; 65]) -> Result<PublicKey, BadKey> {
        let mut key = [0; 33];
        key[0] = 2 | point[64];
        key[1..].copy_from_slice(&point[1..33]);
        let key = PublicKey(key);
        if Self::decompress(&key)? == *point { Ok(key) } else { Err(BadKey) }
    }

    fn decompress(key: &PublicKey) -> Result<[u8; 65], BadKey> {
        element(key)?;
        let mut point = [0; 65];
        point[0] = 4;
        point[1..33].copy_from_slice(&key.0[1..]);
        point[64] = key.0[0] & 1;
        Ok(point)
    }
}

fn signature(key: &PublicKey, digest: &[u8; 32]) -> Signature {
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(&sha256(&[b"r", &key.0, digest]));
    bytes[32..].copy_from_slice(&sha256(&[b"s", &key.0, digest]));
    bytes[32] &= 0x3f;
    Signature(bytes)
}

/// The group element of a key, whatever its sign.
fn element(key: &PublicKey) -> Result<u64, BadKey> {
    let (padding, element) = key.0[1..].split_at(24);
    let element = u64::from_be_bytes(element.try_into().map_err(|_| BadKey)?);
    let good = matches!(key.0[0], 2 | 3) && padding.iter().all(|&byte| byte == 0) && (1..PRIME).contains(&element);
    if good { Ok(element) } else { Err(BadKey) }
}

fn power(base: u64, mut exponent: u64) -> u64 {
    let multiply = |a: u64, b: u64| (u128::from(a) * u128::from(b) % u128::from(PRIME)) as u64;
    let (mut square, mut result) = (base, 1);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = multiply(result, square);
        }
        square = multiply(square, square);
        exponent >>= 1;
    }
    result
}
