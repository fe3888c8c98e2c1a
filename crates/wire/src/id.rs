//! Newtypes for the identifiers and quantities of `docs/spec.md`, §1.

use core::fmt::{self, Write as _};
use core::str::FromStr;

/// Defines a newtype over a byte array that reads as upper-case hexadecimal digits.
macro_rules! bytes_id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// Copies the identifier from a slice of exactly its length.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

bytes_id!(
    /// Names a partition: a vendor's walled-off place on one token.
    PartitionId, 8
);
bytes_id!(
    /// Names one power-up of a token.
    BootId, 8
);
bytes_id!(
    /// The first 8 bytes of the digest of a vendor's root key.
    VendorHint, 8
);
bytes_id!(
    /// Names one spend, so that a retry is not a second one.
    OperationId, 8
);
bytes_id!(
    /// Whom a certificate is about; for a device, its serial.
    Subject, 8
);

/// Names a token. Written `KF-40E2-91AC-0B7D-22F3`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Serial(pub [u8; 8]);

impl Serial {
    /// Copies the serial from a slice of exactly 8 bytes.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl Serial {
    /// How long [`text`](Self::text) is.
    pub const TEXT: usize = 22;

    /// Its text, as `KF-0123-4567-89AB-CDEF`; without formatting, which is large on a board.
    #[must_use]
    pub fn text(&self) -> [u8; Self::TEXT] {
        let digit = |value: u8| value.wrapping_add(if value < 10 { b'0' } else { b'A' - 10 });
        let mut digits = self.0.into_iter().flat_map(|byte| [byte >> 4, byte & 0x0f]).map(digit);
        (*b"KF-0000-0000-0000-0000").map(|byte| if byte == b'0' { digits.next().unwrap_or(byte) } else { byte })
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().into_iter().try_for_each(|byte| f.write_char(char::from(byte)))
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Serial({self})")
    }
}

/// The text is not a serial such as `KF-40E2-91AC-0B7D-22F3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a serial such as KF-40E2-91AC-0B7D-22F3")]
pub struct SerialError;

impl FromStr for Serial {
    type Err = SerialError;

    /// Reads a serial; `KF` and the hyphens may be left out, case doesn't matter.
    fn from_str(text: &str) -> Result<Self, SerialError> {
        let digits = text.strip_prefix("KF-").or_else(|| text.strip_prefix("kf-")).unwrap_or(text);
        let mut serial = [0; 8];
        let mut nibbles =
            digits.chars().filter(|&c| c != '-').map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()));
        for byte in &mut serial {
            let (Some(Some(high)), Some(Some(low))) = (nibbles.next(), nibbles.next()) else {
                return Err(SerialError);
            };
            *byte = high << 4 | low;
        }
        if nibbles.next().is_some() { Err(SerialError) } else { Ok(Self(serial)) }
    }
}

/// Defines a newtype over an integer.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $int:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub $int);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// Names a feature within its vendor: what an app asks for.
    FeatureId, u32
);
number!(
    /// Names a product within its vendor: a group of features.
    ProductId, u32
);
number!(
    /// Names a file within its product.
    FileId, u16
);
number!(
    /// An amount of a counter.
    Units, u32
);
number!(
    /// A key's place within a feature.
    Slot, u8
);
number!(
    /// A set of modules, one bit each.
    Modules, u64
);

/// Seconds since 1970-01-01 UTC without leap seconds; zero says "not known".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixTime(pub u64);

impl UnixTime {
    /// The time is not known.
    pub const UNKNOWN: Self = Self(0);
}

/// Milliseconds since the machine at hand started: for time-outs, never for licences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(pub u64);

impl Instant {
    /// Milliseconds from `earlier` to this instant; zero if that lies later.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The instant `milliseconds` later.
    #[must_use]
    pub fn plus(self, milliseconds: u64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }
}

/// Names a channel of a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChannelId(pub u32);

impl ChannelId {
    /// The channel on which channels are allocated.
    pub const BROADCAST: Self = Self(0xffff_ffff);
}

/// A firmware's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Firmware(pub [u8; 3]);

impl fmt::Display for Firmware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    extern crate std;
    use std::string::ToString;

    #[test]
    fn a_serial_reads_as_it_is_written() {
        let serial = Serial([0x40, 0xe2, 0x91, 0xac, 0x0b, 0x7d, 0x22, 0xf3]);
        assert_eq!(serial.to_string(), "KF-40E2-91AC-0B7D-22F3");
        assert_eq!(serial.to_string().parse(), Ok(serial));
        assert_eq!("40e291ac0b7d22f3".parse(), Ok(serial));
        for wrong in [
            "",
            "KF-",
            "KF-40E2-91AC-0B7D-22F",
            "KF-40E2-91AC-0B7D-22F33",
            "KF-40E2-91AC-0B7D-22FG",
            "KF-40E2-91AC-0B7D-22F€",
        ] {
            assert_eq!(wrong.parse::<Serial>(), Err(SerialError), "{wrong}");
        }
    }
}
