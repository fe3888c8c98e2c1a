//! The counter on memory that has dead bits and loses power anywhere.

use keyfob_anchor::sim::{MemoryOtp, NoPower, Tear};
use keyfob_anchor::{CounterError, Otp, UnaryCounter};

/// Memory that outlives its counter.
struct Kept<'a, const ROWS: usize>(&'a mut MemoryOtp<ROWS>);

impl<const ROWS: usize> Otp for Kept<'_, ROWS> {
    type Error = NoPower;

    const ROWS: usize = ROWS;
    const BITS: u32 = 24;

    fn read(&mut self, row: usize) -> Result<u32, NoPower> {
        self.0.read(row)
    }

    fn set(&mut self, row: usize, bits: u32) -> Result<(), NoPower> {
        self.0.set(row, bits)
    }
}

fn value<const ROWS: usize>(otp: &mut MemoryOtp<ROWS>) -> u32 {
    UnaryCounter::open(Kept(otp)).unwrap().value()
}

#[test]
fn it_counts_to_its_capacity_and_says_so() {
    let mut otp = MemoryOtp::<14>::new();
    let capacity = UnaryCounter::<Kept<'_, 14>>::CAPACITY;
    assert_eq!(capacity, 4 * 24 - 3);
    for n in 0..capacity {
        let mut counter = UnaryCounter::open(Kept(&mut otp)).unwrap();
        assert_eq!((counter.value(), counter.left()), (n, capacity - n));
        counter.advance().unwrap();
        assert_eq!((counter.value(), counter.left()), (n + 1, capacity - n - 1));
    }
    let mut counter = UnaryCounter::open(Kept(&mut otp)).unwrap();
    assert_eq!((counter.left(), counter.advance()), (0, Err(CounterError::Exhausted)));
    assert_eq!(otp.writes(), u64::from(3 * capacity));
}

/// One dead bit of three changes nothing; two make the step be left out.
#[test]
fn dead_bits_are_outvoted_or_left_out() {
    for (dead_rows, lost) in [(&[0][..], 0), (&[1], 0), (&[2], 0), (&[0, 1], 3), (&[0, 2], 3), (&[0, 1, 2], 3)] {
        let mut otp = MemoryOtp::<6>::new();
        for row in dead_rows {
            otp.kill(*row, 0b1000_0000_0000_0100_0000_0010);
        }
        let capacity = UnaryCounter::<Kept<'_, 6>>::CAPACITY;
        for n in 0..capacity.min(48 - lost) {
            let mut counter = UnaryCounter::open(Kept(&mut otp)).unwrap();
            assert_eq!(counter.value(), n, "{dead_rows:?}");
            counter.advance().unwrap();
            assert_eq!(counter.value(), n + 1, "{dead_rows:?}");
        }
    }
}

/// At every write, with everything that a cut can leave of the bit: as it was or one higher, never less, and it goes on
/// from there. What was counted once stays, however often it is read.
#[test]
fn the_power_goes_at_every_write() {
    let mut cuts = 0;
    for dead in [0, 0b101] {
        for (steps, place) in (0..30).flat_map(|steps| (0..3).map(move |place| (steps, place))) {
            for tear in [Tear::Clear, Tear::Set, Tear::Weak] {
                let mut otp = MemoryOtp::<6>::new();
                otp.kill(1, dead);
                for _ in 0..steps {
                    UnaryCounter::open(Kept(&mut otp)).unwrap().advance().unwrap();
                }
                // Dead bits are tried again when the counter is opened, and before a step; the cut is within the step.
                let retried = if dead != 0 && steps > 0 { 6 } else { 0 };
                otp.cut_after(place + retried, tear);
                let cut = UnaryCounter::open(Kept(&mut otp)).and_then(|mut counter| counter.advance());
                assert_eq!(cut, Err(CounterError::Otp(NoPower)), "{steps} {place}");
                otp.restart();

                let first = value(&mut otp);
                assert!([steps, steps + 1].contains(&first), "{first} after {steps}, {tear:?} {place}");
                if first == steps {
                    let mut counter = UnaryCounter::open(Kept(&mut otp)).unwrap();
                    let from = counter.value();
                    counter.advance().unwrap();
                    assert_eq!(counter.value(), from + 1);
                }
                let settled = value(&mut otp);
                assert!(settled > steps);
                for _ in 0..20 {
                    assert_eq!(value(&mut otp), settled, "{tear:?} {place}");
                }
                cuts += 1;
            }
        }
    }
    assert_eq!(cuts, 540);
}

/// Without copies the sweep would find that a weak bit makes the counter fall.
#[test]
fn a_single_row_would_fall() {
    let mut otp = MemoryOtp::<3>::new();
    otp.cut_after(0, Tear::Weak);
    assert!(otp.set(0, 1).is_err());
    otp.restart();
    let readings: Vec<u32> = (0..50).map(|_| otp.read(0).unwrap()).collect();
    assert!(readings.windows(2).any(|pair| pair[0] > pair[1]), "{readings:?}");
}

/// Whatever is asked for, no bit is cleared.
#[test]
fn the_memory_only_sets_bits() {
    let mut otp = MemoryOtp::<3>::new();
    otp.set(1, 0b1010).unwrap();
    otp.set(1, 0b0100).unwrap();
    otp.set(1, 0).unwrap();
    assert_eq!((otp.read(0), otp.read(1)), (Ok(0), Ok(0b1110)));
    assert_eq!(otp.read(3), Err(NoPower));
}

/// Memory that says so when a bit doesn't program.
struct Outspoken<'a>(&'a mut MemoryOtp<6>);

impl Otp for Outspoken<'_> {
    type Error = NoPower;

    const ROWS: usize = 6;
    const BITS: u32 = 24;

    fn read(&mut self, row: usize) -> Result<u32, NoPower> {
        self.0.read(row)
    }

    fn set(&mut self, row: usize, bits: u32) -> Result<(), NoPower> {
        self.0.set(row, bits)?;
        if self.0.read(row)? & bits == bits { Ok(()) } else { Err(NoPower) }
    }
}

#[test]
fn what_one_row_does_not_take_is_no_error() {
    let mut otp = MemoryOtp::<6>::new();
    otp.kill(2, u32::MAX);
    for n in 0..20 {
        let mut counter = UnaryCounter::open(Outspoken(&mut otp)).unwrap();
        assert_eq!(counter.value(), n);
        counter.advance().unwrap();
    }
    otp.kill(1, u32::MAX);
    let mut counter = UnaryCounter::open(Outspoken(&mut otp)).unwrap();
    counter.advance().unwrap();
    assert_eq!(value(&mut otp), 21, "the first group is given up, the next one taken");
}

/// One row with a bit that nobody has counted changes nothing; two are a step.
#[test]
fn two_of_three_rows_count() {
    for rows in 0_usize..8 {
        let mut otp = MemoryOtp::<6>::new();
        let set = (0..3).filter(|row| rows >> row & 1 == 1);
        set.for_each(|row| otp.set(3 + row, 1 << 5).unwrap());
        assert_eq!(value(&mut otp), u32::from(rows.count_ones() >= 2), "{rows:03b}");
    }
}
