//! `keyfob trace replay`.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use clap::Args;
use keyfob::{Connect, TokenUri, Transport};
use keyfob_terminal::{Exit, Failure, Global};
use keyfob_wire::Report;
use serde::Serialize;

use super::recording::{File, Record, words};
use super::show::channel;
use crate::fob;
use crate::value::to_hex;

/// How long to listen in the end for what had not come then.
const AFTERWARDS: Duration = Duration::from_millis(100);

#[derive(Args)]
pub(in crate::command) struct Replay {
    #[command(flatten)]
    file: File,
    /// Send as soon as the answers are there, without the pauses that were made then
    #[arg(long)]
    fast: bool,
}

/// How what comes back compares.
#[derive(Serialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    /// It was sent.
    Sent,
    /// The same as then, to the byte.
    Same,
    /// Something else than then.
    Differs,
    /// Something came then, and nothing now.
    Missing,
    /// Something came now, and nothing then.
    More,
    /// It had failed then, and isn't repeated.
    Skipped,
}

/// A line: with `--json`, each is a document of its own.
#[derive(Serialize)]
struct Line {
    connection: usize,
    outcome: Outcome,
    /// What was sent or came back then.
    recorded: Option<String>,
    /// What came back now.
    received: Option<String>,
    #[serde(skip)]
    text: String,
}

impl Replay {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let records = self.file.records(global)?;
        let mut token = fob::token(global)?;
        let mut session = Session { global, token: &mut token, open: BTreeMap::new(), different: 0, sent: 0, same: 0 };
        session.play(&records, !self.fast)?;
        let Session { different, sent, same, .. } = session;
        global.note(format_args!("{sent} reports sent; {same} answers as recorded, {different} otherwise"));
        if different > 0 {
            let message = format_args!("{different} answers are otherwise than in the trace");
            return Err(Failure::new("trace-differs", Exit::Failure, message));
        }
        Ok(Exit::Done)
    }
}

/// The connections while a trace is played.
struct Session<'a> {
    global: &'a Global,
    token: &'a mut TokenUri,
    open: BTreeMap<usize, Box<dyn Transport>>,
    different: usize,
    sent: usize,
    same: usize,
}

impl Session<'_> {
    fn play(&mut self, records: &[Record], with_pauses: bool) -> Result<(), Failure> {
        let (began, first) = (Instant::now(), records.first().map_or(0, |record| record.time));
        for (at, record) in records.iter().enumerate() {
            let due = Duration::from_nanos(record.time.saturating_sub(first));
            if with_pauses && !record.is_in {
                std::thread::sleep(due.saturating_sub(began.elapsed()));
            }
            match &record.report {
                Ok(report) if record.is_in => self.expect(record.connection, report)?,
                Ok(report) => self.send(record.connection, report)?,
                Err(_) => self.print(record.connection, Outcome::Skipped, None, None)?,
            }
            // A connection that another one follows is closed as it was then.
            if !records[at + 1..].iter().any(|later| later.connection == record.connection) {
                self.close(record.connection)?;
            }
        }
        Ok(())
    }

    fn transport(&mut self, connection: usize) -> Result<&mut Box<dyn Transport>, Failure> {
        use std::collections::btree_map::Entry;
        match self.open.entry(connection) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => {
                Ok(entry.insert(self.token.connect().map_err(|error| unreachable(self.token, error))?))
            }
        }
    }

    fn send(&mut self, connection: usize, report: &Report) -> Result<(), Failure> {
        self.transport(connection)?.send(report).map_err(|_| Failure::from(keyfob::Error::Unplugged))?;
        self.sent += 1;
        self.print(connection, Outcome::Sent, Some(report), None)
    }

    fn expect(&mut self, connection: usize, report: &Report) -> Result<(), Failure> {
        let timeout = self.global.timeout();
        match self.transport(connection)?.receive(timeout) {
            Ok(Some(received)) if received == *report => {
                self.same += 1;
                self.print(connection, Outcome::Same, Some(report), Some(&received))
            }
            Ok(received) => {
                self.different += 1;
                let outcome = if received.is_some() { Outcome::Differs } else { Outcome::Missing };
                self.print(connection, outcome, Some(report), received.as_ref())
            }
            Err(_) => Err(keyfob::Error::Unplugged.into()),
        }
    }

    /// Listens for what there had not been, and closes the connection.
    fn close(&mut self, connection: usize) -> Result<(), Failure> {
        let Some(mut transport) = self.open.remove(&connection) else { return Ok(()) };
        while let Ok(Some(received)) = transport.receive(AFTERWARDS) {
            self.different += 1;
            self.print(connection, Outcome::More, None, Some(&received))?;
        }
        Ok(())
    }

    fn print(
        &self,
        connection: usize,
        outcome: Outcome,
        recorded: Option<&Report>,
        received: Option<&Report>,
    ) -> Result<(), Failure> {
        let what = |report: &Report| format!("{}  {}", channel(report), words(report));
        let line = |arrow: &str, remark: &str, report: Option<&Report>| {
            let data = report.filter(|_| self.global.verbose || outcome == Outcome::Differs);
            let data = data.map(|report| format!("  {}", to_hex(report))).unwrap_or_default();
            format!("{connection}  {arrow:<3}  {remark:<8}  {}{data}\n", report.map(what).unwrap_or_default())
        };
        let text = match outcome {
            Outcome::Sent => line("out", "", recorded),
            Outcome::Same => line("in", "same", recorded),
            Outcome::Differs => line("in", "recorded", recorded) + &line("in", "differs", received),
            Outcome::Missing => line("in", "missing", recorded),
            Outcome::More => line("in", "more", received),
            Outcome::Skipped => line("", "skipped", None),
        };
        let hex = |report: Option<&Report>| report.map(|report| to_hex(report));
        let line = Line { connection, outcome, recorded: hex(recorded), received: hex(received), text };
        self.global.print("keyfob.trace-replay.v1", &line, || line.text.clone())
    }
}

fn unreachable(token: &TokenUri, source: io::Error) -> Failure {
    let (uri, kind) = (token.to_string(), source.kind());
    let error = source.downcast::<keyfob::Error>().unwrap_or_else(|source| match kind {
        io::ErrorKind::PermissionDenied => keyfob::Error::Permission { uri },
        _ => keyfob::Error::Unreachable { uri, source },
    });
    error.into()
}
