//! A host that may send anything: reports, messages, handshakes, records.

use std::time::{Duration, Instant as Time};

use keyfob::Transport;
use keyfob_channel::{Awake, Established, Initiator, MESSAGE_3_OVERHEAD, Prologue, Resuming};
use keyfob_crypto::{AgreementKey, P256Agreement, RustCrypto};
use keyfob_issuing::OsEntropy;
use keyfob_signed::{AppCredential, MakerRoot, TEST_MAKER_ROOT, VendorRoot};
use keyfob_wire::body::Request;
use keyfob_wire::framing::{Assembler, Assembly, Sender};
use keyfob_wire::init::InitAnswer;
use keyfob_wire::{
    ChannelId, Command, Frame, Instant, MAX_MESSAGE, RECORD_OVERHEAD, Report, Serial, Status, VendorHint,
};

use crate::Failure;
use crate::case::ensure;

/// A connection without manners. When dropped it gives back what it holds of the token.
pub struct Raw {
    transport: Box<dyn Transport>,
    patience: Duration,
    maker: MakerRoot,
    sessions: Vec<Secured>,
    half_open: Vec<ChannelId>,
    nonces: u32,
    /// Whether KEEPALIVE counts as something that was said.
    heeds_working: bool,
}

/// A channel and what INIT said on it.
#[derive(Debug, Clone, Copy)]
pub struct Channel {
    /// The channel.
    pub id: ChannelId,
    /// The request's nonce.
    pub request: [u8; 8],
    /// The answer as it came.
    pub bytes: [u8; InitAnswer::SIZE],
    /// The answer.
    pub answer: InitAnswer,
}

impl Channel {
    /// Begins a handshake; gives message 1.
    #[must_use]
    pub fn start(&self, hint: VendorHint) -> (Initiator<RustCrypto>, Vec<u8>) {
        let (initiator, message) = Initiator::start(&self.prologue(), hint, &mut OsEntropy);
        (initiator, message.to_vec())
    }

    fn prologue(&self) -> Prologue<'_> {
        Prologue { request: &self.request, answer: &self.bytes }
    }
}

/// A handshake to which the token has answered.
pub struct Begun {
    /// The handshake.
    pub initiator: Initiator<RustCrypto>,
    /// Message 2.
    pub message: Vec<u8>,
}

/// Which session of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionId(usize);

struct Secured {
    channel: ChannelId,
    secured: Awake<RustCrypto>,
    live: bool,
}

/// The reports of a message.
#[must_use]
pub fn message_reports(channel: ChannelId, command: Command, message: &[u8]) -> Vec<Report> {
    let Ok(mut sender) = Sender::new(channel, command, message.len()) else {
        return Vec::new();
    };
    std::iter::from_fn(|| sender.next(message)).collect()
}

/// What ERROR carries.
pub(crate) fn error(status: Status) -> (u8, Vec<u8>) {
    (Command::Error.byte(), status.number().to_be_bytes().to_vec())
}

impl Raw {
    /// Takes a transport. An answer may take `patience`.
    #[must_use]
    pub fn new(transport: Box<dyn Transport>, patience: Duration) -> Self {
        Self {
            transport,
            patience,
            maker: TEST_MAKER_ROOT,
            sessions: Vec::new(),
            half_open: Vec::new(),
            nonces: 0,
            heeds_working: false,
        }
    }

    /// Says whom a guest trusts to have made the token, instead of the published test maker.
    #[must_use]
    pub fn trusting(mut self, maker: MakerRoot) -> Self {
        self.maker = maker;
        self
    }

    /// From now on KEEPALIVE counts as something that was said: for who moves the token's clock himself. How often one
    /// that runs says that it works is its own.
    pub fn heed_working(&mut self) {
        self.heeds_working = true;
    }

    /// Sends a report.
    ///
    /// # Errors
    /// If the token is gone.
    pub fn send(&mut self, report: &Report) -> Result<(), Failure> {
        Ok(self.transport.send(report)?)
    }

    /// Sends a message.
    ///
    /// # Errors
    /// If the token is gone.
    pub fn send_message(&mut self, channel: ChannelId, command: Command, message: &[u8]) -> Result<(), Failure> {
        message_reports(channel, command, message).iter().try_for_each(|report| self.send(report))
    }

