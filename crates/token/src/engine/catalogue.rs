//! What the grants of all partitions say, in memory, so that a check reads no flash.

use heapless::Vec;
use keyfob_licence::{Grant, Terms};
use keyfob_wire::{FeatureId, Modules, ProductId, Status, Units, UnixTime};

/// How many products a token can carry.
pub const PRODUCTS: usize = 32;
/// How many features a token can carry.
pub const FEATURES: usize = 128;

/// A product that is granted.
#[derive(Clone, Copy)]
pub(super) struct Product {
    pub(super) partition: u8,
    pub(super) id: ProductId,
    pub(super) number: u32,
    pub(super) public: bool,
}

/// A feature that is granted, and what is left of its counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Feature {
    pub(super) partition: u8,
    pub(super) id: FeatureId,
    pub(super) product: ProductId,
    pub(super) terms: Terms,
    pub(super) remaining: Units,
}

/// A feature as it is kept, without what alignment and options would take.
struct Entry {
    id: FeatureId,
    product: ProductId,
    remaining: Units,
    starts: [u8; 8],
    expires: [u8; 8],
    modules: [u8; 8],
    partition: u8,
    stated: u8,
}

// What is kept most often decides what memory a token takes.
const _: () = assert!(size_of::<Entry>() == 40);

impl Entry {
    const ENABLED: u8 = 1;
    const STARTS: u8 = 2;
    const EXPIRES: u8 = 4;
    const COUNTED: u8 = 8;
    const MODULES: u8 = 16;
    const UNKNOWN: u8 = 32;

    fn new(feature: &Feature) -> Self {
        let Feature { partition, id, product, terms, remaining } = *feature;
        let Terms { enabled, starts, expires, counted, modules, unknown } = terms;
        let flags = [
            (enabled, Self::ENABLED),
            (starts.is_some(), Self::STARTS),
            (expires.is_some(), Self::EXPIRES),
            (counted, Self::COUNTED),
            (modules.is_some(), Self::MODULES),
            (unknown, Self::UNKNOWN),
        ];
        Self {
            id,
            product,
            remaining,
            starts: starts.map_or(0, |time| time.0).to_ne_bytes(),
            expires: expires.map_or(0, |time| time.0).to_ne_bytes(),
            modules: modules.map_or(0, |modules| modules.0).to_ne_bytes(),
            partition,
            stated: flags.into_iter().filter(|(is_stated, _)| *is_stated).fold(0, |stated, (_, flag)| stated | flag),
        }
    }

    fn states(&self, flag: u8) -> bool {
        self.stated & flag != 0
    }

    fn feature(&self) -> Feature {
        let time = |flag, bytes| self.states(flag).then(|| UnixTime(u64::from_ne_bytes(bytes)));
        Feature {
            partition: self.partition,
            id: self.id,
            product: self.product,
            terms: Terms {
                enabled: self.states(Self::ENABLED),
                starts: time(Self::STARTS, self.starts),
                expires: time(Self::EXPIRES, self.expires),
                counted: self.states(Self::COUNTED),
                modules: self.states(Self::MODULES).then(|| Modules(u64::from_ne_bytes(self.modules))),
                unknown: self.states(Self::UNKNOWN),
            },
            remaining: self.remaining,
        }
    }
}

/// Products and features in order of partition and number.
pub(super) struct Catalogue {
    products: Vec<Product, PRODUCTS>,
    features: Vec<Entry, FEATURES>,
}

impl Catalogue {
    pub(super) const fn new() -> Self {
        Self { products: Vec::new(), features: Vec::new() }
    }

    pub(super) fn clear(&mut self) {
        self.products.clear();
        self.features.clear();
    }

    /// The products of a partition in order of their numbers.
    pub(super) fn products(&self, partition: u8) -> impl Iterator<Item = &Product> {
        self.products.iter().filter(move |product| product.partition == partition)
    }

    pub(super) fn product(&self, partition: u8, id: ProductId) -> Option<&Product> {
        let place = self.products.binary_search_by_key(&(partition, id), |p| (p.partition, p.id)).ok()?;
        self.products.get(place)
    }

