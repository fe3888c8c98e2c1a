//! What binds an installed key to its place (RFC 9180, section 5.1). `docs/spec.md`, §7.5.

use keyfob_wire::{FeatureId, PartitionId, Serial, Slot};

/// The length of [`hpke_info`].
pub const HPKE_INFO_LEN: usize = 4 + 32 + 1 + 8 + 1 + 8;

/// The greatest length of [`hpke_aad`].
pub const HPKE_AAD_MAX: usize = 1 + 4 * 5 + 2;

/// Writes the `info` of a partition's installed keys: `[5, digest of the vendor's root key, serial, partition id]`.
pub fn hpke_info<'b>(
    vendor: &[u8; 32],
    serial: Serial,
    partition: PartitionId,
    buffer: &'b mut [u8; HPKE_INFO_LEN],
) -> &'b [u8] {
    let head = [0x84, 0x05, 0x58, 0x20].into_iter().chain(*vendor);
    fill(buffer, head.chain([0x48]).chain(serial.0).chain([0x48]).chain(partition.0))
}

/// Writes the `aad` of one installed key: `[epoch, number, index, feature, slot]`, where `index` is the operation's
/// place in its update, from 0.
pub fn hpke_aad(
    epoch: u32,
    number: u32,
    index: u32,
    feature: FeatureId,
    slot: Slot,
    buffer: &mut [u8; HPKE_AAD_MAX],
) -> &[u8] {
    let update = [0x85].into_iter().chain(unsigned(epoch)).chain(unsigned(number));
    fill(buffer, update.chain(unsigned(index)).chain(unsigned(feature.0)).chain(unsigned(slot.0.into())))
}

/// A CBOR unsigned integer in its shortest form. Written out here because it can't fail, unlike a general encoder.
fn unsigned(value: u32) -> impl Iterator<Item = u8> {
    let [a, b, c, d] = value.to_be_bytes();
    let (bytes, length) = match value {
        0..=0x17 => ([d, 0, 0, 0, 0], 1),
        0x18..=0xff => ([0x18, d, 0, 0, 0], 2),
        0x100..=0xffff => ([0x19, c, d, 0, 0], 3),
        _ => ([0x1a, a, b, c, d], 5),
    };
    bytes.into_iter().take(length)
}

/// Copies bytes to the buffer's beginning and returns them.
fn fill(buffer: &mut [u8], bytes: impl Iterator<Item = u8>) -> &[u8] {
    let mut length = 0;
    for (place, byte) in buffer.iter_mut().zip(bytes) {
        *place = byte;
        length += 1;
    }
    buffer.get(..length).unwrap_or_default()
}