    /// Takes the next report on a channel; others are somebody else's, or say that the token works.
    ///
    /// # Errors
    /// If none comes.
    pub fn report(&mut self, channel: ChannelId) -> Result<Report, Failure> {
        let until = Time::now() + self.patience;
        loop {
            let report = self.transport.receive(until.saturating_duration_since(Time::now()))?;
            match report {
                Some(report) if Frame::parse(&report).channel() == channel && !self.overhears(&report) => {
                    return Ok(report);
                }
                Some(_) => {}
                None => ensure!(Time::now() < until, "no answer"),
            }
        }
    }

    /// Takes the next message on a channel: its command and bytes.
    ///
    /// # Errors
    /// If none comes, or its reports aren't one.
    pub fn receive(&mut self, channel: ChannelId) -> Result<(u8, Vec<u8>), Failure> {
        let mut assembler = Assembler::<MAX_MESSAGE>::new();
        loop {
            let report = self.report(channel)?;
            match assembler.on_frame(Instant(0), &Frame::parse(&report)) {
                Assembly::Complete { command, .. } => return Ok((command, assembler.message().to_vec())),
                Assembly::Incomplete => {}
                other => return Err(Failure::Broken(format!("the answer's reports aren't a message: {other:?}"))),
            }
        }
    }

    /// Sends a message and takes the next one on its channel.
    ///
    /// # Errors
    /// If none comes.
    pub fn call(&mut self, channel: ChannelId, command: Command, message: &[u8]) -> Result<(u8, Vec<u8>), Failure> {
        self.send_message(channel, command, message)?;
        self.receive(channel)
    }

    /// Finds out that the token has said nothing on a channel by now.
    ///
    /// # Errors
    /// If it has.
    pub fn hears_nothing(&mut self, channel: ChannelId) -> Result<(), Failure> {
        let nonce = self.nonce();
        self.send_message(ChannelId::BROADCAST, Command::Init, &nonce)?;
        let until = Time::now() + self.patience;
        loop {
            // What is said is said in order, so INIT's answer comes last.
            let Some(report) = self.transport.receive(until.saturating_duration_since(Time::now()))? else {
                ensure!(Time::now() < until, "no answer to INIT");
                continue;
            };
            let frame = Frame::parse(&report);
            ensure!(frame.channel() != channel || self.overhears(&report), "the token says something: {frame:?}");
            if frame.whole_message().is_some_and(|message| message.starts_with(&nonce)) {
                return Ok(());
            }
        }
    }

    /// Whether a report is KEEPALIVE, and nobody wants to know.
    fn overhears(&self, report: &Report) -> bool {
        let frame = Frame::parse(report);
        let is_working = matches!(frame, Frame::First { command, .. } if command == Command::KeepAlive.byte());
        is_working && !self.heeds_working
    }

    /// Asks for a channel.
    ///
    /// # Errors
    /// If the answer isn't as specified.
    pub fn init(&mut self) -> Result<Channel, Failure> {
        let request = self.nonce();
        self.send_message(ChannelId::BROADCAST, Command::Init, &request)?;
        loop {
            let (command, message) = self.receive(ChannelId::BROADCAST)?;
            if command == Command::Error.byte() {
                return Err(Failure::Broken(format!("INIT is answered ERROR {message:?}")));
            }
            if !message.starts_with(&request) {
                continue;
            }
            let bytes = message.as_slice().try_into()?;
            let Some(answer) = InitAnswer::parse(&message) else {
                return Err(Failure::Broken(format!("INIT is answered {message:?}")));
            };
            return Ok(Channel { id: answer.channel, request, bytes, answer });
        }
    }

    /// Sends message 1 and takes message 2.
    ///
    /// # Errors
    /// If there is none.
    pub fn begin(&mut self, channel: &Channel, hint: VendorHint) -> Result<Begun, Failure> {
        let (initiator, message) = channel.start(hint);
        let (command, message) = self.call(channel.id, Command::Open, &message)?;
        ensure!(command == Command::Open.byte(), "OPEN is answered {command:#x} {message:?}");
        self.half_open.push(channel.id);
        Ok(Begun { initiator, message })
    }

    /// Sends message 3; what comes back is a session if it is a record.
    ///
    /// # Errors
    /// If nothing comes back.
    pub fn finish(&mut self, channel: ChannelId, message: &[u8]) -> Result<(u8, Vec<u8>), Failure> {
        self.half_open.retain(|other| *other != channel);
        self.call(channel, Command::Finish, message)
    }

