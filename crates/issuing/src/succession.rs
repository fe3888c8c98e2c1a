//! A vendor's new root takes a token over from the old one. `docs/spec.md`, §7.10.

use keyfob_crypto::{Entropy, P256Signing, PublicKey, SigningKey};
use keyfob_licence::RootChange;
use keyfob_signed::{Endorsement, Invalid, SignError, VendorRoot};
use keyfob_wire::RootChangeFile;

use crate::{TokenRecord, Vendor, envelope::signed};

/// Who hands tokens over.
pub enum Predecessor<'a> {
    /// The old root itself.
    Root(&'a Vendor),
    /// The recovery key, where the old root is lost or isn't to be used any more.
    Recovery {
        /// The old root.
        root: VendorRoot,
        /// The recovery key that tokens were told by an update.
        key: &'a P256Signing,
    },
}

impl Predecessor<'_> {
    fn root(&self) -> VendorRoot {
        match self {
            Self::Root(vendor) => vendor.root(),
            Self::Recovery { root, .. } => *root,
        }
    }

    fn key(&self) -> &P256Signing {
        match self {
            Self::Root(vendor) => vendor.key(),
            Self::Recovery { key, .. } => key,
        }
    }
}

/// Why a token wasn't taken over.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TakeOverError {
    /// The record's endorsement isn't the old root's for that token.
    #[error("the record's endorsement is refused: {0}")]
    Endorsement(Invalid),
    /// The recovery key isn't the one that the token was told.
    #[error("the token wasn't told this recovery key")]
    Recovery,
    /// One vendor endorses real tokens, the other emulated ones.
    #[error("the old root and the new one aren't both for real, or both for emulated tokens")]
    Kind,
    /// The new root is the old one.
    #[error("the new root is the old one")]
    Same,
    /// The root has changed as often as can be counted.
    #[error("no number is left for another change")]
    LastNumber,
    /// Signing failed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// A token that was taken over.
///
/// # Security
/// As with an update, `record` is to be kept before `file` leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenOver {
    /// The root change file.
    pub file: Vec<u8>,
    /// The record of the token under the new root.
    pub record: TokenRecord,
}

impl Vendor {
    /// Makes this vendor's root the new one of a token. Updates that the old root issued must be applied before.
    ///
    /// # Errors
    /// See [`TakeOverError`].
    pub fn take_over(
        &self,
        from: &Predecessor<'_>,
        record: &TokenRecord,
        entropy: &mut impl Entropy,
    ) -> Result<TakenOver, TakeOverError> {
        let old = record.endorsement(from.root()).map_err(TakeOverError::Endorsement)?;
        match from {
            Predecessor::Root(vendor) if vendor.kind() != self.kind() => return Err(TakeOverError::Kind),
            Predecessor::Recovery { key, .. } if record.recovery.map(PublicKey) != Some(key.public()) => {
                return Err(TakeOverError::Recovery);
            }
            _ => {}
        }
        if from.root() == self.root() {
            return Err(TakeOverError::Same);
        }
        let binding = (record.serial, old.partition);
        let number = record.root_changes.checked_add(1).ok_or(TakeOverError::LastNumber)?;
        let change = RootChange { number, root: self.root().0 };
        let by_old = signed(&change, &binding, from.key(), entropy)?;
        let by_new = signed(&change, &binding, self.key(), entropy)?;
        let endorsement = Endorsement { epoch: self.epoch(), ..old.into_inner() };
        let endorsement = signed(&endorsement, &record.serial, self.key(), entropy)?;
        let file = RootChangeFile {
            serial: binding.0,
            partition: binding.1,
            by_old: &by_old,
            by_new: &by_new,
            endorsement: &endorsement,
        };
        let file = minicbor::to_vec(file).map_err(|_| TakeOverError::Sign(SignError::Room))?;
        let record = TokenRecord { endorsement, root_changes: number, ..record.clone() };
        Ok(TakenOver { file, record })
    }
}

#[cfg(test)]
mod tests;
