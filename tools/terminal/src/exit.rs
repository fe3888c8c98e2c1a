//! How a command ends.

use std::process::ExitCode;

/// How a command ends. The numbers never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// Done, or allowed.
    Done = 0,
    /// Another failure.
    Failure = 1,
    /// The request makes no sense.
    Usage = 2,
    /// No matching token.
    NoToken = 3,
    /// A passphrase is needed, or was refused.
    SignIn = 4,
    /// No permission to open the device.
    Permission = 5,
    /// The licence says no.
    Licence = 6,
    /// Busy or timed out; trying again makes sense.
    Busy = 7,
    /// Something isn't genuine, or is for another.
    Verification = 8,
    /// Part of a batch failed.
    Partial = 9,
    /// Observing: it would have been refused.
    Observed = 10,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<keyfob::Kind> for Exit {
    fn from(kind: keyfob::Kind) -> Self {
        match kind {
            keyfob::Kind::Usage => Self::Usage,
            keyfob::Kind::NoToken => Self::NoToken,
            keyfob::Kind::Permission => Self::Permission,
            keyfob::Kind::Licence => Self::Licence,
            keyfob::Kind::Busy => Self::Busy,
            keyfob::Kind::Verification => Self::Verification,
            _ => Self::Failure,
        }
    }
}
