//! The vendor's root: a new one, and what there is if it is lost.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use keyfob::Serial;
use keyfob_crypto::PublicKey;
use keyfob_issuing::directory::{RotationFailed, VendorDirectory};
use keyfob_issuing::{OsEntropy, Step, TakeOverError, UpdatePlan};
use keyfob_signed::VendorRoot;
use keyfob_terminal::{Exit, Failure, Global};
use serde::Serialize;

use crate::directory::{ROOT_PUB, VendorAt};
use crate::{date, failure, value};

#[derive(Subcommand)]
pub(crate) enum Root {
    /// Give the vendor a new root, and each fob a root change file
    Rotate(Rotate),
    /// Make the recovery key and tell the fobs of it by an update each
    Recovery(Recovery),
    /// Give a vendor whose root key is lost a new one, by the recovery key
    Recover(Recover),
}

/// Updates that were issued must be applied before the root change; apps need new credentials.
#[derive(Args)]
pub(crate) struct Rotate {
    #[command(flatten)]
    vendor: VendorAt,
}

/// Put recovery.key elsewhere then: it is good only where the root key isn't.
#[derive(Args)]
pub(crate) struct Recovery {
    #[command(flatten)]
    vendor: VendorAt,
}

/// Put recovery.key back into the directory before.
#[derive(Args)]
pub(crate) struct Recover {
    #[command(flatten)]
    vendor: VendorAt,
    /// The root key that was lost, its public half: 66 hexadecimal digits, root.pub
    #[arg(long, value_name = "ROOT", value_parser = value::root)]
    old_root: PublicKey,
}

#[derive(Serialize)]
struct Changed {
    root: String,
    fobs: Vec<Given>,
}

#[derive(Serialize)]
struct Given {
    serial: String,
    file: String,
}

#[derive(Serialize)]
struct Told {
    recovery: String,
    fobs: Vec<Issued>,
}

#[derive(Serialize)]
struct Issued {
    serial: String,
    number: u32,
}

impl Root {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        match self {
            Self::Rotate(rotate) => rotate.run(global),
            Self::Recovery(recovery) => recovery.run(global),
            Self::Recover(recover) => recover.run(global),
        }
    }
}

impl Rotate {
    fn run(self, global: &Global) -> Result<(), Failure> {
        confirm(global)?;
        let mut directory = self.vendor.open()?;
        let files = directory.rotate_root(&mut OsEntropy).map_err(refused)?;
        changed(global, &directory, files)
    }
}

impl Recover {
    fn run(self, global: &Global) -> Result<(), Failure> {
        confirm(global)?;
        let old = VendorRoot(self.old_root);
        let recovered = VendorDirectory::recover_root(self.vendor.path(), old, &mut OsEntropy);
        let (directory, files) = recovered.map_err(refused)?;
        changed(global, &directory, files)
    }
}

impl Recovery {
    fn run(self, global: &Global) -> Result<(), Failure> {
        let mut directory = self.vendor.open()?;
        let key = directory.recovery_key(&mut OsEntropy).map_err(failure::directory)?;
        let mut fobs = Vec::new();
        for serial in directory.tokens().map_err(failure::directory)? {
            if directory.token(serial).map_err(failure::record(serial))?.recovery == Some(key.0) {
                continue;
            }
            let steps = vec![Step::SetRecoveryKey { key }];
            let plan = UpdatePlan { issued: date::now(), grants: Vec::new(), steps };
            let issued = directory.issue(serial, &plan, &mut OsEntropy);
            let number = issued.map_err(|error| failure::issue(serial, error))?.record.sequence.number;
            fobs.push(Issued { serial: serial.to_string(), number });
        }
        global.warn(format_args!("put {} elsewhere", directory.recovery_path().display()));
        let document = Told { recovery: value::to_hex(&key.0), fobs };
        global.print("keyfob-vendor.root-recovery.v1", &document, || {
            let fobs = document.fobs.iter().map(|Issued { serial, number }| format!("fob {serial}: update {number}\n"));
            format!("recovery key {}\n{}", document.recovery, fobs.collect::<String>())
        })
    }
}

fn confirm(global: &Global) -> Result<(), Failure> {
    if global.yes {
        return Ok(());
    }
    let message = "the vendor gets a new root: apps and fobs that don't learn of it are lost to it";
    Err(Failure::usage(message).hint("say --yes if it is meant"))
}

fn changed(global: &Global, directory: &VendorDirectory, files: Vec<(Serial, PathBuf)>) -> Result<(), Failure> {
    let root = value::to_hex(&directory.vendor().root().0.0);
    std::fs::write(directory.path().join(ROOT_PUB), format!("{root}\n"))
        .map_err(|error| failure::failure("directory-failed", Exit::Failure, error))?;
    let given =
        |(serial, file): (Serial, PathBuf)| Given { serial: serial.to_string(), file: file.display().to_string() };
    let document = Changed { root, fobs: files.into_iter().map(given).collect() };
    global.warn("apps need new credentials: keyfob-vendor app new");
    global.print("keyfob-vendor.root-change.v1", &document, || {
        let fobs = document.fobs.iter().map(|Given { serial, file }| format!("fob {serial}: {file}\n"));
        format!("the root is {}\n{}", document.root, fobs.collect::<String>())
    })
}

fn refused(error: RotationFailed) -> Failure {
    match error {
        RotationFailed::Directory(error) => failure::directory(error),
        RotationFailed::Refused(TakeOverError::Sign(error)) => failure::sign(&error),
        RotationFailed::Refused(TakeOverError::Endorsement(_)) => {
            failure::failure("record-refused", Exit::Verification, error)
        }
        error => failure::failure("not-issuable", Exit::Failure, error),
    }
}
