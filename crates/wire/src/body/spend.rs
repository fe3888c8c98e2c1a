//! `spend` and `counter`. Spec §8 and §8.2.

use super::{Body, copy};
use crate::{
    FeatureId, Malformed, NoSpace, OperationId, Units, UnixTime,
    cursor::{Reader, join},
};

/// Takes units off a counter. 28 bytes behind the operation.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 4 | feature |
/// | 4 | 4 | units, not 0 |
/// | 8 | 8 | operation id |
/// | 16 | 4 | spend serial as seen at the first try |
/// | 20 | 8 | time |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpendRequest {
    /// The feature.
    pub feature: FeatureId,
    /// How much to take off; not 0.
    pub units: Units,
    /// The same at each try.
    pub operation: OperationId,
    /// The counter's spend serial as seen at the first try.
    pub serial_seen: u32,
    /// The app's time.
    pub time: UnixTime,
}

impl SpendRequest {
    /// Bytes of the body.
    pub const SIZE: usize = 28;

    /// The body's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::SIZE] {
        join(&[
            &self.feature.0.to_be_bytes(),
            &self.units.0.to_be_bytes(),
            &self.operation.0,
            &self.serial_seen.to_be_bytes(),
            &self.time.0.to_be_bytes(),
        ])
    }

    /// Reads a body.
    ///
    /// # Errors
    /// If the length isn't [`SIZE`](Self::SIZE) or no units are asked for.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        Self::read(Reader::new(body)).ok_or(Malformed)
    }

    fn read(mut reader: Reader<'_>) -> Option<Self> {
        let request = Self {
            feature: FeatureId(reader.u32()?),
            units: Units(reader.u32()?),
            operation: OperationId(reader.take()?),
            serial_seen: reader.u32()?,
            time: UnixTime(reader.u64()?),
        };
        reader.end()?;
        (request.units.0 != 0).then_some(request)
    }
}

impl Body for SpendRequest {
    fn write(&self, out: &mut [u8]) -> Result<usize, NoSpace> {
        copy(&self.to_bytes(), out)
    }
}

/// What is left of a counter. 8 bytes behind the status.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 4 | remaining |
/// | 4 | 4 | spend serial |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterAnswer {
    /// Units remaining.
    pub remaining: Units,
    /// Rises by one with each spend.
    pub spend_serial: u32,
}

/// The outcome of a spend is what was left of the counter.
pub type SpendAnswer = CounterAnswer;

impl CounterAnswer {
    /// Bytes of the body.
    pub const SIZE: usize = 8;

    /// The body's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::SIZE] {
        join(&[&self.remaining.0.to_be_bytes(), &self.spend_serial.to_be_bytes()])
    }

    /// Reads a body.
    ///
    /// # Errors
    /// If the length isn't [`SIZE`](Self::SIZE).
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        Self::read(Reader::new(body)).ok_or(Malformed)
    }

    fn read(mut reader: Reader<'_>) -> Option<Self> {
        let answer = Self { remaining: Units(reader.u32()?), spend_serial: reader.u32()? };
        reader.end()?;
        Some(answer)
    }
}

impl Body for CounterAnswer {
    fn write(&self, out: &mut [u8]) -> Result<usize, NoSpace> {
        copy(&self.to_bytes(), out)
    }
}

/// Asks what is left of a counter. 4 bytes behind the operation: the feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterRequest {
    /// The feature.
    pub feature: FeatureId,
}

impl CounterRequest {
    /// Bytes of the body.
    pub const SIZE: usize = 4;

    /// The body's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::SIZE] {
        self.feature.0.to_be_bytes()
    }

    /// Reads a body.
    ///
    /// # Errors
    /// If the length isn't [`SIZE`](Self::SIZE).
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let bytes = body.try_into().map_err(|_| Malformed)?;
        Ok(Self { feature: FeatureId(u32::from_be_bytes(bytes)) })
    }
}

impl Body for CounterRequest {
    fn write(&self, out: &mut [u8]) -> Result<usize, NoSpace> {
        copy(&self.to_bytes(), out)
    }
}
