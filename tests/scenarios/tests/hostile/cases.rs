//! What devices do wrong, by name.

use keyfob_wire::Report;

use super::{Heard, Wrong};

const INIT: u8 = 0x86;
const CANCEL: u8 = 0x96;
const KEEPALIVE: u8 = 0x97;
pub(crate) const ERROR: u8 = 0xbf;
/// INIT's answer begins here in its report.
const INIT_ANSWER: usize = 7;

pub(crate) const CASES: &[(&str, Wrong)] = &[
    // Reports lost, repeated and reordered.
    ("a report is lost", Wrong::Answer(|_, _| vec![])),
    ("a report comes twice", Wrong::Answer(|report, _| vec![*report; 2])),
    ("a report comes a hundred times", Wrong::Answer(|report, _| vec![*report; 100])),
    ("the report before comes in its place", Wrong::Answer(|_, before| before.last().copied().into_iter().collect())),
    ("the report before comes once more", Wrong::Answer(|report, before| ahead(report, before.last()))),
    ("all reports so far come once more", Wrong::Answer(|report, before| [before, &[*report]].concat())),
    (
        "all reports so far come backwards",
        Wrong::Answer(|report, before| before.iter().rev().chain([report]).copied().collect()),
    ),
    ("a report comes one and a half time-outs late", Wrong::Late(1.5)),
    ("a report comes half a time-out late", Wrong::Late(0.5)),
    // The header.
    ("a report is on channel 0", Wrong::Answer(|report, _| with(report, 0, &[0; 4]))),
    ("a report is on the broadcast channel", Wrong::Answer(|report, _| with(report, 0, &[0xff; 4]))),
    ("a report is on another channel", Wrong::Answer(|report, _| with(report, 3, &[report[3] ^ 1]))),
    ("a report has another command", Wrong::Answer(|report, _| with(report, 4, &[0x90]))),
    ("a report has a command that nobody knows", Wrong::Answer(|report, _| with(report, 4, &[0xff]))),
    ("a report is a CANCEL, which only hosts send", Wrong::Answer(|report, _| with(report, 4, &[CANCEL]))),
    ("a message has no first report", Wrong::Answer(|report, _| with(report, 4, &[report[4] & 0x7f]))),
    ("a report has the next sequence number", Wrong::Answer(|report, _| with(report, 4, &[report[4] ^ 1]))),
    ("a report has the last sequence number", Wrong::Answer(|report, _| with(report, 4, &[127]))),
    ("a message is of no length", Wrong::Answer(|report, _| with(report, 5, &[0, 0]))),
    ("a message is one byte long", Wrong::Answer(|report, _| with(report, 5, &[0, 1]))),
    ("a message is a byte longer", Wrong::Answer(|report, _| with(report, 6, &[report[6].wrapping_add(1)]))),
    ("a message is a byte shorter", Wrong::Answer(|report, _| with(report, 6, &[report[6].wrapping_sub(1)]))),
    ("a message is 4,096 bytes long", Wrong::Answer(|report, _| with(report, 5, &[0x10, 0]))),
    ("a message is 4,097 bytes long", Wrong::Answer(|report, _| with(report, 5, &[0x10, 1]))),
    ("a message is 65,535 bytes long", Wrong::Answer(|report, _| with(report, 5, &[0xff; 2]))),
    // The content.
    ("a report is all zeros", Wrong::Answer(|_, _| vec![[0; 64]])),
    ("a report is all ones", Wrong::Answer(|_, _| vec![[0xff; 64]])),
    (
        "a report is somebody else's protocol",
        Wrong::Answer(|_, _| vec![*b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n"]),
    ),
    ("a report's first byte of data is altered", Wrong::Answer(|report, _| with(report, 7, &[report[7] ^ 0x80]))),
    ("a report's middle is altered", Wrong::Answer(|report, _| with(report, 33, &[report[33] ^ 0x01]))),
    ("a report's last byte is altered", Wrong::Answer(|report, _| with(report, 63, &[report[63] ^ 0x01]))),
    ("a report ends early", Wrong::Answer(|report, _| with(report, 20, &[0; 44]))),
    // INIT's answer; elsewhere it is altered data.
    ("a token speaks no version", Wrong::Answer(|report, _| with(report, INIT_ANSWER + 12, &[0, 0]))),
    ("a token speaks later versions", Wrong::Answer(|report, _| with(report, INIT_ANSWER + 12, &[2, 255]))),
    ("a token speaks versions from 9 down to 0", Wrong::Answer(|report, _| with(report, INIT_ANSWER + 12, &[9, 0]))),
    ("a token claims another serial", Wrong::Answer(|report, _| with(report, INIT_ANSWER + 16, b"imposter"))),
    ("a token claims another power-up", Wrong::Answer(|report, _| with(report, INIT_ANSWER + 24, b"rebooted"))),
    ("a token claims to be blank", Wrong::Answer(|report, _| with(report, INIT_ANSWER + 35, &[0]))),
    ("a token claims a state that isn't", Wrong::Answer(|report, _| with(report, INIT_ANSWER + 35, &[0xee]))),
    ("a token gives channel 0", Wrong::Answer(|report, _| with(report, INIT_ANSWER + 8, &[0; 4]))),
    ("a token gives the broadcast channel", Wrong::Answer(|report, _| with(report, INIT_ANSWER + 8, &[0xff; 4]))),
    (
        "a token answers another's nonce",
        Wrong::Answer(|report, _| with(report, INIT_ANSWER, &[report[INIT_ANSWER] ^ 1])),
    ),
    // What nobody has signed.
    ("KEEPALIVE comes first", Wrong::Answer(|report, _| ahead(report, Some(&says(report, KEEPALIVE, &[1]))))),
    (
        "a hundred KEEPALIVEs come first",
        Wrong::Answer(|report, _| [vec![says(report, KEEPALIVE, &[1]); 100], vec![*report]].concat()),
    ),
    ("KEEPALIVE comes in an answer's place", Wrong::Answer(|report, _| vec![says(report, KEEPALIVE, &[1])])),
    (
        "KEEPALIVE says something that nobody knows",
        Wrong::Answer(|report, _| ahead(report, Some(&says(report, KEEPALIVE, &[0xff; 57])))),
    ),
    ("ERROR comes first", Wrong::Answer(|report, _| ahead(report, Some(&says(report, ERROR, &[0, 1]))))),
    ("ERROR comes behind", Wrong::Answer(|report, _| vec![*report, says(report, ERROR, &[0, 8])])),
    ("ERROR has no number", Wrong::Answer(|report, _| vec![says(report, ERROR, &[])])),
    ("ERROR has half a number", Wrong::Answer(|report, _| vec![says(report, ERROR, &[0])])),
    ("ERROR has a number that nobody knows", Wrong::Answer(|report, _| vec![says(report, ERROR, &[0xff, 0xfe])])),
    ("ERROR says that all is well", Wrong::Answer(|report, _| vec![says(report, ERROR, &[0, 0])])),
    ("ERROR is 57 bytes long", Wrong::Answer(|report, _| vec![says(report, ERROR, &[0; 57])])),
    // What the token hears.
    ("the token hears nothing", Wrong::Question(|_| vec![])),
    ("the token hears it twice", Wrong::Question(|report| vec![*report; 2])),
    ("the token hears it altered", Wrong::Question(|report| with(report, 40, &[report[40] ^ 1]))),
    ("the token hears it on another channel", Wrong::Question(|report| with(report, 3, &[report[3] ^ 1]))),
    (
        "the token hears another's INIT before",
        Wrong::Question(|report| vec![says(&[0xff; 64], INIT, b"somebody"), *report]),
    ),
    ("the token hears another's INIT instead", Wrong::Question(|_| vec![says(&[0xff; 64], INIT, b"somebody")])),
    ("the token hears CANCEL behind it", Wrong::Question(|report| vec![*report, says(report, CANCEL, &[])])),
    (
        "the token hears half a message of the channel's behind it",
        Wrong::Question(|report| vec![*report, first(report, 0x94, 4096)]),
    ),
    // From then on.
    ("silence", Wrong::Instead(|_, _| Heard::Nothing)),
    ("gone", Wrong::Instead(|_, _| Heard::Gone)),
    ("gone and back", Wrong::Instead(|_, _| Heard::Blink)),
    ("the question comes back", Wrong::Instead(|last, _| Heard::Report(*last))),
    ("zeros without end", Wrong::Instead(|_, _| Heard::Report([0; 64]))),
    ("noise without end", Wrong::Instead(|last, count| Heard::Report(noise(last, count)))),
    (
        "noise on the right channel without end",
        Wrong::Instead(|last, count| Heard::Report(with(&noise(last, count), 0, &last[..4])[0])),
    ),
    (
        "reports of another channel without end",
        Wrong::Instead(|last, _| Heard::Report(with(last, 3, &[last[3] ^ 1])[0])),
    ),
    ("KEEPALIVE without end", Wrong::Instead(|last, _| Heard::Report(says(last, KEEPALIVE, &[1])))),
    ("BUSY without end", Wrong::Instead(|last, _| Heard::Report(says(last, ERROR, &[0, 3])))),
    ("timed-out without end", Wrong::Instead(|last, _| Heard::Report(says(last, ERROR, &[0, 4])))),
    ("bad-sequence without end", Wrong::Instead(|last, _| Heard::Report(says(last, ERROR, &[0, 6])))),
    ("unknown-channel without end", Wrong::Instead(|last, _| Heard::Report(says(last, ERROR, &[0, 5])))),
    ("unknown-command without end", Wrong::Instead(|last, _| Heard::Report(says(last, ERROR, &[0, 2])))),
    ("session-refused without end", Wrong::Instead(|last, _| Heard::Report(says(last, ERROR, &[0, 8])))),
    (
        "session-refused after many KEEPALIVEs, without end",
        Wrong::Instead(|last, count| {
            let refuses = count % 1000 == 999;
            Heard::Report(if refuses { says(last, ERROR, &[0, 8]) } else { says(last, KEEPALIVE, &[1]) })
        }),
    ),
    (
        "KEEPALIVE for as long as it is believed, then gone and back, without end",
        Wrong::Instead(
            |last, count| {
                if count % 22 == 21 { Heard::Flicker } else { Heard::Slowly(says(last, KEEPALIVE, &[1])) }
            },
        ),
    ),
    (
        "KEEPALIVE for as long as it is believed, then session-refused, without end",
        Wrong::Instead(|last, count| {
            let refuses = count % 22 == 21;
            Heard::Slowly(if refuses { says(last, ERROR, &[0, 8]) } else { says(last, KEEPALIVE, &[1]) })
        }),
    ),
    (
        "BUSY and KEEPALIVE in turns without end",
        Wrong::Instead(|last, count| {
            Heard::Report(if count % 2 == 0 { says(last, ERROR, &[0, 3]) } else { says(last, KEEPALIVE, &[1]) })
        }),
    ),
    ("messages that begin without end", Wrong::Instead(|last, _| Heard::Report(first(last, last[4], 4096)))),
    (
        "a message that never ends",
        Wrong::Instead(|last, count| {
            Heard::Report(match count {
                0 => first(last, last[4], 4096),
                count => with(last, 4, &[(count - 1) as u8 & 0x7f])[0],
            })
        }),
    ),
    (
        "continuations without a start",
        Wrong::Instead(|last, count| Heard::Report(with(last, 4, &[count as u8 & 0x7f])[0])),
    ),
    ("whole messages of zeros", Wrong::Instead(|last, _| Heard::Report(says(last, last[4], &[0; 57])))),
    ("empty messages", Wrong::Instead(|last, _| Heard::Report(says(last, last[4], &[])))),
    ("a flood of other channels' reports besides", Wrong::Beside(|last, _| with(last, 3, &[last[3] ^ 1])[0])),
    ("a flood of zeros besides", Wrong::Beside(|_, _| [0; 64])),
    (
        "a flood of INIT's answers for others besides",
        Wrong::Beside(|_, count| says(&[0xff; 64], INIT, &[&count.to_be_bytes()[..], &[0; 28]].concat())),
    ),
    ("a flood of KEEPALIVEs besides", Wrong::Beside(|last, _| says(last, KEEPALIVE, &[1]))),
    ("a flood of noise besides", Wrong::Beside(noise)),
    ("another token answers", Wrong::Swapped),
];

/// A report with some bytes in other bytes' place.
fn with(report: &Report, offset: usize, bytes: &[u8]) -> Vec<Report> {
    let mut report = *report;
    report[offset..][..bytes.len()].copy_from_slice(bytes);
    vec![report]
}

fn ahead(report: &Report, other: Option<&Report>) -> Vec<Report> {
    other.into_iter().chain([report]).copied().collect()
}

/// A message in one report, on the channel of another report.
pub(crate) fn says(channel: &Report, command: u8, message: &[u8]) -> Report {
    let mut report = [0; 64];
    report[..4].copy_from_slice(&channel[..4]);
    report[4..7].copy_from_slice(&[command | 0x80, 0, message.len() as u8]);
    report[7..][..message.len()].copy_from_slice(message);
    report
}

/// The first report of a message of that length, on the channel of another report.
fn first(channel: &Report, command: u8, length: u16) -> Report {
    let mut report = says(channel, command, &[0xa5; 57]);
    report[5..7].copy_from_slice(&length.to_be_bytes());
    report
}

/// What follows from a report and a number, and looks like nothing.
fn noise(seed: &Report, count: u64) -> Report {
    let mut state = seed.iter().fold(count.wrapping_add(1), |state, &byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x5851_f42d_4c95_7f2d).rotate_left(17)
    });
    std::array::from_fn(|_| {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (state >> 56) as u8
    })
}
