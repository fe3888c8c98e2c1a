//! `check`. Spec §8.1.

use super::{Body, copy};
use crate::{
    FeatureId, Malformed, Modules, NoSpace, Status, Units, UnixTime,
    cursor::{Reader, join},
};

/// Asks whether a feature may be used now. 24 bytes behind the operation.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 4 | feature |
/// | 4 | 8 | time |
/// | 12 | 8 | modules |
/// | 20 | 4 | capacity, 0 |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckRequest {
    /// The feature.
    pub feature: FeatureId,
    /// The app's time.
    pub time: UnixTime,
    /// The modules that the app needs, all of them.
    pub modules: Modules,
}

impl CheckRequest {
    /// Bytes of the body.
    pub const SIZE: usize = 24;

    /// The body's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::SIZE] {
        join(&[&self.feature.0.to_be_bytes(), &self.time.0.to_be_bytes(), &self.modules.0.to_be_bytes(), &[0; 4]])
    }

    /// Reads a body.
    ///
    /// # Errors
    /// If the length isn't [`SIZE`](Self::SIZE) or a capacity is asked for.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        Self::read(Reader::new(body)).ok_or(Malformed)
    }

    fn read(mut reader: Reader<'_>) -> Option<Self> {
        let feature = FeatureId(reader.u32()?);
        let time = UnixTime(reader.u64()?);
        let modules = Modules(reader.u64()?);
        let capacity = reader.u32()?;
        reader.end()?;
        (capacity == 0).then_some(Self { feature, time, modules })
    }
}

impl Body for CheckRequest {
    fn write(&self, out: &mut [u8]) -> Result<usize, NoSpace> {
        copy(&self.to_bytes(), out)
    }
}

/// Says whether a feature may be used, and why not. 37 bytes with the status.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 2 | status |
/// | 2 | 1 | flags: which of the following apply |
/// | 3 | 1 | warning |
/// | 4 | 1 | limiting term |
/// | 5 | 4 | remaining |
/// | 9 | 8 | next change |
/// | 17 | 8 | expiry |
/// | 25 | 8 | modules |
/// | 33 | 4 | capacity |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckAnswer {
    /// Allowed, or why not.
    pub status: Status,
    /// None is defined, 0.
    pub warning: u8,
    /// The key of the term that limits (spec §7.6), 0 if none.
    pub limiting_term: u8,
    /// Units remaining.
    pub remaining: Option<Units>,
    /// When the outcome changes next by time alone.
    pub next_change: Option<UnixTime>,
    /// When the feature expires.
    pub expiry: Option<UnixTime>,
    /// The modules granted.
    pub modules: Option<Modules>,
    /// The capacity granted.
    pub capacity: Option<u32>,
}

impl CheckAnswer {
    /// Bytes of the answer with its status.
    pub const SIZE: usize = 37;

    /// An answer that says nothing but a status.
    #[must_use]
    pub fn new(status: Status) -> Self {
        Self {
            status,
            warning: 0,
            limiting_term: 0,
            remaining: None,
            next_change: None,
            expiry: None,
            modules: None,
            capacity: None,
        }
    }

    /// The answer's bytes, the status included.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::SIZE] {
        let flags = [
            (self.remaining.is_some(), REMAINING),
            (self.next_change.is_some(), NEXT_CHANGE),
            (self.expiry.is_some(), EXPIRY),
            (self.modules.is_some(), MODULES),
            (self.capacity.is_some(), CAPACITY),
        ];
        let flags = flags.iter().filter(|(applies, _)| *applies).fold(0, |all, (_, flag)| all | flag);
        join(&[
            &self.status.number().to_be_bytes(),
            &[flags, self.warning, self.limiting_term],
            &self.remaining.unwrap_or_default().0.to_be_bytes(),
            &self.next_change.unwrap_or_default().0.to_be_bytes(),
            &self.expiry.unwrap_or_default().0.to_be_bytes(),
            &self.modules.unwrap_or_default().0.to_be_bytes(),
            &self.capacity.unwrap_or_default().to_be_bytes(),
        ])
    }

    /// Reads an answer from its status on, or the lone status of a request that wasn't judged.
    ///
    /// # Errors
    /// If it is laid out otherwise, has an unknown status or flag, or a value in a field that doesn't apply.
    pub fn parse(answer: &[u8]) -> Result<Self, Malformed> {
        if let Ok(whole) = answer.try_into() {
            return Self::read(whole).ok_or(Malformed);
        }
        let number = answer.try_into().map(u16::from_be_bytes).map_err(|_| Malformed)?;
        let status = Status::from_number(number).filter(|status| *status != Status::Ok);
        status.map(Self::new).ok_or(Malformed)
    }

    /// Reads all fields. That the length is known saves asking for it at each of them.
    fn read(answer: &[u8; Self::SIZE]) -> Option<Self> {
        let mut reader = Reader::new(answer);
        let status = Status::from_number(reader.u16()?)?;
        let flags = reader.u8()?;
        let answer = Self {
            status,
            warning: reader.u8()?,
            limiting_term: reader.u8()?,
            remaining: where_it_applies(flags & REMAINING, Units(reader.u32()?))?,
            next_change: where_it_applies(flags & NEXT_CHANGE, UnixTime(reader.u64()?))?,
            expiry: where_it_applies(flags & EXPIRY, UnixTime(reader.u64()?))?,
            modules: where_it_applies(flags & MODULES, Modules(reader.u64()?))?,
            capacity: where_it_applies(flags & CAPACITY, reader.u32()?)?,
        };
        reader.end()?;
        (flags <= ALL).then_some(answer)
    }
}

/// Gives the value if its flag is set; if not, the value has to be zero.
#[expect(clippy::option_option, reason = "absent and malformed are two things")]
fn where_it_applies<T: Default + PartialEq>(flag: u8, value: T) -> Option<Option<T>> {
    if flag != 0 { Some(Some(value)) } else { (value == T::default()).then_some(None) }
}

const REMAINING: u8 = 1;
const NEXT_CHANGE: u8 = 1 << 1;
const EXPIRY: u8 = 1 << 2;
const MODULES: u8 = 1 << 3;
const CAPACITY: u8 = 1 << 4;
const ALL: u8 = REMAINING | NEXT_CHANGE | EXPIRY | MODULES | CAPACITY;
