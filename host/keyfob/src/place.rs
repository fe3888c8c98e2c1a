//! Where on the bus a device is plugged in.

use std::fmt;
use std::str::FromStr;

/// Where on the bus a device is plugged in: `1-2.3` is bus 1, port 2 of its root, and port 3 of the hub there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BusPlace {
    bus: u8,
    ports: Vec<u8>,
}

/// USB 2.0, §4.1.1: seven tiers, of which the root's ports are the second.
const MAX_PORTS: usize = 7;

impl BusPlace {
    /// The place at the end of this way through the ports of hubs, none of which is 0; there is at least one.
    #[must_use]
    pub fn new(bus: u8, ports: &[u8]) -> Option<Self> {
        let is_one = (1..=MAX_PORTS).contains(&ports.len()) && !ports.contains(&0);
        is_one.then(|| Self { bus, ports: ports.to_vec() })
    }

    /// The bus.
    #[must_use]
    pub fn bus(&self) -> u8 {
        self.bus
    }

    /// The ports on the way from the root of the bus.
    #[must_use]
    pub fn ports(&self) -> &[u8] {
        &self.ports
    }
}

/// The text is not a place such as `1-2.3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a place on the bus such as 1-2.3")]
pub struct BusPlaceError;

impl FromStr for BusPlace {
    type Err = BusPlaceError;

    fn from_str(text: &str) -> Result<Self, BusPlaceError> {
        let number = |digits: &str| {
            let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
            digits.parse().ok().filter(|_| is_plain).ok_or(BusPlaceError)
        };
        let (bus, ports) = text.split_once('-').ok_or(BusPlaceError)?;
        let ports = ports.split('.').map(number).collect::<Result<Vec<_>, _>>()?;
        Self::new(number(bus)?, &ports).ok_or(BusPlaceError)
    }
}

impl fmt::Display for BusPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.bus)?;
        self.ports
            .iter()
            .enumerate()
            .try_for_each(|(tier, port)| write!(f, "{}{port}", if tier == 0 { '-' } else { '.' }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for text in ["1-2", "1-2.3", "255-1.2.3.4.5.6.255"] {
            assert_eq!(text.parse::<BusPlace>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn other_texts_are_no_places() {
        for text in
            ["", "1", "1-", "-1", "1-0", "0-1", "1-2.", "1-+2", "01-2", "1-256", "1-2:1.0", "usb1", "1-1.1.1.1.1.1.1.1"]
        {
            assert_eq!(text.parse::<BusPlace>(), Err(BusPlaceError), "{text}");
        }
    }
}
