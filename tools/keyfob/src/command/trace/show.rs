//! `keyfob trace show`.

use std::fmt;

use clap::Args;
use jiff::Timestamp;
use keyfob_terminal::{Exit, Failure, Global};
use keyfob_wire::{Frame, Report};
use serde::Serialize;

use super::recording::{File, Record, failure_words, words};
use crate::value::to_hex;

#[derive(Args)]
pub(in crate::command) struct Show {
    #[command(flatten)]
    file: File,
}

/// A line: with `--json`, each is a document of its own.
#[derive(Serialize)]
pub(super) struct Line {
    /// RFC 3339, in nanoseconds.
    time: String,
    /// Since the first one, in nanoseconds.
    since: u64,
    connection: usize,
    direction: &'static str,
    /// Eight hexadecimal digits.
    channel: Option<String>,
    /// Of a report that begins a message.
    command: Option<String>,
    /// The message's length, as it claims.
    length: Option<usize>,
    /// Of a report that continues one.
    sequence: Option<u8>,
    /// Why it failed.
    failure: Option<&'static str>,
    /// All of the report.
    data: Option<String>,
}

impl Show {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let records = self.file.records(global)?;
        let first = records.first().map_or(0, |record| record.time);
        for record in &records {
            let line = Line::new(record, first);
            let is_read = global.print_more("keyfob.trace-report.v1", &line, || {
                let data = line.data.as_ref().filter(|_| global.verbose).map(|data| format!("  {data}"));
                format!("{line}{}\n", data.unwrap_or_default())
            })?;
            if !is_read {
                break;
            }
        }
        let (out, back) = records.iter().partition::<Vec<_>, _>(|record| !record.is_in);
        global.note(format_args!("{} reports to fobs, {} from them", reports(&out), reports(&back)));
        Ok(Exit::Done)
    }
}

fn reports(records: &[&Record]) -> usize {
    records.iter().filter(|record| record.report.is_ok()).count()
}

impl Line {
    pub(super) fn new(record: &Record, first: u64) -> Self {
        let time = i128::from(record.time);
        let report = record.report.as_ref().ok();
        let (length, sequence) = match report.map(Frame::parse) {
            Some(Frame::First { length, .. }) => (Some(length), None),
            Some(Frame::Following { sequence, .. }) => (None, Some(sequence)),
            None => (None, None),
        };
        Self {
            time: Timestamp::from_nanosecond(time).map(|time| time.to_string()).unwrap_or_default(),
            since: record.time.saturating_sub(first),
            connection: record.connection,
            direction: if record.is_in { "in" } else { "out" },
            channel: report.map(channel),
            command: report.filter(|_| length.is_some()).map(words),
            length,
            sequence,
            failure: record.report.err().map(failure_words),
            data: report.map(|report| to_hex(report)),
        }
    }
}

pub(super) fn channel(report: &Report) -> String {
    format!("{:08x}", Frame::parse(report).channel().0)
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, micros) = (self.since / 1_000_000_000, self.since / 1000 % 1_000_000);
        write!(f, "{seconds:>4}.{micros:06}  {}  {:<3}  ", self.connection, self.direction)?;
        if let Some(failure) = self.failure {
            return write!(f, "{failure}");
        }
        write!(f, "{}  ", self.channel.as_deref().unwrap_or_default())?;
        match (&self.command, self.length, self.sequence) {
            (Some(command), Some(length), _) => write!(f, "{command}, {length} bytes"),
            (_, _, Some(sequence)) => write!(f, "  and on, {sequence}"),
            _ => Ok(()),
        }
    }
}
