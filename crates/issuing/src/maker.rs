//! Who makes tokens: certifies their keys at birth. `docs/spec.md`, §4 and §7.1.

use keyfob_crypto::{BadKey, Entropy, P256Signing, PublicKey, RustCrypto, Secret, SigningKey, sha256};
use keyfob_signed::{
    BirthRequest, Certificate, Invalid, Levels, MakerRoot, Role, SignError, Usage, read_unverified, verify,
};
use keyfob_wire::{ProductId, Serial, Subject, body::InstallRequest};

use crate::envelope::signed;

/// A maker with one batch: its root, the batch's key and the batch's certificate.
///
/// # Security
/// Holds the secret keys of root and batch. The maker of [`Maker::test`] keeps no secret: it is published.
pub struct Maker {
    root: P256Signing,
    batch_key: P256Signing,
    batch: Vec<u8>,
    levels: Levels,
}

/// A maker can't be made or put together.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MakerError {
    /// Only the published test maker stands for emulated tokens.
    #[error("only the published test maker certifies emulated tokens")]
    Emulated,
    /// The batch certificate isn't this root's for this key.
    #[error("the batch certificate is refused: {0}")]
    Batch(Invalid),
    /// Signing failed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// Why a birth request was refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertifyError {
    /// It isn't a birth request, or its signature isn't by the key that it shows.
    #[error("the birth request is refused: {0}")]
    Request(Invalid),
    /// It answers another request.
    #[error("the birth request answers another nonce")]
    Nonce,
    /// It is of an emulated token, and the maker makes real ones.
    #[error("an emulated token is never certified by a maker of real ones")]
    Emulated,
    /// It is of a real token, and the maker is the published test maker.
    #[error("the published test maker certifies emulated tokens only")]
    Real,
    /// It claims levels that the batch doesn't cover.
    #[error("the token claims more than its batch may have")]
    Levels,
    /// A key is no point of the curve, both keys are one, or the serial is zero.
    #[error("the token's keys or serial can't be certified")]
    Keys,
    /// Signing failed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// A token that was certified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certified {
    /// The token.
    pub serial: Serial,
    /// Its levels, now certified.
    pub levels: Levels,
    /// The message for INSTALL.
    pub install: Vec<u8>,
}

impl Maker {
    /// Makes a maker of real tokens with a first batch that may certify up to `levels`.
    ///
    /// # Errors
    /// [`MakerError::Emulated`] for emulated levels.
    pub fn create(levels: Levels, entropy: &mut impl Entropy) -> Result<Self, MakerError> {
        if levels.is_emulated() {
            return Err(MakerError::Emulated);
        }
        let root = P256Signing::generate(entropy);
        let batch_key = P256Signing::generate(entropy);
        let mut subject = Subject::default();
        entropy.fill(&mut subject.0);
        Ok(Self::certified(root, batch_key, subject, levels, entropy)?)
    }

    /// Gives the published test maker: the same keys and batch certificate for everybody, for emulated tokens only.
    ///
    /// Its secret keys are the SHA-256 of `keyfob published test maker: root` and `keyfob published test maker: batch`.
    ///
    /// # Errors
    /// If signing fails.
    ///
    /// # Security
    /// Anybody can certify anything under its root, [`TEST_MAKER_ROOT`](keyfob_signed::TEST_MAKER_ROOT), which no
    /// production vendor may trust: [`Vendor::endorse`](crate::Vendor::endorse) sees to that.
    pub fn test() -> Result<Self, MakerError> {
        let published = |name: &[u8]| {
            let secret = Secret::new(sha256(&[b"keyfob published test maker: ", name]));
            P256Signing::from_secret(&secret).map_err(|_| SignError::Signing)
        };
        let subject = Subject(*b"TESTONLY");
        Ok(Self::certified(published(b"root")?, published(b"batch")?, subject, Levels::EMULATED, &mut NoEntropy)?)
    }

    /// Puts a maker together from its keys and its batch's certificate.
    ///
    /// # Errors
    /// [`MakerError::Batch`] if they don't go together, [`MakerError::Emulated`] if the batch is of emulated tokens.
    pub fn from_parts(root: P256Signing, batch_key: P256Signing, batch: Vec<u8>) -> Result<Self, MakerError> {
        let certificate = MakerRoot(root.public()).verify_batch::<RustCrypto>(&batch).map_err(MakerError::Batch)?;
        let levels = certificate.levels().filter(|_| certificate.key == batch_key.public());
        let levels = levels.ok_or(MakerError::Batch(Invalid::Role))?;
        if levels.is_emulated() {
            return Err(MakerError::Emulated);
        }
        Ok(Self { root, batch_key, batch, levels })
    }

