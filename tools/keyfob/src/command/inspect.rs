//! `keyfob inspect`.

mod file;
mod payload;
#[cfg(test)]
mod tests;
mod verify;

use std::path::PathBuf;

use clap::Args;
use keyfob::Serial;
use keyfob_signed::VendorRoot;
use keyfob_terminal::{Exit, Failure, Global, read};
use keyfob_wire::PartitionId;

use crate::tree::Tree;
use crate::value;
use file::File;
pub(super) use payload::signed_tree;

#[derive(Args)]
pub(super) struct Inspect {
    /// An update, receipt, snapshot, proof or time file, an app credential, or a single signed thing; - is standard input
    file: PathBuf,
    /// Verify that this vendor's root stands behind it: 66 hexadecimal digits. Which epochs are revoked isn't looked at
    #[arg(long, value_name = "ROOT", value_parser = value::vendor_root)]
    vendor: Option<VendorRoot>,
    /// The fob that a single signed thing is for, to verify it
    #[arg(long, requires = "vendor")]
    serial: Option<Serial>,
    /// The partition that a single signed thing is for, to verify it
    #[arg(long, value_name = "HEX", value_parser = value::partition, requires = "vendor")]
    partition: Option<PartitionId>,
}

impl Inspect {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let bytes = read(&self.file)?;
        let file = File::read(&bytes).ok_or_else(|| {
            let message = format_args!("{} is no file of Keyfob's, or is damaged", self.file.display());
            Failure::new("file-unknown", Exit::Failure, message).hint("look whether it is the right file, and whole")
        })?;
        let verified = match self.vendor {
            Some(root) => Some(verify::verify(&file, root, self.serial, self.partition)?),
            None => None,
        };
        let tree = Tree::default()
            .with("kind", file.kind())
            .with("verified", verified.is_some())
            .with_some("signed_by", verified)
            .with("content", file.tree());
        let text = || {
            let words = match verified {
                Some(signer) => format!("verified: signed by {signer}"),
                None => "NOTHING IS VERIFIED: anybody can have written this".to_owned(),
            };
            format!("{}   {words}\n{}", file.kind(), file.tree())
        };
        global.print("keyfob.inspect.v1", &tree, text)?;
        Ok(Exit::Done)
    }
}
