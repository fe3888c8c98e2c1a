//! `login`. Spec §8.

use minicbor::{Encode, Encoder, encode};

use super::cbor::{map, skip};
use crate::{Malformed, UnixTime};

/// The state of the partition; a guest gets zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct LoginAnswer {
    /// The epoch of the last update.
    pub epoch: u32,
    /// The number of the last update.
    pub number: u32,
    /// The mark of signed time.
    pub mark: UnixTime,
}

impl LoginAnswer {
    /// Reads a body.
    ///
    /// # Errors
    /// If it isn't as specified.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let (mut epoch, mut number, mut mark) = (None, None, None);
        map(body, |key, decoder| {
            match key {
                1 => epoch = Some(decoder.u32()?),
                2 => number = Some(decoder.u32()?),
                3 => mark = Some(UnixTime(decoder.u64()?)),
                _ => skip(decoder)?,
            }
            Ok(())
        })?;
        Ok(Self { epoch: epoch.ok_or(Malformed)?, number: number.ok_or(Malformed)?, mark: mark.ok_or(Malformed)? })
    }
}

impl<C> Encode<C> for LoginAnswer {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.map(3)?.u8(1)?.u32(self.epoch)?.u8(2)?.u32(self.number)?.u8(3)?.u64(self.mark.0)?.ok()
    }
}
