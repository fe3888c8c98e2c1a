//! Status and body: what every answer consists of. Spec §8.

use super::Body;
use crate::{Malformed, NoSpace, Status, cursor::Reader};

/// An answer to anything but `check`, as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// It was done; this is the answer's body.
    Ok(&'a [u8]),
    /// It was refused. The status isn't `ok`.
    Refused(Status),
}

impl<'a> Answer<'a> {
    /// Reads an answer's plaintext.
    ///
    /// # Errors
    /// If there is no status, an unknown one, or a refusal has a body.
    pub fn parse(plaintext: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(plaintext);
        let status = reader.u16().and_then(Status::from_number).ok_or(Malformed)?;
        match (status, reader.rest()) {
            (Status::Ok, body) => Ok(Self::Ok(body)),
            (status, []) => Ok(Self::Refused(status)),
            _ => Err(Malformed),
        }
    }
}

/// Writes an answer's plaintext, `ok` and the body, to the front of `out` and returns its length.
///
/// # Errors
/// If `out` is too small; what it holds then is undefined.
pub fn answer(body: &impl Body, out: &mut [u8]) -> Result<usize, NoSpace> {
    let (status, rest) = out.split_first_chunk_mut().ok_or(NoSpace)?;
    *status = refusal(Status::Ok);
    Ok(body.write(rest)?.saturating_add(status.len()))
}

/// The plaintext of a refusal, also the message of ERROR.
#[must_use]
pub fn refusal(status: Status) -> [u8; 2] {
    status.number().to_be_bytes()
}
