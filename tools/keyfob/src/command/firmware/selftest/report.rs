//! What a person attaches to a list of checks.

use keyfob::{Info, TokenUri};
use keyfob_signed::Board;
use keyfob_terminal::{Exit, Failure, plain};
use keyfob_wire::init::{InitAnswer, TokenState};
use serde::Serialize;

use super::check::{Check, Outcome};

/// What was checked of which fob.
#[derive(Serialize)]
pub(super) struct Report {
    /// This program's.
    version: &'static str,
    /// The computer's: the latencies are its own as well.
    system: &'static str,
    /// How the fob was reached: `hid`, `usb`, `label`, `unix` or `tcp`.
    transport: String,
    fob: Fob,
    passed: usize,
    failed: usize,
    not_checked: usize,
    checks: Vec<Check>,
}

/// Which fob it was.
#[derive(Serialize)]
pub(super) struct Fob {
    /// None while it has none.
    serial: Option<String>,
    state: &'static str,
    firmware: String,
    boot: String,
    /// Whether it is no hardware. A blank one is taken for hardware if it is on USB.
    emulated: bool,
    /// None while it can't be asked.
    board: Option<u8>,
    board_name: Option<&'static str>,
}

impl Fob {
    pub(super) fn of(token: &TokenUri, answer: &InitAnswer) -> Self {
        Self {
            serial: (answer.state != TokenState::Blank).then(|| answer.serial.to_string()),
            state: match answer.state {
                TokenState::Blank => "blank",
                TokenState::Born => "born",
                TokenState::Ready => "certified",
            },
            firmware: answer.firmware.to_string(),
            boot: answer.boot.to_string(),
            emulated: matches!(token, TokenUri::Unix(_) | TokenUri::Tcp(_)),
            board: None,
            board_name: None,
        }
    }
}

impl Report {
    pub(super) fn new(token: &TokenUri, fob: Fob) -> Self {
        let uri = token.to_string();
        let transport = uri.split(':').next().unwrap_or_default().to_owned();
        let (version, system) = (env!("CARGO_PKG_VERSION"), std::env::consts::OS);
        Self { version, system, transport, fob, passed: 0, failed: 0, not_checked: 0, checks: Vec::new() }
    }

    pub(super) fn is_emulated(&self) -> bool {
        self.fob.emulated
    }

    pub(super) fn board(&self) -> Option<Board> {
        self.fob.board.map(Board)
    }

    /// Takes in what the fob has said in a session.
    pub(super) fn learn(&mut self, info: &Info, is_of_test_maker: bool) {
        self.fob.board = Some(info.board.0);
        self.fob.board_name = info.board.name();
        self.fob.emulated |= is_of_test_maker || info.levels.is_emulated() || info.board.is_emulated();
    }

    /// Adds a check, and returns its line.
    pub(super) fn add(&mut self, check: Check) -> String {
        match check.outcome {
            Outcome::Passed => self.passed += 1,
            Outcome::Failed => self.failed += 1,
            Outcome::NotChecked => self.not_checked += 1,
        }
        let line = line(self.checks.len() + 1, &check);
        self.checks.push(check);
        line
    }

    pub(super) fn text(&self) -> String {
        let Fob { serial, state, firmware, emulated, board_name, .. } = &self.fob;
        let serial = serial.as_ref().map(|serial| format!(" {serial}")).unwrap_or_default();
        let board = board_name.map(|name| format!(", {name}")).unwrap_or_default();
        let emulated = if *emulated { ", EMULATED: this says nothing about a board" } else { "" };
        let head = format!("{state} fob{serial}, firmware {firmware}{board}{emulated}\n");
        let lines: String = self.checks.iter().enumerate().map(|(at, check)| line(at + 1, check) + "\n").collect();
        let Self { passed, failed, not_checked, .. } = self;
        format!("{head}{lines}{passed} passed, {failed} FAILED, {not_checked} not checked\n")
    }

    /// Ends as the checks say.
    pub(super) fn end(&self) -> Result<Exit, Failure> {
        let mut failed = self.checks.iter().filter(|check| check.outcome == Outcome::Failed);
        let Some(first) = failed.next() else { return Ok(Exit::Done) };
        let message = match failed.count() {
            0 => format!("the check `{}` failed", first.name),
            others => format!("the check `{}` failed, and {others} more", first.name),
        };
        let failure = Failure::new("selftest-failed", Exit::Failure, message);
        Err(match &first.next {
            Some(next) => failure.hint(next),
            None => failure,
        })
    }
}

fn line(number: usize, check: &Check) -> String {
    let outcome = match check.outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "FAILED",
        Outcome::NotChecked => "not checked",
    };
    let Check { name, detail, next, .. } = check;
    let next = next.as_ref().map(|next| format!("\n{:30}-> {}", "", plain(next))).unwrap_or_default();
    format!("{number:>2}  {name:<12}  {outcome:<11}  {}{next}", plain(detail))
}
