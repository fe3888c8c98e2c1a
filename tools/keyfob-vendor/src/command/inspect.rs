//! What is in a record, or in a file of this vendor's. Everything shown is verified.

mod document;

use std::path::Path;

use clap::Args;
use keyfob::Serial;
use keyfob_crypto::RustCrypto;
use keyfob_issuing::directory::VendorDirectory;
use keyfob_issuing::{Standing, TokenRecord};
use keyfob_licence::{Receipt, SignedTime};
use keyfob_signed::{AppCredential, Invalid, Kind, Role, VendorRoot, verify};
use keyfob_terminal::{Exit, Failure, Global, read};
use keyfob_wire::{ReceiptFile, TimeFile, UpdateFile};
use zeroize::Zeroizing;

use crate::directory::VendorAt;
use crate::failure;
use crate::update::UpdateDocument;
use document::{AppDocument, Document, ReceiptDocument, RecordDocument, TimeDocument};

#[derive(Args)]
pub(crate) struct Inspect {
    #[command(flatten)]
    vendor: VendorAt,
    /// A fob's serial; or an update, time, receipt or app credential file; - is standard input
    #[arg(value_name = "FILE|SERIAL")]
    what: String,
}

impl Inspect {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let document = match self.what.parse::<Serial>() {
            Ok(serial) => {
                let directory = self.vendor.open()?;
                Document::Record(record(&directory, serial)?)
            }
            Err(_) => {
                let path = Path::new(&self.what);
                // It may be an app's credential.
                let bytes = Zeroizing::new(read(path)?);
                let directory = self.vendor.open()?;
                file(&directory, &bytes).map_err(|failure| failure.about(path.display()))?
            }
        };
        global.print("keyfob-vendor.inspect.v1", &document, || document.to_string())
    }
}

fn record(directory: &VendorDirectory, serial: Serial) -> Result<RecordDocument, Failure> {
    let record = known(directory, serial)?;
    let endorsement = record.endorsement(directory.vendor().root()).map_err(refused_record)?;
    Ok(RecordDocument::new(&record, &endorsement))
}

fn file(directory: &VendorDirectory, bytes: &[u8]) -> Result<Document, Failure> {
    let root = directory.vendor().root();
    if let Ok(file) = UpdateFile::parse(bytes) {
        return UpdateDocument::read(root, &file).map(Document::Update).map_err(not_verified);
    }
    if let Ok(file) = TimeFile::parse(bytes) {
        return time(root, &file).map(Document::Time).map_err(not_verified);
    }
    if let Ok(file) = ReceiptFile::parse(bytes) {
        return receipt(directory, &file).map(Document::Receipt);
    }
    if let Ok(credential) = AppCredential::parse(bytes) {
        let certificate = root.verify_certificate::<RustCrypto>(credential.certificate, Role::App, 0);
        let is_ours = credential.vendor == root;
        let certificate = certificate.ok().filter(|_| is_ours).ok_or_else(|| not_verified(Invalid::Signature))?;
        return Ok(Document::App(AppDocument::new(&certificate)));
    }
    Err(Failure::new("file-unknown", Exit::Failure, "no update, time, receipt or app credential file"))
}

fn time(root: VendorRoot, file: &TimeFile<'_>) -> Result<TimeDocument, Invalid> {
    let signer = root.signer::<RustCrypto>(file.certificates.only(), Kind::Time, 0)?;
    let time = signer.verify::<RustCrypto, SignedTime>(file.time, &(file.serial, file.partition))?;
    Ok(TimeDocument::new(file, &time))
}

/// A receipt is compared with the record: it tells which updates are still to be applied.
fn receipt(directory: &VendorDirectory, file: &ReceiptFile<'_>) -> Result<ReceiptDocument, Failure> {
    let record = known(directory, file.serial)?;
    let endorsement = record.endorsement(directory.vendor().root()).map_err(refused_record)?;
    let binding = (file.serial, endorsement.partition);
    let receipt =
        verify::<RustCrypto, Receipt<'_>>(file.receipt, &endorsement.proof, &binding).map_err(not_verified)?;
    Ok(ReceiptDocument::new(file.serial, &receipt, Standing::of(&receipt, &record)))
}

fn known(directory: &VendorDirectory, serial: Serial) -> Result<TokenRecord, Failure> {
    directory.token(serial).map_err(failure::record(serial))
}

fn refused_record(error: Invalid) -> Failure {
    failure::failure("record-refused", Exit::Verification, error)
}

fn not_verified(error: Invalid) -> Failure {
    Failure::new("not-verified", Exit::Verification, error)
        .hint("it isn't this vendor's, or was altered: look whether --dir is right, and get the file again")
}
