//! INIT: allocates a channel and says what the token is. Spec §3.

use crate::{
    BootId, ChannelId, Firmware, Serial,
    cursor::{Reader, join},
};

/// The protocol version that this crate speaks.
pub const PROTOCOL_VERSION: u8 = 1;

/// Asks for a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InitRequest {
    /// Random, so that the asker knows its answer.
    pub nonce: [u8; 8],
}

impl InitRequest {
    /// The request's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 8] {
        self.nonce
    }

    /// Reads a request.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|nonce| Self { nonce })
    }
}

/// Allocates a channel.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 8 | nonce |
/// | 8 | 4 | channel |
/// | 12 | 1 | lowest version |
/// | 13 | 1 | highest version |
/// | 14 | 2 | capabilities |
/// | 16 | 8 | serial |
/// | 24 | 8 | boot id |
/// | 32 | 3 | firmware |
/// | 35 | 1 | state |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InitAnswer {
    /// The request's nonce.
    pub nonce: [u8; 8],
    /// The channel to use from now on.
    pub channel: ChannelId,
    /// The lowest protocol version that the token speaks.
    pub lowest_version: u8,
    /// The highest protocol version that the token speaks.
    pub highest_version: u8,
    /// None is defined.
    pub capabilities: u16,
    /// Zero while blank.
    pub serial: Serial,
    /// Random at each power-up.
    pub boot: BootId,
    /// The firmware's version.
    pub firmware: Firmware,
    /// How far the token's life has gone.
    pub state: TokenState,
}

impl InitAnswer {
    /// Bytes of an answer.
    pub const SIZE: usize = 36;

    /// The answer's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::SIZE] {
        join(&[
            &self.nonce,
            &self.channel.0.to_be_bytes(),
            &[self.lowest_version, self.highest_version],
            &self.capabilities.to_be_bytes(),
            &self.serial.0,
            &self.boot.0,
            &self.firmware.0,
            &[self.state.number()],
        ])
    }

    /// Reads an answer. Whether its nonce and versions fit is the asker's to judge.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let answer = Self {
            nonce: reader.take()?,
            channel: ChannelId(reader.u32()?),
            lowest_version: reader.u8()?,
            highest_version: reader.u8()?,
            capabilities: reader.u16()?,
            serial: Serial(reader.take()?),
            boot: BootId(reader.take()?),
            firmware: Firmware(reader.take()?),
            state: TokenState::from_number(reader.u8()?)?,
        };
        reader.end()?;
        Some(answer)
    }

    /// Whether the token speaks `version`.
    #[must_use]
    pub fn speaks(&self, version: u8) -> bool {
        (self.lowest_version..=self.highest_version).contains(&version)
    }
}

/// How far a token's life has gone. Spec §3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// Has no keys.
    Blank,
    /// Has keys.
    Born,
    /// Has certificates.
    Ready,
}

impl TokenState {
    /// Finds the state of a number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Blank),
            1 => Some(Self::Born),
            2 => Some(Self::Ready),
            _ => None,
        }
    }

    /// The state's number on the wire.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Blank => 0,
            Self::Born => 1,
            Self::Ready => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: InitAnswer = InitAnswer {
        nonce: [1; 8],
        channel: ChannelId(0x0203_0405),
        lowest_version: 1,
        highest_version: 2,
        capabilities: 0x0607,
        serial: Serial([8; 8]),
        boot: BootId([9; 8]),
        firmware: Firmware([10, 11, 12]),
        state: TokenState::Ready,
    };

    #[test]
    fn an_answer_is_laid_out_as_specified() {
        let expected = [
            [1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 4, 5].as_slice(),
            &[1, 2, 6, 7, 8, 8, 8, 8, 8, 8, 8, 8],
            &[9, 9, 9, 9, 9, 9, 9, 9, 10, 11, 12, 2],
        ];
        assert!(ANSWER.to_bytes().iter().eq(expected.iter().copied().flatten()));
        assert_eq!(InitAnswer::parse(&ANSWER.to_bytes()), Some(ANSWER));
        assert!(ANSWER.speaks(1) && ANSWER.speaks(2) && !ANSWER.speaks(0) && !ANSWER.speaks(3));
    }

    #[test]
    fn other_lengths_and_states_are_refused() {
        let bytes: [u8; 37] = join(&[&ANSWER.to_bytes()]);
        for length in (0..=37).filter(|&length| length != 36) {
            assert_eq!(InitAnswer::parse(&bytes[..length]), None, "{length}");
        }
        for state in 0..=u8::MAX {
            let mut bytes = ANSWER.to_bytes();
            bytes[35] = state;
            let read = InitAnswer::parse(&bytes);
            assert_eq!(read.map(|answer| answer.state.number()), (state <= 2).then_some(state));
        }
        for length in 0..=16 {
            assert_eq!(InitRequest::parse(&bytes[..length]).is_some(), length == 8);
        }
        let request = InitRequest { nonce: [1, 2, 3, 4, 5, 6, 7, 8] };
        assert_eq!(InitRequest::parse(&request.to_bytes()), Some(request));
    }
}
