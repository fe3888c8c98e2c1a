//! Who plays: a maker, vendors, fobs, and apps.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use keyfob::{Client, FeatureId, Guest, ProductId, Slot, UnixTime};
use keyfob_crypto::{Entropy, Secret};
use keyfob_issuing::{
    FeatureTerms, Issued, Maker, OsEntropy, ProductGrant, Step, TokenRecord, UpdatePlan, Vendor, VendorKind,
    seal_secret,
};
use keyfob_licence::Terms;
use keyfob_signed::{Rights, TEST_MAKER_ROOT};
use keyfob_wire::body::EnrolAnswer;
use keyfob_wire::{Subject, Units};

use crate::fob::Fob;
use crate::wire::{Counter, Wire};

pub(crate) const CAD: ProductId = ProductId(7);
/// Uses are counted, and its key unlocks a secret.
pub(crate) const EXPORT: FeatureId = FeatureId(42);
/// Ends at [`EXPIRY`].
pub(crate) const SOLVE: FeatureId = FeatureId(51);
/// How many exports are sold.
pub(crate) const EXPORTS: Units = Units(5);
/// 1 January 2027.
pub(crate) const EXPIRY: UnixTime = UnixTime(1_798_761_600);
/// 1 December 2026, the day on which the story takes place.
pub(crate) const TODAY: UnixTime = UnixTime(1_796_083_200);
/// What the app can't work without.
pub(crate) const SECRET: &[u8; 32] = b"the table that the exporter uses";

/// How long anything may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Everybody.
pub(crate) struct Cast {
    pub(crate) directory: PathBuf,
    pub(crate) counter: Counter,
    pub(crate) maker: Maker,
    pub(crate) vendor: Vendor,
    /// The vendor's real root, for apps that are shipped.
    pub(crate) production: Vendor,
    pub(crate) other_vendor: Vendor,
    pub(crate) app: Vec<u8>,
    pub(crate) sealed: Vec<u8>,
    feature_key: Secret<32>,
    pub(crate) fob: Fob,
    /// What the vendor knows of the fob, once it is enrolled.
    pub(crate) record: Option<TokenRecord>,
    /// The update that the customer applied.
    pub(crate) update: Vec<u8>,
}

impl Cast {
    pub(crate) fn new(directory: &Path) -> Result<Self> {
        let entropy = &mut OsEntropy;
        let vendor = Vendor::create(VendorKind::Test, entropy);
        let mut feature_key = Secret::<32>::zero();
        entropy.fill(feature_key.expose_mut());
        let counter = Counter::default();
        Ok(Self {
            directory: directory.to_owned(),
            maker: Maker::test()?,
            production: Vendor::create(VendorKind::Production, entropy),
            other_vendor: Vendor::create(VendorKind::Test, entropy),
            app: vendor.app(Subject(*b"CAD 7   "), CAD, Rights::ALL, entropy)?,
            sealed: seal_secret(&feature_key, EXPORT, Slot(0), SECRET, entropy)?,
            feature_key,
            vendor,
            fob: Fob::new(directory, "fob", &counter)?,
            counter,
            record: None,
            update: Vec::new(),
        })
    }

    /// The terms that are sold, and what goes with them.
    pub(crate) fn licence(&self) -> UpdatePlan {
        let feature = |feature, name: &str, terms| FeatureTerms { feature, name: name.to_owned(), terms };
        UpdatePlan {
            issued: TODAY,
            grants: vec![ProductGrant {
                product: CAD,
                name: "CAD Studio 7".to_owned(),
                public: true,
                features: vec![
                    feature(EXPORT, "Export", Terms { counted: true, ..Terms::default() }),
                    feature(SOLVE, "Solve", Terms { expires: Some(EXPIRY), ..Terms::default() }),
                ],
            }],
            steps: vec![
                Step::SetCounter { feature: EXPORT, units: EXPORTS },
                Step::InstallKey { feature: EXPORT, slot: Slot(0), key: self.feature_key.clone() },
            ],
        }
    }

    /// Signs the next update of the fob.
    pub(crate) fn issue(&self, plan: &UpdatePlan) -> Result<Issued> {
        let record = self.record.as_ref().context("the fob isn't enrolled")?;
        Ok(self.vendor.issue(record, plan, &mut OsEntropy)?)
    }

    /// A session on which the app's time is `time`.
    pub(crate) fn app_at(&self, wire: &Wire, time: UnixTime) -> Result<Client, keyfob::Error> {
        self.patient_app(wire, time, TIMEOUT)
    }

    /// The same with a patience of its own.
    pub(crate) fn patient_app(&self, wire: &Wire, time: UnixTime, timeout: Duration) -> Result<Client, keyfob::Error> {
        Client::builder(&self.app)
            .transport(&wire.name(), wire.clone())
            .accept_emulated()
            .time(move || time)
            .timeout(timeout)
            .open()
    }
}

/// Makes and certifies a fob's keys.
pub(crate) fn certify(maker: &Maker, wire: &Wire) -> Result<keyfob::Serial> {
    let mut nonce = [0; 16];
    OsEntropy.fill(&mut nonce);
    let request = Guest::birth(&mut wire.clone(), &wire.name(), &nonce, TIMEOUT)?;
    let certified = maker.certify(&request, &nonce, &mut OsEntropy)?;
    Guest::install(&mut wire.clone(), &wire.name(), &certified.install, TIMEOUT)?;
    Ok(certified.serial)
}

/// Lets a vendor enrol a fob.
pub(crate) fn enrol(vendor: &Vendor, wire: &Wire) -> Result<TokenRecord> {
    let mut guest = guest(wire)?;
    let mut nonce = [0; 16];
    OsEntropy.fill(&mut nonce);
    let enrolled = guest.enrol(vendor.root(), nonce)?;
    let answer = EnrolAnswer {
        request: &enrolled.request,
        device_signing: &enrolled.device_signing,
        batch: &enrolled.batch,
        maker_root: enrolled.maker_root.0.0,
    };
    let endorsed = vendor.endorse(guest.serial(), &nonce, &answer, &[TEST_MAKER_ROOT], &mut OsEntropy)?;
    guest.endorse(&endorsed.bytes)?;
    Ok(TokenRecord::new(&endorsed))
}

/// A session as anybody.
pub(crate) fn guest(wire: &Wire) -> Result<Guest, keyfob::Error> {
    Guest::open(&mut wire.clone(), &wire.name(), &[TEST_MAKER_ROOT], TIMEOUT)
}
