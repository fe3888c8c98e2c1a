//! What goes wrong with an emulator: its plug, its power, its reports on their way.

use keyfob_token::{Platform, StartError};
use keyfob_usb::{Identity, Release, SerialNumber};
use keyfob_wire::{Instant, Report, Serial};

use super::Emulator;
use crate::faults::{Direction, Fault, FaultId, FaultStatus, Interruption, Line, Script, TooManyFaults};
use crate::flash::{FlashImage, ImageError};
use crate::platform::EmulatedPlatform;

/// Why other content wasn't put into the flash.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// It is no image.
    #[error("not a token's image, which has {expected} bytes; this has {found}")]
    Size {
        /// How many bytes it has.
        found: usize,
        /// How many an image has.
        expected: usize,
    },
    /// No token starts with it.
    #[error("no token starts with this image: {0}")]
    Content(StartError),
    /// The image's file can't be replaced.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The token doesn't start any more; it has no power.
    #[error("the token doesn't start any more: {0}")]
    Start(StartError),
}

/// What is under way.
#[derive(Default)]
pub(super) struct Lines {
    /// To the token.
    pub(super) out: Line,
    /// From it.
    pub(super) r#in: Line,
}

/// Whether the token is plugged in.
#[derive(Default)]
pub(super) struct Plug {
    pub(super) is_out: bool,
    /// When it is plugged in again by itself.
    pub(super) back: Option<Instant>,
    /// How often connections were lost.
    pub(super) unplugged: u64,
}

impl Emulator {
    /// Lets something happen to the token as a whole, now.
    pub fn interrupt(&mut self, interruption: Interruption) {
        let back = match interruption {
            Interruption::Advance(milliseconds) => return self.clock.advance(milliseconds),
            Interruption::Unplug { back } => back,
            Interruption::Kill { back } => {
                self.power_off();
                back
            }
        };
        self.plug.is_out = true;
        self.plug.unplugged += 1;
        self.plug.back = back.map(|back| self.clock.now().plus(back));
        self.lines.out.clear();
        self.lines.r#in.clear();
    }

    /// Takes the connection away, with all reports that are under way. The token keeps its power.
    pub fn unplug(&mut self) {
        self.interrupt(Interruption::Unplug { back: None });
    }

    /// Cuts the power, which takes the connection away as well.
    pub fn kill(&mut self) {
        self.interrupt(Interruption::Kill { back: None });
    }

    /// Plugs the token in, unless it is, and powers it up, unless it has power.
    ///
    /// # Errors
    /// As [`power_on`](Self::power_on); the token stays unplugged.
    pub fn plug(&mut self) -> Result<(), StartError> {
        self.plug.back = None;
        let unplugged = self.plug.unplugged;
        self.power_on()?;
        // The power may have gone again.
        if self.plug.unplugged == unplugged {
            self.plug.is_out = false;
        }
        Ok(())
    }

    /// Whether the token is plugged in.
    #[must_use]
    pub const fn is_plugged(&self) -> bool {
        !self.plug.is_out
    }

    /// What the token is on USB from now on, if it is plugged in and has power. A token has a serial number once it is
    /// born.
    pub(crate) fn usb_identity(&mut self) -> Option<Identity> {
        if self.plug.is_out {
            return None;
        }
        let engine = self.engine()?;
        let serial = Some(engine.serial()).filter(|serial| *serial != Serial::default());
        let serial = serial.and_then(|serial| SerialNumber::new(&serial.to_string()));
        Some(Identity::keyfob(Release::of_version(EmulatedPlatform::FIRMWARE.0), serial))
    }

    /// How often the token was unplugged: whoever carries its reports closes connections when the number rises.
    #[must_use]
    pub const fn times_unplugged(&self) -> u64 {
        self.plug.unplugged
    }

    /// Arms a fault, which counts from now on.
    ///
    /// # Errors
    /// [`TooManyFaults`] if there are 256.
    pub fn arm(&mut self, fault: Fault) -> Result<FaultId, TooManyFaults> {
        self.faults.get().arm(self.clock.now(), fault)
    }

    /// Arms faults, all of them or none, which count from now on.
    ///
    /// # Errors
    /// [`TooManyFaults`] if there would be more than 256.
    pub fn arm_all(&mut self, script: &Script) -> Result<Vec<FaultId>, TooManyFaults> {
        self.faults.get().arm_all(self.clock.now(), script)
    }

    /// The faults that were armed, and what became of each.
    #[must_use]
    pub fn faults(&self) -> Vec<FaultStatus> {
        self.faults.get().list()
    }

    /// Forgets all faults. What they have done stays: reports that are late, a token that is unplugged.
    pub fn clear_faults(&mut self) {
        self.faults.get().clear();
    }

    /// Puts other content into the flash, all or nothing, and restarts the token, which unplugs it for a moment.
    ///
    /// # Errors
    /// [`RestoreError`]; unless it is [`RestoreError::Start`] the token goes on, with what it had.
    pub fn restore(&mut self, content: Vec<u8>) -> Result<(), RestoreError> {
        let size = || RestoreError::Size { found: content.len(), expected: FlashImage::CAPACITY };
        let trial = FlashImage::from_content(content.clone()).ok_or_else(size)?;
        Self::builder().flash(trial).start().map_err(RestoreError::Content)?;
        self.kill();
        let replaced = self.flash.image().replace_all(content);
        self.plug().map_err(RestoreError::Start)?;
        Ok(replaced?)
    }

    /// Sends a report off; false if it is lost together with the connection.
    pub(super) fn send(&mut self, direction: Direction, report: &Report) -> bool {
        let fate = self.faults.get().at_report(direction, report);
        let unplugged = self.plug.unplugged;
        fate.interruptions.iter().for_each(|interruption| self.interrupt(*interruption));
        let is_connected = self.plug.unplugged == unplugged;
        if is_connected {
            let line = match direction {
                Direction::In => &mut self.lines.r#in,
                Direction::Out => &mut self.lines.out,
            };
            line.send(self.clock.now(), &fate);
        }
        is_connected
    }

    /// Does what is due by now.
    pub(crate) fn catch_up(&mut self) {
        loop {
            let now = self.clock.now();
            if let Some(report) = self.lines.out.take(now) {
                if let Some(token) = &mut self.token {
                    token.on_report(now, &report);
                }
                self.suffer_lost_power();
            } else if let Some(interruption) = { self.faults.get().take_due(now) } {
                self.interrupt(interruption);
            } else if self.plug.back.is_some_and(|back| back <= now) {
                // If it doesn't start there is nobody to tell: it has no power then.
                let _started = self.plug();
            } else {
                return;
            }
        }
    }

    /// Sees whether the flash has lost its power, with which the token has.
    pub(super) fn suffer_lost_power(&mut self) -> bool {
        let lost = self.faults.get().take_lost_power();
        if let Some(back) = lost {
            self.interrupt(Interruption::Kill { back });
        }
        lost.is_some()
    }
}
