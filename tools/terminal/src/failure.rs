//! Errors for people: what, what next, and where more is written.

use std::fmt::Display;
use std::io::{self, Write};

use clap::builder::styling::{AnsiColor, Style};
use serde::Serialize;

use crate::{Exit, plain, text};

/// Why a command did not do what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Failure {
    code: &'static str,
    message: String,
    hint: String,
    exit: Exit,
}

impl Failure {
    /// Makes a failure of a code that has a section in `docs/errors.md`. Its hint is the code's, if it has a
    /// [text](crate::text()).
    pub fn new(code: &'static str, exit: Exit, message: impl Display) -> Self {
        let hint = text(code).map_or("", |text| text.hint);
        Self { code, message: message.to_string(), hint: hint.to_owned(), exit }
    }

    /// Makes a failure of a request that makes no sense.
    pub fn usage(message: impl Display) -> Self {
        Self::new("usage", Exit::Usage, message)
    }

    /// Says something more fitting than the code's hint.
    pub fn hint(mut self, hint: impl Display) -> Self {
        self.hint = hint.to_string();
        self
    }

    /// Says what it is about, ahead of what went wrong.
    pub fn about(mut self, what: impl Display) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// What went wrong.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do next.
    #[must_use]
    pub fn next(&self) -> &str {
        &self.hint
    }

    /// How the command ends.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Writes the failure: exactly three lines, or one JSON document.
    ///
    /// # Errors
    /// If writing fails.
    pub fn write(&self, out: &mut dyn Write, json: bool) -> io::Result<()> {
        let Self { code, exit, .. } = self;
        let (message, hint) = (plain(&self.message), plain(&self.hint));
        if json {
            let document = Document { schema: SCHEMA, code, message: &message, hint: &hint, exit: *exit as u8 };
            serde_json::to_writer(&mut *out, &document)?;
            return out.write_all(b"\n");
        }
        writeln!(out, "{RED}error:{RED:#} {message} {DIM}[{code}]{DIM:#}")?;
        writeln!(out, "{BOLD}hint:{BOLD:#}  {hint}")?;
        writeln!(out, "{BOLD}docs:{BOLD:#}  docs/errors.md#{code}")
    }
}

impl From<keyfob::Error> for Failure {
    fn from(error: keyfob::Error) -> Self {
        let message = match &error {
            keyfob::Error::Refused(status) => format!("the fob refuses: {}", status.meaning()),
            error => error.to_string(),
        };
        Self { code: error.code(), message, hint: error.hint().to_owned(), exit: error.kind().into() }
    }
}

impl From<keyfob::UriError> for Failure {
    fn from(error: keyfob::UriError) -> Self {
        keyfob::Error::from(error).into()
    }
}

const SCHEMA: &str = "keyfob.error.v1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'a str,
    code: &'a str,
    message: &'a str,
    hint: &'a str,
    exit: u8,
}

const RED: Style = AnsiColor::Red.on_default().bold();
const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

#[cfg(test)]
mod tests {
    use super::*;

    fn written(failure: &Failure, json: bool) -> String {
        let mut out = anstream::StripStream::new(Vec::new());
        failure.write(&mut out, json).unwrap();
        String::from_utf8(out.into_inner()).unwrap()
    }

    #[test]
    fn three_lines_whatever_the_message() {
        let failure = Failure::usage("a\nb\r\u{1b}[31mc\u{2028}\u{202e}").about("x").hint("y\nz");
        let text = written(&failure, false);
        assert_eq!(
            text,
            "error: x: a\\nb\\r\\u{1b}[31mc\\u{2028}\\u{202e} [usage]\nhint:  y\\nz\ndocs:  docs/errors.md#usage\n"
        );
    }

    #[test]
    fn one_document_with_its_schema() {
        let text = written(&keyfob::Error::NoToken.into(), true);
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(text.lines().count(), 1);
        assert_eq!(document["schema"], "keyfob.error.v1");
        assert_eq!(document["code"], "no-token");
        assert_eq!(document["exit"], 3);
    }

    #[test]
    fn refusals_end_as_their_kind_says() {
        use keyfob::Status;
        for (status, exit) in [
            (Status::Expired, Exit::Licence),
            (Status::Busy, Exit::Busy),
            (Status::UnknownVendor, Exit::NoToken),
            (Status::UpdateForked, Exit::Verification),
            (Status::StorageFailed, Exit::Failure),
        ] {
            let failure = Failure::from(keyfob::Error::Refused(status));
            assert_eq!((failure.code(), failure.exit()), (status.slug(), exit));
        }
    }
}
