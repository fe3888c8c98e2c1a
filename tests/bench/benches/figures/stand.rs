//! A token that is licensed, and an app's session with it in the same process.

use std::time::Duration;

use keyfob::{FeatureId, Guest, ProductId, Serial, Units, UnixTime};
use keyfob_client::{App, Link, Opening, Reply, Session};
use keyfob_conformance::{Desk, Fob, certify, enrol};
use keyfob_crypto::{Entropy, RustCrypto};
use keyfob_emulator::{Clock, EmulatedEntropy, Emulator, FlashImage};
use keyfob_issuing::{FeatureTerms, Maker, OsEntropy, ProductGrant, Step, TokenRecord, UpdatePlan, Vendor, VendorKind};
use keyfob_licence::Terms;
use keyfob_signed::{AppCredential, Board, Levels, Rights, TEST_MAKER_ROOT};
use keyfob_token::{Platform, Token};
use keyfob_wire::body::Request;
use keyfob_wire::{ChannelId, Command, Firmware, Instant, Report, Subject};

use crate::workload::Failure;

/// The day on which everything happens: 1 December 2026.
pub(crate) const TODAY: UnixTime = UnixTime(1_796_083_200);
/// The feature that is asked for: counted, in the first product of the first vendor.
pub(crate) const FEATURE: FeatureId = FeatureId(1);
/// How many features a product has.
const IN_A_PRODUCT: u32 = 4;
const PATIENCE: Duration = Duration::from_secs(5);

/// A token's flash with licences, and who may use them.
pub(crate) struct Stand {
    pub(crate) flash: FlashImage,
    pub(crate) vendor: Vendor,
    /// What the first vendor remembers of the token.
    pub(crate) record: TokenRecord,
    /// The credential of an app of the first vendor.
    pub(crate) app: Vec<u8>,
}

impl Stand {
    /// Makes a token with so many vendors and, of the first, so many features.
    pub(crate) fn new(vendors: u32, features: u32) -> Result<Self, Failure> {
        let desk = Desk::new(Emulator::builder().clock(Clock::scripted()).start()?);
        certify(&Maker::test()?, &desk, PATIENCE).map_err(|failure| format!("{failure:?}"))?;
        let (vendor, record) = sell(&desk, features)?;
        for _ in 1..vendors {
            sell(&desk, IN_A_PRODUCT)?;
        }
        let app = vendor.app(Subject(*b"the app "), ProductId(0), Rights::ALL, &mut OsEntropy)?;
        Ok(Self { flash: desk.with(|emulator| emulator.flash_snapshot()), vendor, record, app })
    }

    /// An app beside a token of its own that has these licences.
    pub(crate) fn pair(&self) -> Result<Pair, Failure> {
        self.pair_on(self.flash.snapshot())
    }

    /// An app beside a token on that flash.
    pub(crate) fn pair_on(&self, flash: FlashImage) -> Result<Pair, Failure> {
        let bytes: &'static [u8] = self.app.clone().leak();
        let credential = AppCredential::parse(bytes).map_err(|_| "the credential is refused")?;
        let app = App::new(&credential)?.accepting_emulated();
        let token = Box::new(Token::start(Plain(EmulatedEntropy::system()), flash)?);
        let wire = Wire { link: Link::new(), token, now: Instant(0) };
        let mut pair = Pair { app, wire, session: None };
        pair.open()?;
        Ok(pair)
    }
}

/// The token's board: an emulator's, without what tests bring about on the way to it.
pub(crate) struct Plain(EmulatedEntropy);

impl Platform for Plain {
    type Crypto = RustCrypto;
    type Flash = FlashImage;
    type Entropy = EmulatedEntropy;

    const BOARD: Board = Board::EMULATOR;
    const LEVELS: Levels = Levels::EMULATED;
    const FIRMWARE: Firmware = Firmware([0, 1, 0]);

    fn entropy(&mut self) -> &mut EmulatedEntropy {
        &mut self.0
    }

    fn identify(&mut self, _: bool) {}
}

