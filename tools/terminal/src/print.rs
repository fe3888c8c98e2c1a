//! Data goes to standard output, words to standard error.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

use clap::builder::styling::{AnsiColor, Style};
use serde::Serialize;

use crate::{Exit, Failure, Global};

impl Global {
    /// Prints a command's result on standard output: with `--json` the document, on one line with its schema ahead,
    /// otherwise the text, which brings its own line ends.
    ///
    /// # Errors
    /// If writing fails. That nobody reads any more is no error.
    pub fn print<T: Serialize, D: Display>(
        &self,
        schema: &str,
        body: &T,
        text: impl FnOnce() -> D,
    ) -> Result<(), Failure> {
        self.print_more(schema, body, text).map(drop)
    }

    /// The same for one of several results; tells whether anybody still reads.
    ///
    /// # Errors
    /// If writing fails.
    pub fn print_more<T: Serialize, D: Display>(
        &self,
        schema: &str,
        body: &T,
        text: impl FnOnce() -> D,
    ) -> Result<bool, Failure> {
        let mut out = anstream::stdout().lock();
        let written = if self.json {
            serde_json::to_writer(&mut out, &Document { schema, body })
                .map_err(io::Error::from)
                .and_then(|()| out.write_all(b"\n"))
        } else {
            write!(out, "{}", text())
        };
        finished(written.and_then(|()| out.flush()))
    }

    /// Writes bytes to standard output as they are.
    ///
    /// # Errors
    /// If writing fails. That nobody reads any more is no error.
    pub fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        finished(out.write_all(bytes).and_then(|()| out.flush())).map(drop)
    }

    /// Says something by the way on standard error, unless told to be quiet. With `--json` it says nothing: standard
    /// error is for the error's document alone.
    pub fn note(&self, text: impl Display) {
        if !self.quiet && !self.json {
            // There is nobody to tell if this fails.
            let _ = writeln!(anstream::stderr(), "{text}");
        }
    }

    /// Says something that people should not miss, as [`note`](Self::note) but not silenced by `-q`.
    pub fn warn(&self, text: impl Display) {
        if !self.json {
            let _ = writeln!(anstream::stderr(), "{YELLOW}{text}{YELLOW:#}");
        }
    }
}

/// Whether anybody still reads.
fn finished(written: io::Result<()>) -> Result<bool, Failure> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::new("output-failed", Exit::Failure, format_args!("cannot print: {error}"))),
    }
}

const YELLOW: Style = AnsiColor::Yellow.on_default().bold();

#[derive(Serialize)]
struct Document<'a, T> {
    schema: &'a str,
    #[serde(flatten)]
    body: &'a T,
}
