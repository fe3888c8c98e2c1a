//! One app or guest, and what it asks.

use keyfob_channel::{Awake, Established, Prologue, Ticket};
use keyfob_crypto::Entropy;
use keyfob_scenarios::TODAY;
use keyfob_scenarios::watched::{TheApps, Watched};
use keyfob_wire::body::{
    CheckRequest, CipherRequest, CounterAnswer, CounterRequest, ListRequest, ProveRequest, RandomRequest, ReadRequest,
    ReceiptRequest, Request, SpendRequest, TimeRequest, UnlockRequest, WriteRequest,
};
use keyfob_wire::init::InitAnswer;
use keyfob_wire::{ChannelId, FileId, MAX_MESSAGE, Modules, Operation, OperationId, ProductId, Slot, Units};

use super::{COUNTED, Dice, TIMED};

/// Who sits there.
#[derive(Clone, Copy)]
pub(crate) enum Who {
    App(usize),
    Guest,
}

/// A channel and what INIT said.
pub(crate) struct Channel {
    pub(crate) id: ChannelId,
    pub(crate) request: [u8; 8],
    pub(crate) bytes: [u8; 36],
    pub(crate) answer: InitAnswer,
}

impl Channel {
    pub(crate) fn prologue(&self) -> Prologue<'_> {
        Prologue { request: &self.request, answer: &self.bytes }
    }
}

/// An app's or a guest's place.
pub(crate) struct Seat {
    pub(crate) who: Who,
    pub(crate) channel: Option<ChannelId>,
    pub(crate) session: Option<Awake<Watched<TheApps>>>,
    ticket: Option<Ticket>,
    asked: Option<Operation>,
    /// The spend serial that it has seen.
    pub(crate) spends: u32,
}

impl Seat {
    pub(crate) fn new(who: Who) -> Self {
        Self { who, channel: None, session: None, ticket: None, asked: None, spends: 0 }
    }

    pub(crate) fn take(&mut self, channel: ChannelId, session: Established<Watched<TheApps>>) {
        (self.channel, self.session, self.ticket) = (Some(channel), Some(session.wake()), None);
    }

    /// Makes the next record.
    pub(crate) fn seal(&mut self, plaintext: &[u8]) -> Option<(ChannelId, Vec<u8>)> {
        self.asked = plaintext.first().and_then(|byte| Operation::from_byte(*byte));
        let session = self.session.as_mut()?;
        let mut record = [&[0; 2], plaintext, &[0; 16]].concat();
        session.records.seal(&mut record, plaintext.len()).unwrap();
        Some((self.channel?, record))
    }

    /// Opens the token's next record.
    pub(crate) fn open(&mut self, record: &[u8]) -> bool {
        let mut record = record.to_vec();
        let Some(session) = &mut self.session else { return false };
        let Ok(answer) = session.records.open(&mut record) else { return false };
        if self.asked == Some(Operation::Counter)
            && let Some(counter) = answer.get(2..).and_then(|body| CounterAnswer::parse(body).ok())
        {
            self.spends = counter.spend_serial;
        }
        true
    }

    /// Keeps nothing of the session but its ticket.
    pub(crate) fn give_up(&mut self) {
        self.ticket = self.session.take().map(|session| session.ticket);
    }

    pub(crate) fn take_ticket(&mut self) -> Option<Ticket> {
        if self.session.is_some() {
            self.give_up();
        }
        self.ticket.take()
    }

    pub(crate) fn forget(&mut self) {
        (self.session, self.ticket) = (None, None);
    }

    /// Apps try to resume nonetheless.
    pub(crate) fn power_is_gone(&mut self) {
        if self.session.is_some() {
            self.give_up();
        }
        self.channel = None;
    }
}

/// All kinds of requests.
pub(crate) const ALL: u64 = 100;
/// Those whose answers fit one report, so that a token has them as long as they are needed.
pub(crate) const SHORT: u64 = 57;

/// A request of one of the first so many kinds, as plaintext.
pub(crate) fn request(dice: &mut Dice, kinds: u64, sealed: &[u8], spends: u32) -> Vec<u8> {
    let (time, slot, feature) = (TODAY, Slot(0), COUNTED);
    let mut bytes = [0; 200];
    dice.0.fill(&mut bytes);
    let some = &bytes[..1 + dice.choose(180)];
    let (product, file) = (ProductId(900), FileId(1));
    let cipher = CipherRequest { feature, slot, time, input: some };
    let mut out = vec![0; MAX_MESSAGE];
    let request = match dice.below(kinds) {
        0..30 => Request::Check(CheckRequest { feature: TIMED, time, modules: Modules(0) }),
        30..45 => Request::Check(CheckRequest { feature, time, modules: Modules(1) }),
        45..55 => Request::Counter(CounterRequest { feature }),
        55..57 => {
            let operation = OperationId([7, 1, 2, 3, 4, 5, bytes[0], bytes[1]]);
            Request::Spend(SpendRequest { feature, units: Units(1), operation, serial_seen: spends, time })
        }
        57..65 => Request::Unlock(UnlockRequest { feature, slot, time, sealed }),
        65..70 => Request::Random(RandomRequest { length: 1 + bytes[0] % 64 }),
        70..75 => Request::Encrypt(cipher),
        75..77 => Request::Decrypt(CipherRequest { input: &bytes[..60], ..cipher }),
        77..80 => Request::Derive(CipherRequest { input: &bytes[..8], ..cipher }),
        80..83 => Request::Read(ReadRequest { product, file, offset: 0, length: 200 }),
        83..84 => Request::Write(WriteRequest { product, file, offset: 0, bytes: some }),
        84..89 => Request::Info,
        89..93 => Request::List(ListRequest { hint: None, start: ProductId(0) }),
        93..94 => Request::Receipt(ReceiptRequest { hint: None, nonce: &bytes[..16] }),
        94..95 => Request::Prove(ProveRequest { audience: "nobody", nonce: &bytes[..16], context: &[], feature, time }),
        95..96 => Request::Time(TimeRequest { hint: None }),
        96..97 => Request::Identify,
        97..98 => Request::Health,
        98..99 => Request::Login,
        // Bytes that are no request: the answer is a record nonetheless.
        _ => return some.to_vec(),
    };
    let length = request.write(&mut out).unwrap();
    out.truncate(length);
    out
}
