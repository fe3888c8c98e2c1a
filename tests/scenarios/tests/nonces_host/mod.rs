//! Apps and guests that use a token well, on a wire that doesn't carry well.

mod faults;
mod seat;

use keyfob_channel::{Initiator, MESSAGE_3_OVERHEAD};
use keyfob_conformance::message_reports;
use keyfob_crypto::Entropy;
use keyfob_emulator::{EmulatedEntropy, Seed};
use keyfob_scenarios::Machine;
use keyfob_scenarios::watched::{TheApps, TheTokens, Watched, encrypt_last_again, give_back_last_number};
use keyfob_signed::{AppCredential, TEST_MAKER_ROOT};
use keyfob_wire::framing::{Assembler, Assembly};
use keyfob_wire::init::InitAnswer;
use keyfob_wire::{ChannelId, Command, FeatureId, Frame, MAX_MESSAGE, Report, Status, VendorHint};

pub(crate) use faults::Sums;
use seat::{ALL, Channel, SHORT, Seat, Who, request};

/// A feature that is counted and has a key.
pub(crate) const COUNTED: FeatureId = FeatureId(901);
/// A feature that ends soon.
pub(crate) const TIMED: FeatureId = FeatureId(902);

/// What happens.
pub(crate) struct Plan {
    /// So many commands of mixed sessions.
    pub(crate) commands: u64,
    /// Then so many of one session that isn't lost.
    pub(crate) long_session: u64,
    /// What everything follows from.
    pub(crate) seed: u64,
    /// What is wrong with the token.
    pub(crate) slip: Option<Slip>,
}

/// What can be wrong with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slip {
    /// It composes the answer to a repeated request again, under the same number.
    ComposesAgain,
    /// A number whose answer was cancelled is used again.
    CancelGivesBack,
    /// Its randomness is the same at each power-up.
    SameRandomness,
}

/// Everybody at one token.
pub(crate) struct Host<'a> {
    machine: &'a mut Machine<Watched<TheTokens>>,
    slip: Option<Slip>,
    last_record: Option<Report>,
    dice: Dice,
    credentials: [Vec<u8>; 2],
    sealed: Vec<u8>,
    seats: Vec<Seat>,
    sums: Sums,
    /// How many of 1,000 reports are lost, repeated, altered or late.
    roughness: u64,
}

/// A reproducible choice.
struct Dice(EmulatedEntropy);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_be_bytes(bytes) % end
    }

    fn choose(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap()
    }
}

/// More than a token has places for.
const SEATS: usize = 11;
/// How often a request is sent before its session is given up.
const TRIES: u32 = 4;

impl<'a> Host<'a> {
    pub(crate) fn new(
        machine: &'a mut Machine<Watched<TheTokens>>,
        plan: &Plan,
        credentials: [Vec<u8>; 2],
        sealed: Vec<u8>,
    ) -> Self {
        if plan.slip == Some(Slip::SameRandomness) {
            machine.repeat_randomness();
            machine.restart().unwrap();
        }
        let who = |seat| match seat % 4 {
            0 | 1 => Who::App(0),
            2 => Who::App(1),
            _ => Who::Guest,
        };
        Self {
            machine,
            slip: plan.slip,
            last_record: None,
            dice: Dice(EmulatedEntropy::seeded(Seed(plan.seed), u64::MAX)),
            credentials,
            sealed,
            seats: (0..SEATS).map(|seat| Seat::new(who(seat))).collect(),
            sums: Sums::default(),
            roughness: 15,
        }
    }

    pub(crate) fn run(mut self, plan: &Plan) -> Sums {
        while self.sums.commands < plan.commands {
            self.anything();
        }
        if plan.long_session > 0 {
            self.roughness = 3;
            self.machine.restart().unwrap();
            self.open(0);
            let end = self.sums.commands + plan.long_session;
            while self.sums.commands < end {
                self.ask_one_of(0, SHORT);
                assert!(self.seats[0].session.is_some(), "the session got lost");
            }
        }
        self.sums
    }

    fn anything(&mut self) {
        let seat = self.dice.choose(SEATS);
        match self.dice.below(1_000) {
            // Whoever has no session mostly waits, or most would be about public keys.
            0..960 => {
                if self.seats[seat].session.is_some() {
                    self.ask(seat);
                }
            }
            960..970 => self.resume(seat),
            970..973 => self.log_out(seat),
            973..976 => self.abandon_handshake(),
            976..986 => self.cancel(seat),
            986..991 => self.leave_unfinished(),
            991..994 => self.wait(31_000),
            994 => self.restart(),
            _ => self.open(seat),
        }
    }

