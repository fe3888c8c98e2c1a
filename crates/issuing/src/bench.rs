//! A token as the tests need it: keys, and the requests that it signs with them.

use keyfob_crypto::{AgreementKey, Entropy, P256Agreement, P256Signing, PublicKey, SigningKey};
use keyfob_licence::Terms;
use keyfob_signed::{BirthRequest, Board, EnrolmentRequest, Levels, VendorRoot};
use keyfob_wire::body::{EnrolAnswer, InstallRequest};
use keyfob_wire::{FeatureId, Firmware, PartitionId, ProductId, Serial, UnixTime};

use crate::envelope::signed;
use crate::{Endorsed, FeatureTerms, Maker, OsEntropy, ProductGrant, Step, UpdatePlan, Vendor, VendorKind};

pub(crate) const NONCE: [u8; 16] = [7; 16];
pub(crate) const BOARD: Board = Board::PICO;

/// Sealed keys, strong anchor.
pub(crate) fn hardware() -> Levels {
    Levels::from_number(1 << 1 | 2 << 3).unwrap()
}

pub(crate) struct Bench {
    pub(crate) serial: Serial,
    pub(crate) board: Board,
    pub(crate) levels: Levels,
    pub(crate) handshake: P256Agreement,
    pub(crate) signing: P256Signing,
    pub(crate) partition: PartitionId,
    pub(crate) partition_handshake: P256Agreement,
    pub(crate) sealing: P256Agreement,
    pub(crate) proof: P256Signing,
    pub(crate) install: Vec<u8>,
}

impl Bench {
    pub(crate) fn new(board: Board, levels: Levels) -> Self {
        let mut random = [0; 16];
        OsEntropy.fill(&mut random);
        let (serial, partition) = random.split_at(8);
        Self {
            serial: Serial::from_slice(serial).unwrap(),
            board,
            levels,
            handshake: P256Agreement::generate(&mut OsEntropy),
            signing: P256Signing::generate(&mut OsEntropy),
            partition: PartitionId::from_slice(partition).unwrap(),
            partition_handshake: P256Agreement::generate(&mut OsEntropy),
            sealing: P256Agreement::generate(&mut OsEntropy),
            proof: P256Signing::generate(&mut OsEntropy),
            install: Vec::new(),
        }
    }

    /// A blank emulated token.
    pub(crate) fn emulated() -> Self {
        Self::new(Board::EMULATOR, Levels::EMULATED)
    }

    /// A blank real token.
    pub(crate) fn real() -> Self {
        Self::new(BOARD, hardware())
    }

    /// An emulated token with certificates of the published test maker.
    pub(crate) fn installed() -> Self {
        Self::emulated().certified(&Maker::test().unwrap())
    }

    pub(crate) fn certified(mut self, maker: &Maker) -> Self {
        self.install = maker.certify(&self.birth(), &NONCE, &mut OsEntropy).unwrap().install;
        self
    }

    pub(crate) fn birth(&self) -> Vec<u8> {
        self.sign_birth(&self.birth_request())
    }

    pub(crate) fn birth_request(&self) -> BirthRequest {
        BirthRequest {
            serial: self.serial,
            board: self.board,
            levels: self.levels,
            handshake: self.handshake.public(),
            signing: self.signing.public(),
            nonce: NONCE,
            firmware: Firmware([0, 1, 0]),
        }
    }

    pub(crate) fn sign_birth(&self, request: &BirthRequest) -> Vec<u8> {
        signed(request, &(), &self.signing, &mut OsEntropy).unwrap()
    }

    pub(crate) fn enrolment_request(&self, vendor: VendorRoot) -> EnrolmentRequest {
        EnrolmentRequest {
            partition: self.partition,
            vendor: vendor.0.digest(),
            handshake: self.partition_handshake.public(),
            sealing: self.sealing.public(),
            proof: self.proof.public(),
            nonce: NONCE,
        }
    }

    pub(crate) fn sign_enrolment(&self, request: &EnrolmentRequest) -> Vec<u8> {
        signed(request, &self.serial, &self.signing, &mut OsEntropy).unwrap()
    }

    pub(crate) fn installed_certificates(&self) -> InstallRequest<'_> {
        InstallRequest::parse(&self.install).unwrap()
    }

    pub(crate) fn answer<'a>(&'a self, request: &'a [u8]) -> EnrolAnswer<'a> {
        let installed = self.installed_certificates();
        EnrolAnswer {
            request,
            device_signing: installed.device_signing,
            batch: installed.batch,
            maker_root: installed.maker_root,
        }
    }

    pub(crate) fn endorsed(&self, vendor: &Vendor) -> Endorsed {
        let request = self.sign_enrolment(&self.enrolment_request(vendor.root()));
        let trusted = [keyfob_signed::MakerRoot(PublicKey(self.installed_certificates().maker_root))];
        vendor.endorse(self.serial, &NONCE, &self.answer(&request), &trusted, &mut OsEntropy).unwrap()
    }
}

/// A product of counted features, each with its number as a name.
pub(crate) fn product(number: u32, features: impl IntoIterator<Item = u32>) -> ProductGrant {
    let terms = Terms { counted: true, ..Terms::default() };
    let feature = |number| FeatureTerms { feature: FeatureId(number), name: format!("Feature {number}"), terms };
    ProductGrant {
        product: ProductId(number),
        name: format!("Product {number}"),
        public: false,
        features: features.into_iter().map(feature).collect(),
    }
}

pub(crate) fn plan(grants: Vec<ProductGrant>, steps: Vec<Step>) -> UpdatePlan {
    UpdatePlan { issued: UnixTime(1_795_000_000), grants, steps }
}

pub(crate) fn test_vendor() -> Vendor {
    Vendor::create(VendorKind::Test, &mut OsEntropy)
}

/// Each single bit of the bytes turned, one after the other in every byte.
pub(crate) fn damaged(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len()).map(|place| {
        let mut damaged = bytes.to_vec();
        damaged[place] ^= 1 << (place % 8);
        damaged
    })
}
