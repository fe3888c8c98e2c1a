//! Reports in, reports out.

use keyfob_crypto::Entropy;
use keyfob_wire::cursor::copy;
use keyfob_wire::framing::{Assembler, Assembly};
use keyfob_wire::{BootId, ChannelId, FIRST_CAPACITY, Frame, Instant, MAX_MESSAGE, Report, Status};
use zeroize::Zeroize;

use crate::engine::{Engine, StartError};
use crate::outbox::Outbox;
use crate::platform::Platform;
use crate::sessions::Sessions;

/// A token, real or emulated.
///
/// Give it each report with [`on_report`](Self::on_report), fetch reports with [`poll`](Self::poll) until there is none,
/// and let it [`work`](Self::work) until it has nothing to do; poll again at [`poll_at`](Self::poll_at).
pub struct Token<P: Platform> {
    engine: Engine<P>,
    sessions: Sessions<P>,
    assembler: Assembler<MAX_MESSAGE>,
    outbox: Outbox,
}

impl<P: Platform> Token<P> {
    /// What takes the room of a token: its parts and how many bytes each has, but for a few single fields.
    pub const PARTS: [(&'static str, usize); 10] = {
        let [catalogue, store, partitions, scratch] = Engine::<P>::PARTS;
        let [places, handshakes, tickets, channels] = Sessions::<P>::PARTS;
        let assembler = ("message that comes", size_of::<Assembler<MAX_MESSAGE>>());
        let outbox = ("what is to be sent", size_of::<Outbox>());
        [places, handshakes, tickets, channels, catalogue, store, partitions, scratch, assembler, outbox]
    };

    /// Powers up with what the flash holds.
    ///
    /// # Errors
    /// [`StartError`] if the flash can't be read or holds something else.
    pub fn start(platform: P, flash: P::Flash) -> Result<Self, StartError> {
        let mut token = Self::new(platform, flash);
        token.power_up()?;
        Ok(token)
    }

    /// Makes a token without power, which can't do anything before [`power_up`](Self::power_up): a constant, so that a
    /// board, whose stack is smaller than a token, has it where it stays.
    #[must_use]
    pub const fn new(platform: P, flash: P::Flash) -> Self {
        Self {
            engine: Engine::new(platform, flash),
            sessions: Sessions::new(),
            assembler: Assembler::new(),
            outbox: Outbox::new(),
        }
    }

    /// Powers up with what the flash holds, once.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn power_up(&mut self) -> Result<(), StartError> {
        let mut boot = BootId::default();
        self.engine.entropy().fill(&mut boot.0);
        self.sessions.power_up(boot);
        self.engine.load()
    }

    /// The engine under the sessions.
    pub fn engine(&mut self) -> &mut Engine<P> {
        &mut self.engine
    }

    /// Takes a report in and does what it asks for, but for what [`work`](Self::work) is there for.
    pub fn on_report(&mut self, now: Instant, report: &Report) {
        self.expire(now);
        let frame = Frame::parse(report);
        if let (Frame::First { channel, command, .. }, Some(message)) = (frame, frame.whole_message()) {
            self.assembler.abandon(channel);
            let mut own = [0; FIRST_CAPACITY];
            let Some(own) = own.get_mut(..message.len()) else {
                return;
            };
            copy(own, message);
            let message = own;
            self.sessions.on_message(&mut self.engine, &mut self.outbox, now, channel, command, message);
            message.zeroize();
            return self.release();
        }
        if let Frame::First { channel, .. } = frame
            && self.sessions.is_backing_off(now, channel)
        {
            return self.outbox.error(channel, Status::Busy);
        }
        match self.assembler.on_frame(now, &frame) {
            Assembly::Incomplete | Assembly::Ignored => {}
            Assembly::Refused { channel, status } => self.outbox.error(channel, status),
            Assembly::Complete { channel, command } => {
                let message = self.assembler.message_mut();
                self.sessions.on_message(&mut self.engine, &mut self.outbox, now, channel, command, message);
                self.release();
            }
        }
    }

    /// Does one public-key operation of a handshake, if there is one to be done and nothing has to be sent first; tells
    /// whether it did.
    ///
    /// Give it time when there is no report to take in or to send: commands of open sessions go on meanwhile.
    pub fn work(&mut self, now: Instant) -> bool {
        self.expire(now);
        let message = self.assembler.message_mut();
        let worked = self.sessions.work(&mut self.engine, &mut self.outbox, now, message);
        self.release();
        worked
    }

    /// The channel that [`work`](Self::work) would work for.
    #[must_use]
    pub fn works_for(&self) -> Option<ChannelId> {
        self.sessions.works_for()
    }

    /// Gives the next report, if there is one.
    pub fn poll(&mut self, now: Instant) -> Option<Report> {
        self.expire(now);
        self.outbox.next()
    }

    /// When to poll although no report has come.
    #[must_use]
    pub fn poll_at(&self) -> Option<Instant> {
        [self.assembler.deadline(), self.engine.deadline()].into_iter().flatten().min()
    }

    fn expire(&mut self, now: Instant) {
        if let Some(channel) = self.assembler.expire(now) {
            self.sessions.on_time_out(now, channel);
            self.outbox.error(channel, Status::TimedOut);
        }
        self.sessions.keep_alive(&mut self.outbox, now);
        self.engine.expire(now);
    }

    /// Overwrites the long message, with what was decrypted in it, unless it is still needed.
    fn release(&mut self) {
        if !self.sessions.holds_message() {
            self.assembler.message_mut().zeroize();
            self.assembler.release();
        }
    }
}
