//! Random cases, done by an image and by RustCrypto on this computer.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};
use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use keyfob_crypto::{
    AgreementKey, Crypto, Entropy, P256Agreement, P256Signing, RustCrypto, Secret, Signature, SigningKey,
};

use crate::calculations::{AGREE, DECOMPRESS, KEY, SIGN, VERIFY};
use crate::machine::{Image, Machine, Pace};

/// How many cases are under way to a machine at once.
const CHUNK: u32 = 16;

/// Compares so many cases, each one operation, that follow from a seed, on as many machines at once.
///
/// # Errors
/// If one differs; it is named by its number.
pub(crate) fn run(image: &Image, cases: u32, seed: u64, machines: u32) -> Result<()> {
    let began = Instant::now();
    let (next, is_over) = (AtomicU32::new(0), AtomicBool::new(false));
    let work = || -> Result<()> {
        let mut machine = Machine::boot(image, Pace::Fast)?;
        loop {
            let first = next.fetch_add(CHUNK, Ordering::Relaxed);
            if first >= cases || is_over.load(Ordering::Relaxed) {
                return Ok(());
            }
            compare(&mut machine, seed, first..cases.min(first + CHUNK)).inspect_err(|_| {
                is_over.store(true, Ordering::Relaxed);
            })?;
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..machines).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|_| Err(anyhow!("a thread is lost"))))
    })?;
    println!("{cases} random cases of seed {seed} as RustCrypto has them, {:.0} s", began.elapsed().as_secs_f64());
    Ok(())
}

fn compare(machine: &mut Machine, seed: u64, numbers: std::ops::Range<u32>) -> Result<()> {
    let cases = numbers.map(|number| Case::new(seed, number)).collect::<Result<Vec<_>>>()?;
    for Case { question: (letter, body, _), .. } in &cases {
        machine.give(*letter, body)?;
    }
    for Case { number, question: (letter, _, expected) } in &cases {
        let (answer, letter) = (machine.answer()?, char::from(*letter));
        ensure!(answer == *expected, "case {number} of seed {seed}, `{letter}`: {answer:?} instead of {expected:?}");
    }
    Ok(())
}

/// A letter, a body, and what RustCrypto answers.
type Question = (u8, Vec<u8>, Option<Vec<u8>>);

struct Case {
    number: u32,
    question: Question,
}

impl Case {
    fn new(seed: u64, number: u32) -> Result<Self> {
        let mut random = Random::new(seed, number);
        let (mut secret, mut digest) = (random.bytes::<32>(), random.bytes::<32>());
        let (added, peer) = (random.bytes::<32>(), random.bytes::<32>());
        // Every eighth of a kind is of numbers at the edges.
        let (place, is_edge) = ((number / 6 / 8) as usize, (number / 6).is_multiple_of(8));
        if is_edge {
            secret = near(SECRETS[place % SECRETS.len()], place / SECRETS.len());
            digest = near(DIGESTS[place % DIGESTS.len()], place / DIGESTS.len());
        }
        let peer = P256Signing::from_secret(&Secret::new(peer)).context("a random scalar is one")?;
        let signature = peer.sign_digest(&digest, &mut random)?;
        let mut altered = signature.0;
        altered[usize::from(added[0] % 64)] ^= 1 << (added[1] % 8);
        let mut high = signature.0;
        high[32..].copy_from_slice(&negated(&signature.0[32..]));

        let verdict = |signature: [u8; 64]| {
            let verified = RustCrypto::verify_digest(&peer.public(), &digest, &Signature(signature));
            (VERIFY, [&peer.public().0[..], &digest, &signature].concat(), verified.ok().map(|()| Vec::new()))
        };
        let question = match number % 6 {
            0 => {
                let key = P256Agreement::from_secret(&Secret::new(secret)).ok();
                (KEY, secret.to_vec(), key.map(|key| key.public().0.to_vec()))
            }
            1 => {
                let key = P256Signing::from_secret(&Secret::new(secret)).ok();
                let signed = key.map(|key| key.sign_digest(&digest, &mut Given(added))).transpose()?;
                (SIGN, [secret, digest, added].concat(), signed.map(|signature| signature.0.to_vec()))
            }
            2 => {
                let key = P256Agreement::from_secret(&Secret::new(secret)).ok();
                let shared = key.and_then(|key| key.agree(&peer.public()).ok());
                (AGREE, [&secret[..], &peer.public().0].concat(), shared.map(|shared| shared.expose().to_vec()))
            }
            3 => verdict(signature.0),
            4 if added[2].is_multiple_of(2) => verdict(altered),
            4 => verdict(high),
            _ => {
                // Half of what looks like a compressed point is none.
                let mut point = peer.public();
                point.0[32] = point.0[32].wrapping_add(added[2]);
                let whole = RustCrypto::decompress(&point).ok();
                (DECOMPRESS, point.0.to_vec(), whole.map(|point| point.to_vec()))
            }
        };
        Ok(Self { number, question })
    }
}

/// A number, one less or one more.
fn near(hex: &str, by: usize) -> [u8; 32] {
    let mut number: [u8; 32] = std::array::from_fn(|place| {
        hex.get(2 * place..2 * place + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).unwrap_or(0)
    });
    // Adding the largest number there is subtracts one.
    let addend = [[0; 32], std::array::from_fn(|place| u8::from(place == 31)), [0xff; 32]][by % 3];
    let mut carry = 0;
    for (digit, addend) in number.iter_mut().zip(addend).rev() {
        let sum = u16::from(*digit) + u16::from(addend) + carry;
        [_, *digit] = sum.to_be_bytes();
        carry = sum >> 8;
    }
    number
}

/// The order less a number.
fn negated(number: &[u8]) -> [u8; 32] {
    let mut difference = near(ORDER, 0);
    let mut borrow = 0;
    for (digit, less) in difference.iter_mut().zip(number).rev() {
        let less = u16::from(*less) + borrow;
        borrow = u16::from(u16::from(*digit) < less);
        *digit = digit.wrapping_sub(less.to_be_bytes()[1]);
    }
    difference
}

struct Random(ChaCha20Rng);

impl Random {
    fn new(seed: u64, number: u32) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut random = ChaCha20Rng::from_seed(key);
        random.set_stream(number.into());
        Self(random)
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }
}

impl Entropy for Random {
    fn fill(&mut self, out: &mut [u8]) {
        self.0.fill_bytes(out);
    }
}

/// Entropy that was given, the same bytes again and again, as the image has it.
struct Given([u8; 32]);

impl Entropy for Given {
    fn fill(&mut self, out: &mut [u8]) {
        out.iter_mut().zip(self.0.iter().cycle()).for_each(|(out, given)| *out = *given);
    }
}

const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

/// Small numbers, the order, half of it, the field's prime, and powers of two: each also one more and one less.
const SECRETS: [&str; 8] = [
    "0000000000000000000000000000000000000000000000000000000000000001",
    "0000000000000000000000000000000000000000000000000000000000000003",
    ORDER,
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254f",
    "7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8",
    "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
    "8000000000000000000000000000000000000000000000000000000000000000",
    "00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff",
];

/// Digests at the edges.
const DIGESTS: [&str; 5] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    ORDER,
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8",
    "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
];
