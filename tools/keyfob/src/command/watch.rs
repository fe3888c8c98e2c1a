//! `keyfob watch`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;
use keyfob::{Event, Labels, Place};
use keyfob_terminal::{Exit, Failure, Global, duration, plain};
use serde::Serialize;

/// How soon Ctrl-C ends it.
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Args)]
pub(super) struct Watch {
    /// End after this time, such as 500ms, 5s or 1m
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    longest: Option<Duration>,
    /// End after so many fobs have come or gone, those that are there from the start included
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

/// A line: with `--json`, each is a document of its own.
#[derive(Serialize)]
struct Line {
    /// RFC 3339.
    time: String,
    event: &'static str,
    uri: String,
    /// By the bus's word; nothing is opened.
    serial: Option<String>,
    label: Option<String>,
}

impl Watch {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let is_stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&is_stopped);
        ctrlc::set_handler(move || stop.store(true, Ordering::Relaxed))
            .map_err(|error| Failure::new("watch-failed", Exit::Failure, format_args!("cannot wait: {error}")))?;
        let began = Instant::now();
        let mut left = self.count;
        let mut watch = keyfob::watch();
        while !is_stopped.load(Ordering::Relaxed) && left != Some(0) {
            let time_left = self.longest.map_or(PAUSE, |longest| longest.saturating_sub(began.elapsed()));
            if time_left.is_zero() {
                break;
            }
            let Some(event) = watch.next_within(time_left.min(PAUSE)) else { continue };
            let line = Line::new(&event);
            if !global.print_more("keyfob.watch.v1", &line, || line.text())? {
                break;
            }
            left = left.map(|left| left - 1);
        }
        Ok(Exit::Done)
    }
}

impl Line {
    fn new(event: &Event) -> Self {
        let (word, place) = match event {
            Event::Arrived(place) => ("arrived", Some(place)),
            Event::Left(place) => ("left", Some(place)),
            _ => ("changed", None),
        };
        let serial = place.and_then(|Place { device, .. }| device.as_ref()?.serial);
        // Names are a comfort: a damaged file hides no fob.
        let labels = Labels::load().unwrap_or_default();
        let now = Timestamp::now();
        Self {
            time: now.round(jiff::Unit::Millisecond).unwrap_or(now).to_string(),
            event: word,
            uri: place.map(|place| place.uri.to_string()).unwrap_or_default(),
            serial: serial.map(|serial| serial.to_string()),
            label: serial.and_then(|serial| labels.name(serial)).map(str::to_owned),
        }
    }

    fn text(&self) -> String {
        let name = self.serial.iter().chain(&self.label).map(|name| format!("  {}", plain(name))).collect::<String>();
        format!("{}  {:<7}  {}{name}\n", self.time, self.event, plain(&self.uri))
    }
}
