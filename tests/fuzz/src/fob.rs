//! A token that is spoken to directly.

use keyfob_channel::{Initiator, Prologue, Records};
use keyfob_crypto::AgreementKey;
use keyfob_signed::AppCredential;
use keyfob_token::{Caller, Surroundings, Token};
use keyfob_wire::framing::{Assembler, Assembly, Fragments};
use keyfob_wire::init::InitAnswer;
use keyfob_wire::{BootId, ChannelId, Command, Frame, Instant, MAX_MESSAGE, MAX_PLAINTEXT, Report, VendorHint};

use crate::board::{Memory, Numbers, ToyBoard};
use crate::cast::cast;
use crate::toy::{Toy, ToyKey};

/// A token, its flash and its clock.
pub(crate) struct Fob {
    pub(crate) token: Box<Token<ToyBoard>>,
    pub(crate) memory: Memory,
    pub(crate) now: Instant,
}

impl Fob {
    /// Powers a token up.
    ///
    /// # Panics
    /// If the flash isn't a token's.
    pub(crate) fn start(memory: Memory, seed: u64) -> Self {
        let token = Token::start(ToyBoard(Numbers(seed)), memory.clone()).expect("a token's flash");
        Self { token: Box::new(token), memory, now: Instant(1) }
    }

    /// Takes the power away and restores it.
    pub(crate) fn restart(&mut self, seed: u64) {
        *self.token = Token::start(ToyBoard(Numbers(seed)), self.memory.clone()).expect("what it has written");
    }

    /// Lets milliseconds pass.
    pub(crate) fn pass(&mut self, milliseconds: u64) {
        self.now = self.now.plus(milliseconds);
    }

    /// Sends a report and fetches what comes.
    pub(crate) fn report(&mut self, report: &Report) -> Vec<Report> {
        self.token.on_report(self.now, report);
        self.fetch()
    }

    /// Lets the token work and fetches what there is.
    pub(crate) fn fetch(&mut self) -> Vec<Report> {
        let next = || loop {
            match self.token.poll(self.now) {
                Some(report) => return Some(report),
                None if self.token.work(self.now) => {}
                None => return None,
            }
        };
        std::iter::from_fn(next).collect()
    }

    /// Sends a message and gives the answer; none for ERROR or silence.
    pub(crate) fn ask(&mut self, channel: ChannelId, command: Command, message: &[u8]) -> Option<Vec<u8>> {
        let fragments = Fragments::new(channel, command, message).expect("a message's length");
        let reports: Vec<_> = fragments.flat_map(|report| self.report(&report)).collect();
        let mut assembler = Assembler::<MAX_MESSAGE>::new();
        for report in reports {
            let frame = Frame::parse(&report);
            if frame.channel() == channel
                && let Assembly::Complete { command: found, .. } = assembler.on_frame(self.now, &frame)
            {
                match Command::from_byte(found) {
                    Some(found) if found == command => return Some(assembler.message().to_vec()),
                    Some(Command::Error) => return None,
                    // Not the end of it.
                    _ => assembler.release(),
                }
            }
        }
        None
    }

    /// Asks for a channel.
    ///
    /// # Panics
    /// If the token doesn't give one.
    pub(crate) fn init(&mut self, nonce: [u8; 8]) -> InitAnswer {
        let answer = self.ask(ChannelId::BROADCAST, Command::Init, &nonce).expect("INIT is answered");
        InitAnswer::parse(&answer).filter(|answer| answer.nonce == nonce).expect("INIT's answer")
    }

    /// Has the engine execute a request.
    pub(crate) fn execute(&mut self, caller: &Caller, request: &[u8]) -> Vec<u8> {
        let mut out = vec![0xa5; MAX_PLAINTEXT];
        let around = Surroundings { boot: BootId([5; 8]), sessions: 1, ..Surroundings::default() };
        let length = self.token.engine().execute(caller, request, self.now, &around, &mut out);
        out.truncate(length);
        out
    }
}

/// An open session with a token, in which anything can be asked.
pub(crate) struct Line {
    pub(crate) channel: ChannelId,
    records: Records<Toy>,
}

impl Line {
    /// Opens a session, as the vendor's app or as a guest; the first request is `login`.
    ///
    /// # Panics
    /// If a licensed token refuses it.
    pub(crate) fn open(fob: &mut Fob, is_app: bool) -> Self {
        let init = fob.init([4; 8]);
        let hint = if is_app { VendorHint(cast().vendor.0.hint()) } else { VendorHint::default() };
        let prologue = Prologue { request: &init.nonce, answer: &init.to_bytes() };
        let (state, message) = Initiator::<Toy>::start(&prologue, hint, &mut Numbers(fob.now.0));
        let mut answer = fob.ask(init.channel, Command::Open, &message).expect("OPEN is answered");
        let state = state.read_answer(&mut answer).expect("a genuine message 2").unverified();
        let credential = AppCredential::parse(&cast().credential).expect("a credential");
        let key = <ToyKey as AgreementKey>::from_secret(&credential.secret).expect("a credential's key");
        let certificate = if is_app { credential.certificate } else { &[] };
        let mut message = [0; 1024];
        let (length, session) = state.finish(&key, certificate, b"\x01", &mut message).expect("there is room");
        let answer = fob.ask(init.channel, Command::Finish, &message[..length]).expect("FINISH is answered");
        let mut line = Self { channel: init.channel, records: session.records.wake() };
        assert_eq!(line.read(answer)[..2], [0, 0], "login");
        line
    }

    /// Asks and gives the answer's plaintext.
    ///
    /// # Panics
    /// If there is none.
    pub(crate) fn ask(&mut self, fob: &mut Fob, request: &[u8]) -> Vec<u8> {
        let record = self.seal(request);
        let answer = fob.ask(self.channel, Command::Record, &record).expect("a record is answered");
        self.read(answer)
    }

    /// Makes the next record.
    pub(crate) fn seal(&mut self, request: &[u8]) -> Vec<u8> {
        let mut record = [&[0; 2], request, &[0; 16]].concat();
        self.records.seal(&mut record, request.len()).expect("there is room");
        record
    }

    fn read(&mut self, mut record: Vec<u8>) -> Vec<u8> {
        self.records.open(&mut record).expect("a genuine record").to_vec()
    }
}
