//! ECDSA (FIPS 186-5 §6).

use keyfob_crypto::{BadKey, Entropy, Nonces, PublicKey, Secret, Signature, SigningFailed, SigningKey};
use p256_cm4::{keygen, sign};
use zeroize::Zeroizing;

use crate::point::Point;
use crate::scalar::{Scalar, negated, reduced, words, write};
use crate::stack;

/// An ECDSA key with its public key at hand, as each signature is verified.
pub struct Signing {
    secret: Scalar,
    public: Point,
}

impl SigningKey for Signing {
    fn generate(entropy: &mut (impl Entropy + ?Sized)) -> Self {
        let (secret, public) = generate(entropy);
        Self { secret, public }
    }

    fn from_secret(secret: &Secret<32>) -> Result<Self, BadKey> {
        let secret = Scalar::decode(secret)?;
        let public = public(&secret)?;
        Ok(Self { secret, public })
    }

    fn from_pair(secret: &Secret<32>, public: &PublicKey) -> Result<Self, BadKey> {
        Ok(Self { secret: Scalar::decode(secret)?, public: Point::decode(public)? })
    }

    fn to_secret(&self) -> Secret<32> {
        self.secret.encode()
    }

    fn public(&self) -> PublicKey {
        self.public.encode()
    }

    fn sign_digest(
        &self,
        digest: &[u8; 32],
        entropy: &mut (impl Entropy + ?Sized),
    ) -> Result<Signature, SigningFailed> {
        for _ in 0..TRIES {
            let mut added = Zeroizing::new([0; 32]);
            entropy.fill(added.as_mut());
            let signature = self.sign_hedged(digest, &added);
            // A scalar that was altered in memory since the key was loaded no longer belongs to the public key.
            if self.public.verifies(digest, &signature) {
                return Ok(signature);
            }
        }
        Err(SigningFailed)
    }
}

impl Signing {
    /// RFC 6979 with additional data (§3.6), `s` brought to the lower half.
    fn sign_hedged(&self, digest: &[u8; 32], added: &[u8; 32]) -> Signature {
        let mut digest_below_order = [0; 32];
        write(&reduced(&words(digest)), &mut digest_below_order);
        let mut nonces = Nonces::new(&self.secret.encode(), &digest_below_order, added);
        let (mut r, mut s) = ([0; 8], [0; 8]);
        let mut signs = || {
            // One in 2^32 strings is no scalar, and one nonce in 2^224 or so gives no signature.
            let Ok(nonce) = Scalar::decode(&nonces.next_bytes()) else { return false };
            sign(&mut r, &mut s, &digest_below_order, self.secret.words(), nonce.words())
        };
        while !stack::apart(&mut signs) {}
        let signature = joined(&r, &s);
        if signature.is_low_s() { signature } else { joined(&r, &negated(&s)) }
    }
}

/// Makes a secret scalar and its point.
pub(crate) fn generate(entropy: &mut (impl Entropy + ?Sized)) -> (Scalar, Point) {
    // One in 2^32 random strings is no scalar.
    loop {
        if let Ok(secret) = Scalar::decode(&Secret::random(entropy))
            && let Ok(public) = public(&secret)
        {
            return (secret, public);
        }
    }
}

/// Works out a public key.
pub(crate) fn public(secret: &Scalar) -> Result<Point, BadKey> {
    let mut point = Point { x: [0; 8], y: [0; 8] };
    let made = stack::apart(|| keygen(&mut point.x, &mut point.y, secret.words()));
    if made { Ok(point) } else { Err(BadKey) }
}

fn joined(r: &[u32; 8], s: &[u32; 8]) -> Signature {
    let mut signature = Signature([0; 64]);
    if let ([first, second], []) = signature.0.as_chunks_mut() {
        write(r, first);
        write(s, second);
    }
    signature
}

/// A second try is for a passing glitch; who needs more is being attacked.
const TRIES: usize = 2;
