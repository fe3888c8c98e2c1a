//! What the health tests find, and what they let through.

use keyfob_entropy::{
    FALSE_ALARM, Failure, HealthTests, Noise, NoiseFailed, proportion_cutoff, repetition_cutoff, window,
};

/// Samples of `BITS` bits of which `H`/256 bit are claimed; they come from outside.
struct Claimed<const BITS: u32, const H: u32>;

impl<const BITS: u32, const H: u32> Noise for Claimed<BITS, H> {
    const BITS: u32 = BITS;
    const MIN_ENTROPY: u32 = H;

    fn sample(&mut self) -> Result<u8, NoiseFailed> {
        unreachable!()
    }

    fn halt(&mut self, failure: Failure) -> ! {
        panic!("{failure}")
    }
}

/// SplitMix64.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A sample whose likeliest value has the probability 2^-(h/256); the others share the rest.
    fn biased(&mut self, bits: u32, h: u32) -> u8 {
        let p = 2f64.powf(-f64::from(h) / 256.0);
        let number = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        let others = (1u64 << bits) - 1;
        if number < p { 0 } else { 1 + (self.next() % others) as u8 }
    }
}

fn first_failure<N: Noise>(samples: impl Iterator<Item = u8>) -> Option<(usize, Failure)> {
    let mut tests = HealthTests::<N>::new();
    samples.enumerate().find_map(|(place, sample)| tests.check(sample).err().map(|failure| (place, failure)))
}

/// Worked out with sixty decimal places from the binomial distribution itself; of 2^-20 those for 0.5, 1, 2, 4 and 8
/// bits, and 0.2, 0.8 and 1, are also the table of SP 800-90B §4.4.2.
#[test]
fn the_cut_offs_are_those_of_the_standard() {
    #[rustfmt::skip]
    let exact = [
        (1024, 16, [1000, 1009, 1014, 1018]), (1024, 51, [925, 941, 953, 962]), (1024, 102, [820, 841, 857, 870]),
        (1024, 154, [722, 747, 765, 780]), (1024, 205, [638, 664, 683, 699]), (1024, 230, [600, 626, 646, 662]),
        (1024, 256, [563, 589, 609, 625]), (512, 51, [469, 480, 488, 493]), (512, 128, [394, 410, 422, 432]),
        (512, 256, [292, 311, 325, 336]), (512, 512, [160, 177, 190, 201]), (512, 1024, [51, 62, 71, 78]),
        (512, 1536, [19, 25, 31, 35]), (512, 1997, [9, 13, 17, 20]), (512, 2048, [9, 13, 16, 19]),
    ];
    for (window, min_entropy, cutoffs) in exact {
        for (alarm, cutoff) in [10, 20, 30, 40].into_iter().zip(cutoffs) {
            assert_eq!(proportion_cutoff(min_entropy, window, alarm), cutoff, "{window} {min_entropy} {alarm}");
        }
    }
    // SP 800-90B §4.4.1: 1 + ⌈20 / H⌉.
    assert_eq!([256, 512, 2048, 128].map(|h| repetition_cutoff(h, 20)), [21, 11, 4, 41]);
    assert_eq!([1, 2, 8].map(window), [1024, 512, 512]);
}

#[test]
fn a_stuck_source_is_found_at_the_cut_off() {
    fn find<const BITS: u32, const H: u32>() {
        let stuck = (3..200).map(|n| n % 2).take(7).chain(std::iter::repeat(1));
        let (place, failure) = first_failure::<Claimed<BITS, H>>(stuck).unwrap();
        assert_eq!(failure, Failure::Repetition);
        // The last of the seven is equal to those that follow.
        assert_eq!(place as u32, 6 + HealthTests::<Claimed<BITS, H>>::REPETITION - 1);
    }
    find::<1, 256>();
    find::<1, 128>();
    find::<8, 1024>();
    find::<8, 2048>();
}

/// A source that gives one value more often than it may, and never twice in a row.
#[test]
fn a_biased_source_that_never_repeats_is_found() {
    let samples = (0u32..).map(|n| if n % 2 == 0 { 9 } else { (n % 251) as u8 });
    let (place, failure) = first_failure::<Claimed<8, 1024>>(samples).unwrap();
    assert_eq!(failure, Failure::Proportion);
    assert!(place < 512, "{place}");
}

/// A source that goes over the same few samples is found while it has lost at least half of what it claims.
#[test]
fn a_source_that_goes_round_in_circles_is_found() {
    for length in 2..=4usize {
        let samples = (0..).map(|n: usize| (n % length) as u8);
        let (_, failure) = first_failure::<Claimed<8, 1024>>(samples).unwrap();
        assert_eq!(failure, Failure::Proportion, "{length}");
    }
}

#[test]
fn a_source_that_loses_half_of_its_entropy_is_found_soon() {
    fn find<const BITS: u32, const H: u32>(seed: u64) -> usize {
        let mut numbers = Numbers(seed);
        let samples = std::iter::repeat_with(|| numbers.biased(BITS, H / 2)).take(1 << 20);
        first_failure::<Claimed<BITS, H>>(samples).expect("found").0
    }
    for seed in 0..50 {
        for place in [find::<1, 256>(seed), find::<8, 512>(seed), find::<8, 1024>(seed), find::<8, 2048>(seed)] {
            assert!(place < 100_000, "{place} {seed}");
        }
    }
}

/// The worst source that keeps its claim, and ideal ones: none of millions of samples is refused. With 2^-30 a test
/// would raise a false alarm in such a run once in more than a hundred runs.
#[test]
fn good_sources_pass() {
    fn pass<const BITS: u32, const H: u32>(seed: u64, samples: usize) {
        let mut numbers = Numbers(seed);
        let biased = std::iter::repeat_with(|| numbers.biased(BITS, H)).take(samples);
        assert_eq!(first_failure::<Claimed<BITS, H>>(biased), None, "{BITS} {H}");
    }
    pass::<1, 128>(1, 1_000_000);
    pass::<1, 256>(2, 1_000_000);
    pass::<8, 512>(3, 1_000_000);
    pass::<8, 1024>(4, 1_000_000);
    pass::<8, 2048>(5, 1_000_000);
}

/// How often the tests alarm for nothing, measured where that is often enough to be: no more than the stated bound.
#[test]
fn false_alarms_are_as_rare_as_stated() {
    const ALARM: u32 = 10;
    for (bits, h) in [(1, 256), (8, 512), (8, 1024)] {
        let (cutoff, length) = (proportion_cutoff(h, window(bits), ALARM), window(bits));
        let mut numbers = Numbers(u64::from(h));
        let windows = 20_000;
        let alarms = (0..windows).filter(|_| {
            let first = numbers.biased(bits, h);
            let counted = 1 + (1..length).filter(|_| numbers.biased(bits, h) == first).count();
            counted as u32 >= cutoff
        });
        // About twenty are allowed; five standard deviations more would be 42.
        let alarms = alarms.count();
        assert!(alarms <= 42, "{alarms} of {windows} windows, {bits} {h}");
        // And it isn't as rare because the cut-off is out of reach.
        let reached = proportion_cutoff(h, window(bits), 1);
        assert!(reached < cutoff, "{reached} {cutoff}");
    }
    const { assert!(FALSE_ALARM >= 20 && FALSE_ALARM <= 40) }
}
