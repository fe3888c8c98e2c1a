//! A fob that listens on TCP, and a vendor with licences on it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

use keyfob::{FeatureId, FileId, FileKind, Guest, ProductId, Slot, TokenUri, UnixTime};
use keyfob_crypto::{Entropy, P256Signing, Secret, SigningKey};
use keyfob_emulator::{Emulator, Handle, Listen, Server};
use keyfob_issuing::{
    FeatureTerms, Maker, OsEntropy, ProductGrant, Step, TokenRecord, UpdatePlan, Vendor, VendorKind, seal_secret,
};
use keyfob_licence::Terms;
use keyfob_signed::{Rights, TEST_MAKER_ROOT};
use keyfob_wire::body::EnrolAnswer;
use keyfob_wire::{Subject, Units};

/// Has [`UNITS`], and its key unlocks [`SECRET`].
pub const COUNTED: FeatureId = FeatureId(42);
/// Was over long ago.
pub const EXPIRED: FeatureId = FeatureId(51);
/// Is counted and has nothing left.
pub const SPENT: FeatureId = FeatureId(52);
/// Starts when all of this is forgotten.
pub const LATER: FeatureId = FeatureId(53);
/// Has no limit, and belongs to the product whose grant an update signer signed.
pub const PLAIN: FeatureId = FeatureId(54);
/// The products that are granted.
pub const PRODUCTS: [ProductId; 2] = [ProductId(7), ProductId(8)];
/// How often [`COUNTED`] may be used.
pub const UNITS: Units = Units(5);
/// What is in file 2 of the first product, a label; file 1 is for apps.
pub const LABEL: &str = "Bauamt Köln";
/// What is sealed for [`COUNTED`].
pub const SECRET: &[u8] = b"the table that the exporter uses";

const ISSUED: UnixTime = UnixTime(1_700_000_000);
const TIMEOUT: Duration = Duration::from_secs(60);

/// A fob with licences, its vendor and an app.
pub struct Cast {
    /// Where the fob listens.
    pub address: SocketAddr,
    /// The vendor of the licences.
    pub vendor: Vendor,
    /// What the vendor knows of the fob.
    pub record: TokenRecord,
    /// The vendor's endorsement of the fob.
    pub endorsement: Vec<u8>,
    /// The app's credential file.
    pub app: PathBuf,
    /// [`SECRET`], sealed.
    pub sealed: Vec<u8>,
    /// The counted feature's key.
    pub key: Secret<32>,
    handle: Handle,
    server: Option<JoinHandle<()>>,
    folder: tempfile::TempDir,
}

impl Cast {
    /// Makes the fob, enrols it and applies licences by the vendor's root and by an update signer.
    ///
    /// # Panics
    /// If anything goes wrong.
    #[must_use]
    pub fn new() -> Self {
        let entropy = &mut OsEntropy;
        let listen = "tcp:127.0.0.1:0".parse().unwrap();
        let server = Server::bind(&listen, Emulator::builder().start().unwrap()).unwrap();
        let Listen::Tcp(address) = *server.local_address() else { panic!("not on TCP") };
        let handle = server.handle();
        let server = std::thread::spawn(move || drop(server.run().unwrap()));

        let vendor = Vendor::create(VendorKind::Test, entropy);
        let uri = format!("tcp:{address}").parse::<TokenUri>().unwrap();
        certify(&uri);
        let (record, endorsement) = enrol(&vendor, &uri);

        let mut key = Secret::<32>::zero();
        entropy.fill(key.expose_mut());
        let sealed = seal_secret(&key, COUNTED, Slot(0), SECRET, entropy).unwrap();
        let first = vendor.issue(&record, &first_plan(key.clone()), entropy).unwrap();
        let signer = vendor.update_signer(Subject(*b"shop    "), P256Signing::generate(entropy), entropy).unwrap();
        let second = signer.issue(&first.record, &second_plan(), entropy).unwrap();
        let mut guest = guest(&uri);
        guest.apply(&first.file).unwrap();
        guest.apply(&second.file).unwrap();

        let folder = tempfile::tempdir().unwrap();
        let app = folder.path().join("app.keyfob");
        let credential = vendor.app(Subject(*b"any     "), ProductId(0), Rights::ALL, entropy).unwrap();
        std::fs::write(&app, credential).unwrap();
        let record = second.record;
        Self { address, vendor, record, endorsement, app, sealed, key, handle, server: Some(server), folder }
    }

