//! `keyfob check`.

use clap::Args;
use keyfob::{Details, FeatureId, Modules, Refusal, Status, Verdict, Warning};
use keyfob_terminal::{Exit, Failure, Global};
use serde::Serialize;

use crate::app::App;
use crate::{date, value};

#[derive(Args)]
pub(super) struct Check {
    #[command(flatten)]
    app: App,
    /// The modules that are needed, all of them: hexadecimal digits, one bit for each
    #[arg(long, value_name = "HEX", value_parser = value::modules, default_value = "0")]
    modules: Modules,
}

#[derive(Serialize)]
struct Document {
    serial: String,
    emulated: bool,
    feature: u32,
    allowed: bool,
    /// Why not: a code of `docs/errors.md`.
    code: Option<&'static str>,
    remaining: Option<u32>,
    next_change: Option<u64>,
    expires: Option<u64>,
    modules: Option<String>,
    /// What is wrong although the outcome doesn't say so.
    warning: Option<&'static str>,
}

impl Check {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let opened = self.app.open(global)?;
        let verdict = opened.session.check_modules(self.modules).map_err(|error| self.app.failed(error))?;
        let (details, code) = match verdict {
            Verdict::Full(details) => (details, None),
            Verdict::Denied(Refusal { status, details }) => (details, Some(status.slug())),
        };
        let document = Document {
            serial: opened.serial.to_string(),
            emulated: opened.is_emulated,
            feature: self.app.feature.0,
            allowed: code.is_none(),
            code,
            remaining: details.remaining.map(|units| units.0),
            next_change: details.next_change.map(|time| time.0),
            expires: details.expiry.map(|time| time.0),
            modules: details.modules.map(|modules| format!("{:x}", modules.0)),
            warning: details.warning.map(word),
        };
        if let Some(warning) = details.warning {
            global.warn(warning.words());
        }
        match verdict {
            Verdict::Full(details) => {
                let text = || format!("feature {} may be used{}\n", self.app.feature, limits(&details));
                global.print(SCHEMA, &document, text)?;
                Ok(Exit::Done)
            }
            Verdict::Denied(refusal) => {
                // A no is a result as well: the document tells more than the error can.
                if global.json {
                    global.print(SCHEMA, &document, String::new)?;
                }
                Err(denied(self.app.feature, &refusal))
            }
        }
    }
}

const SCHEMA: &str = "keyfob.check.v1";

pub(super) fn denied(feature: FeatureId, refusal: &Refusal) -> Failure {
    let Refusal { status, details } = *refusal;
    let when = match status {
        Status::Expired => details.expiry.map(|time| format!(" since {}", date::written(time))),
        Status::NotYetValid => details.next_change.map(|time| format!(", on {}", date::written(time))),
        _ => None,
    };
    let message = format!("feature {feature} may not be used: {}{}", status.meaning(), when.unwrap_or_default());
    Failure::new(status.slug(), Failure::from(keyfob::Error::Refused(status)).exit(), message)
}

/// A warning's word in documents.
fn word(warning: Warning) -> &'static str {
    match warning {
        Warning::ClockBehind => "clock-behind",
        _ => "unknown",
    }
}

pub(super) fn limits(details: &Details) -> String {
    let left = details.remaining.map(|units| format!(", {units} left"));
    let until = details.expiry.map(|time| format!(", until {}", date::written(time)));
    left.unwrap_or_default() + &until.unwrap_or_default()
}
