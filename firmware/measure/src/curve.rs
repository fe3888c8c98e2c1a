//! Two generations of the P-256 crate, called as the protocol needs them: with compressed keys.

use core::hint::black_box;

use crate::clock::Clock;

const SECRET: [u8; 32] = [0x42; 32];
const DIGEST: [u8; 32] = [7; 32];

/// Counts both.
pub(crate) fn measure(clock: &mut Clock) {
    generation_13(clock);
    generation_14(clock);
}

/// Counts the operations of one generation, whose functions have the same names.
macro_rules! generation {
    ($function:ident, $krate:ident, $version:literal) => {
        fn $function(clock: &mut Clock) {
            use $krate::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
            let (Ok(secret), Ok(signer)) =
                ($krate::SecretKey::from_slice(&SECRET), $krate::ecdsa::SigningKey::from_slice(&SECRET))
            else {
                return;
            };
            let public = $krate::CompressedPoint::from(&secret.public_key());
            clock.count(concat!("p256 ", $version, " key"), || {
                let key = $krate::SecretKey::from_slice(black_box(&SECRET));
                key.is_ok_and(|key| black_box($krate::CompressedPoint::from(&key.public_key()))[0] != 0)
            });
            clock.count(concat!("p256 ", $version, " agree"), || {
                let peer = $krate::PublicKey::from_sec1_bytes(black_box(&public));
                peer.is_ok_and(|peer| {
                    black_box($krate::ecdh::diffie_hellman(secret.to_nonzero_scalar(), peer.as_affine()));
                    true
                })
            });
            let sign = || -> Option<$krate::ecdsa::Signature> { signer.sign_prehash(black_box(&DIGEST)).ok() };
            clock.count(concat!("p256 ", $version, " sign"), || sign().is_some());
            let Some(signature) = sign() else { return };
            clock.count(concat!("p256 ", $version, " verify"), || {
                let key = $krate::ecdsa::VerifyingKey::from_sec1_bytes(black_box(&public));
                key.is_ok_and(|key| key.verify_prehash(&DIGEST, &signature).is_ok())
            });
        }
    };
}

generation!(generation_13, p256_13, "0.13");
generation!(generation_14, p256_14, "0.14");
