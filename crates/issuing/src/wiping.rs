//! The order that takes a vendor's partition off a token. `docs/spec.md`, §7.9.

use keyfob_crypto::Entropy;
use keyfob_licence::Wipe;
use keyfob_signed::{Invalid, SignError};
use keyfob_wire::WipeFile;

use crate::{TokenRecord, Vendor, envelope::signed};

/// Why no wipe was signed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WipeError {
    /// The record's endorsement isn't this vendor's for that token.
    #[error("the record's endorsement is refused: {0}")]
    Endorsement(Invalid),
    /// The token was wiped as often as can be counted.
    #[error("no number is left for another wipe")]
    LastNumber,
    /// Signing failed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl Vendor {
    /// Signs a wipe file for a token of which `wipes` partitions were wiped so far, whose ever they were.
    ///
    /// # Errors
    /// See [`WipeError`].
    ///
    /// # Security
    /// Applied, it destroys all that the vendor has on the token. It stays good until another partition of the token is
    /// wiped.
    pub fn wipe(&self, record: &TokenRecord, wipes: u32, entropy: &mut impl Entropy) -> Result<Vec<u8>, WipeError> {
        let endorsement = record.endorsement(self.root()).map_err(WipeError::Endorsement)?;
        let binding = (record.serial, endorsement.partition);
        let wipe = Wipe { sequence: wipes.checked_add(1).ok_or(WipeError::LastNumber)? };
        let wipe = signed(&wipe, &binding, self.key(), entropy)?;
        let file = WipeFile { serial: binding.0, partition: binding.1, wipe: &wipe };
        minicbor::to_vec(file).map_err(|_| WipeError::Sign(SignError::Room))
    }
}

#[cfg(test)]
mod tests {
    use keyfob_crypto::RustCrypto;
    use keyfob_signed::{Kind, verify};

    use super::*;
    use crate::OsEntropy;
    use crate::bench::{Bench, test_vendor};

    #[test]
    fn a_wipe_is_the_roots_for_one_partition_and_the_next_number() {
        let (vendor, token) = (test_vendor(), Bench::installed());
        let record = TokenRecord::new(&token.endorsed(&vendor));
        for wipes in [0, 1, u32::MAX - 1] {
            let file = vendor.wipe(&record, wipes, &mut OsEntropy).unwrap();
            let file = WipeFile::parse(&file).unwrap();
            assert_eq!((file.serial, file.partition), (token.serial, token.partition));
            let signer = vendor.root().signer::<RustCrypto>(None, Kind::Wipe, 0).unwrap();
            let wipe = signer.verify::<RustCrypto, Wipe>(file.wipe, &(token.serial, token.partition)).unwrap();
            assert_eq!(wipe.sequence, wipes + 1);
            let elsewhere = (token.serial, keyfob_wire::PartitionId([0; 8]));
            assert!(verify::<RustCrypto, Wipe>(file.wipe, &vendor.root().0, &elsewhere).is_err());
        }
        assert_eq!(vendor.wipe(&record, u32::MAX, &mut OsEntropy), Err(WipeError::LastNumber));
        let other = test_vendor().wipe(&record, 0, &mut OsEntropy);
        assert_eq!(other, Err(WipeError::Endorsement(Invalid::Signature)));
    }
}
