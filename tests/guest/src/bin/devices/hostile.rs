//! How a device can misbehave.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;

use keyfob_usb::PRODUCT_ID;

use crate::bus::{self, Current};

/// A descriptor that a host asks for.
#[derive(Clone, Copy)]
pub(crate) struct Descriptor {
    pub(crate) kind: u8,
    pub(crate) which: u8,
}

/// What becomes of what a proper device would say.
type Alter = fn(Descriptor, Option<Vec<u8>>) -> Option<Vec<u8>>;

/// What a report gets as its answer.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    Nothing,
    /// These packets.
    With(fn(&[u8]) -> Vec<Vec<u8>>),
    /// Packets without end, from when somebody listens.
    Flood(&'static [u8]),
    StallIn,
    StallOut,
    /// Nothing that the host says on endpoint 0 is done.
    NoControl,
}

/// A device.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    name: &'static str,
    pub(crate) product_id: u16,
    pub(crate) alter: Alter,
    pub(crate) answer: Answer,
}

const DEVICE: u8 = 1;
const CONFIGURATION: u8 = 2;
const STRING: u8 = 3;
const REPORT: u8 = 0x22;

/// Says back what it is told; not a token by its usage page and ids.
pub(crate) const ECHO: Case = Case {
    name: "echo",
    product_id: PRODUCT_ID + 1,
    alter: |asked, told| edit(asked, told, REPORT, |bytes| bytes[1] = 0),
    answer: Answer::With(|told| vec![told.to_vec()]),
};

const CASES: &[Case] = &[
    described("a report descriptor cut in the middle", |a, t| edit(a, t, REPORT, |bytes| bytes.truncate(11))),
    described("a report descriptor of nonsense", |a, t| edit(a, t, REPORT, |bytes| bytes.fill(0xff))),
    described("no report descriptor", |asked, told| told.filter(|_| asked.kind != REPORT)),
    described("another usage page", |a, t| edit(a, t, REPORT, |bytes| bytes[1] = 0)),
    described("reports of 8 bytes", |a, t| edit(a, t, REPORT, |bytes| replace(bytes, 64, 8))),
    described("reports of 255 bytes", |a, t| edit(a, t, REPORT, |bytes| replace(bytes, 64, 255))),
    described("numbered reports", |a, t| {
        edit(a, t, REPORT, |bytes| {
            let _removed = bytes.splice(7..7, [0x85, 0x01]).count();
        })
    }),
    described("a configuration longer than it is", |a, t| edit(a, t, CONFIGURATION, |bytes| bytes[2] = 200)),
    described("a configuration shorter than it is", |a, t| edit(a, t, CONFIGURATION, |bytes| bytes[2] = 20)),
    described("a descriptor of no length", |a, t| edit(a, t, CONFIGURATION, |bytes| bytes[18] = 0)),
    described("no endpoints", |a, t| {
        edit(a, t, CONFIGURATION, |bytes| {
            bytes.truncate(27);
            (bytes[2], bytes[13]) = (27, 0);
        })
    }),
    described("only the endpoint in", |a, t| {
        edit(a, t, CONFIGURATION, |bytes| {
            bytes.truncate(34);
            (bytes[2], bytes[13]) = (34, 1);
        })
    }),
    described("two endpoints in", |a, t| edit(a, t, CONFIGURATION, |bytes| bytes[36] = 0x82)),
    described("endpoints for 8 bytes", |a, t| edit(a, t, CONFIGURATION, |bytes| (bytes[31], bytes[38]) = (8, 8))),
    described("255 interfaces", |a, t| edit(a, t, CONFIGURATION, |bytes| bytes[4] = 255)),
    described("another class", |a, t| edit(a, t, CONFIGURATION, |bytes| bytes[14] = 0xff)),
    described("no configuration", |asked, told| told.filter(|_| asked.kind != CONFIGURATION)),
    described("a serial that is none", |a, t| serial(a, t, "../../etc/passwd\u{1b}[2J\n\0")),
    described("a serial of 126 letters", |a, t| serial(a, t, &"K".repeat(126))),
    described("halves of letters", |asked, told| match (asked.kind, asked.which) {
        (STRING, 1..) => Some(vec![5, 3, 0, 0xd8, 0x41]),
        _ => told,
    }),
    described("strings of no length", |asked, told| match (asked.kind, asked.which) {
        (STRING, 1..) => Some(vec![0, 3]),
        _ => told,
    }),
    described("no strings", |asked, told| told.filter(|_| asked.kind != STRING)),
    answering("silence", Answer::Nothing),
    answering("an echo", Answer::With(|told| vec![told.to_vec()])),
    answering("reports of one byte", Answer::With(|told| told.chunks(1).map(<[u8]>::to_vec).collect())),
    answering("reports without bytes", Answer::With(|_| vec![Vec::new(); 8])),
    answering("answers on another channel", Answer::With(|told| vec![with(told, 0, 0x55)])),
    answering("answers of nonsense", Answer::With(|told| vec![vec![0xff; told.len()]])),
    answering("answers with errors", Answer::With(|told| vec![with(told, 4, 0xbf)])),
    answering("answers that are too long", Answer::With(|told| vec![with(told, 5, 0xff)])),
    answering("answers that never end", Answer::With(|told| vec![with(told, 5, 0x0f)])),
    answering("a flood", Answer::Flood(&[0x5a; 64])),
    answering("a flood of short reports", Answer::Flood(&[0x5a; 3])),
    answering("a halted endpoint in", Answer::StallIn),
    answering("a halted endpoint out", Answer::StallOut),
    answering("no control requests", Answer::NoControl),
];

