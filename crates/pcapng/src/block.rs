//! Blocks, as written: little-endian. pcapng §3 and §4.
//!
//! | block | offset 0 | 4 | 8 | at the end |
//! |---|---|---|---|---|
//! | any | type `u32` | length of the whole block `u32` | body, filled up to 4 bytes | the length again |

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

pub(crate) const SECTION: u32 = 0x0a0d_0d0a;
pub(crate) const INTERFACE: u32 = 1;
pub(crate) const SIMPLE_PACKET: u32 = 3;
pub(crate) const ENHANCED_PACKET: u32 = 6;
/// Tells the byte order of a section.
pub(crate) const MAGIC: u32 = 0x1a2b_3c4d;

pub(crate) const OPTION_END: u16 = 0;
const OPTION_APPLICATION: u16 = 4;
pub(crate) const OPTION_NAME: u16 = 2;
pub(crate) const OPTION_DESCRIPTION: u16 = 3;
pub(crate) const OPTION_RESOLUTION: u16 = 9;

/// What the packets of one interface are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// What a packet begins with: 220 is usbmon's header.
    pub link_type: u16,
    /// Its name; empty if it has none.
    pub name: String,
    /// What it is, in words; empty if nobody said.
    pub description: String,
    /// The unit of its timestamps as a file says it: 10 to the power of minus this, or 2 with bit 7 set.
    pub(crate) resolution: u8,
}

impl Interface {
    /// Describes an interface whose timestamps are in nanoseconds. Names end after 1,024 bytes.
    #[must_use]
    pub fn new(link_type: u16, name: &str, description: &str) -> Self {
        Self { link_type, name: name.to_owned(), description: description.to_owned(), resolution: NANOSECONDS }
    }
}

pub(crate) const NANOSECONDS: u8 = 9;
pub(crate) const MICROSECONDS: u8 = 6;
/// The longest text of an option that is written, in bytes.
const MAX_TEXT: usize = 1024;
const MAX_PACKET: usize = 256 * 1024;

/// Writes the block that begins a file or a section; interfaces count from 0 after it. pcapng §4.1.
#[must_use]
pub fn section(application: &str) -> Vec<u8> {
    let mut body = Vec::new();
    body.extend_from_slice(&MAGIC.to_le_bytes());
    body.extend_from_slice(&1_u16.to_le_bytes());
    body.extend_from_slice(&0_u16.to_le_bytes());
    // The section's length isn't known beforehand.
    body.extend_from_slice(&u64::MAX.to_le_bytes());
    text(&mut body, OPTION_APPLICATION, application);
    option(&mut body, OPTION_END, &[]);
    block(SECTION, &body)
}

/// Writes the block that describes an interface. pcapng §4.2.
#[must_use]
pub fn interface(interface: &Interface) -> Vec<u8> {
    let mut body = Vec::new();
    body.extend_from_slice(&interface.link_type.to_le_bytes());
    body.extend_from_slice(&0_u16.to_le_bytes());
    // Packets are never cut.
    body.extend_from_slice(&0_u32.to_le_bytes());
    text(&mut body, OPTION_NAME, &interface.name);
    text(&mut body, OPTION_DESCRIPTION, &interface.description);
    option(&mut body, OPTION_RESOLUTION, &[interface.resolution]);
    option(&mut body, OPTION_END, &[]);
    block(INTERFACE, &body)
}

/// Writes a packet with the time in nanoseconds since 1970. Data beyond 256 KiB, the longest that Wireshark reads, is left
/// out, and the packet says so. pcapng §4.3.
#[must_use]
pub fn packet(interface: u32, nanoseconds: u64, data: &[u8]) -> Vec<u8> {
    let [t0, t1, t2, t3, t4, t5, t6, t7] = nanoseconds.to_le_bytes();
    let captured = data.get(..MAX_PACKET).unwrap_or(data);
    let mut body = Vec::with_capacity(captured.len() + 24);
    body.extend_from_slice(&interface.to_le_bytes());
    body.extend_from_slice(&[t4, t5, t6, t7, t0, t1, t2, t3]);
    for length in [captured.len(), data.len()] {
        body.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
    }
    body.extend_from_slice(captured);
    block(ENHANCED_PACKET, &body)
}

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let filled = body.len().next_multiple_of(4);
    // What is written here is a packet and few short texts.
    let length = u32::try_from(filled + FRAME).unwrap_or_default().to_le_bytes();
    let mut block = Vec::with_capacity(filled + FRAME);
    block.extend_from_slice(&kind.to_le_bytes());
    block.extend_from_slice(&length);
    block.extend_from_slice(body);
    block.resize(filled + FRAME - 4, 0);
    block.extend_from_slice(&length);
    block
}

/// What a block has besides its body: the type, and the length twice.
pub(crate) const FRAME: usize = 12;

fn text(body: &mut Vec<u8>, code: u16, text: &str) {
    if !text.is_empty() {
        let end = (0..=MAX_TEXT.min(text.len())).rfind(|end| text.is_char_boundary(*end)).unwrap_or_default();
        option(body, code, text.get(..end).unwrap_or_default().as_bytes());
    }
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    body.extend_from_slice(&code.to_le_bytes());
    body.extend_from_slice(&u16::try_from(value.len()).unwrap_or_default().to_le_bytes());
    body.extend_from_slice(value);
    body.resize(body.len().next_multiple_of(4), 0);
}
