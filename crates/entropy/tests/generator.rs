//! The whole way from samples to bytes, and what happens when the source fails.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use keyfob_crypto::Entropy;
use keyfob_entropy::{Failure, Generator, Noise, NoiseFailed, RESEED_INTERVAL, STARTUP_SAMPLES, TRIES};

/// What a source does from its n-th sample on.
#[derive(Clone, Copy)]
enum Turn {
    Good,
    Flipped,
    Stuck,
    Silent,
}

/// A source whose fate is scripted: turns from places on.
#[derive(Clone)]
struct Scripted {
    state: u64,
    taken: Rc<Cell<u32>>,
    turns: Vec<(u32, Turn)>,
}

impl Scripted {
    fn new(seed: u64, turns: &[(u32, Turn)]) -> Self {
        Self { state: seed, taken: Rc::default(), turns: turns.to_vec() }
    }
}

impl Noise for Scripted {
    const BITS: u32 = 8;
    const MIN_ENTROPY: u32 = 1024;

    fn sample(&mut self) -> Result<u8, NoiseFailed> {
        let place = self.taken.get();
        self.taken.set(place + 1);
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        match self.turns.iter().rfind(|(from, _)| *from <= place).map_or(Turn::Good, |(_, turn)| *turn) {
            Turn::Good => Ok((self.state >> 56) as u8),
            Turn::Flipped => Ok((self.state >> 56) as u8 ^ 1),
            Turn::Stuck => Ok(0x55),
            Turn::Silent => Err(NoiseFailed),
        }
    }

    fn halt(&mut self, failure: Failure) -> ! {
        panic!("halted: {failure}")
    }
}

/// The samples of a seed, and those up to the first byte.
const SEED: u32 = Generator::<Scripted>::SAMPLES;
const START: u32 = STARTUP_SAMPLES + 2 * SEED;

fn bytes(generator: &mut Generator<Scripted>) -> [u8; 32] {
    let mut out = [0; 32];
    generator.fill(&mut out);
    out
}

#[test]
fn a_good_source_starts_and_is_asked_again_at_each_reseeding() {
    let noise = Scripted::new(1, &[]);
    let taken = Rc::clone(&noise.taken);
    let mut generator = Generator::start(noise, b"id");
    assert_eq!((SEED, taken.get()), (80, START));
    for round in 1..4 {
        for _ in 0..RESEED_INTERVAL {
            bytes(&mut generator);
        }
        assert_eq!(taken.get(), START + (round - 1) * SEED);
        bytes(&mut generator);
        assert_eq!(taken.get(), START + round * SEED);
        for _ in 0..RESEED_INTERVAL - 1 {
            bytes(&mut generator);
        }
        generator.reseed().unwrap();
        // What was reseeded by hand counts from there.
        assert_eq!(taken.get(), START + round * SEED + SEED);
        taken.set(START + round * SEED);
    }
    assert_eq!(generator.failed_tests(), 0);
}

#[test]
fn samples_and_id_decide_and_nothing_else_does() {
    let first = |seed, id: &[u8]| bytes(&mut Generator::start(Scripted::new(seed, &[]), id));
    assert_eq!(first(1, b"id"), first(1, b"id"));
    assert_ne!(first(1, b"id"), first(2, b"id"));
    assert_ne!(first(1, b"id"), first(1, b"di"));
    // Samples of the start-up test aren't used, all others are.
    let with_one_other = |place: u32| {
        let turns = [(place, Turn::Flipped), (place + 1, Turn::Good)];
        bytes(&mut Generator::start(Scripted::new(1, &turns), b"id"))
    };
    for place in [0, 500, STARTUP_SAMPLES - 1] {
        assert_eq!(with_one_other(place), first(1, b"id"), "{place}");
    }
    for place in STARTUP_SAMPLES..START {
        assert_ne!(with_one_other(place), first(1, b"id"), "{place}");
    }
}

#[test]
fn a_source_that_is_broken_from_the_start_stops_the_board() {
    for (turn, expected) in [(Turn::Stuck, Failure::Repetition), (Turn::Silent, Failure::Hardware)] {
        let (_, failure) = Generator::try_start(Scripted::new(1, &[(0, turn)]), b"id").err().unwrap();
        assert_eq!(failure, expected);
        let started = catch_unwind(|| drop(Generator::start(Scripted::new(1, &[(0, turn)]), b"id")));
        let message = started.unwrap_err().downcast::<String>().unwrap();
        assert!(message.starts_with("halted"), "{message}");
    }
}

/// At every place of the start at which a source can break for good it is found, and gives no byte.
#[test]
fn no_byte_comes_from_a_source_that_breaks_while_it_starts() {
    for place in 0..START - 16 {
        let started = Generator::try_start(Scripted::new(1, &[(place, Turn::Stuck)]), b"id");
        assert_eq!(started.err().map(|(_, failure)| failure), Some(Failure::Repetition), "{place}");
    }
}

#[test]
fn a_source_that_breaks_later_gives_what_its_seed_allows_and_then_nothing() {
    for turn in [Turn::Stuck, Turn::Silent] {
        let mut generator = Generator::start(Scripted::new(1, &[(START, turn)]), b"id");
        for _ in 0..RESEED_INTERVAL {
            bytes(&mut generator);
        }
        let mut out = [7; 40];
        let failure = generator.try_fill(&mut out).unwrap_err();
        assert_eq!(out, [0; 40]);
        assert_eq!(generator.failed_tests(), 1 + TRIES);
        for _ in 0..3 {
            assert_eq!(generator.try_fill(&mut out), Err(failure));
            assert_eq!(generator.reseed(), Err(failure));
        }
        let filled = catch_unwind(AssertUnwindSafe(|| generator.fill(&mut [0; 1])));
        assert!(filled.is_err(), "the board halts");
    }
}

/// A failure that passes is counted; what comes then was tested from the start.
#[test]
fn a_source_that_recovers_goes_on() {
    let noise = Scripted::new(1, &[(START + 10, Turn::Stuck), (START + 40, Turn::Good)]);
    let taken = Rc::clone(&noise.taken);
    let mut generator = Generator::start(noise, b"id");
    generator.reseed().unwrap();
    assert!(generator.failed_tests() >= 1);
    assert!(taken.get() >= START + 30 + STARTUP_SAMPLES + SEED, "{}", taken.get());
    bytes(&mut generator);
}

#[test]
fn long_requests_are_served_in_parts() {
    let mut generator = Generator::start(Scripted::new(1, &[]), b"id");
    let mut out = vec![0; 200_000];
    generator.fill(&mut out);
    assert!(out.chunks(64).all(|chunk| chunk.iter().any(|byte| *byte != 0)));
}
