//! The fob that a board becomes.

use std::thread::sleep;
use std::time::{Duration, Instant};

use keyfob::TokenUri;
use keyfob_terminal::{Exit, Failure, Global};
use keyfob_wire::init::TokenState;
use serde::Serialize;

use crate::command::firmware::selftest::Bus;

/// How often to look.
const PAUSE: Duration = Duration::from_millis(200);
/// How long a fob that came may take to answer, each time.
const PATIENCE: Duration = Duration::from_secs(2);

/// A fob that came.
#[derive(Serialize)]
pub(super) struct Arrived {
    uri: String,
    /// None while it is blank.
    serial: Option<String>,
    state: &'static str,
    firmware: String,
}

impl Arrived {
    pub(super) fn text(&self) -> String {
        let Self { uri, serial, state, firmware } = self;
        let serial = serial.as_ref().map(|serial| format!(" {serial}")).unwrap_or_default();
        format!("a {state} fob{serial} with firmware {firmware} is at {}", keyfob_terminal::plain(uri))
    }
}

/// The fobs that are there.
pub(super) fn present() -> Vec<TokenUri> {
    keyfob::places().into_iter().map(|place| place.uri).collect()
}

/// Waits for a fob that wasn't there before and answers.
///
/// # Errors
/// `no-fob-came`.
pub(super) fn wait(global: &Global, before: &[TokenUri], patience: Duration) -> Result<Arrived, Failure> {
    global.note("waiting for the fob");
    let until = Instant::now() + patience;
    let mut gone: Vec<_> = before.to_vec();
    let mut seen = None;
    loop {
        let now = present();
        // One that was there, went away and came back is the one, too.
        gone.retain(|uri| now.contains(uri));
        for uri in now.iter().filter(|uri| !gone.contains(uri)) {
            match ask(uri) {
                Ok(arrived) => return Ok(arrived),
                Err(error) => seen = Some((uri.clone(), error)),
            }
        }
        if Instant::now() >= until {
            let failure = match seen {
                None => Failure::new("no-fob-came", Exit::Busy, "the image was handed over, but no fob came"),
                Some((uri, error)) => {
                    let message = format_args!("a fob came at {uri}, but doesn't answer: {error}");
                    Failure::new("no-fob-came", Exit::Busy, message)
                }
            };
            return Err(failure);
        }
        sleep(PAUSE);
    }
}

fn ask(uri: &TokenUri) -> Result<Arrived, keyfob::Error> {
    let answer = Bus::open(uri, PATIENCE)?.init()?.answer;
    let state = match answer.state {
        TokenState::Blank => "blank",
        TokenState::Born => "born",
        TokenState::Ready => "certified",
    };
    let serial = (answer.state == TokenState::Ready).then(|| answer.serial.to_string());
    Ok(Arrived { uri: uri.to_string(), serial, state, firmware: answer.firmware.to_string() })
}

/// What to do next.
pub(super) fn next(fob: Option<&Arrived>) -> String {
    match fob {
        Some(fob) if fob.state == "certified" => format!("keyfob firmware selftest --token {}", fob.uri),
        Some(fob) => {
            let uri = &fob.uri;
            format!("keyfob firmware selftest --token {uri}, then keyfob-vendor maker certify --token {uri}")
        }
        None => "plug the board in anew, then keyfob firmware selftest".to_owned(),
    }
}
