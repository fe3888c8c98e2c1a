//! A board: the program that simulates it, and the orders that it takes.

use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use keyfob::TokenUri;
use serde_json::{Value, json};
use tempfile::TempDir;

/// What boards are made of.
#[derive(Debug, Clone)]
pub struct Image {
    /// The firmware, as an ELF file.
    pub elf: PathBuf,
    /// The board's program, beside whose folder its packages lie.
    pub program: PathBuf,
    /// Of how many runs of translated code one is compared with the simulator's own core; 0 for none.
    pub verify: u32,
}

/// A board that has its power.
pub struct Board {
    talk: Mutex<Talk>,
    folder: TempDir,
    /// Whether it is expected to reset itself, so that nobody need be told of it at once.
    resets_itself: Arc<AtomicBool>,
}

struct Talk {
    child: Child,
    orders: ChildStdin,
    answers: Receiver<Value>,
    number: u64,
    /// How the board's run ended, if it has.
    ends: Option<Ends>,
}

/// How a board's run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ends {
    /// The power was cut where it was told to be.
    Cut(String),
    /// The firmware did what a chip would not.
    Crashed(String),
}

/// Where the power is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// In the first erase from now on, instead of any operation.
    pub in_erase: bool,
    /// In which operation from now on, from 1.
    pub operation: usize,
    /// After how many of its bytes.
    pub bytes: usize,
}

/// What resets a board whose power stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    /// The RUN pin, or a debugger.
    Pin,
    /// The watchdog.
    Watchdog,
}

/// What the light did while it was watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Light {
    /// How often it changed.
    pub changes: u64,
    /// The shortest time between two changes, in milliseconds.
    pub shortest: u64,
}

/// What a board says of itself.
#[derive(Debug, Clone)]
pub struct State(Value);

impl State {
    /// Whether a host has configured it.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        self.0["configured"] == json!(true)
    }

    /// How many instructions it has executed.
    #[must_use]
    pub fn instructions(&self) -> u64 {
        self.number("instructions")
    }

    /// How much of the board's time it didn't sleep, in milliseconds.
    #[must_use]
    pub fn busy(&self) -> u64 {
        self.number("busy")
    }

    /// How long it took for them, in milliseconds.
    #[must_use]
    pub fn wall(&self) -> u64 {
        self.number("wall")
    }

    /// How many bytes of the stack were never used since it was painted.
    #[must_use]
    pub fn unused_stack(&self) -> u64 {
        self.number("unused")
    }

    /// How many flash sectors were erased.
    #[must_use]
    pub fn erases(&self) -> u64 {
        self.number("erases")
    }

    /// How many flash pages were programmed.
    #[must_use]
    pub fn programs(&self) -> u64 {
        self.number("programs")
    }

    /// How many runs of translated code were compared with the simulator's own core.
    #[must_use]
    pub fn verified(&self) -> u64 {
        self.number("verified")
    }

    /// How often it started.
    #[must_use]
    pub fn boots(&self) -> u64 {
        self.number("boots")
    }

    /// How many packets on its endpoints had the wrong toggle.
    #[must_use]
    pub fn mismatches(&self) -> u64 {
        self.0["usb"]["mismatches"].as_u64().unwrap_or(u64::MAX)
    }

    /// How many reports moved: to the board, and from it.
    #[must_use]
    pub fn reports(&self) -> (u64, u64) {
        (self.0["usb"]["sent"].as_u64().unwrap_or(0), self.0["usb"]["received"].as_u64().unwrap_or(0))
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
    fn number(&self, key: &str) -> u64 {
        self.0[key].as_f64().unwrap_or(0.0) as u64
    }
}

/// How long an order may take: a board computes, and its machine may be busy.
const PATIENCE: Duration = Duration::from_secs(300);

