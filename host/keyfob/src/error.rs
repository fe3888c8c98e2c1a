//! What can go wrong, with a stable code each. Causes and next steps for people are in `text`.

use std::io::{self, ErrorKind};

use keyfob_client::{OpenError, SessionError};
use keyfob_wire::Status;

use crate::{UriError, text};

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The URI names no token that can be reached.
    #[error(transparent)]
    Uri(#[from] UriError),
    /// No token was named and none is there.
    #[error("no token found")]
    NoToken,
    /// No token was named and there are several.
    #[error("several tokens found: {}", .0.join(", "))]
    SeveralTokens(Vec<String>),
    /// Nothing answers at the token's address.
    #[error("cannot reach the token at {uri}: {source}")]
    Unreachable {
        /// Where it should be.
        uri: String,
        /// What the system says.
        source: io::Error,
    },
    /// The user may not open the token.
    #[error("cannot open the token at {uri}: permission denied")]
    Permission {
        /// Where it is.
        uri: String,
    },
    /// Another program has taken the device for itself.
    #[error("the token at {uri} is in use by another program")]
    DeviceBusy {
        /// Where it is.
        uri: String,
    },
    /// The system's driver has the device, so that it can't be used around it.
    #[error("the system's driver is bound to the token at {uri}")]
    DriverBound {
        /// Where it is.
        uri: String,
    },
    /// The device is there, but takes no reports any more.
    #[error("the token takes no more reports")]
    Stalled,
    /// No token has that label.
    #[error("no token has the label `{}`", .0.escape_debug())]
    NoLabel(String),
    /// The user's file of labels can't be used.
    #[error("cannot read the labels: {0}")]
    Labels(String),
    /// The token went away.
    #[error("the token was unplugged")]
    Unplugged,
    /// The token didn't answer in time.
    #[error("the token didn't answer in time")]
    TimedOut,
    /// What is there doesn't speak Keyfob's protocol.
    #[error("what answers there is not a Keyfob token")]
    NotAToken,
    /// The token and this program speak different versions.
    #[error("{0}")]
    Version(OpenError),
    /// The fob is genuine, but carries nothing of this vendor.
    #[error("the fob carries nothing of this vendor")]
    OtherVendor,
    /// The fob is emulated, and this app accepts real ones only.
    #[error("the fob is emulated")]
    Emulated,
    /// The fob can't prove what it should be, or somebody in between alters what is sent.
    #[error("the fob could not prove that it is the vendor's")]
    NotGenuine,
    /// The token doesn't take the app's certificate.
    #[error("the fob refused the session")]
    SessionRefused,
    /// The session is over: the token was restarted, or gave its place to another program.
    #[error("the session was lost")]
    SessionLost,
    /// The app's credential file can't be used.
    #[error("the app credential is damaged")]
    Credential,
    /// The token refuses.
    #[error("{}", .0.meaning())]
    Refused(Status),
    /// The token's answer makes no sense.
    #[error("the token's answer is not as specified")]
    Answer,
    /// The request is too long.
    #[error("the request is too long for the token")]
    TooLong,
}

/// What an error means to a program that starts others: `docs/errors.md` has the exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Another failure.
    Failure,
    /// The request makes no sense.
    Usage,
    /// No matching token.
    NoToken,
    /// No permission to open the device.
    Permission,
    /// The licence says no.
    Licence,
    /// Trying again makes sense.
    Busy,
    /// Something isn't genuine, or is for another.
    Verification,
}

