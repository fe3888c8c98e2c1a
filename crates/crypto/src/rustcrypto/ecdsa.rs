//! ECDSA (FIPS 186-5 §6.4) and points (SEC 1 §2.3) on the curve's arithmetic.
//!
//! The functions above it in RustCrypto take slices, and check once more what types have said: each check is a panic
//! that the compiler doesn't see through.

use p256::elliptic_curve::Group;
use p256::elliptic_curve::ff::{Field, PrimeField};
use p256::elliptic_curve::ops::{MulByGeneratorVartime, Reduce};
use p256::elliptic_curve::point::{AffineCoordinates, DecompressPoint};
use p256::elliptic_curve::scalar::IsHigh;
use p256::elliptic_curve::subtle::{Choice, ConditionallySelectable};
use p256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};
use zeroize::Zeroizing;

use crate::{BadKey, PublicKey, Secret, Signature};

/// Signs a digest with a secret scalar and a nonce, `s` brought to the lower half; one nonce in 2^224 or so gives none.
pub(super) fn sign(secret: &Scalar, nonce: &Scalar, digest: &Scalar) -> Option<Signature> {
    let inverse = Zeroizing::new(nonce.invert().into_option()?);
    let r = reduced(&ProjectivePoint::mul_by_generator(nonce).to_affine().x());
    let s = *inverse * (*digest + r * secret);
    if bool::from(r.is_zero() | s.is_zero()) {
        return None;
    }
    let s = Scalar::conditional_select(&s, &-s, s.is_high());
    let mut signature = Signature([0; 64]);
    if let ([first, second], []) = signature.0.as_chunks_mut() {
        *first = r.to_repr().into();
        *second = s.to_repr().into();
    }
    Some(signature)
}

/// Tells whether a signature is this key's for a digest. Everything here is public.
pub(super) fn verifies(key: &p256::PublicKey, digest: &[u8; 32], signature: &Signature) -> bool {
    let ([r, s], []) = signature.0.as_chunks() else { return false };
    let (Some(r), Some(s)) = (scalar(r), scalar(s)) else { return false };
    let Some(inverse) = s.invert_vartime().into_option() else { return false };
    let (first, second) = (digest_below_order(digest) * inverse, r * inverse);
    let key = key.to_projective();
    let point = ProjectivePoint::mul_by_generator_and_mul_add_vartime(&first, &second, &key).to_affine();
    // Infinity's x is zero here, which r isn't.
    reduced(&point.x()) == r
}

/// The digest as a number modulo the order: its bits are as many.
pub(super) fn digest_below_order(digest: &[u8; 32]) -> Scalar {
    reduced(&(*digest).into())
}

/// A scalar from 1 to n − 1, of 32 bytes that are known to be one or are a chance.
pub(super) fn scalar(bytes: &[u8; 32]) -> Option<Scalar> {
    let scalar = Scalar::from_repr((*bytes).into()).into_option()?;
    (!bool::from(scalar.is_zero())).then_some(scalar)
}

/// A nonce, overwritten when dropped.
pub(super) fn nonce(bytes: &Secret<32>) -> Option<Zeroizing<Scalar>> {
    scalar(bytes.expose()).map(Zeroizing::new)
}

fn reduced(bytes: &FieldBytes) -> Scalar {
    <Scalar as Reduce<FieldBytes>>::reduce(bytes)
}

/// Decodes a compressed point other than infinity.
pub(super) fn decode(key: &PublicKey) -> Result<p256::PublicKey, BadKey> {
    let [prefix @ (0x02 | 0x03), x @ ..] = &key.0 else { return Err(BadKey) };
    public(AffinePoint::decompress(&(*x).into(), Choice::from(prefix & 1)).into_option())
}

/// Encodes a point, compressed.
pub(super) fn encode(point: &p256::PublicKey) -> PublicKey {
    let point = point.as_affine();
    let mut key = PublicKey([0; 33]);
    let [prefix, x @ ..] = &mut key.0;
    *prefix = 0x02 | point.y_is_odd().unwrap_u8();
    *x = point.x().into();
    key
}

/// Decodes `0x04 ‖ x ‖ y`.
pub(super) fn decode_uncompressed(point: &[u8; 65]) -> Result<p256::PublicKey, BadKey> {
    let [0x04, coordinates @ ..] = point else { return Err(BadKey) };
    let ([x, y], []) = coordinates.as_chunks::<32>() else { return Err(BadKey) };
    public(AffinePoint::from_coordinates(&(*x).into(), &(*y).into()).into_option())
}

/// Encodes `0x04 ‖ x ‖ y`.
pub(super) fn encode_uncompressed(point: &p256::PublicKey) -> [u8; 65] {
    let point = point.as_affine();
    let mut bytes = [0x04; 65];
    let [_, coordinates @ ..] = &mut bytes;
    if let ([x, y], []) = coordinates.as_chunks_mut::<32>() {
        *x = point.x().into();
        *y = point.y().into();
    }
    bytes
}

fn public(point: Option<AffinePoint>) -> Result<p256::PublicKey, BadKey> {
    p256::PublicKey::from_affine(point.ok_or(BadKey)?).map_err(|_| BadKey)
}