    /// Opens a session as an app.
    ///
    /// # Errors
    /// If the token isn't the vendor's, or refuses.
    pub fn app(&mut self, credential: &[u8]) -> Result<SessionId, Failure> {
        let channel = self.init()?;
        self.app_on(&channel, credential)
    }

    /// Opens a session as an app on a channel.
    ///
    /// # Errors
    /// If the token isn't the vendor's, or refuses.
    pub fn app_on(&mut self, channel: &Channel, credential: &[u8]) -> Result<SessionId, Failure> {
        let credential = AppCredential::parse(credential)?;
        let begun = self.begin(channel, VendorHint(credential.vendor.0.hint()))?;
        let key = P256Agreement::from_secret(&credential.secret)?;
        let (message, secured) =
            begun.as_app(&credential.vendor, channel.answer.serial, &key, credential.certificate, &Request::Login)?;
        let answer = self.finish(channel.id, &message)?;
        self.opened(channel.id, secured, answer)
    }

    /// Opens a session as a guest with a token of the maker that is trusted.
    ///
    /// # Errors
    /// If the token isn't one, or refuses.
    pub fn guest(&mut self) -> Result<SessionId, Failure> {
        let channel = self.init()?;
        let mut begun = self.begin(&channel, VendorHint::default())?;
        let answered = begun.initiator.read_answer(&mut begun.message)?;
        let authenticated = answered.made_by(&self.maker, channel.answer.serial)?;
        let mut message = vec![0; MAX_MESSAGE];
        let key = P256Agreement::generate(&mut OsEntropy);
        let (length, secured) = authenticated.finish(&key, &[], &[1], &mut message)?;
        message.truncate(length);
        let answer = self.finish(channel.id, &message)?;
        self.opened(channel.id, secured, answer)
    }

    /// Makes a session of what FINISH was answered with.
    ///
    /// # Errors
    /// If it was refused.
    pub fn opened(
        &mut self,
        channel: ChannelId,
        secured: Established<RustCrypto>,
        (command, mut message): (u8, Vec<u8>),
    ) -> Result<SessionId, Failure> {
        ensure!(command == Command::Finish.byte(), "FINISH is answered {command:#x} {message:?}");
        let mut session = Secured { channel, secured: secured.wake(), live: true };
        let plaintext = session.secured.records.open(&mut message)?;
        ensure!(plaintext.starts_with(&[0, 0]), "login is answered {plaintext:?}");
        self.sessions.push(session);
        Ok(SessionId(self.sessions.len() - 1))
    }

    /// Begins to resume a session on a channel; gives RESUME's request.
    ///
    /// # Errors
    /// None that can happen.
    pub fn resuming(&self, session: SessionId, channel: &Channel) -> Result<(Resuming<RustCrypto>, Vec<u8>), Failure> {
        let ticket = &self.sessions[session.0].secured.ticket;
        let (resuming, request) = ticket.resume(&channel.prologue(), &mut OsEntropy)?;
        Ok((resuming, request.to_vec()))
    }

    /// Makes a session of what RESUME was answered with, in the place of the one that was resumed.
    ///
    /// # Errors
    /// If it was refused.
    pub fn resumed(
        &mut self,
        session: SessionId,
        channel: &Channel,
        resuming: Resuming<RustCrypto>,
        (command, mut message): (u8, Vec<u8>),
    ) -> Result<(), Failure> {
        ensure!(command == Command::Resume.byte(), "RESUME is answered {command:#x} {message:?}");
        let secured = resuming.finish(&mut message)?.wake();
        self.sessions[session.0] = Secured { channel: channel.id, secured, live: true };
        Ok(())
    }

    /// Resumes a session on a channel.
    ///
    /// # Errors
    /// If the token refuses.
    pub fn resume(&mut self, session: SessionId, channel: &Channel) -> Result<(), Failure> {
        let (resuming, request) = self.resuming(session, channel)?;
        let answer = self.call(channel.id, Command::Resume, &request)?;
        self.resumed(session, channel, resuming, answer)
    }

    /// The channel of a session.
    #[must_use]
    pub fn channel(&self, session: SessionId) -> ChannelId {
        self.sessions[session.0].channel
    }

