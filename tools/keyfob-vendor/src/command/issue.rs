//! A fob's next update.

mod files;

use std::path::PathBuf;

use clap::Args;
use keyfob::{FeatureId, Serial, Slot};
use keyfob_crypto::Secret;
use keyfob_issuing::directory::VendorDirectory;
use keyfob_issuing::{OsEntropy, TokenRecord};
use keyfob_signed::VendorRoot;
use keyfob_terminal::{Exit, Failure, Global, Privacy, read, write_new};
use keyfob_wire::UpdateFile;
use serde::Serialize;

use self::files::FileSteps;
use crate::directory::{VendorAt, expect_writable};
use crate::licence_file::LicenceFile;
use crate::update::UpdateDocument;
use crate::{date, failure, value};

#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Issue {
    #[command(flatten)]
    vendor: VendorAt,
    /// The products and features, in TOML; - is standard input
    #[arg(required_unless_present = "files")]
    file: Option<PathBuf>,
    #[command(flatten)]
    files: FileSteps,
    /// The fob's serial; not needed while the vendor knows one fob only
    #[arg(long, value_name = "SERIAL", value_parser = value::serial)]
    fob: Option<Serial>,
    /// Where to write the update file; SERIAL-NUMBER.kfu if not named
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

const EXAMPLE: &str = r#"A file of products and features:

  [[product]]                        # replaces what the fob had of product 7
  id = 7
  name = "CAD Studio 7"
  public = true                      # everybody may list it; true if left out
  [[product.feature]]
  id = 42
  name = "Export"
  enabled = true                     # true if left out
  starts = 2026-12-01                # days begin at midnight UTC
  expires = 2027-01-01T00:00:00Z     # the first moment at which it is over
  counter = 500                      # or { add = 100 }, { subtract = 5 }, true: as it is
  modules = [0, 3]                   # bit numbers; all modules if left out
  key = true                         # installs the feature's key in slot 0; or [0, 1]

  [[feature]]                        # changes a feature that is granted and stays as it is
  id = 43
  counter = { add = 100 }"#;

#[derive(Serialize)]
struct Document {
    update: UpdateDocument,
    removed: Vec<u32>,
    out: String,
    copy: String,
}

impl Issue {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let licence = match &self.file {
            Some(file) => LicenceFile::parse(file, &read(file)?)?,
            None => LicenceFile::default(),
        };
        let steps = self.files.steps()?;
        let mut directory = self.vendor.open()?;
        let fob = match self.fob {
            Some(fob) => fob,
            None => only(&directory)?,
        };
        let before = directory.token(fob).map_err(failure::record(fob))?;
        let number = before.sequence.number.saturating_add(1);
        let out = self.out.unwrap_or_else(|| PathBuf::from(format!("{}-{number:04}.kfu", fob)));
        expect_writable(&out)?;
        rehearse(&directory, &before, &licence)?;
        let plan = licence.plan(date::now(), |feature, slot| directory.feature_key(feature, slot, &mut OsEntropy));
        let mut plan = plan.map_err(failure::directory)?;
        plan.steps.extend(steps);
        let issued = directory.issue(fob, &plan, &mut OsEntropy).map_err(|error| failure::issue(fob, error))?;

        let copy = directory.update_path(fob, number).display().to_string();
        write_new(&out, &issued.file, Privacy::Public).map_err(|failure| {
            failure.hint(format_args!("it is issued all the same: keyfob-vendor resend --fob {} {number}", fob))
        })?;
        let update = update(directory.vendor().root(), &issued.file)?;
        let removed = removed(&before, &update);
        let document = Document { update, removed, out: out.display().to_string(), copy };
        global.print("keyfob-vendor.issue.v1", &document, || {
            let Document { update, removed, out, copy } = &document;
            let removed: String =
                removed.iter().map(|feature| format!("  feature {feature}: no longer granted\n")).collect();
            format!("{update}{removed}written to {out}, kept as {copy}\n")
        })
    }
}

/// The fob, if the vendor knows exactly one.
fn only(directory: &VendorDirectory) -> Result<Serial, Failure> {
    match directory.tokens().map_err(failure::directory)?.as_slice() {
        [fob] => Ok(*fob),
        [] => Err(Failure::usage("no fob is enrolled").hint("enrol one: keyfob-vendor enrol --token URI")),
        _ => {
            Err(Failure::usage("several fobs are enrolled").hint("name one: --fob SERIAL; keyfob-vendor list has them"))
        }
    }
}

/// Builds the update without recording it, so that no key is made for one that can't be issued. It goes nowhere.
fn rehearse(directory: &VendorDirectory, record: &TokenRecord, licence: &LicenceFile) -> Result<(), Failure> {
    if !licence.installs_keys() {
        return Ok(());
    }
    let zero = |_: FeatureId, _: Slot| Ok::<_, Failure>(Secret::zero());
    let plan = licence.plan(date::now(), zero)?;
    directory.vendor().issue(record, &plan, &mut OsEntropy).map(|_| ()).map_err(|error| failure::refused(&error))
}

fn update(root: VendorRoot, file: &[u8]) -> Result<UpdateDocument, Failure> {
    let broken = || failure::failure("signing-failed", Exit::Failure, "the update doesn't read back");
    let file = UpdateFile::parse(file).map_err(|_| broken())?;
    UpdateDocument::read(root, &file).map_err(|_| broken())
}

/// The features that a product of the update had and has no longer.
fn removed(before: &TokenRecord, update: &UpdateDocument) -> Vec<u32> {
    let replaced = before.products.iter().filter_map(|old| {
        let new = update.products.iter().find(|new| new.product == old.product.0)?;
        Some((old, new))
    });
    let gone = replaced.flat_map(|(old, new)| {
        let numbers = old.features.iter().map(|feature| feature.feature.0);
        numbers.filter(|number| new.features.iter().all(|feature| feature.feature != *number))
    });
    gone.collect()
}