    /// The features of a partition in order of their numbers.
    pub(super) fn features(&self, partition: u8) -> impl Iterator<Item = Feature> {
        self.features.iter().filter(move |entry| entry.partition == partition).map(Entry::feature)
    }

    pub(super) fn feature(&self, partition: u8, id: FeatureId) -> Option<Feature> {
        self.features.get(self.place(partition, id).ok()?).map(Entry::feature)
    }

    /// What is left of the counter of a feature that has one.
    pub(super) fn remaining_mut(&mut self, partition: u8, id: FeatureId) -> Option<&mut Units> {
        let place = self.place(partition, id).ok()?;
        self.features.get_mut(place).filter(|entry| entry.states(Entry::COUNTED)).map(|entry| &mut entry.remaining)
    }

    /// Takes a product and its features out.
    pub(super) fn remove(&mut self, partition: u8, product: ProductId) {
        self.products.retain(|other| (other.partition, other.id) != (partition, product));
        self.features.retain(|feature| (feature.partition, feature.product) != (partition, product));
    }

    /// Takes all of a partition out.
    pub(super) fn remove_partition(&mut self, partition: u8) {
        self.products.retain(|product| product.partition != partition);
        self.features.retain(|feature| feature.partition != partition);
    }

    /// Puts a grant's product and features in; what they were before must have been removed.
    ///
    /// # Errors
    /// `update-malformed` if a feature belongs to another product, `no-room`, or what `remaining` says. The catalogue
    /// must be loaded anew then.
    pub(super) fn insert(
        &mut self,
        partition: u8,
        grant: &Grant<'_>,
        mut remaining: impl FnMut(FeatureId) -> Result<Units, Status>,
    ) -> Result<(), Status> {
        let product = Product { partition, id: grant.product, number: grant.number, public: grant.public };
        match self.products.binary_search_by_key(&(partition, product.id), |p| (p.partition, p.id)) {
            Ok(_) => return Err(Status::UpdateMalformed),
            Err(place) => insert(&mut self.products, place, product)?,
        }
        for granted in grant.features {
            let terms = granted.terms;
            let remaining = if terms.counted { remaining(granted.feature)? } else { Units(0) };
            let feature = Feature { partition, id: granted.feature, product: product.id, terms, remaining };
            match self.place(partition, granted.feature) {
                Ok(_) => return Err(Status::UpdateMalformed),
                Err(place) => insert(&mut self.features, place, Entry::new(&feature))?,
            }
        }
        Ok(())
    }

    fn place(&self, partition: u8, id: FeatureId) -> Result<usize, usize> {
        self.features.binary_search_by_key(&(partition, id), |entry| (entry.partition, entry.id))
    }
}

/// Puts a value into its place; what is from there on moves up. Nothing is changed if there is no room.
fn insert<T, const N: usize>(sorted: &mut Vec<T, N>, place: usize, mut value: T) -> Result<(), Status> {
    if sorted.is_full() {
        return Err(Status::NoRoom);
    }
    sorted.iter_mut().skip(place).for_each(|other| core::mem::swap(other, &mut value));
    sorted.push(value).map_err(|_| Status::NoRoom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_feature_is_all_of_it() {
        let times = [None, Some(UnixTime(1)), Some(UnixTime(u64::MAX)), Some(UnixTime(0x0102_0304_0506_0708))];
        let modules = [None, Some(Modules(0)), Some(Modules(u64::MAX)), Some(Modules(0x8070_6050_4030_2010))];
        for bits in 0..8 {
            let (enabled, counted, unknown) = (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0);
            for starts in times {
                for expires in times {
                    for modules in modules {
                        let terms = Terms { enabled, starts, expires, counted, modules, unknown };
                        let remaining = Units(0x1234_5678);
                        let (id, product) = (FeatureId(7), ProductId(0xffff_fffe));
                        let feature = Feature { partition: 3, id, product, terms, remaining };
                        assert_eq!(Entry::new(&feature).feature(), feature);
                    }
                }
            }
        }
    }
}
