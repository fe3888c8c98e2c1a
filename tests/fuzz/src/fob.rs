//! A token that is spoken to directly.

use keyfob_token::{Caller, Token};
use keyfob_wire::framing::{Assembler, Assembly, Fragments};
use keyfob_wire::init::InitAnswer;
use keyfob_wire::{BootId, ChannelId, Command, Frame, Instant, MAX_MESSAGE, MAX_PLAINTEXT, Report};

use crate::board::{Memory, Numbers, ToyBoard};

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

    /// Fetches what there is.
    pub(crate) fn fetch(&mut self) -> Vec<Report> {
        std::iter::from_fn(|| self.token.poll(self.now)).collect()
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
                return (found == command.byte()).then(|| assembler.message().to_vec());
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
        let length = self.token.engine().execute(caller, request, self.now, 1, BootId([5; 8]), &mut out);
        out.truncate(length);
        out
    }
}
