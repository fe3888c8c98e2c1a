//! What a host is told of a device before it imports it.

use alloc::vec::Vec;
use core::fmt;

/// A device that hosts may import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Where it is on this side, for people to read; at most 255 bytes are sent.
    pub path: &'static str,
    /// Its name, by which it is asked for.
    pub bus_id: BusId,
    /// The number of its bus.
    pub bus_number: u16,
    /// Its number on the bus.
    pub device_number: u16,
    /// Its speed.
    pub speed: Speed,
    /// `idVendor`
    pub vendor_id: u16,
    /// `idProduct`
    pub product_id: u16,
    /// `bcdDevice`
    pub release: u16,
    /// `bDeviceClass` and what follows.
    pub class: Class,
    /// The configuration that is set, or 0.
    pub configuration: u8,
    /// `bNumConfigurations`
    pub configurations: u8,
    /// The classes of the configuration's interfaces; at most 255 are sent.
    pub interfaces: Vec<Class>,
}

/// Class, subclass and protocol of a device or an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Class {
    /// The class.
    pub class: u8,
    /// The subclass.
    pub subclass: u8,
    /// The protocol.
    pub protocol: u8,
}

/// How fast a device is: `enum usb_device_speed` of Linux.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Speed {
    /// 1.5 Mbit/s
    Low,
    /// 12 Mbit/s
    Full,
    /// 480 Mbit/s
    High,
    /// 5 Gbit/s
    Super,
}

/// The name of a device: 1 to 31 bytes without a zero byte, such as `1-1`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BusId([u8; 32]);

/// A name that is no bus id: empty, longer than 31 bytes, or with a zero byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a bus id has 1 to 31 bytes")]
pub struct TooLong;

impl BusId {
    /// Takes a name.
    ///
    /// # Errors
    /// [`TooLong`] if it doesn't fit.
    pub fn new(name: &str) -> Result<Self, TooLong> {
        let mut padded = [0; 32];
        let fits = (1..32).contains(&name.len()) && !name.contains('\0');
        let place = padded.get_mut(..name.len()).filter(|_| fits).ok_or(TooLong)?;
        place.copy_from_slice(name.as_bytes());
        Ok(Self(padded))
    }

    /// Reads the name as it is sent; what follows its end doesn't count. None if it has no end.
    pub(crate) fn parse(sent: &[u8; 32]) -> Option<Self> {
        let length = sent.iter().position(|byte| *byte == 0)?;
        let mut padded = [0; 32];
        padded.get_mut(..length)?.copy_from_slice(sent.get(..length)?);
        Some(Self(padded))
    }

    /// The name's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.split(|byte| *byte == 0).next().unwrap_or_default()
    }
}

impl fmt::Display for BusId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().escape_ascii().fmt(f)
    }
}

impl fmt::Debug for BusId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BusId({self})")
    }
}

impl Export {
    /// What identifies the device in a session's messages.
    pub(crate) fn device(&self) -> u32 {
        u32::from(self.bus_number) << 16 | u32::from(self.device_number)
    }

    /// Writes what `OP_REP_DEVLIST` and `OP_REP_IMPORT` have in common: 312 bytes.
    pub(crate) fn write(&self, output: &mut Vec<u8>) {
        let path = self.path.as_bytes();
        let path = path.get(..255).unwrap_or(path);
        output.extend_from_slice(path);
        output.resize(output.len() + 256 - path.len(), 0);
        output.extend_from_slice(&self.bus_id.0);
        for word in [u32::from(self.bus_number), u32::from(self.device_number), self.speed.number()] {
            output.extend_from_slice(&word.to_be_bytes());
        }
        for half in [self.vendor_id, self.product_id, self.release] {
            output.extend_from_slice(&half.to_be_bytes());
        }
        let Class { class, subclass, protocol } = self.class;
        let interfaces = u8::try_from(self.interfaces.len()).unwrap_or(u8::MAX);
        output.extend_from_slice(&[class, subclass, protocol]);
        output.extend_from_slice(&[self.configuration, self.configurations, interfaces]);
    }

    /// Writes what only `OP_REP_DEVLIST` has.
    pub(crate) fn write_interfaces(&self, output: &mut Vec<u8>) {
        for Class { class, subclass, protocol } in self.interfaces.iter().take(255) {
            output.extend_from_slice(&[*class, *subclass, *protocol, 0]);
        }
    }
}

impl Speed {
    const fn number(self) -> u32 {
        match self {
            Self::Low => 1,
            Self::Full => 2,
            Self::High => 3,
            Self::Super => 5,
        }
    }
}
