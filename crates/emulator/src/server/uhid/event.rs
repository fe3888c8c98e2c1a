//! What goes over `/dev/uhid`: `struct uhid_event` of Linux's `linux/uhid.h`, in the machine's byte order.
//!
//! | type | event | content |
//! |---|---|---|
//! | 1 | destroy | |
//! | 2 | start | flags: 8 |
//! | 3, 4, 5 | stop, open, close | |
//! | 6 | output | data: 4096, size: 2, type: 1 |
//! | 9 | get report | id: 4, number: 1, type: 1 |
//! | 10 | its reply | id: 4, error: 2, size: 2, data |
//! | 11 | create | name: 128, phys: 64, uniq: 64, size: 2, bus: 2, vendor: 4, product: 4, version: 4, country: 4, descriptor |
//! | 12 | input | size: 2, data |
//! | 13 | set report | id: 4, number: 1, type: 1, size: 2, data: 4096 |
//! | 14 | its reply | id: 4, error: 2 |
//!
//! What is written may be cut short where only zeros follow; what is read is whole.

/// How long an event is: the type and the longest content, which is that of creating.
pub(super) const EVENT_SIZE: usize = 4 + CREATE_SIZE + DATA_MAX;

/// The most that a report or a report descriptor can have.
const DATA_MAX: usize = 4096;
/// What comes before the report descriptor.
const CREATE_SIZE: usize = 128 + 64 + 64 + 2 + 2 + 4 * 4;

const DESTROY: u32 = 1;
const START: u32 = 2;
const STOP: u32 = 3;
const OPEN: u32 = 4;
const CLOSE: u32 = 5;
const OUTPUT: u32 = 6;
const GET_REPORT: u32 = 9;
const GET_REPORT_REPLY: u32 = 10;
const CREATE2: u32 = 11;
const INPUT2: u32 = 12;
const SET_REPORT: u32 = 13;
const SET_REPORT_REPLY: u32 = 14;

/// `BUS_USB` of `linux/input.h`.
const BUS_USB: u16 = 3;
/// `EIO`: what the kernel makes of any error in a reply.
const EIO: u16 = 5;

/// Which of a device's reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReportType {
    Feature,
    Output,
    Input,
}

/// What the kernel says. Reports begin with their number, which is 0 if the device numbers none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FromKernel<'a> {
    Start,
    Stop,
    Open,
    Close,
    Output { data: &'a [u8], r#type: ReportType },
    GetReport { id: u32, number: u8, r#type: ReportType },
    SetReport { id: u32, number: u8, r#type: ReportType, data: &'a [u8] },
}

/// What the kernel is told of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Create<'a> {
    /// At most 127 bytes.
    pub(super) name: &'a str,
    /// Where it is, at most 63 bytes.
    pub(super) phys: &'a str,
    /// Its serial number, at most 63 bytes.
    pub(super) uniq: &'a str,
    pub(super) vendor: u16,
    pub(super) product: u16,
    pub(super) version: u16,
    /// At most 4,096 bytes.
    pub(super) descriptor: &'a [u8],
}

/// Reads an event; none if it is of a kind that isn't known or doesn't make sense.
pub(super) fn read(event: &[u8]) -> Option<FromKernel<'_>> {
    let mut fields = Fields(event);
    Some(match fields.u32()? {
        START => FromKernel::Start,
        STOP => FromKernel::Stop,
        OPEN => FromKernel::Open,
        CLOSE => FromKernel::Close,
        OUTPUT => {
            let data = fields.take(DATA_MAX)?;
            let data = data.get(..fields.u16()?.into())?;
            FromKernel::Output { data, r#type: fields.report_type()? }
        }
        GET_REPORT => FromKernel::GetReport { id: fields.u32()?, number: fields.u8()?, r#type: fields.report_type()? },
        SET_REPORT => {
            let (id, number, r#type) = (fields.u32()?, fields.u8()?, fields.report_type()?);
            let size = fields.u16()?;
            let data = fields.take(DATA_MAX)?.get(..size.into())?;
            FromKernel::SetReport { id, number, r#type, data }
        }
        _ => return None,
    })
}

/// Makes the device.
pub(super) fn create(create: &Create<'_>) -> Vec<u8> {
    let Create { name, phys, uniq, vendor, product, version, descriptor } = *create;
    let descriptor = cut(descriptor, DATA_MAX);
    let mut event = begin(CREATE2);
    for (text, room) in [(name, 128), (phys, 64), (uniq, 64)] {
        let text = cut(text.as_bytes(), room - 1);
        event.extend_from_slice(text);
        event.resize(event.len() + room - text.len(), 0);
    }
    event.extend(size(descriptor).to_ne_bytes());
    event.extend(BUS_USB.to_ne_bytes());
    let country = 0;
    event.extend(
        [u32::from(vendor), u32::from(product), u32::from(version), country].iter().flat_map(|word| word.to_ne_bytes()),
    );
    event.extend_from_slice(descriptor);
    event
}

/// Takes the device away.
pub(super) fn destroy() -> Vec<u8> {
    begin(DESTROY)
}

/// A report from the device.
pub(super) fn input(report: &[u8]) -> Vec<u8> {
    let report = cut(report, DATA_MAX);
    let mut event = begin(INPUT2);
    event.extend(size(report).to_ne_bytes());
    event.extend_from_slice(report);
    event
}

/// Answers with a report, or that there is none.
pub(super) fn report_reply(id: u32, report: Option<&[u8]>) -> Vec<u8> {
    let data = cut(report.unwrap_or_default(), DATA_MAX);
    let mut event = begin(GET_REPORT_REPLY);
    event.extend(id.to_ne_bytes());
    event.extend(error(report.is_some()).to_ne_bytes());
    event.extend(size(data).to_ne_bytes());
    event.extend_from_slice(data);
    event
}

/// Answers whether a report was taken.
pub(super) fn taken_reply(id: u32, was_taken: bool) -> Vec<u8> {
    let mut event = begin(SET_REPORT_REPLY);
    event.extend(id.to_ne_bytes());
    event.extend(error(was_taken).to_ne_bytes());
    event
}

fn begin(r#type: u32) -> Vec<u8> {
    r#type.to_ne_bytes().to_vec()
}

fn cut(bytes: &[u8], most: usize) -> &[u8] {
    bytes.get(..most).unwrap_or(bytes)
}

/// The size of what was cut before.
fn size(bytes: &[u8]) -> u16 {
    u16::try_from(bytes.len()).unwrap_or(u16::MAX)
}

const fn error(is_fine: bool) -> u16 {
    if is_fine { 0 } else { EIO }
}

/// What is still to be read of an event.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_ne_bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_ne_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_ne_bytes)
    }

    fn report_type(&mut self) -> Option<ReportType> {
        match self.u8()? {
            0 => Some(ReportType::Feature),
            1 => Some(ReportType::Output),
            2 => Some(ReportType::Input),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
