//! A report for the vendor, in one file: text for people, then the same as one line of JSON.

use keyfob_terminal::{Exit, Failure};
use serde::Serialize;

use super::report::Report;
use crate::date;

/// What is ahead of the JSON.
const HEAD: &str = "\
A report of `keyfob doctor` for the vendor of the fob. It has the fob's serial, and what the computer shows of the fob.
It has no names of users or computers, no paths but a device's, and no keys.

";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    /// Seconds since 1970, by this computer's clock.
    time: u64,
    processor: &'static str,
    #[serde(flatten)]
    report: &'a Report,
}

/// Makes the file.
///
/// # Security
/// It is made of codes, numbers and words of our own. What others have named is left out, not searched for.
pub(super) fn bundle(report: &Report) -> Result<Vec<u8>, Failure> {
    let report = report.without_words_of_others();
    let (time, processor) = (date::now().0, std::env::consts::ARCH);
    let document = Document { schema: "keyfob.doctor-bundle.v1", time, processor, report: &report };
    let json = serde_json::to_string(&document).map_err(|error| {
        Failure::new("file-unwritable", Exit::Failure, format_args!("cannot write the report: {error}"))
    })?;
    Ok(format!("{HEAD}{}\n{json}\n", report.text()).into_bytes())
}
