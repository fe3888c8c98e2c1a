//! `keyfob firmware selftest`.

mod bus;
mod check;
mod descriptors;
mod exchange;
mod framing;
mod person;
mod report;
mod session;
mod statistics;

use std::path::PathBuf;

use clap::Args;
use keyfob::{Guest, TokenUri};
use keyfob_signed::TEST_MAKER_ROOT;
use keyfob_terminal::{Exit, Failure, Global, read};
use keyfob_wire::init::TokenState;

pub(super) use self::bus::Bus;
use self::bus::Channel;
use self::check::Check;
use self::person::Person;
use self::report::{Fob, Report};
use crate::fob;

#[derive(Args)]
pub(in crate::command) struct Selftest {
    /// An app credential, with which the fob's random bytes can be had
    #[arg(long, value_name = "FILE")]
    app: Option<PathBuf>,
    /// How often to ask for a channel
    #[arg(long, value_name = "TIMES", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rounds: u32,
}

impl Selftest {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let credential = self.app.as_deref().map(read).transpose()?;
        let token = fob::token(global)?;
        // Without a fob that answers there is nothing to check.
        let first = Bus::open(&token, global.timeout())?.init()?;
        let mut report = Report::new(&token, Fob::of(&token, &first.answer));
        if report.is_emulated() {
            global.warn("this fob is EMULATED: what is checked here says nothing about a board");
        }
        let mut subject = Subject { global, token, first, rounds: self.rounds, credential, report: &mut report };
        subject.check();
        global.print("keyfob.selftest.v1", &report, || report.text())?;
        report.end()
    }
}

/// What is checked, and what came of it so far.
struct Subject<'a> {
    global: &'a Global,
    token: TokenUri,
    /// INIT's first answer.
    first: Channel,
    rounds: u32,
    credential: Option<Vec<u8>>,
    report: &'a mut Report,
}

impl Subject<'_> {
    /// Does all checks, in the order of `docs/selftest.md`. One that needs what another has shown to be missing isn't
    /// done.
    fn check(&mut self) {
        let (timeout, answer) = (self.global.timeout(), self.first.answer);
        let is_ready = answer.state == TokenState::Ready;
        self.add(descriptors::check(&self.token, &answer));
        match Bus::open(&self.token, timeout) {
            Ok(mut bus) => {
                let init = exchange::init(&mut bus, self.rounds, &answer);
                self.add(init);
                self.add(framing::check(&mut bus));
                self.add(exchange::long_message(&mut bus));
                self.add(if is_ready { exchange::handshake(&mut bus) } else { Check::blank("keepalive") });
            }
            Err(error) => {
                for name in ["init", "framing", "long-message", "keepalive"] {
                    self.add(Check::broken(name, &error));
                }
            }
        }
        self.in_session(is_ready);
        self.add(self.random(is_ready));
        let person = Person::of(self.global);
        let (identify, replug) =
            (person.identify(&self.token, is_ready, timeout), person.replug(&self.token, &answer, timeout));
        self.add(identify);
        self.add(replug);
        self.add(session::button(self.report.board()));
    }

    /// What anybody may ask.
    fn in_session(&mut self, is_ready: bool) {
        const NAMES: [&str; 2] = ["info", "health"];
        if !is_ready {
            NAMES.into_iter().for_each(|name| self.add(Check::blank(name)));
            return;
        }
        let uri = self.token.to_string();
        match Guest::open(&mut self.token.clone(), &uri, &[TEST_MAKER_ROOT], self.global.timeout()) {
            Ok(mut guest) => {
                let info = guest.info();
                if let Ok(info) = &info {
                    self.report.learn(info, fob::is_emulated(&guest));
                }
                self.add(session::info(&self.first.answer, &info));
                self.add(session::health(&guest.health()));
            }
            Err(error) => NAMES.into_iter().for_each(|name| self.add(Check::broken(name, &error))),
        }
    }

    fn random(&self, is_ready: bool) -> Check {
        match &self.credential {
            _ if !is_ready => Check::blank("random"),
            None => Check::not_checked("random", "random bytes are for apps", "name an app's credential by --app"),
            Some(credential) => session::random(credential, &self.token, self.global.timeout()),
        }
    }

    fn add(&mut self, check: Check) {
        let number = self.report.add(check);
        self.global.note(format_args!("{number}"));
    }
}
