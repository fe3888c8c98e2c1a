//! Packets into a stream of bytes.

use alloc::vec::Vec;

use crate::number::packet;
use crate::{Capabilities, DeviceDescription, PacketId, TransferType};

/// What is to be sent.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    bytes: Vec<u8>,
    /// Whether ids have 64 bits.
    pub(crate) has_long_ids: bool,
}

impl Outgoing {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn sent(&mut self, count: usize) {
        self.bytes.drain(..count.min(self.bytes.len()));
    }

    /// Adds a packet whose body has these parts.
    pub(crate) fn packet(&mut self, kind: u32, id: PacketId, parts: &[&[u8]]) {
        let length = parts.iter().map(|part| part.len()).sum::<usize>();
        self.bytes.extend_from_slice(&kind.to_le_bytes());
        // What is sent is an array or at most 65,535 bytes.
        self.bytes.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
        let id = id.0.to_le_bytes();
        let (low, high) = id.split_at(4);
        self.bytes.extend_from_slice(low);
        if self.has_long_ids {
            self.bytes.extend_from_slice(high);
        }
        parts.iter().for_each(|part| self.bytes.extend_from_slice(part));
    }

    pub(crate) fn hello(&mut self, version: &str) {
        let mut text = [0; 64];
        // The last byte stays zero.
        let (places, _) = text.split_at_mut(63);
        places.iter_mut().zip(version.bytes()).for_each(|(place, byte)| *place = byte);
        self.packet(packet::HELLO, PacketId(0), &[&text, &Capabilities::OURS.0.to_le_bytes()]);
    }

    /// Tells of a device.
    pub(crate) fn connect(&mut self, device: &DeviceDescription<'_>, common: Capabilities) {
        self.endpoints(device, common);
        self.interfaces(device);
        let [vendor, product, release] = [device.vendor_id, device.product_id, device.release].map(u16::to_le_bytes);
        let fixed = [device.speed.number(), device.class, device.subclass, device.protocol];
        let release: &[u8] = if common.has(Capabilities::CONNECT_DEVICE_VERSION) { &release } else { &[] };
        self.packet(packet::DEVICE_CONNECT, PacketId(0), &[&fixed, &vendor, &product, release]);
    }

    /// `ep_info`: a column each of types, intervals, interfaces and packet sizes, at the places of the endpoints' numbers,
    /// those to the other side 16 further.
    pub(crate) fn endpoints(&mut self, device: &DeviceDescription<'_>, common: Capabilities) {
        let mut columns = [[TransferType::NONE; 32], [0; 32], [0; 32]];
        let mut sizes = [[0; 2]; 32];
        let mut put = |address: u8, fields: [u8; 3], size: u16| {
            let place = usize::from((address & 0x80) >> 3 | address & 0x0f);
            for (column, field) in columns.iter_mut().zip(fields) {
                column.iter_mut().skip(place).take(1).for_each(|cell| *cell = field);
            }
            sizes.iter_mut().skip(place).take(1).for_each(|cell| *cell = size.to_le_bytes());
        };
        for address in [0x00, 0x80] {
            put(address, [TransferType::Control.number(), 0, 0], device.max_packet_size_0);
        }
        for endpoint in device.endpoints {
            let fields = [endpoint.transfer_type.number(), endpoint.interval, endpoint.interface];
            put(endpoint.address, fields, endpoint.max_packet_size);
        }
        let has_sizes = common.has(Capabilities::EP_INFO_MAX_PACKET_SIZE);
        let sizes: &[u8] = if has_sizes { sizes.as_flattened() } else { &[] };
        self.packet(packet::EP_INFO, PacketId(0), &[columns.as_flattened(), sizes]);
    }

    /// `interface_info`: how many, and a column each of numbers, classes, subclasses and protocols.
    pub(crate) fn interfaces(&mut self, device: &DeviceDescription<'_>) {
        let mut columns = [[0; 32]; 4];
        let [numbers, classes, subclasses, protocols] = &mut columns;
        let cells = numbers.iter_mut().zip(classes).zip(subclasses.iter_mut().zip(protocols));
        let mut count = 0_u32;
        for (((number, class), (subclass, protocol)), interface) in cells.zip(device.interfaces) {
            (*number, *class) = (interface.number, interface.class);
            (*subclass, *protocol) = (interface.subclass, interface.protocol);
            count += 1;
        }
        self.packet(packet::INTERFACE_INFO, PacketId(0), &[&count.to_le_bytes(), columns.as_flattened()]);
    }
}