/// Lets a new vendor enrol and sell features, each product with a few of them, all counted.
fn sell(desk: &Desk<Emulator>, features: u32) -> Result<(Vendor, TokenRecord), Failure> {
    let vendor = Vendor::create(VendorKind::Test, &mut OsEntropy);
    let mut record = enrol(&vendor, desk, PATIENCE).map_err(|failure| format!("{failure:?}"))?;
    let mut guest = Guest::open(&mut *desk.way(), "the stand", &[TEST_MAKER_ROOT], PATIENCE)?;
    let numbers: Vec<u32> = (1..=features).collect();
    for (product, numbers) in (1..).zip(numbers.chunks(IN_A_PRODUCT as usize)) {
        let terms = Terms { counted: true, expires: Some(UnixTime(TODAY.0 + 1_000_000)), ..Terms::default() };
        let grant = ProductGrant {
            product: ProductId(product),
            name: format!("Product {product}"),
            public: true,
            features: numbers
                .iter()
                .map(|number| FeatureTerms { feature: FeatureId(*number), name: format!("Feature {number}"), terms })
                .collect(),
        };
        let set = |number: &u32| Step::SetCounter { feature: FeatureId(*number), units: Units(1_000_000_000) };
        let plan = UpdatePlan { issued: TODAY, grants: vec![grant], steps: numbers.iter().map(set).collect() };
        let issued = vendor.issue(&record, &plan, &mut OsEntropy)?;
        guest.apply(&issued.file)?;
        record = issued.record;
    }
    Ok((vendor, record))
}

/// An app and a token in one process, and the session between them.
pub(crate) struct Pair {
    app: App<'static, RustCrypto>,
    pub(crate) wire: Wire,
    session: Option<(Opening, Session<RustCrypto>)>,
}

/// The app's end, and the token at the other.
pub(crate) struct Wire {
    link: Link,
    pub(crate) token: Box<Token<Plain>>,
    now: Instant,
}

impl Pair {
    /// Opens a session from INIT on, in place of the one before.
    pub(crate) fn open(&mut self) -> Result<Serial, Failure> {
        // A token's places are given to others only after a while.
        self.wire.now = self.wire.now.plus(60_000);
        let wire = &mut self.wire;
        let mut nonce = [0; 8];
        OsEntropy.fill(&mut nonce);
        wire.link.buffer()[..8].copy_from_slice(&nonce);
        wire.exchange(ChannelId::BROADCAST, Command::Init, 8)?;
        let opening = Opening::new(nonce, wire.link.answer())?;
        let answer = *opening.answer();
        let (handshake, message) = opening.begin::<RustCrypto>(Some(self.app.vendor()), &mut OsEntropy);
        wire.link.buffer()[..message.len()].copy_from_slice(&message);
        wire.exchange(answer.channel, Command::Open, message.len())?;
        let (received, out) = wire.link.answer_and_buffer();
        let (length, mut session, _) = handshake.finish_as_app(&self.app, received, &Request::Login, out)?;
        wire.exchange(answer.channel, Command::Finish, length)?;
        session.open(wire.link.answer())?;
        self.session = Some((opening, session));
        Ok(answer.serial)
    }

    /// Resumes the session on its channel, as if it had been lost.
    pub(crate) fn resume(&mut self) -> Result<(), Failure> {
        // The token begins so many handshakes in a while and no more; a chain of these lasts for 10 minutes.
        self.wire.now = self.wire.now.plus(5);
        let (opening, session) = self.session.take().ok_or("there is no session")?;
        let wire = &mut self.wire;
        let (resuming, message) = opening.resume::<RustCrypto>(&session.into_ticket(), &mut OsEntropy)?;
        wire.link.buffer()[..message.len()].copy_from_slice(&message);
        wire.exchange(opening.answer().channel, Command::Resume, message.len())?;
        self.session = Some((opening, resuming.finish(wire.link.answer())?));
        Ok(())
    }

    /// Asks in the session; the answer is judged by `read`.
    pub(crate) fn ask<T>(&mut self, request: &Request<'_>, read: impl FnOnce(&[u8]) -> T) -> Result<T, Failure> {
        let (_, session) = self.session.as_mut().ok_or("there is no session")?;
        let wire = &mut self.wire;
        let length = session.seal(request, wire.link.buffer())?;
        wire.exchange(session.channel(), Command::Record, length)?;
        Ok(read(session.open(wire.link.answer())?))
    }
}

impl Wire {
    /// Sends what is in the link's buffer as reports, and takes reports until there is an answer.
    fn exchange(&mut self, channel: ChannelId, command: Command, length: usize) -> Result<(), Failure> {
        self.link.request(channel, command, length)?;
        while let Some(report) = self.link.next_report() {
            self.token.on_report(self.now, &report);
        }
        loop {
            match self.token.poll(self.now) {
                Some(report) if self.take(&report)? => return Ok(()),
                Some(_) => {}
                None if self.token.work(self.now) => {}
                None => return Err("the token says nothing".into()),
            }
        }
    }

    fn take(&mut self, report: &Report) -> Result<bool, Failure> {
        match self.link.on_report(self.now, report) {
            None => Ok(false),
            Some(Reply::Answer) => Ok(true),
            Some(reply) => Err(format!("the token refuses: {reply:?}").into()),
        }
    }
}
