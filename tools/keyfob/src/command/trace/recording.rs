//! What is in a trace: our own, or what Wireshark and usbmon captured of a fob on Linux.

use std::path::{Path, PathBuf};

use clap::Args;
use keyfob_pcapng::{Damaged, Kind, Packet, Reader, Transfer};
use keyfob_terminal::{Exit, Failure, Global, read_up_to};
use keyfob_wire::{Command, Frame, Report};

/// A million reports.
const MAX_TRACE: u64 = 256 << 20;
/// The endpoint that fobs have, without its direction.
const ENDPOINT: u8 = 1;
const DIRECTION: u8 = 0x80;

/// The trace that a command is about.
#[derive(Args)]
pub(super) struct File {
    /// The trace, as --trace, KEYFOB_TRACE or Wireshark made it; - is standard input
    #[arg(value_name = "FILE")]
    path: PathBuf,
}

/// What happened on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// The connections count from 1, in the order of the file.
    pub(super) connection: usize,
    /// In nanoseconds since 1970.
    pub(super) time: u64,
    /// Whether it is to the host.
    pub(super) is_in: bool,
    /// A report, or the error number of Linux's with which it failed.
    pub(super) report: Result<Report, i32>,
}

impl File {
    /// Reads all that is whole. A trace that was cut short, as by a crash, is read up to there.
    pub(super) fn records(&self, global: &Global) -> Result<Vec<Record>, Failure> {
        let bytes = read_up_to(&self.path, MAX_TRACE)?;
        let (records, damaged) = records(&bytes);
        match damaged {
            None => {}
            Some(damaged @ Damaged::CutShort(_)) if !records.is_empty() => {
                global.warn(format_args!("{}: {damaged}; what is before is shown", self.path.display()));
            }
            Some(damaged) => return Err(not_read(&self.path, damaged)),
        }
        Ok(records)
    }
}

fn not_read(path: &Path, damaged: Damaged) -> Failure {
    Failure::new("trace-unreadable", Exit::Failure, format_args!("cannot read {}: {damaged}", path.display()))
}

fn records(bytes: &[u8]) -> (Vec<Record>, Option<Damaged>) {
    let (mut records, mut connections) = (Vec::new(), Vec::new());
    for packet in Reader::new(bytes) {
        let packet = match packet {
            Ok(packet) => packet,
            Err(damaged) => return (records, Some(damaged)),
        };
        let Some((transfer, report)) = packet.transfer().and_then(|transfer| Some((transfer, event(&transfer)?)))
        else {
            continue;
        };
        let name = name(&packet, &transfer);
        let known = connections.iter().position(|one| *one == name);
        let connection = known.unwrap_or_else(|| {
            connections.push(name);
            connections.len() - 1
        });
        records.push(Record { connection: connection + 1, time: packet.nanoseconds, is_in: transfer.is_in(), report });
    }
    (records, None)
}

/// What tells a connection from others: in our own traces the interface alone, in those of a bus the device.
fn name(packet: &Packet<'_>, transfer: &Transfer<'_>) -> (u32, u32, u16, u8) {
    (packet.section, packet.interface, transfer.bus, transfer.device)
}

/// A report, or a failure; nothing if it is neither, such as an empty submission or another device's transfer.
fn event(transfer: &Transfer<'_>) -> Option<Result<Report, i32>> {
    if transfer.kind != Kind::Interrupt || transfer.endpoint & !DIRECTION != ENDPOINT {
        return None;
    }
    match Report::try_from(transfer.data) {
        Ok(report) => Some(Ok(report)),
        Err(_) if transfer.data.is_empty() && IS_FAILURE.contains(&transfer.status) => Some(Err(transfer.status)),
        Err(_) => None,
    }
}

/// Linux's ENODEV, EPIPE, ESHUTDOWN, EPROTO, EILSEQ and ETIME: the device has gone, stalled, or garbles. Others are the
/// host's own doing.
const IS_FAILURE: [i32; 6] = [-19, -32, -108, -71, -84, -62];

/// What a report is, in words: its command, or its place in a message.
pub(super) fn words(report: &Report) -> String {
    match Frame::parse(report) {
        Frame::First { command, .. } => {
            Command::from_byte(command).map_or_else(|| format!("0x{command:02x}"), |command| command.word().to_owned())
        }
        Frame::Following { sequence, .. } => format!("+{sequence}"),
    }
}

/// What a failure is, in words.
pub(super) fn failure_words(status: i32) -> &'static str {
    match status {
        -32 => "stalled",
        -71 | -84 | -62 => "garbled",
        _ => "gone",
    }
}

#[cfg(test)]
mod tests {
    use keyfob_pcapng::{Event, Interface, LINKTYPE_USB_LINUX_MMAPPED, interface, packet, section};

    use super::*;

    fn file(transfers: &[Transfer<'_>]) -> Vec<u8> {
        let bus = Interface::new(LINKTYPE_USB_LINUX_MMAPPED, "usbmon1", "");
        let packets =
            transfers.iter().enumerate().flat_map(|(at, transfer)| packet(0, at as u64, &transfer.to_bytes(0)));
        [section(""), interface(&bus)].concat().into_iter().chain(packets).collect()
    }

    /// What usbmon captures of a bus: each transfer twice, other devices, cancelled transfers.
    #[test]
    fn of_a_captured_bus_the_reports_are_left() {
        let data = [5; 64];
        let whole = Transfer::interrupt(1, (1, 4), 0x81, &data);
        let empty = Transfer { data: &[], ..whole };
        let out = Transfer { endpoint: 0x01, event: Event::Submitted, ..whole };
        let file = file(&[
            Transfer { event: Event::Submitted, status: -115, ..empty },
            whole,
            out,
            Transfer { event: Event::Completed, data: &[], ..out },
            Transfer { data: &data[..8], ..whole },
            Transfer { endpoint: 0x82, ..whole },
            Transfer { kind: Kind::Bulk, ..whole },
            Transfer { status: -2, ..empty },
            Transfer { device: 9, ..whole },
            Transfer { status: -32, ..empty },
        ]);
        let (records, damaged) = records(&file);
        assert_eq!(damaged, None);
        let record = |connection, time, is_in, report| Record { connection, time, is_in, report };
        assert_eq!(
            records,
            [
                record(1, 1, true, Ok(data)),
                record(1, 2, false, Ok(data)),
                record(2, 8, true, Ok(data)),
                record(1, 9, true, Err(-32)),
            ]
        );
    }

    #[test]
    fn reports_in_words() {
        let mut report = [0; 64];
        for (byte, said) in [(0x86, "INIT"), (0x94, "RECORD"), (0xff, "0xff"), (0, "+0"), (127, "+127")] {
            report[4] = byte;
            assert_eq!(words(&report), said);
        }
    }
}
