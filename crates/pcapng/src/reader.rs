//! Reads a file block by block.

use alloc::string::String;
use alloc::vec::Vec;

use crate::block::{
    ENHANCED_PACKET, FRAME, INTERFACE, Interface, MAGIC, MICROSECONDS, OPTION_DESCRIPTION, OPTION_END, OPTION_NAME,
    OPTION_RESOLUTION, SECTION, SIMPLE_PACKET,
};
use crate::bytes::{Cursor, Order};
use crate::{LINKTYPE_USB_LINUX_MMAPPED, Transfer};

/// A packet of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The section, counted from 0: several files make one if they are put one after the other.
    pub section: u32,
    /// The interface in its section, counted from 0.
    pub interface: u32,
    /// When, in nanoseconds since 1970.
    pub nanoseconds: u64,
    /// What it is of.
    pub link_type: u16,
    /// What was captured.
    pub data: &'a [u8],
    order: Order,
}

impl<'a> Packet<'a> {
    /// Reads the packet as a USB transfer, if it is one.
    #[must_use]
    pub fn transfer(&self) -> Option<Transfer<'a>> {
        (self.link_type == LINKTYPE_USB_LINUX_MMAPPED).then(|| Transfer::parse(self.data, self.order))?
    }
}

/// The file, or its rest, can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damaged {
    /// It doesn't begin as a pcapng file does.
    #[error("it is no pcapng file")]
    NotPcapng,
    /// It ends within a block, as after a crash.
    #[error("it ends in the middle of a block at byte {0}")]
    CutShort(usize),
    /// A block isn't as it should be.
    #[error("the block at byte {0} is damaged")]
    Block(usize),
}

/// Reads packets in the order of the file; ends after the first error. Blocks of other kinds are skipped.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    at: usize,
    /// The order of the section that is being read; none before the first.
    order: Option<Order>,
    section: u32,
    interfaces: Vec<Interface>,
}

impl<'a> Reader<'a> {
    /// Begins to read a file.
    #[must_use]
    pub fn new(file: &'a [u8]) -> Self {
        Self { rest: file, at: 0, order: None, section: 0, interfaces: Vec::new() }
    }

