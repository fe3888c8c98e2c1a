//! What only a person can see and do.

use std::io::{self, IsTerminal, Write};
use std::thread::sleep;
use std::time::{Duration, Instant};

use keyfob::{Guest, TokenUri};
use keyfob_signed::TEST_MAKER_ROOT;
use keyfob_terminal::Global;
use keyfob_wire::init::InitAnswer;

use super::bus::Bus;
use super::check::Check;

/// How long a person may take to unplug the fob, and again to plug it in.
const TIME: Duration = Duration::from_secs(60);
/// How often to look.
const PAUSE: Duration = Duration::from_millis(200);
/// How long the system may take to let a fob be opened that was plugged in.
const PATIENCE: Duration = Duration::from_millis(500);

/// Somebody who sits at the terminal, if there is one.
pub(super) struct Person {
    is_there: bool,
}

impl Person {
    pub(super) fn of(global: &Global) -> Self {
        let may_be_asked = !global.yes && !global.no_input && !global.quiet && !global.json;
        Self { is_there: may_be_asked && io::stdin().is_terminal() && io::stderr().is_terminal() }
    }

    /// Asks whether the fob shows itself.
    pub(super) fn identify(&self, token: &TokenUri, is_ready: bool, timeout: Duration) -> Check {
        const NAME: &str = "identify";
        if !is_ready {
            return Check::blank(NAME);
        }
        let uri = token.to_string();
        let shown = Guest::open(&mut token.clone(), &uri, &[TEST_MAKER_ROOT], timeout);
        if let Err(error) = shown.and_then(|mut guest| guest.identify()) {
            return Check::broken(NAME, &error);
        }
        if !self.is_there {
            return nobody(NAME, "the fob took the request");
        }
        if ask("Does the fob's light blink now, for five seconds? [y/n] ") {
            Check::passed(NAME, "the light blinks")
        } else {
            Check::failed(NAME, "the light doesn't blink", "compare the board's light with docs/boards")
        }
    }

    /// Has the fob unplugged and plugged in.
    pub(super) fn replug(&self, token: &TokenUri, before: &InitAnswer, timeout: Duration) -> Check {
        const NAME: &str = "replug";
        if !self.is_there {
            return nobody(NAME, "it takes hands");
        }
        // There is nobody to tell if this fails.
        let _ = writeln!(io::stderr(), "Unplug the fob.");
        if !within(|| Bus::open(token, PATIENCE).and_then(|mut bus| bus.init()).is_err()) {
            return Check::not_checked(NAME, "nobody unplugged it in a minute", "again");
        }
        let _ = writeln!(io::stderr(), "Plug it in again.");
        let mut after = None;
        let _came = within(|| {
            after = answer(token, timeout);
            after.is_some()
        });
        match after {
            None => Check::failed(NAME, "it didn't come back in a minute", "keyfob doctor"),
            Some(after) => replugged(before, &after),
        }
    }
}

/// What has to stay, and what has to be another.
fn replugged(before: &InitAnswer, after: &InitAnswer) -> Check {
    let mut wrong = Vec::new();
    if (after.serial, after.state, after.firmware) != (before.serial, before.state, before.firmware) {
        wrong.push(format!("serial {} and state or firmware aren't what they were", after.serial));
    }
    if after.boot == before.boot {
        wrong.push("the boot id is the same as before".to_owned());
    }
    let detail = "the serial stays, the boot id is another";
    Check::of("replug", detail, &wrong, "the fob's memory or its randomness is wrong: don't use it")
}

/// Asks the fob, wherever it is now: one without a serial may have another name each time.
fn answer(token: &TokenUri, timeout: Duration) -> Option<InitAnswer> {
    let ask = |uri: &TokenUri| Some(Bus::open(uri, timeout).ok()?.init().ok()?.answer);
    ask(token).or_else(|| ask(&keyfob::only_token().ok()?))
}

fn within(mut happened: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + TIME;
    loop {
        if happened() {
            return true;
        }
        if Instant::now() >= until {
            return false;
        }
        sleep(PAUSE);
    }
}

fn nobody(name: &'static str, detail: &str) -> Check {
    let next = "run it on a terminal, without --yes, --no-input, --quiet and --json";
    Check::not_checked(name, format!("{detail}; nobody is there to ask"), next)
}

fn ask(question: &str) -> bool {
    let _ = write!(io::stderr(), "{question}");
    let _ = io::stderr().flush();
    let mut line = String::new();
    io::stdin().read_line(&mut line).is_ok() && matches!(line.trim(), "y" | "Y" | "yes")
}

#[cfg(test)]
mod tests {
    use keyfob_wire::init::TokenState;
    use keyfob_wire::{BootId, ChannelId, Firmware, Serial};

    use super::super::check::Outcome;
    use super::*;

    #[test]
    fn another_power_up_of_the_same_fob() {
        let before = InitAnswer {
            nonce: [0; 8],
            channel: ChannelId(1),
            lowest_version: 1,
            highest_version: 1,
            capabilities: 0,
            serial: Serial([1; 8]),
            boot: BootId([2; 8]),
            firmware: Firmware([0, 1, 0]),
            state: TokenState::Ready,
        };
        let good = InitAnswer { boot: BootId([3; 8]), channel: ChannelId(9), nonce: [4; 8], ..before };
        assert_eq!(replugged(&before, &good).outcome, Outcome::Passed);
        for bad in [
            before,
            InitAnswer { serial: Serial([9; 8]), ..good },
            InitAnswer { state: TokenState::Blank, ..good },
            InitAnswer { firmware: Firmware([0, 2, 0]), ..good },
        ] {
            assert_eq!(replugged(&before, &bad).outcome, Outcome::Failed);
        }
    }
}
