//! Reports: what the transport carries. Spec §2.
//!
//! | report | offset 0 | 4 | 5 | 7 |
//! |---|---|---|---|---|
//! | first | channel `u32` | command `u8`, bit 7 set | message length `u16` | first 57 bytes of the message |
//! | following | channel `u32` | sequence `u8`, bit 7 clear | next 59 bytes from offset 5 | |

use crate::{ChannelId, Command, cursor::join};

/// Bytes of a report.
pub const REPORT_SIZE: usize = 64;

/// What the transport carries, in both directions.
pub type Report = [u8; REPORT_SIZE];

/// Bytes of a message in its first report.
pub const FIRST_CAPACITY: usize = REPORT_SIZE - 7;

/// Bytes of a message in each report after its first.
pub const FOLLOWING_CAPACITY: usize = REPORT_SIZE - 5;

/// A report as read. Every 64 bytes are one; what they claim is still to be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Begins a message.
    First {
        /// The channel.
        channel: ChannelId,
        /// The command's byte, maybe of none that is known; bit 7 is set.
        command: u8,
        /// The length of the whole message as claimed, up to 65,535.
        length: usize,
        /// The message's first bytes.
        data: &'a [u8; FIRST_CAPACITY],
    },
    /// Continues a message.
    Following {
        /// The channel.
        channel: ChannelId,
        /// The number of this report among those that follow, 0 to 127.
        sequence: u8,
        /// The message's next bytes.
        data: &'a [u8; FOLLOWING_CAPACITY],
    },
}

impl<'a> Frame<'a> {
    /// Reads a report.
    #[must_use]
    pub fn parse(report: &'a Report) -> Self {
        if report[4] & FIRST == 0 {
            let [c0, c1, c2, c3, sequence, data @ ..] = report;
            let channel = ChannelId(u32::from_be_bytes([*c0, *c1, *c2, *c3]));
            Self::Following { channel, sequence: *sequence, data }
        } else {
            let [c0, c1, c2, c3, command, high, low, data @ ..] = report;
            let channel = ChannelId(u32::from_be_bytes([*c0, *c1, *c2, *c3]));
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            Self::First { channel, command: *command, length, data }
        }
    }

    /// The channel that the report is on.
    #[must_use]
    pub fn channel(&self) -> ChannelId {
        match self {
            Self::First { channel, .. } | Self::Following { channel, .. } => *channel,
        }
    }

    /// The message, if this report is all of it.
    #[must_use]
    pub fn whole_message(&self) -> Option<&'a [u8]> {
        match *self {
            Self::First { length, data, .. } => data.get(..length),
            Self::Following { .. } => None,
        }
    }
}

/// Writes a first report with as much of the message as fits.
pub(crate) fn first(channel: ChannelId, command: Command, length: u16, message: &[u8]) -> Report {
    join(&[&channel.0.to_be_bytes(), &[command.byte()], &length.to_be_bytes(), message])
}

/// Writes a following report with as much of the rest of the message as fits.
pub(crate) fn following(channel: ChannelId, sequence: u8, rest: &[u8]) -> Report {
    join(&[&channel.0.to_be_bytes(), &[sequence & !FIRST], rest])
}

/// The bit of byte 4 that tells first reports from following ones.
const FIRST: u8 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;

    /// Byte 4 and the length are all that decides; every value of them is tried.
    #[test]
    fn every_report_reads_as_something() {
        for kind in 0..=u8::MAX {
            for length in [0, 1, 56, 57, 58, 59, 4095, 4096, 4097, 0x7fff, 0x8000, 0xffff_u16] {
                for channel in [0, 1, u32::MAX] {
                    let mut report = [0xa5; REPORT_SIZE];
                    report[..4].copy_from_slice(&channel.to_be_bytes());
                    report[4] = kind;
                    report[5..7].copy_from_slice(&length.to_be_bytes());
                    let frame = Frame::parse(&report);
                    assert_eq!(frame.channel(), ChannelId(channel));
                    match frame {
                        Frame::First { command, length: claimed, data, .. } => {
                            assert!(kind >= 0x80);
                            assert_eq!((command, claimed), (kind, usize::from(length)));
                            assert_eq!(data, &report[7..]);
                            assert_eq!(frame.whole_message().map(<[u8]>::len), (claimed <= 57).then_some(claimed));
                        }
                        Frame::Following { sequence, data, .. } => {
                            assert!(kind < 0x80);
                            assert_eq!(sequence, kind);
                            assert_eq!(data, &report[5..]);
                            assert_eq!(frame.whole_message(), None);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn written_reports_have_the_layout_of_the_specification() {
        let report = first(ChannelId(0x0102_0304), Command::Record, 0x0506, &[7; 60]);
        assert_eq!(report[..7], [1, 2, 3, 4, 0x94, 5, 6]);
        assert_eq!(report[7..], [7; 57]);
        let report = following(ChannelId(0x0102_0304), 127, &[8; 3]);
        assert_eq!(report[..8], [1, 2, 3, 4, 127, 8, 8, 8]);
        assert_eq!(report[8..], [0; 56]);
    }
}