    /// The interfaces of the section that the last packet was of, as far as they have come.
    #[must_use]
    pub fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// Takes a block in, and gives its packet if it is one.
    fn block(&mut self) -> Result<Option<Packet<'a>>, Damaged> {
        let damaged = Damaged::Block(self.at);
        let (kind, body, whole) = self.frame()?;
        let packet = match kind {
            SECTION => self.section(body).map(|()| None),
            INTERFACE => self.interface(body).map(|()| None),
            ENHANCED_PACKET => self.enhanced(body).map(Some),
            // Simple packets have no time.
            SIMPLE_PACKET => None,
            _ => Some(None),
        };
        self.at = self.at.saturating_add(whole);
        self.rest = self.rest.get(whole..).unwrap_or_default();
        packet.ok_or(damaged)
    }

    /// The next block's type, body, and its length with its frame.
    fn frame(&mut self) -> Result<(u32, &'a [u8], usize), Damaged> {
        let no_file = if self.order.is_none() { Damaged::NotPcapng } else { Damaged::CutShort(self.at) };
        // The type of a section's block reads the same in both orders, and its order comes after its length.
        let is_section = self.rest.starts_with(&SECTION.to_le_bytes());
        if is_section {
            let magic = self.rest.get(8..12).ok_or(no_file)?;
            self.order = if magic == MAGIC.to_le_bytes() {
                Some(Order::Little)
            } else if magic == MAGIC.to_be_bytes() {
                Some(Order::Big)
            } else {
                return Err(Damaged::NotPcapng);
            };
        }
        let order = self.order.ok_or(Damaged::NotPcapng)?;
        let mut cursor = Cursor { rest: self.rest, order };
        let (kind, length) = cursor.u32().zip(cursor.length()).ok_or(no_file)?;
        if length < FRAME || !length.is_multiple_of(4) {
            return Err(Damaged::Block(self.at));
        }
        let body = cursor.take(length - FRAME).ok_or(Damaged::CutShort(self.at))?;
        match cursor.length() {
            Some(again) if again == length => Ok((kind, body, length)),
            Some(_) => Err(Damaged::Block(self.at)),
            None => Err(Damaged::CutShort(self.at)),
        }
    }

    fn section(&mut self, body: &[u8]) -> Option<()> {
        let mut cursor = self.cursor(body)?;
        let (_magic, major) = (cursor.u32()?, cursor.u16()?);
        self.section = if self.at == 0 { 0 } else { self.section.saturating_add(1) };
        self.interfaces.clear();
        (major == 1).then_some(())
    }

    fn interface(&mut self, body: &[u8]) -> Option<()> {
        let mut cursor = self.cursor(body)?;
        let (link_type, _reserved, _longest) = (cursor.u16()?, cursor.u16()?, cursor.u32()?);
        let mut interface = Interface::new(link_type, "", "");
        interface.resolution = MICROSECONDS;
        while let Some((code, value)) = next_option(&mut cursor)? {
            let text = || String::from_utf8_lossy(value).into_owned();
            match (code, value) {
                (OPTION_NAME, _) => interface.name = text(),
                (OPTION_DESCRIPTION, _) => interface.description = text(),
                (OPTION_RESOLUTION, [resolution]) => interface.resolution = *resolution,
                _ => {}
            }
        }
        self.interfaces.push(interface);
        Some(())
    }

    fn enhanced(&self, body: &'a [u8]) -> Option<Packet<'a>> {
        let mut cursor = self.cursor(body)?;
        let (interface, high, low) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
        let (captured, _original) = (cursor.length()?, cursor.u32()?);
        let data = cursor.take(captured)?;
        let described = self.interfaces.get(usize::try_from(interface).ok()?)?;
        Some(Packet {
            section: self.section,
            interface,
            nanoseconds: nanoseconds(u64::from(high) << 32 | u64::from(low), described.resolution),
            link_type: described.link_type,
            data,
            order: cursor.order,
        })
    }

    fn cursor<'b>(&self, rest: &'b [u8]) -> Option<Cursor<'b>> {
        self.order.map(|order| Cursor { rest, order })
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Result<Packet<'a>, Damaged>;

    fn next(&mut self) -> Option<Self::Item> {
        // A file has at least the block that begins it.
        while !self.rest.is_empty() || self.at == 0 {
            match self.block() {
                Ok(None) => {}
                Ok(Some(packet)) => return Some(Ok(packet)),
                Err(damaged) => {
                    (self.rest, self.at) = (&[], usize::MAX);
                    return Some(Err(damaged));
                }
            }
        }
        None
    }
}

/// The next option, or that there is none any more. Gives nothing if one is damaged.
fn next_option<'a>(cursor: &mut Cursor<'a>) -> Option<Option<(u16, &'a [u8])>> {
    if cursor.rest.is_empty() {
        return Some(None);
    }
    let (code, length) = (cursor.u16()?, usize::from(cursor.u16()?));
    if code == OPTION_END {
        return Some(None);
    }
    let value = cursor.take(length)?;
    let _filling = cursor.take(length.next_multiple_of(4) - length)?;
    Some(Some((code, value)))
}

/// A time in an interface's unit as nanoseconds.
fn nanoseconds(time: u64, resolution: u8) -> u64 {
    let exponent = u32::from(resolution & 0x7f);
    let base: u128 = if resolution & 0x80 == 0 { 10 } else { 2 };
    let scaled = u128::from(time) * 1_000_000_000;
    // A unit so small that nothing is left of the time.
    base.checked_pow(exponent).map_or(0, |units| u64::try_from(scaled / units).unwrap_or(u64::MAX))
}