impl Error {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Uri(_) => "token-unknown",
            Self::NoToken => "no-token",
            Self::SeveralTokens(_) => "several-tokens",
            Self::Unreachable { .. } => "token-unreachable",
            Self::Permission { .. } => "device-permission",
            Self::DeviceBusy { .. } => "device-busy",
            Self::DriverBound { .. } => "driver-bound",
            Self::Stalled => "device-stalled",
            Self::NoLabel(_) => "label-unknown",
            Self::Labels(_) => "labels-unreadable",
            Self::Unplugged => "unplugged",
            Self::TimedOut => "no-answer",
            Self::NotAToken => "not-a-token",
            Self::Version(_) => "protocol-version",
            Self::OtherVendor => "unknown-vendor",
            Self::Emulated => "emulated-token",
            Self::NotGenuine => "not-genuine",
            Self::SessionRefused => "session-refused",
            Self::SessionLost => "session-lost",
            Self::Credential => "app-credential",
            Self::Refused(status) => status.slug(),
            Self::Answer => "bad-answer",
            Self::TooLong => "too-long",
        }
    }

    /// What it means to a program that starts others.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Uri(_) => Kind::Usage,
            Self::NoToken
            | Self::SeveralTokens(_)
            | Self::Unreachable { .. }
            | Self::NoLabel(_)
            | Self::Unplugged
            | Self::OtherVendor => Kind::NoToken,
            Self::Permission { .. } => Kind::Permission,
            Self::DeviceBusy { .. } | Self::Stalled | Self::TimedOut | Self::SessionLost => Kind::Busy,
            Self::NotAToken | Self::Emulated | Self::NotGenuine | Self::SessionRefused => Kind::Verification,
            Self::Refused(status) => kind_of(*status),
            Self::DriverBound { .. }
            | Self::Labels(_)
            | Self::Version(_)
            | Self::Credential
            | Self::Answer
            | Self::TooLong => Kind::Failure,
        }
    }

    /// Whether the same may succeed a little later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.kind() == Kind::Busy || matches!(self, Self::Unplugged)
    }

    /// What to do next, in words.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Permission { uri } if uri.starts_with("hid:") || uri.starts_with("usb") => text::UDEV_RULE,
            error => text::text(error.code()).map_or("", |text| text.hint),
        }
    }

    /// Why a transport couldn't be opened.
    pub(crate) fn of_connecting(source: io::Error, uri: &str) -> Self {
        let kind = source.kind();
        source.downcast().unwrap_or_else(|source| match kind {
            ErrorKind::PermissionDenied => Self::Permission { uri: uri.to_owned() },
            _ => Self::Unreachable { uri: uri.to_owned(), source },
        })
    }

    /// Why a transport that was open can't be used any more.
    pub(crate) fn of_transport(source: io::Error) -> Self {
        source.downcast().unwrap_or(Self::Unplugged)
    }
}

/// What a token's refusal means to a program that starts others.
fn kind_of(status: Status) -> Kind {
    match status {
        Status::Busy | Status::TimedOut => Kind::Busy,
        Status::UnknownVendor => Kind::NoToken,
        Status::CertificateRefused
        | Status::SignatureInvalid
        | Status::WrongToken
        | Status::UpdateReplayed
        | Status::UpdateOutOfOrder
        | Status::UpdateForked
        | Status::UpdateMalformed
        | Status::Revoked
        | Status::NonceUnknown
        | Status::TimeNotLater
        | Status::UnlockFailed
        | Status::OtherChip
        | Status::RolledBack
        | Status::SessionRefused => Kind::Verification,
        Status::FeatureNotFound
        | Status::FeatureDisabled
        | Status::NotYetValid
        | Status::Expired
        | Status::CounterExhausted
        | Status::CounterTooLow
        | Status::ModuleMissing
        | Status::UnknownTerm
        | Status::TimeUnknown
        | Status::ClockSetBack
        | Status::ProductNotPermitted
        | Status::NoCounter
        | Status::KeyNotFound
        | Status::ProductNotFound
        | Status::NotPermitted => Kind::Licence,
        _ => Kind::Failure,
    }
}

impl From<OpenError> for Error {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::NoToken => Self::NotAToken,
            OpenError::Version { .. } => Self::Version(error),
            OpenError::Emulated => Self::Emulated,
            OpenError::TooLong => Self::TooLong,
            _ => Self::NotGenuine,
        }
    }
}

impl From<SessionError> for Error {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::TooLong => Self::TooLong,
            _ => Self::SessionLost,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a transport knows better than the system's words is handed on; the rest is judged by its kind.
    #[test]
    fn causes_stay_apart() {
        let hid = || Error::Permission { uri: "hid:/dev/hidraw3".into() };
        let opening = |source: io::Error| Error::of_connecting(source, "label:bench").to_string();
        assert_eq!(opening(io::Error::new(ErrorKind::PermissionDenied, hid())), hid().to_string());
        assert_eq!(
            opening(ErrorKind::PermissionDenied.into()),
            Error::Permission { uri: "label:bench".into() }.to_string()
        );
        let busy = io::Error::new(ErrorKind::ResourceBusy, Error::DeviceBusy { uri: "usb:1-2".into() });
        assert_eq!(Error::of_connecting(busy, "usb").code(), "device-busy");
        assert_eq!(Error::of_connecting(io::Error::other(Error::NoToken), "hid").code(), "no-token");
        assert_eq!(Error::of_connecting(ErrorKind::NotFound.into(), "hid:KF-1").code(), "token-unreachable");

        for (source, code) in [
            (io::Error::new(ErrorKind::TimedOut, Error::Stalled), "device-stalled"),
            (io::Error::new(ErrorKind::BrokenPipe, Error::Stalled), "device-stalled"),
            (ErrorKind::BrokenPipe.into(), "unplugged"),
            (ErrorKind::UnexpectedEof.into(), "unplugged"),
            (io::Error::new(ErrorKind::NotConnected, "no such device"), "unplugged"),
        ] {
            assert_eq!(Error::of_transport(source).code(), code);
        }
    }
}