    /// The root that vendors trust.
    #[must_use]
    pub fn root(&self) -> MakerRoot {
        MakerRoot(self.root.public())
    }

    /// The batch's certificate.
    #[must_use]
    pub fn batch(&self) -> &[u8] {
        &self.batch
    }

    /// The highest levels that the batch may certify.
    #[must_use]
    pub fn levels(&self) -> Levels {
        self.levels
    }

    pub(crate) fn keys(&self) -> (&P256Signing, &P256Signing) {
        (&self.root, &self.batch_key)
    }

    /// Certifies the keys of a blank token that was asked with `nonce`.
    ///
    /// # Errors
    /// See [`CertifyError`].
    ///
    /// # Security
    /// Board and levels are the token's own word, within what the batch covers: certify only what lies on the bench.
    pub fn certify(
        &self,
        birth_request: &[u8],
        nonce: &[u8; 16],
        entropy: &mut impl Entropy,
    ) -> Result<Certified, CertifyError> {
        let BirthRequest { signing, .. } = read_unverified(birth_request).map_err(CertifyError::Request)?;
        let request = verify::<RustCrypto, BirthRequest>(birth_request, &signing, &());
        let request = request.map_err(CertifyError::Request)?;
        if request.nonce != *nonce {
            return Err(CertifyError::Nonce);
        }
        self.admits(&request)?;

        let certificate = |usage, key, entropy: &mut _| {
            let certificate = Certificate {
                subject: Subject(request.serial.0),
                role: Role::Device,
                usage,
                epoch: EPOCH,
                product: ProductId(0),
                attributes: request.levels.number(),
                key,
            };
            signed(&certificate, &(), &self.batch_key, entropy)
        };
        let handshake = certificate(Usage::Handshake, request.handshake, entropy)?;
        let signing = certificate(Usage::Signing, request.signing, entropy)?;
        let install = InstallRequest {
            maker_root: self.root.public().0,
            batch: &self.batch,
            device_handshake: &handshake,
            device_signing: &signing,
        };
        let install = minicbor::to_vec(install).map_err(|_| SignError::Room)?;
        Ok(Certified { serial: request.serial, levels: request.levels, install })
    }

    fn admits(&self, request: &BirthRequest) -> Result<(), CertifyError> {
        let emulated = request.levels.is_emulated() || request.board.is_emulated();
        let real = !request.levels.is_emulated() || !request.board.is_emulated();
        if self.levels.is_emulated() {
            if real {
                return Err(CertifyError::Real);
            }
        } else if emulated {
            return Err(CertifyError::Emulated);
        }
        if !self.levels.covers(request.levels) {
            return Err(CertifyError::Levels);
        }
        let points = points(&[request.handshake, request.signing]);
        if points.is_err() || request.handshake == request.signing || request.serial == Serial::default() {
            return Err(CertifyError::Keys);
        }
        Ok(())
    }

    fn certified(
        root: P256Signing,
        batch_key: P256Signing,
        subject: Subject,
        levels: Levels,
        entropy: &mut impl Entropy,
    ) -> Result<Self, SignError> {
        let certificate = Certificate {
            subject,
            role: Role::Batch,
            usage: Usage::Signing,
            epoch: EPOCH,
            product: ProductId(0),
            attributes: levels.number(),
            key: batch_key.public(),
        };
        let batch = signed(&certificate, &(), &root, entropy)?;
        Ok(Self { root, batch_key, batch, levels })
    }
}

/// Checks that keys are points of the curve.
pub(crate) fn points(keys: &[PublicKey]) -> Result<(), BadKey> {
    keys.iter().try_for_each(PublicKey::check::<RustCrypto>)
}

/// The epoch of all that is certified.
const EPOCH: u32 = 1;

/// No randomness: signatures then follow from key and digest alone, so that the published batch is the same everywhere.
struct NoEntropy;

impl Entropy for NoEntropy {
    fn fill(&mut self, out: &mut [u8]) {
        out.fill(0);
    }
}

#[cfg(test)]
mod tests;
