//! What a token tells a guest.

use keyfob_signed::{Board, Levels, MakerRoot, VendorRoot};
use keyfob_wire::body::Tombstone;
use keyfob_wire::{BootId, Firmware, PartitionId, ProductId, Serial, SnapshotFile, Units, UnixTime};

use crate::{Error, FeatureId};

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// Its serial.
    pub serial: Serial,
    /// The kind of board.
    pub board: Board,
    /// How it keeps keys and state, by its own word.
    pub levels: Levels,
    /// Its firmware.
    pub firmware: Firmware,
    /// This power-up.
    pub boot: BootId,
    /// The vendors that it carries.
    pub partitions: Vec<Partition>,
    /// Sessions in use.
    pub sessions: u32,
    /// How many partitions were wiped.
    pub wipes: u32,
    /// The partitions that were wiped, the first one first.
    pub tombstones: Vec<Tombstone>,
}

/// A vendor's partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// The vendor.
    pub vendor: VendorRoot,
    /// The partition.
    pub id: PartitionId,
    /// The epoch of the last update.
    pub epoch: u32,
    /// The number of the last update; 0 before the first.
    pub number: u32,
}

/// A product on a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Licensed {
    /// The product.
    pub product: ProductId,
    /// The number of its grant.
    pub grant_number: u32,
    /// Its name.
    pub name: String,
    /// Its features.
    pub features: Vec<LicensedFeature>,
}

/// A feature on a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicensedFeature {
    /// The feature.
    pub feature: FeatureId,
    /// Its name.
    pub name: String,
    /// Units left, if uses are counted.
    pub remaining: Option<Units>,
}

/// A grant with what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The grant, signed.
    pub grant: Vec<u8>,
    /// The certificate of its signer, if that isn't the root.
    pub certificates: Vec<Vec<u8>>,
    /// The partition's endorsement.
    pub endorsement: Vec<u8>,
}

/// A receipt with what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The receipt, signed by the partition's proof key.
    pub receipt: Vec<u8>,
    /// The partition's endorsement.
    pub endorsement: Vec<u8>,
}

/// A snapshot with what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The token.
    pub serial: Serial,
    /// The snapshot, signed by the partition's proof key.
    pub snapshot: Vec<u8>,
    /// The partition's endorsement.
    pub endorsement: Vec<u8>,
}

impl Snapshot {
    /// The snapshot file that goes to the vendor.
    ///
    /// # Errors
    /// If it could not be encoded.
    pub fn to_file(&self) -> Result<Vec<u8>, Error> {
        let file = SnapshotFile { serial: self.serial, endorsement: &self.endorsement, snapshot: &self.snapshot };
        minicbor::to_vec(file).map_err(|_| Error::TooLong)
    }
}

/// What signed time has to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeNonce {
    /// For one `set_time`.
    pub nonce: [u8; 16],
    /// The signed mark.
    pub mark: UnixTime,
    /// The token's time.
    pub now: UnixTime,
    /// The partition.
    pub partition: PartitionId,
}

/// A token's wish to be endorsed, with what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolled {
    /// The enrolment request, signed by the device.
    pub request: Vec<u8>,
    /// The certificate of the device's signing key.
    pub device_signing: Vec<u8>,
    /// The certificate of the batch.
    pub batch: Vec<u8>,
    /// The maker, by the token's word.
    pub maker_root: MakerRoot,
}

/// Signed bytes and the certificate of the signer, if that isn't the root.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// The signed thing.
    pub bytes: &'a [u8],
    /// Its signer's certificate.
    pub certificate: Option<&'a [u8]>,
}
