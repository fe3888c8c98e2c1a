//! A vendor's word for a token that wants to carry its partition. `docs/spec.md`, §7.3, §7.4 and §8.

use keyfob_crypto::{Entropy, PublicKey, RustCrypto};
use keyfob_signed::{Endorsement, EnrolmentRequest, Invalid, MakerRoot, SignError, TEST_MAKER_ROOT, Usage, verify};
use keyfob_wire::{Serial, body::EnrolAnswer};

use crate::{Vendor, VendorKind, envelope::signed, maker::points};

/// Why a token wasn't endorsed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndorseError {
    /// The token's maker isn't among those trusted.
    #[error("the token's maker isn't trusted")]
    UntrustedMaker,
    /// The token's certificates are refused.
    #[error("the token's certificates are refused: {0}")]
    Certificate(Invalid),
    /// The enrolment request is refused.
    #[error("the enrolment request is refused: {0}")]
    Request(Invalid),
    /// The enrolment request answers another nonce.
    #[error("the enrolment request answers another nonce")]
    Nonce,
    /// The enrolment request is for another vendor.
    #[error("the enrolment request is for another vendor")]
    OtherVendor,
    /// A key is no point of the curve, or one stands in two places.
    #[error("the partition's keys can't be endorsed")]
    Keys,
    /// The token is emulated and the vendor is a production vendor.
    #[error("the token is emulated: a production vendor endorses real tokens only")]
    Emulated,
    /// The token is real and the vendor is a test vendor.
    #[error("the token is real: a test vendor endorses emulated tokens only")]
    Real,
    /// Signing failed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// A token that was endorsed. [`TokenRecord::new`](crate::TokenRecord::new) remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endorsed {
    /// The token.
    pub serial: Serial,
    /// What the vendor said: partition, keys, levels.
    pub endorsement: Endorsement,
    /// The same as signed: the body's content for `endorse`.
    pub bytes: Vec<u8>,
}

impl Vendor {
    /// Endorses the partition of the token `serial` that answered `enrol` with `nonce`.
    ///
    /// # Errors
    /// See [`EndorseError`].
    ///
    /// # Security
    /// A production vendor never endorses an emulated token, not even if `trusted` names the published test maker,
    /// whose keys everybody has; a test vendor never endorses a real one.
    pub fn endorse(
        &self,
        serial: Serial,
        nonce: &[u8; 16],
        answer: &EnrolAnswer<'_>,
        trusted: &[MakerRoot],
        entropy: &mut impl Entropy,
    ) -> Result<Endorsed, EndorseError> {
        let maker = MakerRoot(PublicKey(answer.maker_root));
        if self.kind() == VendorKind::Production && maker == TEST_MAKER_ROOT {
            return Err(EndorseError::Emulated);
        }
        if !trusted.contains(&maker) {
            return Err(EndorseError::UntrustedMaker);
        }
        let device = maker.verify_device::<RustCrypto>(answer.batch, answer.device_signing, serial, Usage::Signing);
        let device = device.map_err(EndorseError::Certificate)?;
        let levels = device.levels().ok_or(EndorseError::Certificate(Invalid::Role))?;
        match (self.kind(), levels.is_emulated()) {
            (VendorKind::Production, true) => return Err(EndorseError::Emulated),
            (VendorKind::Test, false) => return Err(EndorseError::Real),
            (VendorKind::Production, false) | (VendorKind::Test, true) => {}
        }

        let request = verify::<RustCrypto, EnrolmentRequest>(answer.request, &device.key, &serial);
        let request = request.map_err(EndorseError::Request)?;
        if request.nonce != *nonce {
            return Err(EndorseError::Nonce);
        }
        if request.vendor != self.root().0.digest() {
            return Err(EndorseError::OtherVendor);
        }
        let EnrolmentRequest { partition, handshake, sealing, proof, .. } = request.into_inner();
        let twice = handshake == sealing || sealing == proof || proof == handshake;
        if twice || points(&[handshake, sealing, proof]).is_err() {
            return Err(EndorseError::Keys);
        }

        let endorsement = Endorsement { partition, handshake, sealing, proof, levels, epoch: self.epoch() };
        let bytes = signed(&endorsement, &serial, self.key(), entropy)?;
        Ok(Endorsed { serial, endorsement, bytes })
    }
}

#[cfg(test)]
mod tests;
