//! Where a token is.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where a token is: `unix:PATH` or `tcp:HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenUri {
    /// An emulator's Unix socket.
    Unix(PathBuf),
    /// An emulator's TCP address, as `HOST:PORT`.
    Tcp(String),
}

/// The text doesn't say where a token is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UriError {
    /// It is of a kind that this version can't reach.
    #[error("tokens by `{}:` can't be reached yet: only unix:PATH and tcp:HOST:PORT", .0.escape_debug())]
    Unsupported(String),
    /// It is nothing known.
    #[error("`{}` is not a token: say unix:PATH or tcp:HOST:PORT", .0.escape_debug())]
    Unknown(String),
}

impl FromStr for TokenUri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        let unknown = || UriError::Unknown(text.to_owned());
        let (scheme, rest) = text.split_once(':').unwrap_or((text, ""));
        match scheme {
            "unix" if !rest.is_empty() && !rest.contains('\0') => Ok(Self::Unix(rest.into())),
            "tcp" => {
                let (host, port) = rest.rsplit_once(':').ok_or_else(unknown)?;
                let port_is_one = port.parse::<u16>().is_ok_and(|port| port != 0);
                if host.is_empty() || !port_is_one { Err(unknown()) } else { Ok(Self::Tcp(rest.to_owned())) }
            }
            "hid" | "usb" => Err(UriError::Unsupported(scheme.to_owned())),
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for TokenUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp(address) => write!(f, "tcp:{address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for text in ["unix:/run/keyfob/a.sock", "unix:relative", "tcp:localhost:7000", "tcp:[::1]:7000"] {
            assert_eq!(text.parse::<TokenUri>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn other_uris_say_what_is_possible() {
        for text in ["hid", "hid:KF-1", "usb:KF-1"] {
            assert!(matches!(text.parse::<TokenUri>(), Err(UriError::Unsupported(_))), "{text}");
        }
        for text in [
            "",
            "unix:",
            "unix:a\0b",
            "tcp:",
            "tcp:host",
            "tcp:host:",
            "tcp::1",
            "tcp:host:0",
            "tcp:host:65536",
            "file:/x",
        ] {
            let error = text.parse::<TokenUri>().unwrap_err();
            assert!(matches!(error, UriError::Unknown(_)), "{text}");
            assert!(!error.to_string().contains(char::is_control), "{error}");
        }
    }
}
