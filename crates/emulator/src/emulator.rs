//! A token in a program of one's own.

mod plug;

use keyfob_token::{Engine, StartError, Token};
use keyfob_wire::{Instant, Report};

use crate::clock::Clock;
use crate::entropy::{EmulatedEntropy, Seed};
use crate::faults::{Direction, Faults, Script, SharedFaults};
use crate::flash::{FlashImage, FlashStatistics, SharedFlash};
use crate::platform::{EmulatedPlatform, Light};

pub use plug::RestoreError;
use plug::{Lines, Plug};

/// What an emulator starts with: an erased flash in memory, the machine's time and randomness, if nothing else is said.
#[must_use]
pub struct Builder {
    flash: FlashImage,
    clock: Clock,
    seed: Option<Seed>,
    faults: Script,
    fault_seed: u64,
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

    /// Arms faults; they count from the very start. Of more than 256 the others are left out.
    pub fn faults(self, script: Script) -> Self {
        Self { faults: script, ..self }
    }

    /// Sets what faults with chance in them follow from; 0 otherwise.
    pub fn fault_seed(self, seed: u64) -> Self {
        Self { fault_seed: seed, ..self }
    }

    /// Powers the token up. If a fault takes the power away meanwhile, it has none then.
    ///
    /// # Errors
    /// [`StartError`] if the flash fails or holds something else.
    pub fn start(self) -> Result<Emulator, StartError> {
        let faults = SharedFaults::new(Faults::new(self.fault_seed));
        let mut emulator = Emulator {
            flash: SharedFlash::new(self.flash, faults.clone()),
            clock: self.clock,
            seed: self.seed,
            power_ups: 0,
            light: Light::default(),
            token: None,
            faults,
            lines: Lines::default(),
            plug: Plug::default(),
        };
        for fault in self.faults.0 {
            let _left_out = emulator.arm(fault);
        }
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
    faults: SharedFaults,
    lines: Lines,
    plug: Plug,
}

impl Emulator {
    /// Says what to start with.
    pub fn builder() -> Builder {
        Builder {
            flash: FlashImage::memory(),
            clock: Clock::real(),
            seed: None,
            faults: Script::default(),
            fault_seed: 0,
        }
    }

    /// Sends the token a report. A token that is unplugged or without power doesn't get it.
    pub fn on_report(&mut self, report: &Report) {
        self.catch_up();
        if !self.plug.is_out && self.send(Direction::Out, report) {
            self.catch_up();
        }
    }

    /// Takes the next report of the token, if there is one. What is due by now is done first, and what the token has to
    /// compute for it.
    pub fn next_report(&mut self) -> Option<Report> {
        loop {
            let report = self.ready_report();
            if report.is_some() || !self.work() {
                return report;
            }
        }
    }

    /// Lets the token do one public-key operation, if it has one to do and nothing to say first; tells whether it did.
    /// Reports can be given to it in between. It takes a millisecond of a scripted clock.
    pub fn work(&mut self) -> bool {
        let now = self.clock.now();
        let worked = self.token.as_mut().is_some_and(|token| token.work(now));
        if worked && self.clock.is_scripted() {
            self.clock.advance(1);
        }
        worked
    }

    /// Takes the next report that the token has ready, without letting it compute. What is due by now is done first.
    pub fn ready_report(&mut self) -> Option<Report> {
        self.catch_up();
        loop {
            if let Some(report) = self.lines.r#in.take(self.clock.now()) {
                return Some(report);
            }
            let report = self.token.as_mut()?.poll(self.clock.now())?;
            if self.plug.is_out || !self.send(Direction::In, &report) {
                self.catch_up();
            }
        }
    }

    /// Gives the token a report and takes all that it has to say then.
    pub fn exchange(&mut self, report: &Report) -> Vec<Report> {
        self.on_report(report);
        std::iter::from_fn(|| self.next_report()).collect()
    }

    /// When to call [`next_report`](Self::next_report) although no report has come.
    #[must_use]
    pub fn poll_at(&self) -> Option<Instant> {
        let token = self.token.as_ref().and_then(|token| token.poll_at());
        let lines = [self.lines.out.due_at(), self.lines.r#in.due_at()];
        let due = self.faults.get().due_at();
        [token, due, self.plug.back].into_iter().chain(lines).flatten().min()
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

    /// Powers the token up, unless it has power, with what the flash holds. If a fault takes the power away meanwhile,
    /// it has none then.
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
        let started = Token::start(platform, self.flash.clone());
        if self.suffer_lost_power() {
            return Ok(());
        }
        self.token = Some(Box::new(started?));
        Ok(())
    }

    /// Takes the power away and restores it.
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