    /// Makes the next record of a session.
    ///
    /// # Errors
    /// If it is too long.
    pub fn seal(&mut self, session: SessionId, plaintext: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut record = [&[0; 2], plaintext, &[0; 16]].concat();
        let length = self.sessions[session.0].secured.records.seal(&mut record, plaintext.len())?;
        ensure!(length == plaintext.len() + RECORD_OVERHEAD, "a record of {length} bytes");
        Ok(record)
    }

    /// Opens the token's next record of a session.
    ///
    /// # Errors
    /// If it is none.
    pub fn open(&mut self, session: SessionId, (command, mut record): (u8, Vec<u8>)) -> Result<Vec<u8>, Failure> {
        ensure!(command == Command::Record.byte(), "RECORD is answered {command:#x} {record:?}");
        Ok(self.sessions[session.0].secured.records.open(&mut record)?.to_vec())
    }

    /// Sends a record and takes what it is answered with.
    ///
    /// # Errors
    /// If it isn't answered.
    pub fn call_record(&mut self, session: SessionId, record: &[u8]) -> Result<(u8, Vec<u8>), Failure> {
        self.call(self.sessions[session.0].channel, Command::Record, record)
    }

    /// Sends any plaintext as a request and takes the answer's plaintext.
    ///
    /// # Errors
    /// If there is no genuine answer.
    pub fn say(&mut self, session: SessionId, plaintext: &[u8]) -> Result<Vec<u8>, Failure> {
        let record = self.seal(session, plaintext)?;
        let answer = self.call_record(session, &record)?;
        self.open(session, answer)
    }

    /// Sends a request; gives the answer's status and body.
    ///
    /// # Errors
    /// If there is no genuine answer.
    pub fn ask(&mut self, session: SessionId, request: &Request<'_>) -> Result<(Status, Vec<u8>), Failure> {
        let plaintext = plaintext(request)?;
        let answer = self.say(session, &plaintext)?;
        if *request == Request::Logout {
            self.sessions[session.0].live = false;
        }
        status_and_body(&answer)
    }

    /// Forgets a session that is known to be over.
    pub fn forget(&mut self, session: SessionId) {
        self.sessions[session.0].live = false;
    }

    fn nonce(&mut self) -> [u8; 8] {
        self.nonces += 1;
        let mut nonce = [0; 8];
        keyfob_crypto::Entropy::fill(&mut OsEntropy, &mut nonce);
        nonce
    }
}

impl Begun {
    /// Reads message 2 as an app and writes message 3.
    ///
    /// # Errors
    /// If the token isn't the vendor's.
    pub fn as_app(
        mut self,
        vendor: &VendorRoot,
        serial: Serial,
        key: &P256Agreement,
        certificate: &[u8],
        first: &Request<'_>,
    ) -> Result<(Vec<u8>, Established<RustCrypto>), Failure> {
        let answered = self.initiator.read_answer(&mut self.message)?;
        let (authenticated, _) = answered.endorsed_by(vendor, serial, 0)?;
        let first = plaintext(first)?;
        let mut message = vec![0; MESSAGE_3_OVERHEAD + 2 + certificate.len() + first.len()];
        let (length, secured) = authenticated.finish(key, certificate, &first, &mut message)?;
        message.truncate(length);
        Ok((message, secured))
    }
}

/// A request's plaintext.
pub(crate) fn plaintext(request: &Request<'_>) -> Result<Vec<u8>, Failure> {
    let mut bytes = vec![0; MAX_MESSAGE];
    let length = request.write(&mut bytes)?;
    bytes.truncate(length);
    Ok(bytes)
}

/// An answer's plaintext, taken apart.
pub(crate) fn status_and_body(answer: &[u8]) -> Result<(Status, Vec<u8>), Failure> {
    let parts = answer
        .split_first_chunk()
        .and_then(|(status, body)| Some((Status::from_number(u16::from_be_bytes(*status))?, body.to_vec())));
    parts.ok_or_else(|| Failure::Broken(format!("an answer without a status: {answer:?}")))
}

impl Drop for Raw {
    fn drop(&mut self) {
        for number in 0..self.sessions.len() {
            if self.sessions[number].live {
                let _gone = self.ask(SessionId(number), &Request::Logout);
            }
        }
        for channel in std::mem::take(&mut self.half_open) {
            let _refused = self.finish(channel, &[0; 4]);
        }
    }
}
