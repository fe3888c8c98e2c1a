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
}

impl HealthAnswer {
    /// Reads a body.
    ///
    /// # Errors
    /// If it isn't as specified.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let mut fields = [None; 7];
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
        ] = fields
        else {
            return Err(Malformed);
        };
        Ok(Self { uptime, sessions, refused_records, refused_handshakes, free, compactions, tickets })
    }
}

impl<C> Encode<C> for HealthAnswer {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.map(7)?.u8(1)?.u32(self.uptime)?.u8(2)?.u32(self.sessions)?.u8(3)?.u32(self.refused_records)?;
        e.u8(4)?.u32(self.refused_handshakes)?.u8(5)?.u32(self.free)?.u8(6)?.u32(self.compactions)?;
        e.u8(7)?.u32(self.tickets)?.ok()
    }
}
