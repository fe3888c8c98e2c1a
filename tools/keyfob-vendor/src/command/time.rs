//! Signed time.

use std::path::PathBuf;

use clap::Args;
use keyfob::{Serial, Signed, UnixTime};
use keyfob_issuing::directory::VendorDirectory;
use keyfob_issuing::{OsEntropy, TokenRecord};
use keyfob_terminal::{Exit, Failure, Global, Privacy, write_new};
use keyfob_wire::{PartitionId, TimeFile, body::Certificates};
use serde::Serialize;

use crate::directory::{VendorAt, expect_writable};
use crate::{date, failure, fob, value};

#[derive(Args)]
pub(crate) struct Time {
    #[command(flatten)]
    vendor: VendorAt,
    /// The time to sign, such as 2027-01-31T12:00:00Z or seconds since 1970; otherwise the system's
    #[arg(long, value_name = "TIME", value_parser = value::time)]
    time: Option<UnixTime>,
    /// The serial of a fob that isn't here; the customer sends its nonce
    #[arg(long, value_name = "SERIAL", value_parser = value::serial, requires_all = ["nonce", "out"])]
    fob: Option<Serial>,
    /// The nonce that the fob gave, 32 hexadecimal digits
    #[arg(long, value_name = "HEX", value_parser = value::nonce, requires = "fob")]
    nonce: Option<[u8; 16]>,
    /// Where to write the time file
    #[arg(long, value_name = "FILE", requires = "fob")]
    out: Option<PathBuf>,
}

/// A time that lies further ahead than any clock goes wrong by itself.
const AHEAD: u64 = 24 * 60 * 60;

#[derive(Serialize)]
struct Document {
    serial: String,
    time: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<String>,
}

impl Time {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let time = self.time.unwrap_or_else(date::now);
        if time.0 > date::now().0.saturating_add(AHEAD) && !global.yes {
            let message = format_args!("{} lies ahead, and signed time never goes back", date::written(time));
            return Err(Failure::usage(message).hint("say --yes if it is meant"));
        }
        if let Some(out) = &self.out {
            expect_writable(out)?;
        }
        let directory = self.vendor.open()?;
        let document = match (self.fob, self.nonce, self.out) {
            (Some(serial), Some(nonce), Some(out)) => {
                let partition = partition(&directory, &known(&directory, serial)?)?;
                let signed = sign(&directory, (serial, partition), nonce, time)?;
                let file = TimeFile { serial, partition, certificates: Certificates::default(), time: &signed };
                let file =
                    minicbor::to_vec(file).map_err(|error| failure::failure("signing-failed", Exit::Failure, error))?;
                write_new(&out, &file, Privacy::Public)?;
                Document { serial: serial.to_string(), time: time.0, out: Some(out.display().to_string()) }
            }
            _ => set(&directory, time, global)?,
        };
        global.print("keyfob-vendor.time.v1", &document, || {
            let Document { serial, out, .. } = &document;
            match out {
                Some(out) => format!("{} for fob {serial}: {out}\n", date::written(time)),
                None => format!("fob {serial} is set to {}\n", date::written(time)),
            }
        })
    }
}

/// Sets the time of the fob that is here.
fn set(directory: &VendorDirectory, time: UnixTime, global: &Global) -> Result<Document, Failure> {
    let root = directory.vendor().root();
    let mut guest = fob::guest(global)?;
    let serial = guest.serial();
    let partition = partition(directory, &known(directory, serial)?)?;
    let asked = guest.time(root)?;
    if asked.partition != partition {
        return Err(keyfob::Error::Refused(keyfob::Status::WrongToken).into());
    }
    let signed = sign(directory, (serial, partition), asked.nonce, time)?;
    let mark = guest.set_time(root, &Signed { bytes: &signed, certificate: None })?;
    Ok(Document { serial: serial.to_string(), time: mark.0, out: None })
}

fn known(directory: &VendorDirectory, serial: Serial) -> Result<TokenRecord, Failure> {
    directory.token(serial).map_err(failure::record(serial))
}

fn partition(directory: &VendorDirectory, record: &TokenRecord) -> Result<PartitionId, Failure> {
    let endorsement = record.endorsement(directory.vendor().root());
    let refused = |error| failure::failure("record-refused", Exit::Verification, error);
    endorsement.map(|endorsement| endorsement.partition).map_err(refused)
}

fn sign(
    directory: &VendorDirectory,
    (serial, partition): (Serial, PartitionId),
    nonce: [u8; 16],
    time: UnixTime,
) -> Result<Vec<u8>, Failure> {
    let signed = directory.vendor().sign_time(serial, partition, nonce, time, &mut OsEntropy);
    signed.map_err(|error| failure::sign(&error))
}
