//! A host whose token, or whoever sits in between, says whatever it likes.

use std::sync::OnceLock;

use arbitrary::{Result, Unstructured};
use keyfob_client::{App, Link, Opening, Reply, Session};
use keyfob_crypto::Entropy;
use keyfob_signed::AppCredential;
use keyfob_wire::body::{CheckRequest, CounterRequest, ListRequest, Request};
use keyfob_wire::{ChannelId, Command, MAX_MESSAGE, Modules, REPORT_SIZE, Report};

use crate::board::{Memory, Numbers};
use crate::cast::{COUNTED, TIMED, TODAY, cast, noise};
use crate::fob::Fob;
use crate::toy::Toy;

pub(super) fn run(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let heard = talk(&mut Between::Somebody(&mut input, Vec::new()));
    let genuine = genuine();
    assert!(heard.len() <= genuine.len());
    assert!(heard.iter().eq(&genuine[..heard.len()]), "an answer is what the token said, or none");
}

/// What a host hears if nobody sits in between.
fn genuine() -> &'static Vec<Vec<u8>> {
    static GENUINE: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    GENUINE.get_or_init(|| {
        let heard = talk(&mut Between::Nobody);
        assert_eq!(heard.len(), 1 + requests().len(), "an undisturbed host hears everything");
        heard
    })
}

/// What is asked.
fn requests() -> [Request<'static>; 5] {
    [
        Request::Check(CheckRequest { feature: TIMED, time: TODAY, modules: Modules(0) }),
        Request::Counter(CounterRequest { feature: COUNTED }),
        Request::List(ListRequest::default()),
        Request::Info,
        Request::Logout,
    ]
}

/// Opens a session and asks; gives the answers' plaintexts as far as they came.
fn talk(between: &mut Between<'_, '_>) -> Vec<Vec<u8>> {
    let mut heard = Vec::new();
    let mut host = Host { fob: Fob::start(Memory::new(cast().stages[3].clone()), 8), link: Link::new(), between };
    let Some(mut session) = host.open(&mut heard) else { return heard };
    for request in requests() {
        let Ok(length) = session.seal(&request, host.link.buffer()) else { return heard };
        if !host.ask(session.channel(), Command::Record, length) {
            return heard;
        }
        let Ok(text) = session.open(host.link.answer()) else { return heard };
        heard.push(text.to_vec());
    }
    heard
}

struct Host<'b, 'i, 'd> {
    fob: Fob,
    link: Link,
    between: &'b mut Between<'i, 'd>,
}

impl Host<'_, '_, '_> {
    fn open(&mut self, heard: &mut Vec<Vec<u8>>) -> Option<Session<Toy>> {
        let mut entropy = Numbers(31);
        let mut nonce = [0; 8];
        entropy.fill(&mut nonce);
        self.link.buffer()[..8].copy_from_slice(&nonce);
        if !self.ask(ChannelId::BROADCAST, Command::Init, nonce.len()) {
            return None;
        }
        let opening = Opening::new(nonce, self.link.answer()).ok()?;
        let (handshake, message) = opening.begin::<Toy>(Some(cast().vendor), &mut entropy);
        self.link.buffer()[..message.len()].copy_from_slice(&message);
        if !self.ask(opening.answer().channel, Command::Open, message.len()) {
            return None;
        }
        let app = App::<Toy>::new(&AppCredential::parse(&cast().credential).ok()?).ok()?.accepting_emulated();
        let (answer, buffer) = self.link.answer_and_buffer();
        let (length, mut session, endorsement) = handshake.finish_as_app(&app, answer, &Request::Login, buffer).ok()?;
        assert_eq!(*endorsement, cast().endorsed, "the vendor's word, and nobody else's");
        assert_eq!(opening.answer().serial, cast().serial, "the token that the vendor endorsed");
        if !self.ask(session.channel(), Command::Finish, length) {
            return None;
        }
        heard.push(session.open(self.link.answer()).ok()?.to_vec());
        Some(session)
    }

    /// Sends what lies in the buffer, once more if nothing comes; tells whether there is an answer.
    fn ask(&mut self, channel: ChannelId, command: Command, length: usize) -> bool {
        assert!(length <= MAX_MESSAGE);
        if self.link.request(channel, command, length).is_err() {
            return false;
        }
        (0..2).any(|_| {
            let answered = self.exchange();
            if !answered {
                self.fob.pass(1000);
                self.link.repeat();
            }
            answered
        })
    }

    fn exchange(&mut self) -> bool {
        let mut arriving = Vec::new();
        while let Some(report) = self.link.next_report() {
            for report in self.between.pass(report) {
                arriving.extend(self.fob.report(&report));
            }
        }
        arriving
            .into_iter()
            .flat_map(|report| self.between.pass(report))
            .any(|report| self.link.on_report(self.fob.now, &report) == Some(Reply::Answer))
    }
}

/// Who sits between host and token.
enum Between<'i, 'd> {
    Nobody,
    /// Who takes choices from an input, and keeps what has passed.
    Somebody(&'i mut Unstructured<'d>, Vec<Report>),
}

impl Between<'_, '_> {
    /// What becomes of a report.
    fn pass(&mut self, report: Report) -> Vec<Report> {
        match self {
            Self::Nobody => vec![report],
            Self::Somebody(input, passed) => {
                passed.push(report);
                disturb(input, passed, report).unwrap_or_else(|_| vec![report])
            }
        }
    }
}

fn disturb(input: &mut Unstructured<'_>, passed: &[Report], report: Report) -> Result<Vec<Report>> {
    if input.is_empty() {
        return Ok(vec![report]);
    }
    let mut other = report;
    let place = |input: &mut Unstructured<'_>| input.int_in_range(0..=REPORT_SIZE - 1);
    Ok(match input.int_in_range(0..=15u8)? {
        0 => vec![],
        1 => vec![report, report],
        2 => {
            other[place(input)?] ^= 1 << input.int_in_range(0..=7u8)?;
            vec![other]
        }
        3 => {
            other[place(input)?] = input.arbitrary()?;
            vec![other, report]
        }
        4 => {
            other[4] = input.choose(Command::ALL)?.byte();
            other[5] = 0;
            other[6] = input.int_in_range(0..=60)?;
            vec![other, report]
        }
        5 => {
            input.fill_buffer(&mut other[7..])?;
            vec![other]
        }
        6 | 7 => vec![*input.choose(passed)?, report],
        _ => vec![report],
    })
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    (0..24).map(|seed| [vec![15; seed as usize], noise(seed, 20)].concat()).chain([vec![]]).collect()
}
