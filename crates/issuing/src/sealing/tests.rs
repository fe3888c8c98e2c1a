use super::*;
use crate::OsEntropy;

/// Opens as `docs/spec.md`, §8.3, says.
fn open(key: &Secret<32>, feature: FeatureId, slot: Slot, sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, rest) = sealed.split_first_chunk::<12>()?;
    let (ciphertext, tag) = rest.split_last_chunk::<16>()?;
    let mut derived = Secret::zero();
    hkdf_sha256(&[], key.expose(), b"keyfob/1 unlock", derived.expose_mut());
    let [a, b, c, d] = feature.0.to_be_bytes();
    let mut data = ciphertext.to_vec();
    Aes256Gcm::new(&derived).open(nonce, &[a, b, c, d, slot.0], &mut data, tag).ok().map(|()| data)
}

#[test]
fn opens_with_its_key_feature_and_slot_only() {
    let (key, feature, slot) = (Secret::new([1; 32]), FeatureId(0x0102_0304), Slot(5));
    for length in 1..=MAX_SECRET {
        let secret: Vec<u8> = (0..).take(length).collect();
        let sealed = seal_secret(&key, feature, slot, &secret, &mut OsEntropy).unwrap();
        assert_eq!(sealed.len(), 12 + length + 16);
        assert_eq!(open(&key, feature, slot, &sealed), Some(secret));
        assert_eq!(open(&Secret::new([2; 32]), feature, slot, &sealed), None);
        assert_eq!(open(&key, FeatureId(0x0102_0305), slot, &sealed), None);
        assert_eq!(open(&key, feature, Slot(6), &sealed), None);
    }
}

#[test]
fn only_1_to_64_bytes() {
    for length in [0, MAX_SECRET + 1] {
        let sealed = seal_secret(&Secret::new([1; 32]), FeatureId(1), Slot(0), &vec![0; length], &mut OsEntropy);
        assert_eq!(sealed, Err(SealError::Length));
    }
}

#[test]
fn a_nonce_is_never_used_twice() {
    let seal = || seal_secret(&Secret::new([1; 32]), FeatureId(1), Slot(0), b"secret", &mut OsEntropy).unwrap();
    let mut nonces: Vec<_> = (0..64).map(|_| seal()[..12].to_vec()).collect();
    nonces.sort_unstable();
    nonces.dedup();
    assert_eq!(nonces.len(), 64);
}
