//! A feature's key is made.

use clap::Args;
use keyfob::{FeatureId, Slot};
use keyfob_issuing::OsEntropy;
use keyfob_terminal::{Failure, Global};
use serde::Serialize;

use crate::directory::{VendorAt, refuse_existing};
use crate::{failure, value};

#[derive(Args)]
pub(crate) struct New {
    #[command(flatten)]
    vendor: VendorAt,
    /// The feature's number
    #[arg(long, value_name = "NUMBER", value_parser = value::feature)]
    feature: FeatureId,
    /// The key's place, 0 to 255
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    slot: u8,
}

#[derive(Serialize)]
struct Document {
    feature: u32,
    slot: u8,
}

impl New {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let Self { vendor, feature, slot } = self;
        let mut directory = vendor.open()?;
        refuse_existing(&vendor.path().join(format!("feature-keys/{feature}-{slot}.key")))?;
        directory.feature_key(feature, Slot(slot), &mut OsEntropy).map_err(failure::directory)?;
        let document = Document { feature: feature.0, slot };
        global.print("keyfob-vendor.key-new.v1", &document, || format!("key of feature {feature}, slot {slot}: made\n"))
    }
}
