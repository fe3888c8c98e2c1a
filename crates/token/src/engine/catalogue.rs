//! What the grants of all partitions say, in memory, so that a check reads no flash.

use heapless::Vec;
use keyfob_licence::{Grant, Terms};
use keyfob_wire::{FeatureId, ProductId, Status, Units};

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
#[derive(Clone, Copy)]
pub(super) struct Feature {
    pub(super) partition: u8,
    pub(super) id: FeatureId,
    pub(super) product: ProductId,
    pub(super) terms: Terms,
    pub(super) remaining: Units,
}

/// Products and features in order of partition and number.
pub(super) struct Catalogue {
    products: Vec<Product, PRODUCTS>,
    features: Vec<Feature, FEATURES>,
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
    pub(super) fn features(&self, partition: u8) -> impl Iterator<Item = &Feature> {
        self.features.iter().filter(move |feature| feature.partition == partition)
    }

    pub(super) fn feature(&self, partition: u8, id: FeatureId) -> Option<&Feature> {
        self.features.get(self.place(partition, id).ok()?)
    }

    pub(super) fn feature_mut(&mut self, partition: u8, id: FeatureId) -> Option<&mut Feature> {
        let place = self.place(partition, id).ok()?;
        self.features.get_mut(place)
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
            Err(place) => self.products.insert(place, product).map_err(|_| Status::NoRoom)?,
        }
        for granted in grant.features {
            let terms = granted.terms;
            let remaining = if terms.counted { remaining(granted.feature)? } else { Units(0) };
            let feature = Feature { partition, id: granted.feature, product: product.id, terms, remaining };
            match self.place(partition, granted.feature) {
                Ok(_) => return Err(Status::UpdateMalformed),
                Err(place) => self.features.insert(place, feature).map_err(|_| Status::NoRoom)?,
            }
        }
        Ok(())
    }

    fn place(&self, partition: u8, id: FeatureId) -> Result<usize, usize> {
        self.features.binary_search_by_key(&(partition, id), |feature| (feature.partition, feature.id))
    }
}
