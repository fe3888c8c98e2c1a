//! Which vendor's place on a fob a command is about.

use clap::Args;
use keyfob::{Guest, Partition};
use keyfob_signed::VendorRoot;
use keyfob_terminal::{Exit, Failure};

use crate::value;

/// Which vendor.
#[derive(Args)]
pub(crate) struct Vendor {
    /// The vendor's root key, as 66 hexadecimal digits; needed if the fob carries several vendors
    #[arg(long, value_name = "ROOT", value_parser = value::vendor_root)]
    vendor: Option<VendorRoot>,
}

impl Vendor {
    /// Finds the vendor's partition.
    pub(crate) fn partition(&self, guest: &mut Guest) -> Result<Partition, Failure> {
        let partitions = guest.info()?.partitions;
        match (self.vendor, partitions.as_slice()) {
            (Some(vendor), partitions) => {
                let found = partitions.iter().find(|partition| partition.vendor == vendor);
                found.copied().ok_or_else(|| keyfob::Error::OtherVendor.into())
            }
            (None, &[partition]) => Ok(partition),
            (None, []) => Err(keyfob::Error::OtherVendor.into()),
            (None, several) => {
                let message = format_args!("the fob carries {} vendors", several.len());
                Err(Failure::new("vendor-needed", Exit::Usage, message))
            }
        }
    }
}
