//! What random bytes look like, roughly.
//!
//! The tests find a generator that is stuck, biased or repeats itself, and nothing finer: what comes out of a
//! deterministic generator with a known seed passes them all. Each sounds a false alarm once in a million.

/// The bound of a standard normal variable that it passes, in either direction, once in a million.
const BOUND: f64 = 4.891_638;

/// How far random bytes are from what is expected, in standard deviations.
#[derive(Clone, Copy, Debug)]
pub(super) struct Statistics {
    /// Ones against zeros (NIST SP 800-22, §2.1).
    pub(super) monobit: f64,
    /// How often the bit changes (NIST SP 800-22, §2.3).
    pub(super) runs: f64,
    /// How often each byte comes: chi-square with 255 degrees of freedom, by Wilson and Hilferty's approximation.
    pub(super) bytes: f64,
}

impl Statistics {
    /// Measures bytes, of which there are some.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let bits = || bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
        Self { monobit: monobit(bits()), runs: runs(bits()), bytes: chi_square(bytes) }
    }

    /// The names of those that are out of bounds.
    pub(super) fn alarms(&self) -> Vec<&'static str> {
        let Self { monobit, runs, bytes } = self;
        let all = [("monobit", monobit), ("runs", runs), ("bytes", bytes)];
        // What is no number is out of bounds as well.
        all.into_iter().filter(|(_, value)| value.is_nan() || value.abs() > BOUND).map(|(name, _)| name).collect()
    }
}

/// Counts and their sum as numbers: no more than millions, which `f64` has exactly.
fn counted(bits: impl Iterator<Item = u8>) -> (f64, f64) {
    let (mut all, mut ones) = (0_u32, 0_u32);
    bits.for_each(|bit| (all, ones) = (all + 1, ones + u32::from(bit)));
    (all.into(), ones.into())
}

fn monobit(bits: impl Iterator<Item = u8>) -> f64 {
    let (all, ones) = counted(bits);
    (2.0 * ones - all) / all.sqrt()
}

fn runs(bits: impl Iterator<Item = u8> + Clone) -> f64 {
    let (all, ones) = counted(bits.clone());
    let (changes, share) = (counted(bits.clone().zip(bits.skip(1)).map(|(a, b)| a ^ b)).1, ones / all);
    let both = share * (1.0 - share);
    (changes + 1.0 - 2.0 * all * both) / (2.0 * all.sqrt() * both)
}

fn chi_square(bytes: &[u8]) -> f64 {
    const FREEDOM: f64 = 255.0;
    let mut counts = [0_u32; 256];
    bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let expected = f64::from(counts.iter().sum::<u32>()) / 256.0;
    let square: f64 = counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
    let spread = 2.0 / (9.0 * FREEDOM);
    ((square / FREEDOM).cbrt() - (1.0 - spread)) / spread.sqrt()
}

#[cfg(test)]
mod tests {
    use keyfob_crypto::sha256;

    use super::*;

    /// The examples of NIST SP 800-22, §2.1.8 and §2.3.8: the first 100 bits of π, for which the sum is -16, so that
    /// s_obs is 1.6, and there are 52 runs, whose P-value is 0.500798.
    #[test]
    fn as_the_examples_of_nist() {
        let digits =
            "1100100100001111110110101010001000100001011010001100001000110100110001001100011001100010100010111000";
        let bits = digits.bytes().map(|digit| digit - b'0');
        assert_eq!(bits.clone().count(), 100);
        assert!((monobit(bits.clone()) + 1.6).abs() < 1e-9);
        // The P-value is that of a normal variable: erfc(0.673 / √2) = 0.5008.
        assert!((runs(bits) - (52.0 - 48.72) / 4.872).abs() < 1e-9);
    }

    fn random() -> Vec<u8> {
        (0..2048_u32).flat_map(|number| sha256(&[&number.to_be_bytes()])).collect()
    }

    /// The quantiles of chi-square with 255 degrees of freedom: 0.5 is at 254.334, 0.99 at 310.457.
    #[test]
    fn chi_square_is_measured_in_deviations() {
        let with = |square: f64| {
            let spread = 2.0 / (9.0 * 255.0);
            ((square / 255.0_f64).cbrt() - (1.0 - spread)) / spread.sqrt()
        };
        assert!(with(254.334).abs() < 0.001 && (with(310.457) - 2.326).abs() < 0.003);
        let mut bytes: Vec<u8> = (0..=255).cycle().take(65_536).collect();
        assert!((chi_square(&bytes) - with(0.0)).abs() < 1e-9);
        // 256 of each are expected: one that has 56 more, and another as many less.
        for at in 0..56 {
            bytes[at * 256 + 7] = 9;
        }
        assert!((chi_square(&bytes) - with(2.0 * 56.0 * 56.0 / 256.0)).abs() < 1e-9);
    }

    #[test]
    fn good_bytes_pass_and_broken_ones_are_found() {
        assert!(Statistics::of(&random()).alarms().is_empty());
        let stuck = |of: u8| Statistics::of(&[of; 65_536]).alarms();
        for of in [1, 0x55, 0x80, 0xaa] {
            assert!(stuck(of).contains(&"bytes"), "{of}");
        }
        assert!(stuck(0).len() == 3 && stuck(0xff).len() == 3);
        assert!(!stuck(0xaa).contains(&"monobit") && stuck(0xaa).contains(&"runs"));
        let counter: Vec<u8> = (0..=255).cycle().take(65_536).collect();
        assert_eq!(Statistics::of(&counter).alarms(), ["bytes"]);
        // One bit of eight is always set.
        let biased: Vec<_> = random().iter().map(|byte| byte | 0x10).collect();
        assert!(Statistics::of(&biased).alarms().contains(&"monobit"));
        // Each bit is set with a probability of 0.51: every 50th is one, whatever it was.
        let mut leaning = random();
        for at in (0..leaning.len() * 8).step_by(50) {
            leaning[at / 8] |= 1 << (at % 8);
        }
        assert!(Statistics::of(&leaning).alarms().contains(&"monobit"));
    }
}