    fn ask(&mut self, seat: usize) {
        self.ask_one_of(seat, ALL);
    }

    fn ask_one_of(&mut self, seat: usize, kinds: u64) {
        let plaintext = request(&mut self.dice, kinds, &self.sealed, self.seats[seat].spends);
        self.sums.commands += 1;
        let Some((channel, record)) = self.seats[seat].seal(&plaintext) else { return };
        let mut refused = false;
        for _ in 0..TRIES {
            self.send(channel, Command::Record, &record);
            if self.dice.below(200) == 0 {
                self.cancel(seat);
            }
            match self.receive(channel) {
                Some((command, answer)) if command == Command::Record.byte() => {
                    if self.seats[seat].open(&answer) {
                        return;
                    }
                }
                // What was altered on its way is refused too, so once is not enough.
                Some((_, status)) if status == Status::SessionRefused.number().to_be_bytes() => {
                    if refused {
                        break;
                    }
                    refused = true;
                }
                // Others are told to come back, or weren't understood: the same bytes again.
                Some(_) | None => {}
            }
            self.sums.repeated_requests += 1;
        }
        // Whatever comes now isn't awaited any more; what is left is the ticket.
        self.sums.lost_sessions += 1;
        self.seats[seat].give_up();
        self.resume(seat);
    }

    fn open(&mut self, seat: usize) {
        let Some(channel) = self.init() else { return };
        let credential = match self.seats[seat].who {
            Who::App(which) => Some(self.credentials[which].clone()),
            Who::Guest => None,
        };
        let app = credential.as_ref().map(|bytes| AppCredential::parse(bytes).unwrap());
        let hint = app.as_ref().map_or(VendorHint::default(), |app| VendorHint(app.vendor.0.hint()));
        let (initiator, first) = Initiator::<Watched<TheApps>>::start(&channel.prologue(), hint, &mut self.dice.0);
        let Some((_, mut second)) = self.call(channel.id, Command::Open, &first) else { return };
        let Ok(answered) = initiator.read_answer(&mut second) else { return };
        let serial = channel.answer.serial;
        let (state, key, certificate) = match &app {
            Some(app) => {
                let Ok((state, _)) = answered.endorsed_by(&app.vendor, serial, 0) else { return };
                (state, keyfob_crypto::AgreementKey::from_secret(&app.secret).unwrap(), app.certificate)
            }
            None => {
                let Ok(state) = answered.made_by(&TEST_MAKER_ROOT, serial) else { return };
                (state, keyfob_crypto::AgreementKey::generate(&mut self.dice.0), &[][..])
            }
        };
        let mut third = vec![0; MESSAGE_3_OVERHEAD + 2 + certificate.len() + 1];
        let (length, session) = state.finish(&key, certificate, &[1], &mut third).unwrap();
        if let Some((command, answer)) = self.call(channel.id, Command::Finish, &third[..length])
            && command == Command::Finish.byte()
        {
            self.seats[seat].take(channel.id, session);
            if self.seats[seat].open(&answer) {
                self.sums.sessions += 1;
            } else {
                self.seats[seat].give_up();
            }
        }
    }

    fn resume(&mut self, seat: usize) {
        let Some(ticket) = self.seats[seat].take_ticket() else { return self.open(seat) };
        let Some(channel) = self.init() else { return };
        let (resuming, message) = ticket.resume::<Watched<TheApps>>(&channel.prologue(), &mut self.dice.0).unwrap();
        let mut answer = self.call(channel.id, Command::Resume, &message);
        if self.dice.below(4) == 0 {
            // Lost, the app thinks, and sends the same again.
            answer = self.call(channel.id, Command::Resume, &message);
        }
        if let Some((command, mut answer)) = answer
            && command == Command::Resume.byte()
            && let Ok(session) = resuming.finish(&mut answer)
        {
            self.seats[seat].take(channel.id, session);
            self.sums.resumed += 1;
        }
    }

    fn log_out(&mut self, seat: usize) {
        if let Some((channel, record)) = self.seats[seat].seal(&[2]) {
            self.call(channel, Command::Record, &record);
        }
        self.seats[seat].forget();
        self.sums.logouts += 1;
    }

