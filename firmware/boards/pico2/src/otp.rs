//! What lies in the chip's one-time-programmable memory: a secret that no copy of the flash has, and a counter that
//! only rises (RP2350 datasheet §13).
//!
//! | rows | page | hold |
//! |---|---|---|
//! | 0x100 to 0x132 | 4 | the secret: three places of 16 words with error correction and a mark behind, of which the first one with a mark counts |
//! | 0x200 to 0xeff | 8 to 59 | the counter |
//! | 0xf89 | 62 | the lock of page 4: secure code reads it, nobody else does, and nobody writes |
//!
//! The secret is made at the first start. Once it is read, page 4 is locked until the next reset, for this firmware, too.

use embassy_rp::otp::{self, Error};
use embassy_rp::pac;
use keyfob_anchor::{Otp, UnaryCounter};
use keyfob_crypto::{Entropy, Secret};
use keyfob_token::{Anchor, AnchorFailed};

/// The secret's page, its first row, and the row of its lock.
const PAGE: usize = 4;
const FIRST: usize = PAGE * otp::NUM_ROWS_PER_PAGE;
const LOCK: usize = 0xf81 + 2 * PAGE;
/// Secure code may read, nobody else may do anything; three times, of which two count (RP2350 datasheet §13.5.2).
const READ_ONLY: u32 = 0x003d_3d3d;
/// Nobody may do anything until the next reset.
const CLOSED: u8 = 3;

const PLACES: usize = 3;
const WORDS: usize = 16;
/// Behind a secret that was written as a whole.
const MARK: u16 = 0x4b46;

/// The secret can't be had.
pub(crate) struct NoSecret;

/// Reads the chip's secret, which is made if there is none, and locks it until the next reset.
pub(crate) fn secret(entropy: &mut impl Entropy) -> Result<Secret<32>, NoSecret> {
    let place = match marked().map_err(|_| NoSecret)? {
        Some(place) => place,
        None => make(entropy)?,
    };
    let secret = read(place).map_err(|_| NoSecret)?;
    lock().map_err(|_| NoSecret)?;
    Ok(secret)
}

/// The place with a mark.
fn marked() -> Result<Option<usize>, Error> {
    for place in 0..PLACES {
        if otp::read_ecc_word(row(place, WORDS))? == MARK {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

/// Writes a secret into the first place that nothing was written into, and its mark at last: a place where the power
/// went before stays without.
fn make(entropy: &mut impl Entropy) -> Result<usize, NoSecret> {
    let place = (0..PLACES).find(|place| is_blank(*place)).ok_or(NoSecret)?;
    let mut secret = Secret::<32>::zero();
    entropy.fill(secret.expose_mut());
    for (word, bytes) in secret.expose().chunks_exact(2).enumerate() {
        let value = bytes.iter().fold(0, |value, byte| value << 8 | u16::from(*byte));
        otp::write_ecc_word(row(place, word), value).map_err(|_| NoSecret)?;
    }
    let written = read(place).map_err(|_| NoSecret)?;
    if written != secret {
        return Err(NoSecret);
    }
    otp::write_ecc_word(row(place, WORDS), MARK).map_err(|_| NoSecret)?;
    Ok(place)
}

fn is_blank(place: usize) -> bool {
    (0..=WORDS).all(|word| otp::read_raw_word(row(place, word)).is_ok_and(|bits| bits == 0))
}

fn read(place: usize) -> Result<Secret<32>, Error> {
    let mut secret = Secret::<32>::zero();
    for (word, bytes) in secret.expose_mut().chunks_exact_mut(2).enumerate() {
        bytes.copy_from_slice(&otp::read_ecc_word(row(place, word))?.to_be_bytes());
    }
    Ok(secret)
}

/// Locks the page: for good against everybody but secure code, and until the next reset against that.
fn lock() -> Result<(), Error> {
    let locked = otp::read_raw_word(LOCK)?;
    if locked != READ_ONLY {
        otp::write_raw_word(LOCK, locked | READ_ONLY)?;
    }
    pac::OTP.sw_lock(PAGE).write(|lock| {
        lock.set_sec(CLOSED.into());
        lock.set_nsec(CLOSED.into());
    });
    Ok(())
}

const fn row(place: usize, word: usize) -> usize {
    FIRST + place * (WORDS + 1) + word
}

/// The counter's rows.
pub(crate) struct Rows;

/// The counter's first row.
const COUNTER: usize = 8 * otp::NUM_ROWS_PER_PAGE;

impl Otp for Rows {
    type Error = Error;

    const ROWS: usize = 52 * otp::NUM_ROWS_PER_PAGE;
    const BITS: u32 = 24;

    fn read(&mut self, row: usize) -> Result<u32, Error> {
        otp::read_raw_word(COUNTER + row)
    }

    fn set(&mut self, row: usize, bits: u32) -> Result<(), Error> {
        let before = self.read(row)?;
        otp::write_raw_word(COUNTER + row, before | bits)
    }
}

/// The counter as the token asks for it; it is counted when it is first asked.
pub(crate) struct Counter(Option<UnaryCounter<Rows>>);

impl Counter {
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    fn counter(&mut self) -> Result<&mut UnaryCounter<Rows>, AnchorFailed> {
        if self.0.is_none() {
            self.0 = Some(UnaryCounter::open(Rows).map_err(|_| AnchorFailed)?);
        }
        self.0.as_mut().ok_or(AnchorFailed)
    }
}

impl Anchor for Counter {
    fn value(&mut self) -> Result<u32, AnchorFailed> {
        self.counter().map(|counter| counter.value())
    }

    fn advance(&mut self) -> Result<(), AnchorFailed> {
        self.counter()?.advance().map_err(|_| AnchorFailed)
    }

    fn left(&mut self) -> u32 {
        self.counter().map_or(0, |counter| counter.left())
    }
}
