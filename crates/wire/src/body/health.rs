//! `random` and `health`. Spec §8.

use minicbor::{Encode, Encoder, encode};

use super::{
    Body,
    cbor::{map, skip},
};
use crate::{Malformed, NoSpace};

/// The most random bytes that one request gives; the least is one.
pub const MAX_RANDOM: u8 = 64;

/// Asks for random bytes. One byte behind the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RandomRequest {
    /// How many, 1 to [`MAX_RANDOM`].
    pub length: u8,
}

impl RandomRequest {
    /// Reads a body.
    ///
    /// # Errors
    /// If it isn't one byte, or that isn't 1 to [`MAX_RANDOM`].
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        match *body {
            [length @ 1..=MAX_RANDOM] => Ok(Self { length }),
            _ => Err(Malformed),
        }
    }
}

impl Body for RandomRequest {
    fn write(&self, out: &mut [u8]) -> Result<usize, NoSpace> {
        super::copy(&[self.length], out)
    }
}

/// How a token fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct HealthAnswer {
    /// Seconds since power-up.
    pub uptime: u32,
    /// Sessions in use.
    pub sessions: u32,
    /// Records refused since power-up.
    pub refused_records: u32,
    /// Handshakes refused since power-up.
    pub refused_handshakes: u32,
    /// Bytes of flash that are free.
    pub free: u32,
    /// Compactions of the flash since power-up.
    pub compactions: u32,
    /// Tickets in memory.
    pub tickets: u32,
    /// Bytes of the stack that were never used since power-up, where the board knows.
    pub stack_unused: Option<u32>,
    /// Why the board started last, where it knows: a number of the specification's table.
    pub reset: Option<u32>,
    /// Failed tests of the noise source since power-up, where the board has one.
    pub failed_entropy_tests: Option<u32>,
    /// How often the rollback anchor can still count, where the board has one.
    pub anchor_left: Option<u32>,
}

impl HealthAnswer {
    /// Reads a body.
    ///
    /// # Errors
    /// If it isn't as specified.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let mut fields = [None; 11];
        map(body, |key, decoder| {
            match key.checked_sub(1).and_then(|place| fields.get_mut(usize::try_from(place).ok()?)) {
                Some(field) => *field = Some(decoder.u32()?),
                None => skip(decoder)?,
            }
            Ok(())
        })?;
        let [
            Some(uptime),
            Some(sessions),
            Some(refused_records),
            Some(refused_handshakes),
            Some(free),
            Some(compactions),
            Some(tickets),
            stack_unused,
            reset,
            failed_entropy_tests,
            anchor_left,
        ] = fields
        else {
            return Err(Malformed);
        };
        Ok(Self {
            uptime,
            sessions,
            refused_records,
            refused_handshakes,
            free,
            compactions,
            tickets,
            stack_unused,
            reset,
            failed_entropy_tests,
            anchor_left,
        })
    }
}

impl<C> Encode<C> for HealthAnswer {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        let always = [
            self.uptime,
            self.sessions,
            self.refused_records,
            self.refused_handshakes,
            self.free,
            self.compactions,
            self.tickets,
        ];
        let known = [self.stack_unused, self.reset, self.failed_entropy_tests, self.anchor_left];
        let values = always.map(Some).into_iter().chain(known);
        e.map(values.clone().flatten().map(|_| 1).sum())?;
        for (key, value) in (1..).zip(values).filter_map(|(key, value)| value.map(|value| (key, value))) {
            e.u8(key)?.u32(value)?;
        }
        e.ok()
    }
}