    /// Message 1, and then nothing, the same again, or a third one that is none.
    fn abandon_handshake(&mut self) {
        let Some(channel) = self.init() else { return };
        let (_, first) =
            Initiator::<Watched<TheApps>>::start(&channel.prologue(), VendorHint::default(), &mut self.dice.0);
        for report in message_reports(channel.id, Command::Open, &first) {
            self.carry(&report);
            // The token has begun, or not yet.
            for _ in 0..self.dice.below(4) {
                self.machine.work();
            }
        }
        match self.dice.below(4) {
            0 => self.send(channel.id, Command::Open, &first),
            1 => self.send(channel.id, Command::Finish, &[7; 120]),
            2 => self.send(channel.id, Command::Cancel, &[]),
            _ => {}
        }
        self.receive(channel.id);
        self.sums.abandoned += 1;
    }

    fn cancel(&mut self, seat: usize) {
        let Some(channel) = self.seats[seat].channel else { return };
        // Some of the answer has been sent.
        for _ in 0..self.dice.below(3) {
            self.machine.ready();
        }
        self.send(channel, Command::Cancel, &[]);
        if self.slip == Some(Slip::CancelGivesBack) {
            give_back_last_number();
        }
        self.sums.cancelled += 1;
    }

    /// A long message whose end never comes.
    fn leave_unfinished(&mut self) {
        let seat = self.dice.choose(SEATS);
        let Some(channel) = self.seats[seat].channel else { return };
        let reports = message_reports(channel, Command::Record, &[9; 300]);
        let sent = 1 + self.dice.choose(reports.len() - 1);
        for report in &reports[..sent] {
            self.carry(report);
        }
        self.wait(600);
        self.receive(channel);
        self.sums.timed_out += 1;
    }

    fn wait(&mut self, milliseconds: u64) {
        keyfob_conformance::Device::advance(self.machine, milliseconds);
    }

    fn restart(&mut self) {
        self.machine.restart().unwrap();
        self.sums.restarts += 1;
        for seat in &mut self.seats {
            seat.power_is_gone();
        }
    }

    fn init(&mut self) -> Option<Channel> {
        let mut request = [0; 8];
        self.dice.0.fill(&mut request);
        let (_, bytes) = self.call(ChannelId::BROADCAST, Command::Init, &request)?;
        let answer = InitAnswer::parse(&bytes).filter(|answer| answer.nonce == request)?;
        Some(Channel { id: answer.channel, request, bytes: bytes.try_into().ok()?, answer })
    }

    fn call(&mut self, channel: ChannelId, command: Command, message: &[u8]) -> Option<(u8, Vec<u8>)> {
        for _ in 0..TRIES {
            self.send(channel, command, message);
            let answer = self.receive(channel);
            // A handshake is begun anew; it isn't repeated.
            if answer.is_some() || command != Command::Init {
                return answer;
            }
        }
        None
    }

    fn send(&mut self, channel: ChannelId, command: Command, message: &[u8]) {
        for report in message_reports(channel, command, message) {
            self.carry(&report);
        }
    }

    /// Gives the token a report, as it came.
    fn deliver(&mut self, report: &Report) {
        if self.slip == Some(Slip::ComposesAgain)
            && report[4] == Command::Record.byte()
            && self.last_record == Some(*report)
        {
            encrypt_last_again();
        }
        if report[4] == Command::Record.byte() {
            self.last_record = Some(*report);
        }
        keyfob_conformance::Device::take(self.machine, report);
    }

    /// Lets the token work until it says nothing more; gives the last whole message on a channel.
    fn receive(&mut self, channel: ChannelId) -> Option<(u8, Vec<u8>)> {
        let mut assembler = Assembler::<MAX_MESSAGE>::new();
        let mut message = None;
        while let Some(report) = keyfob_conformance::Device::give(self.machine) {
            if Frame::parse(&report).channel() != channel {
                continue;
            }
            let Some(report) = self.carry_back(report) else { continue };
            match assembler.on_frame(self.machine.now(), &Frame::parse(&report)) {
                Assembly::Complete { command, .. } if command != Command::KeepAlive.byte() => {
                    message = Some((command, assembler.message().to_vec()));
                }
                _ => {}
            }
        }
        message
    }
}
