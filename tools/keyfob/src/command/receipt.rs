//! `keyfob receipt`.

use std::path::{Path, PathBuf};

use clap::Args;
use keyfob::OsEntropy;
use keyfob_crypto::Entropy;
use keyfob_terminal::{Exit, Failure, Global, Privacy, write_new};
use keyfob_wire::ReceiptFile;

use crate::command::inspect::signed_tree;
use crate::fob::guest;
use crate::vendor::Vendor;
use crate::{proof, value};

#[derive(Args)]
pub(super) struct Receipt {
    #[command(flatten)]
    vendor: Vendor,
    /// The vendor's nonce, 16 to 128 hexadecimal digits; otherwise a random one
    #[arg(long, value_name = "HEX", value_parser = |text: &str| value::nonce(text).map(Nonce))]
    nonce: Option<Nonce>,
    /// Where to write the receipt file for the vendor; - is standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone)]
pub(super) struct Nonce(pub(super) Vec<u8>);

impl Receipt {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let mut guest = guest(global)?;
        let vendor = self.vendor.partition(&mut guest)?.vendor;
        let nonce = self.nonce.map_or_else(random_nonce, |nonce| nonce.0);
        let proven = guest.receipt(vendor, &nonce)?;
        let serial = guest.serial();
        let (endorsement, receipt) = match proof::receipt(&proven, vendor, serial) {
            Ok((endorsement, receipt)) if receipt.nonce == nonce => (endorsement, receipt),
            _ => return Err(keyfob::Error::NotGenuine.into()),
        };
        let file = ReceiptFile { serial, endorsement: &proven.endorsement, receipt: &proven.receipt };
        let bytes = minicbor::to_vec(file).map_err(|_| keyfob::Error::TooLong)?;
        match &self.out {
            Some(out) if out == Path::new("-") => global.write(&bytes)?,
            Some(out) => write_new(out, &bytes, Privacy::Public)?,
            None => {}
        }
        if self.out.as_deref() != Some(Path::new("-")) {
            let tree = || signed_tree(serial, &endorsement, "receipt", &*receipt);
            global.print("keyfob.receipt.v1", &tree().with("file", value::to_hex(&bytes)), tree)?;
        }
        if let Some(out) = self.out.filter(|out| out != Path::new("-")) {
            global.note(format_args!("receipt written to {}", out.display()));
        }
        Ok(Exit::Done)
    }
}

pub(super) fn random_nonce() -> Vec<u8> {
    let mut nonce = vec![0; 16];
    OsEntropy.fill(&mut nonce);
    nonce
}
