//! Single calculations of the token's cryptography, for who compares and counts them.

use keyfob_crypto::{
    AeadKey, AgreementKey, Crypto, Entropy, PublicKey, Secret, Signature, SigningKey, hkdf_sha256, hmac_sha256, sha256,
};

use crate::meter::Meter;
use crate::order::Answer;

/// Does what a letter stands for with what the body has; tells whether it succeeded. Only the calculation itself is
/// counted.
pub(crate) fn run<C: Crypto>(letter: u8, body: &mut [u8], meter: &mut Meter, answer: &mut Answer) -> bool {
    let mut body = Body(body);
    let done = match letter {
        b'm' => {
            meter.read(answer);
            Some(())
        }
        b'k' => key::<C>(&mut body, meter, answer),
        b'a' => agree::<C>(&mut body, meter, answer),
        b's' => sign::<C>(&mut body, meter, answer),
        b'v' => verify::<C>(&mut body, meter),
        b'c' => compress::<C>(&mut body, meter, answer),
        b'd' => decompress::<C>(&mut body, meter, answer),
        b'e' => seal::<C>(&mut body, meter, answer),
        b'o' => open::<C>(&mut body, meter, answer),
        b'h' => hash(&mut body, meter, answer),
        b'i' => authenticate(&mut body, meter, answer),
        b'x' => expand(&mut body, meter, answer),
        _ => None,
    };
    done.is_some()
}

/// A public key from its secret one.
fn key<C: Crypto>(body: &mut Body<'_>, meter: &mut Meter, answer: &mut Answer) -> Option<()> {
    let secret = Secret::new(body.array()?);
    let key = meter.count(|| C::Agreement::from_secret(&secret)).ok()?;
    answer.put(&key.public().0);
    Some(())
}

/// A shared secret.
fn agree<C: Crypto>(body: &mut Body<'_>, meter: &mut Meter, answer: &mut Answer) -> Option<()> {
    let (secret, peer) = (Secret::new(body.array()?), PublicKey(body.array()?));
    let key = C::Agreement::from_secret(&secret).ok()?;
    let shared = meter.count(|| key.agree(&peer)).ok()?;
    answer.put(shared.expose());
    Some(())
}

/// A signature, with the entropy that is given.
fn sign<C: Crypto>(body: &mut Body<'_>, meter: &mut Meter, answer: &mut Answer) -> Option<()> {
    let (secret, digest, added) = (Secret::new(body.array()?), body.array()?, body.array()?);
    let key = C::Signing::from_secret(&secret).ok()?;
    let signature = meter.count(|| key.sign_digest(&digest, &mut Given(added))).ok()?;
    answer.put(&signature.0);
    Some(())
}

/// Whether a signature is genuine.
fn verify<C: Crypto>(body: &mut Body<'_>, meter: &mut Meter) -> Option<()> {
    let (key, digest, signature) = (PublicKey(body.array()?), body.array()?, Signature(body.array()?));
    meter.count(|| C::verify_digest(&key, &digest, &signature)).ok()
}

/// A point, compressed.
fn compress<C: Crypto>(body: &mut Body<'_>, meter: &mut Meter, answer: &mut Answer) -> Option<()> {
    let point = body.array()?;
    let key = meter.count(|| C::compress(&point)).ok()?;
    answer.put(&key.0);
    Some(())
}

/// A point, not compressed.
fn decompress<C: Crypto>(body: &mut Body<'_>, meter: &mut Meter, answer: &mut Answer) -> Option<()> {
    let key = PublicKey(body.array()?);
    let point = meter.count(|| C::decompress(&key)).ok()?;
    answer.put(&point);
    Some(())
}

/// A sealed text and its tag.
fn seal<C: Crypto>(body: &mut Body<'_>, meter: &mut Meter, answer: &mut Answer) -> Option<()> {
    let (key, nonce) = (C::Aead::new(&Secret::new(body.array()?)), body.array()?);
    let (associated, text) = (body.part()?, body.rest());
    let tag = meter.count(|| key.seal(&nonce, associated, text));
    answer.put(text);
    answer.put(&tag);
    Some(())
}

/// An opened text.
fn open<C: Crypto>(body: &mut Body<'_>, meter: &mut Meter, answer: &mut Answer) -> Option<()> {
    let (key, nonce, tag) = (C::Aead::new(&Secret::new(body.array()?)), body.array()?, body.array()?);
    let (associated, text) = (body.part()?, body.rest());
    meter.count(|| key.open(&nonce, associated, text, &tag)).ok()?;
    answer.put(text);
    Some(())
}

/// A digest.
fn hash(body: &mut Body<'_>, meter: &mut Meter, answer: &mut Answer) -> Option<()> {
    answer.put(&meter.count(|| sha256(&[body.rest()])));
    Some(())
}

/// An HMAC.
fn authenticate(body: &mut Body<'_>, meter: &mut Meter, answer: &mut Answer) -> Option<()> {
    let key = body.part()?;
    answer.put(meter.count(|| hmac_sha256(key, &[body.rest()])).expose());
    Some(())
}

/// HKDF's first so many bytes.
#[inline(never)] // Its buffer would be everybody's.
fn expand(body: &mut Body<'_>, meter: &mut Meter, answer: &mut Answer) -> Option<()> {
    let length = usize::from(u16::from_le_bytes(body.array()?));
    let (salt, key) = (body.part()?, body.part()?);
    let mut out = [0; 255 * 32];
    meter.count(|| hkdf_sha256(salt, key, body.rest(), &mut out));
    answer.put(out.get(..length)?);
    Some(())
}

/// An order's body, taken apart.
struct Body<'a>(&'a mut [u8]);

impl<'a> Body<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = core::mem::take(&mut self.0).split_first_chunk_mut()?;
        self.0 = rest;
        Some(*array)
    }

    /// A length `u16` and so many bytes.
    fn part(&mut self) -> Option<&'a mut [u8]> {
        let length = usize::from(u16::from_le_bytes(self.array()?));
        let (part, rest) = core::mem::take(&mut self.0).split_at_mut_checked(length)?;
        self.0 = rest;
        Some(part)
    }

    fn rest(&mut self) -> &'a mut [u8] {
        core::mem::take(&mut self.0)
    }
}

/// Entropy that was given, the same bytes again and again.
struct Given([u8; 32]);

impl Entropy for Given {
    fn fill(&mut self, out: &mut [u8]) {
        for (out, given) in out.iter_mut().zip(self.0.iter().cycle()) {
            *out = *given;
        }
    }
}
