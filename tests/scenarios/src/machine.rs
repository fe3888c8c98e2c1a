//! A token with any implementation of cryptography, on a flash and a clock in memory.

use std::io;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use keyfob_conformance::Device;
use keyfob_crypto::Crypto;
use keyfob_emulator::{EmulatedEntropy, FlashError, FlashImage, Seed};
use keyfob_signed::{Board, Levels};
use keyfob_store::Flash;
use keyfob_token::{Platform, Token};
use keyfob_wire::{Firmware, Instant, Report};

/// A token that can be unplugged.
pub struct Machine<C: Crypto> {
    token: Option<Box<Token<Plain<C>>>>,
    flash: Kept,
    now: Instant,
    seed: u64,
    power_ups: u64,
    repeats_itself: bool,
    light: Light,
}

/// What a [`Machine`]'s light shows.
type Light = Arc<Mutex<bool>>;

impl<C: Crypto> Machine<C> {
    /// Makes a blank one whose randomness follows from a seed, another part of it at each power-up.
    ///
    /// # Panics
    /// If it doesn't start.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let (flash, light) = (Kept::default(), Light::default());
        let now = Instant(0);
        let mut machine = Self { token: None, flash, now, seed, power_ups: 0, repeats_itself: false, light };
        machine.restart().expect("a blank token starts");
        machine
    }

    /// Has the same randomness at each power-up from now on, as no token may.
    pub fn repeat_randomness(&mut self) {
        self.repeats_itself = true;
    }

    /// Its time.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Does at most one operation of what it computes; tells whether it did.
    pub fn work(&mut self) -> bool {
        let now = self.now;
        let worked = self.token().work(now);
        self.now = now.plus(u64::from(worked));
        worked
    }

    /// Gives a report that is ready, without computing.
    pub fn ready(&mut self) -> Option<Report> {
        let now = self.now;
        self.token().poll(now)
    }

    fn token(&mut self) -> &mut Token<Plain<C>> {
        self.token.as_mut().expect("it is plugged in")
    }
}

impl<C: Crypto> Device for Machine<C>
where
    Token<Plain<C>>: Send,
{
    fn take(&mut self, report: &Report) {
        let now = self.now;
        self.token().on_report(now, report);
    }

    fn give(&mut self) -> Option<Report> {
        loop {
            let report = self.ready();
            if report.is_some() || !self.work() {
                return report;
            }
        }
    }

    fn restart(&mut self) -> io::Result<()> {
        Machine::restart(self)
    }

    fn advance(&mut self, milliseconds: u64) {
        self.now = self.now.plus(milliseconds);
    }

    fn light(&self) -> bool {
        *self.light.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Crypto> Machine<C> {
    /// Cuts the power and restores it.
    ///
    /// # Errors
    /// If it doesn't start again.
    pub fn restart(&mut self) -> io::Result<()> {
        self.token = None;
        self.power_ups += 1;
        let stream = if self.repeats_itself { 0 } else { self.power_ups };
        let entropy = EmulatedEntropy::seeded(Seed(self.seed), stream);
        let board = Plain { entropy, light: Arc::clone(&self.light), crypto: PhantomData };
        self.token = Some(Box::new(Token::start(board, self.flash.clone()).map_err(io::Error::other)?));
        Ok(())
    }
}

/// The board of a [`Machine`].
pub struct Plain<C> {
    entropy: EmulatedEntropy,
    light: Light,
    crypto: PhantomData<C>,
}

impl<C: Crypto> Platform for Plain<C> {
    type Crypto = C;
    type Flash = Kept;
    type Entropy = EmulatedEntropy;

    const BOARD: Board = Board::EMULATOR;
    const LEVELS: Levels = Levels::EMULATED;
    const FIRMWARE: Firmware = Firmware([0, 1, 0]);

    fn entropy(&mut self) -> &mut EmulatedEntropy {
        &mut self.entropy
    }

    fn identify(&mut self, on: bool) {
        *self.light.lock().unwrap_or_else(PoisonError::into_inner) = on;
    }
}

/// A flash that outlives its token. Clones are the same one.
#[derive(Clone)]
pub struct Kept(Arc<Mutex<FlashImage>>);

impl Kept {
    fn image(&self) -> MutexGuard<'_, FlashImage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Kept {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(FlashImage::memory())))
    }
}

impl ErrorType for Kept {
    type Error = FlashError;
}

impl ReadNorFlash for Kept {
    const READ_SIZE: usize = FlashImage::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        self.image().read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        FlashImage::CAPACITY
    }
}

impl NorFlash for Kept {
    const WRITE_SIZE: usize = FlashImage::WRITE_SIZE;
    const ERASE_SIZE: usize = FlashImage::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        self.image().erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        self.image().write(offset, bytes)
    }
}

impl Flash for Kept {
    fn barrier(&mut self) -> Result<(), FlashError> {
        self.image().barrier()
    }
}