impl Board {
    /// Powers a blank board up, and has it enumerated.
    ///
    /// # Errors
    /// If Node can't be started, or the firmware doesn't enumerate.
    pub fn start(image: &Image, seed: u64) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut child = Command::new("node")
            .arg(&image.program)
            .arg("--image")
            .arg(&image.elf)
            .arg("--socket")
            .arg(folder.path().join("fob.sock"))
            .args(["--seed", &seed.to_string(), "--verify", &image.verify.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let orders = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let said = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let (sender, answers) = channel();
        let resets_itself = Arc::new(AtomicBool::new(false));
        let is_expected = Arc::clone(&resets_itself);
        thread::spawn(move || {
            for line in BufReader::new(said).lines().map_while(Result::ok) {
                let Ok(message) = serde_json::from_str::<Value>(&line) else { continue };
                if message["event"] == json!("crashed") && !is_expected.load(Ordering::Relaxed) {
                    eprintln!("the firmware crashed: {}", message["why"].as_str().unwrap_or_default());
                }
                let _gone = sender.send(message);
            }
        });
        let board =
            Self { talk: Mutex::new(Talk { child, orders, answers, number: 0, ends: None }), folder, resets_itself };
        let state = board.order(json!({ "do": "quiet" }))?;
        if !state.is_configured() {
            return Err(io::Error::other(format!("the board isn't configured: {:?}", board.ends())));
        }
        Ok(board)
    }

    /// Where programs find it.
    #[must_use]
    pub fn uri(&self) -> TokenUri {
        TokenUri::Unix(self.folder.path().join("fob.sock"))
    }

    /// Where it keeps files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it says of itself.
    ///
    /// # Errors
    /// If it doesn't answer.
    pub fn state(&self) -> io::Result<State> {
        self.order(json!({ "do": "status" }))
    }

    /// Cuts the power and restores it.
    ///
    /// # Errors
    /// If it doesn't come back.
    pub fn power_cycle(&self) -> io::Result<State> {
        self.configured(json!({ "do": "power-cycle" }))
    }

    /// Resets the chip; RAM stays.
    ///
    /// # Errors
    /// If it doesn't come back.
    pub fn reset(&self, reset: Reset) -> io::Result<State> {
        self.configured(json!({ "do": "reset", "reason": i32::from(reset == Reset::Watchdog) }))
    }

    /// Lets time pass at once.
    ///
    /// # Errors
    /// If the firmware crashes meanwhile.
    pub fn advance(&self, milliseconds: u64) -> io::Result<State> {
        self.order(json!({ "do": "advance", "milliseconds": milliseconds }))
    }

    /// Arms a cut of the power, or none.
    ///
    /// # Errors
    /// If the board doesn't answer.
    pub fn cut(&self, cut: Option<Cut>) -> io::Result<State> {
        self.talk().ends = None;
        self.order(match cut {
            Some(Cut { in_erase, operation, bytes }) => {
                let kind = if in_erase { json!("erase") } else { Value::Null };
                json!({ "do": "cut", "operation": operation, "bytes": bytes, "kind": kind })
            }
            None => json!({ "do": "cut" }),
        })
    }

    /// Writes what the flash holds into a file.
    ///
    /// # Errors
    /// If that can't be done.
    pub fn snapshot(&self, file: &Path) -> io::Result<State> {
        self.order(json!({ "do": "snapshot", "file": file }))
    }

    /// Puts a file's content into the flash, and restores the power.
    ///
    /// # Errors
    /// If the board doesn't come up with it.
    pub fn restore(&self, file: &Path) -> io::Result<State> {
        self.configured(json!({ "do": "restore", "file": file }))
    }

    /// Makes a control request; none for STALL.
    ///
    /// # Errors
    /// If it isn't answered.
    pub fn control(&self, setup: [u8; 8], data: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let answer = self.order(json!({ "do": "control", "setup": hex(&setup), "data": hex(data) }))?;
        Ok(answer.0["data"].as_str().map(unhex))
    }

    /// Makes a control request; with how many microseconds of the board's time it took.
    ///
    /// # Errors
    /// If it isn't answered.
    pub fn timed_control(&self, setup: [u8; 8]) -> io::Result<(Option<Vec<u8>>, u64)> {
        let answer = self.order(json!({ "do": "control", "setup": hex(&setup), "data": "" }))?;
        Ok((answer.0["data"].as_str().map(unhex), answer.number("took")))
    }

    /// Gives another order about the bus: `bus-reset`, `suspend`, `resume`, or `clear-halt` of an endpoint.
    ///
    /// # Errors
    /// If it can't be done.
    pub fn bus(&self, order: &str, endpoint: Option<&str>) -> io::Result<State> {
        self.order(json!({ "do": order, "endpoint": endpoint }))
    }

    /// Watches the light for so many milliseconds.
    ///
    /// # Errors
    /// If the board doesn't answer.
    pub fn light(&self, milliseconds: u64) -> io::Result<Light> {
        let answer = self.order(json!({ "do": "light", "milliseconds": milliseconds }))?;
        let number = |key: &str| answer.0[key].as_u64().unwrap_or(0);
        Ok(Light { changes: number("changes"), shortest: number("shortest") })
    }

    /// Has the core do so many times as much in a time as it does in truth.
    ///
    /// # Errors
    /// If the board doesn't answer.
    pub fn hasten(&self, factor: u32) -> io::Result<State> {
        self.order(json!({ "do": "haste", "factor": factor }))
    }

    /// Breaks the source of randomness, or mends it. From then on the board may reset itself.
    ///
    /// # Errors
    /// If the board doesn't answer.
    pub fn stick_entropy(&self, stuck: bool) -> io::Result<State> {
        self.resets_itself.store(true, Ordering::Relaxed);
        self.talk().ends = None;
        self.order(json!({ "do": "entropy", "stuck": stuck }))
    }

    /// How the run ended, if it has.
    #[must_use]
    pub fn ends(&self) -> Option<Ends> {
        // What it has said comes before its answer.
        let _answered = self.state();
        self.talk().ends.clone()
    }

    /// Gives an order that ends with a board that is configured.
    fn configured(&self, order: Value) -> io::Result<State> {
        self.talk().ends = None;
        let state = self.order(order)?;
        if state.is_configured() {
            return Ok(state);
        }
        Err(io::Error::other(format!("the board didn't come up: {:?}", self.ends())))
    }

    fn order(&self, mut order: Value) -> io::Result<State> {
        let mut talk = self.talk();
        talk.number += 1;
        let number = json!(talk.number);
        order["id"] = number.clone();
        writeln!(talk.orders, "{order}")?;
        loop {
            let message = talk.answers.recv_timeout(PATIENCE).map_err(|error| match error {
                RecvTimeoutError::Timeout => io::Error::new(io::ErrorKind::TimedOut, format!("no answer to {order}")),
                RecvTimeoutError::Disconnected => io::Error::other("the simulator has ended"),
            })?;
            if message["id"] != number {
                talk.hear(&message);
                continue;
            }
            if let Some(why) = message["failed"].as_str() {
                return Err(io::Error::other(why.to_owned()));
            }
            return match &talk.ends {
                Some(Ends::Crashed(why)) => Err(io::Error::other(format!("the firmware crashed: {why}"))),
                _ => Ok(State(message["done"].clone())),
            };
        }
    }

    fn talk(&self) -> MutexGuard<'_, Talk> {
        self.talk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Talk {
    fn hear(&mut self, message: &Value) {
        let text = |key: &str| message[key].as_str().unwrap_or_default().to_owned();
        match message["event"].as_str() {
            Some("power-cut") => self.ends = Some(Ends::Cut(text("where"))),
            Some("crashed") => self.ends = Some(Ends::Crashed(text("why"))),
            _ => {}
        }
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
