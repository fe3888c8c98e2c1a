//! A token in a program of one's own.

use keyfob_token::{Engine, StartError, Token};
use keyfob_wire::{Instant, Report};

use crate::clock::Clock;
use crate::entropy::{EmulatedEntropy, Seed};
use crate::flash::{FlashImage, FlashStatistics, SharedFlash};
use crate::platform::{EmulatedPlatform, Light};

/// What an emulator starts with: an erased flash in memory, the machine's time and randomness, if nothing else is said.
#[must_use]
pub struct Builder {
    flash: FlashImage,
    clock: Clock,
    seed: Option<Seed>,
}

impl Builder {
    /// Sets the flash.
    pub fn flash(self, flash: FlashImage) -> Self {
        Self { flash, ..self }
    }

    /// Sets the clock.
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Makes the token's randomness follow from a seed.
    ///
    /// # Security
    /// See [`Seed`].
    pub fn seed(self, seed: Seed) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// Powers the token up.
    ///
    /// # Errors
    /// [`StartError`] if the flash fails or holds something else.
    pub fn start(self) -> Result<Emulator, StartError> {
        let mut emulator = Emulator {
            flash: SharedFlash::new(self.flash),
            clock: self.clock,
            seed: self.seed,
            power_ups: 0,
            light: Light::default(),
            token: None,
        };
        emulator.power_on()?;
        Ok(emulator)
    }
}

/// A token on a simulated board: reports go in, reports come out.
pub struct Emulator {
    flash: SharedFlash,
    clock: Clock,
    seed: Option<Seed>,
    power_ups: u64,
    light: Light,
    /// None while the power is off. It is too large for a stack.
    token: Option<Box<Token<EmulatedPlatform>>>,
}

impl Emulator {
    /// Says what to start with.
    pub fn builder() -> Builder {
        Builder { flash: FlashImage::memory(), clock: Clock::real(), seed: None }
    }

    /// Gives the token a report. A token without power does nothing.
    pub fn on_report(&mut self, report: &Report) {
        if let Some(token) = &mut self.token {
            token.on_report(self.clock.now(), report);
        }
    }

    /// Takes the next report of the token, if there is one. What is due by now is done first.
    pub fn next_report(&mut self) -> Option<Report> {
        self.token.as_mut()?.poll(self.clock.now())
    }

    /// Gives the token a report and takes all that it has to say then.
    pub fn exchange(&mut self, report: &Report) -> Vec<Report> {
        self.on_report(report);
        std::iter::from_fn(|| self.next_report()).collect()
    }

    /// When to call [`next_report`](Self::next_report) although no report has come.
    #[must_use]
    pub fn poll_at(&self) -> Option<Instant> {
        self.token.as_ref()?.poll_at()
    }

    /// The token's time.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// The clock.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Lets this many milliseconds pass. What has come due by then, [`next_report`](Self::next_report) does.
    pub fn advance(&mut self, milliseconds: u64) {
        self.clock.advance(milliseconds);
    }

    /// Takes the power away: what isn't in the flash is lost.
    pub fn power_off(&mut self) {
        self.token = None;
        self.light.switch(false);
    }

    /// Powers the token up, unless it has power, with what the flash holds.
    ///
    /// # Errors
    /// [`StartError`] if the flash fails or holds something else; the token stays without power.
    pub fn power_on(&mut self) -> Result<(), StartError> {
        if self.token.is_some() {
            return Ok(());
        }
        self.power_ups += 1;
        let entropy = match self.seed {
            None => EmulatedEntropy::system(),
            Some(seed) => EmulatedEntropy::seeded(seed, self.power_ups),
        };
        let platform = EmulatedPlatform::new(entropy, self.light.clone());
        self.token = Some(Box::new(Token::start(platform, self.flash.clone())?));
        Ok(())
    }

    /// Unplugs the token and plugs it in again.
    ///
    /// # Errors
    /// As [`power_on`](Self::power_on).
    pub fn power_cycle(&mut self) -> Result<(), StartError> {
        self.power_off();
        self.power_on()
    }

    /// Whether the token has power.
    #[must_use]
    pub const fn is_powered(&self) -> bool {
        self.token.is_some()
    }

    /// The engine under the sessions; none while the power is off.
    #[must_use]
    pub fn engine(&mut self) -> Option<&mut Engine<EmulatedPlatform>> {
        self.token.as_mut().map(|token| token.engine())
    }

    /// What the token shows to the person in front.
    #[must_use]
    pub fn light(&self) -> Light {
        self.light.clone()
    }

    /// What was done to the flash since it was made or opened.
    #[must_use]
    pub fn flash_statistics(&self) -> FlashStatistics {
        self.flash.image().statistics()
    }

    /// Copies what the flash holds now into an image in memory.
    #[must_use]
    pub fn flash_snapshot(&self) -> FlashImage {
        self.flash.image().snapshot()
    }

    /// Takes the power away and hands out the flash.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "it can't")]
    pub fn into_flash(mut self) -> FlashImage {
        self.power_off();
        // Only a token has another share of the image, and there is none now.
        self.flash.release().expect("nobody else has the flash")
    }
}
