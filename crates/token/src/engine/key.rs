//! Where the token's state lies in the store. `docs/flash-format.md` has the values' layouts.

use keyfob_store::Key;
use keyfob_wire::{FeatureId, FileId, ProductId, Slot};

/// The kinds of records, in the key's highest byte.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Area {
    Grant = 5,
    Counter = 6,
    FeatureKey = 7,
    File = 8,
    Clock = 9,
    Succession = 10,
    Tombstone = 11,
    /// A file's first page; the others' areas follow.
    Page = 0x40,
}

/// The device's serial and secret keys.
pub(super) const DEVICE: Key = Key(1 << 56);
/// The anchor's number and the account of all values.
pub(super) const ANCHOR: Key = Key(12 << 56);
/// The device's certificates, as INSTALL brought them.
pub(super) const CERTIFICATES: Key = Key(2 << 56);

/// A partition's vendor, keys and endorsement.
pub(super) fn partition(index: u8) -> Key {
    Key(3 << 56 | u64::from(index) << 48)
}

/// A partition's sequence and mark.
pub(super) fn state(index: u8) -> Key {
    Key(4 << 56 | u64::from(index) << 48)
}

/// What a partition knows of the PC's clock.
pub(super) fn clock(index: u8) -> Key {
    of(Area::Clock, index, Slot(0), 0)
}

/// How often a partition's root changed, and its recovery key.
pub(super) fn succession(index: u8) -> Key {
    of(Area::Succession, index, Slot(0), 0)
}

/// What a wiped partition leaves: the token's, not a partition's.
pub(super) fn tombstone(sequence: u32) -> Key {
    of(Area::Tombstone, 0, Slot(0), sequence)
}

/// Whether a key is a tombstone's.
pub(super) fn is_tombstone(key: Key) -> bool {
    let [area, ..] = key.0.to_be_bytes();
    area == Area::Tombstone as u8
}

/// The place of the partition that a key belongs to; none if it is the token's own.
pub(super) fn place(key: Key) -> Option<u8> {
    let [_, place, ..] = key.0.to_be_bytes();
    (![DEVICE, CERTIFICATES, ANCHOR].contains(&key) && !is_tombstone(key)).then_some(place)
}

/// A product's grant and its signer's certificate.
pub(super) fn grant(index: u8, product: ProductId) -> Key {
    of(Area::Grant, index, Slot(0), product.0)
}

/// A feature's counter and its last spends.
pub(super) fn counter(index: u8, feature: FeatureId) -> Key {
    of(Area::Counter, index, Slot(0), feature.0)
}

/// A feature's key.
pub(super) fn feature_key(index: u8, feature: FeatureId, slot: Slot) -> Key {
    of(Area::FeatureKey, index, slot, feature.0)
}

/// What a file is.
pub(super) fn file(index: u8, product: ProductId, file: FileId) -> Key {
    of_file(Area::File as u8, index, product, file)
}

/// A page of a file.
pub(super) fn page(index: u8, product: ProductId, file: FileId, page: u8) -> Key {
    of_file((Area::Page as u8).saturating_add(page), index, product, file)
}

/// The partition, product and file of a key, if it says what a file is.
pub(super) fn described_file(key: Key) -> Option<(u8, ProductId, FileId)> {
    let [area, partition, e, f, a, b, c, d] = key.0.to_be_bytes();
    let product = ProductId(u32::from_be_bytes([a, b, c, d]));
    (area == Area::File as u8).then_some((partition, product, FileId(u16::from_be_bytes([e, f]))))
}

/// The product of a grant's key in a partition, if it is one.
pub(super) fn granted_product(key: Key, index: u8) -> Option<ProductId> {
    let [area, partition, _, _, a, b, c, d] = key.0.to_be_bytes();
    (area == Area::Grant as u8 && partition == index).then_some(ProductId(u32::from_be_bytes([a, b, c, d])))
}

fn of_file(area: u8, index: u8, product: ProductId, file: FileId) -> Key {
    Key(u64::from(area) << 56 | u64::from(index) << 48 | u64::from(file.0) << 32 | u64::from(product.0))
}

fn of(area: Area, index: u8, slot: Slot, id: u32) -> Key {
    Key(u64::from(area as u8) << 56 | u64::from(index) << 48 | u64::from(slot.0) << 32 | u64::from(id))
}
