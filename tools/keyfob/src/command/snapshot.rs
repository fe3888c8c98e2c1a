//! `keyfob snapshot`.

use std::path::{Path, PathBuf};

use clap::Args;
use keyfob_licence::Snapshot as State;
use keyfob_terminal::{Exit, Failure, Global, Privacy, write_new};

use super::receipt::{Nonce, random_nonce};
use crate::command::inspect::signed_tree;
use crate::fob::guest;
use crate::vendor::Vendor;
use crate::{proof, value};

#[derive(Args)]
pub(super) struct Snapshot {
    #[command(flatten)]
    vendor: Vendor,
    /// The vendor's nonce, 16 to 128 hexadecimal digits; otherwise a random one
    #[arg(long, value_name = "HEX", value_parser = |text: &str| value::nonce(text).map(Nonce))]
    nonce: Option<Nonce>,
    /// Where to write the snapshot file for the vendor; - is standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Snapshot {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let mut guest = guest(global)?;
        let vendor = self.vendor.partition(&mut guest)?.vendor;
        let nonce = self.nonce.map_or_else(random_nonce, |nonce| nonce.0);
        let given = guest.snapshot(vendor, &nonce)?;
        let verified = proof::by_token::<State<'_>>(&given.snapshot, &given.endorsement, vendor, guest.serial());
        let (endorsement, state) = match verified {
            Ok((endorsement, state)) if state.nonce == nonce => (endorsement, state),
            _ => return Err(keyfob::Error::NotGenuine.into()),
        };
        let bytes = given.to_file()?;
        if self.out.as_deref() == Some(Path::new("-")) {
            global.write(&bytes)?;
            return Ok(Exit::Done);
        }
        if let Some(out) = &self.out {
            write_new(out, &bytes, Privacy::Public)?;
        }
        let tree = || signed_tree(given.serial, &endorsement, "snapshot", &*state);
        global.print("keyfob.snapshot.v1", &tree().with("file", value::to_hex(&bytes)), tree)?;
        if let Some(out) = self.out {
            global.note(format_args!("snapshot written to {}", out.display()));
        }
        Ok(Exit::Done)
    }
}