    /// Unplugs the fob and plugs it in again.
    ///
    /// # Panics
    /// If it doesn't start.
    pub fn power_cycle(&self) {
        self.handle.power_cycle().unwrap();
    }

    /// Writes another app's credential file and returns its path.
    ///
    /// # Panics
    /// If it can't be written.
    #[must_use]
    pub fn write_app(&self, name: &str, credential: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, credential).unwrap();
        path
    }

    /// The app's credential file as an argument.
    ///
    /// # Panics
    /// If its path isn't text.
    #[must_use]
    pub fn argument(path: &Path) -> &str {
        path.to_str().unwrap()
    }
}

impl Default for Cast {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Cast {
    fn drop(&mut self) {
        self.handle.stop();
        if let Some(server) = self.server.take() {
            server.join().unwrap();
        }
    }
}

fn first_plan(key: Secret<32>) -> UpdatePlan {
    let terms = Terms::default();
    let features = vec![
        feature(COUNTED, "Export", Terms { counted: true, ..terms }),
        feature(EXPIRED, "Solve", Terms { expires: Some(UnixTime(ISSUED.0 + 1)), ..terms }),
        feature(SPENT, "Print", Terms { counted: true, ..terms }),
        feature(LATER, "Render", Terms { starts: Some(UnixTime(1 << 40)), ..terms }),
    ];
    let steps = vec![
        Step::SetCounter { feature: COUNTED, units: UNITS },
        Step::InstallKey { feature: COUNTED, slot: Slot(0), key },
        Step::CreateFile { product: PRODUCTS[0], file: FileId(1), kind: FileKind::ReadWrite, size: 1024 },
        Step::CreateFile { product: PRODUCTS[0], file: FileId(2), kind: FileKind::Label, size: 48 },
        Step::WriteFile { product: PRODUCTS[0], file: FileId(2), offset: 0, bytes: LABEL.into() },
    ];
    UpdatePlan { issued: ISSUED, grants: vec![product(PRODUCTS[0], "CAD Studio", features)], steps }
}

fn second_plan() -> UpdatePlan {
    let features = vec![feature(PLAIN, "View", Terms::default())];
    UpdatePlan { issued: ISSUED, grants: vec![product(PRODUCTS[1], "Viewer — für alle", features)], steps: vec![] }
}

fn feature(feature: FeatureId, name: &str, terms: Terms) -> FeatureTerms {
    FeatureTerms { feature, name: name.to_owned(), terms }
}

fn product(product: ProductId, name: &str, features: Vec<FeatureTerms>) -> ProductGrant {
    ProductGrant { product, name: name.to_owned(), public: true, features }
}

fn guest(uri: &TokenUri) -> Guest {
    Guest::open(&mut uri.clone(), &uri.to_string(), &[TEST_MAKER_ROOT], TIMEOUT).unwrap()
}

fn certify(uri: &TokenUri) {
    let mut nonce = [0; 16];
    OsEntropy.fill(&mut nonce);
    let request = Guest::birth(&mut uri.clone(), &uri.to_string(), &nonce, TIMEOUT).unwrap();
    let certified = Maker::test().unwrap().certify(&request, &nonce, &mut OsEntropy).unwrap();
    Guest::install(&mut uri.clone(), &uri.to_string(), &certified.install, TIMEOUT).unwrap();
}

fn enrol(vendor: &Vendor, uri: &TokenUri) -> (TokenRecord, Vec<u8>) {
    let mut guest = guest(uri);
    let mut nonce = [0; 16];
    OsEntropy.fill(&mut nonce);
    let enrolled = guest.enrol(vendor.root(), nonce).unwrap();
    let answer = EnrolAnswer {
        request: &enrolled.request,
        device_signing: &enrolled.device_signing,
        batch: &enrolled.batch,
        maker_root: enrolled.maker_root.0.0,
    };
    let endorsed = vendor.endorse(guest.serial(), &nonce, &answer, &[TEST_MAKER_ROOT], &mut OsEntropy).unwrap();
    guest.endorse(&endorsed.bytes).unwrap();
    (TokenRecord::new(&endorsed), endorsed.bytes)
}
