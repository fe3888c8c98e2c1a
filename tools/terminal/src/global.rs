//! The flags that every command has.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use keyfob::TokenUri;

use crate::{Exit, Failure};

/// The flags that every command has. A parser takes them in by `#[command(flatten)]`.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The token: hid, hid:SERIAL, usb:SERIAL, label:NAME, unix:PATH or tcp:HOST:PORT; needed if there are several
    #[arg(long, value_name = "URI", env = "KEYFOB_TOKEN", hide_env_values = true, global = true)]
    token: Option<String>,
    /// Print JSON documents
    #[arg(long, global = true)]
    pub json: bool,
    /// Use colours; NO_COLOR counts as well
    #[arg(long, value_name = "WHEN", value_enum, default_value_t, global = true)]
    pub color: Color,
    /// Say only what was asked for
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// How long an answer of the token may take, such as 500ms, 5s or 1m
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "5s", global = true)]
    timeout: Option<Duration>,
    /// Record what goes to fobs and back in a new pcapng file, for `keyfob trace` and Wireshark
    #[arg(long, value_name = "FILE", global = true)]
    trace: Option<PathBuf>,
    /// Take every question as answered with yes
    #[arg(short, long, global = true)]
    pub yes: bool,
    /// Never ask anything
    #[arg(long, global = true)]
    pub no_input: bool,
}

/// When to use colours.
#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Global {
    /// The token that was named.
    ///
    /// # Errors
    /// `token-unknown`, if it is no token's.
    pub fn token(&self) -> Result<Option<TokenUri>, Failure> {
        Ok(self.token.as_deref().map(str::parse).transpose()?)
    }

    /// How long an answer of the token may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(TIMEOUT)
    }

    /// Begins to record connections, if that was asked for.
    ///
    /// # Errors
    /// `file-exists`, `file-unwritable`.
    pub(crate) fn begin_trace(&self) -> Result<(), Failure> {
        let Some(path) = &self.trace else { return Ok(()) };
        let said = path.display();
        keyfob::trace_to(path).map(drop).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                Failure::new("file-exists", Exit::Failure, format_args!("{said} is there already"))
            }
            _ => Failure::new("file-unwritable", Exit::Failure, format_args!("cannot write {said}: {error}")),
        })
    }
}

const TIMEOUT: Duration = Duration::from_secs(5);
/// Longer than anybody waits, and no sum of instants overflows.
const MAX_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads a time such as `500ms`, `5s` or `1m`, at most a day and not 0.
///
/// # Errors
/// What to say instead, if it is none.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "say for example 500ms, 5s or 1m, at most a day".to_owned();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let milliseconds: u64 = match &text[digits.len()..] {
        "ms" => 1,
        "s" | "" => 1000,
        "m" => 60_000,
        _ => return Err(wrong()),
    };
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let duration = number.checked_mul(milliseconds).map(Duration::from_millis).ok_or_else(wrong)?;
    if duration.is_zero() || duration > MAX_TIMEOUT { Err(wrong()) } else { Ok(duration) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, milliseconds) in [("500ms", 500), ("5s", 5000), ("5", 5000), ("1m", 60_000), ("1440m", 86_400_000)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "s", "0", "0ms", "-1s", "1.5s", "1h", "5 s", "1441m", "99999999999999999999s", "5µs", "+"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