const fn described(name: &'static str, alter: Alter) -> Case {
    Case { name, product_id: PRODUCT_ID, alter, answer: Answer::Nothing }
}

const fn answering(name: &'static str, answer: Answer) -> Case {
    Case { name, product_id: PRODUCT_ID, alter: |_, told| told, answer }
}

fn edit(asked: Descriptor, told: Option<Vec<u8>>, kind: u8, edit: impl FnOnce(&mut Vec<u8>)) -> Option<Vec<u8>> {
    told.map(|mut bytes| {
        if asked.kind == kind {
            edit(&mut bytes);
        }
        bytes
    })
}

/// Has a device descriptor name a serial, and the serial be this.
fn serial(asked: Descriptor, told: Option<Vec<u8>>, text: &str) -> Option<Vec<u8>> {
    match (asked.kind, asked.which) {
        (STRING, 3) => {
            let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            Some([&[u8::try_from(units.len() + 2).unwrap_or(u8::MAX), STRING], &units[..]].concat())
        }
        _ => edit(asked, told, DEVICE, |bytes| bytes[16] = 3),
    }
}

fn replace(bytes: &mut [u8], old: u8, new: u8) {
    bytes.iter_mut().filter(|byte| **byte == old).for_each(|byte| *byte = new);
}

fn with(told: &[u8], place: usize, byte: u8) -> Vec<u8> {
    let mut bytes = told.to_vec();
    if let Some(place) = bytes.get_mut(place) {
        *place = byte;
    }
    bytes
}

/// Serves the device that misbehaves, as it is told at the control socket.
pub(crate) fn serve(path: &str, control: &str) -> io::Result<()> {
    let listener = UnixListener::bind(control)?;
    let current = Current::new(ECHO);
    std::thread::scope(|scope| {
        scope.spawn(|| bus::serve(path, &current));
        loop {
            let (socket, _) = listener.accept()?;
            for line in BufReader::new(&socket).lines() {
                let line = line?;
                let answer = match CASES.iter().chain([&ECHO]).find(|case| case.name == line) {
                    Some(case) => {
                        current.change(*case);
                        "changed".to_owned()
                    }
                    None => CASES.iter().map(|case| case.name).collect::<Vec<_>>().join(";"),
                };
                writeln!(&socket, "{answer}")?;
            }
        }
    })
}
