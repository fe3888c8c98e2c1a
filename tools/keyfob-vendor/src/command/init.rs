//! A vendor comes into being.

use clap::Args;
use keyfob_issuing::VendorKind;
use keyfob_terminal::{Failure, Global, Privacy, write_new};
use serde::Serialize;

use crate::directory::{ROOT_PUB, VendorAt};
use crate::value;

#[derive(Args)]
pub(crate) struct Init {
    #[command(flatten)]
    vendor: VendorAt,
    /// Make a test vendor, which enrols emulated fobs and no others
    #[arg(long)]
    test: bool,
}

#[derive(Serialize)]
struct Document {
    root: String,
    kind: &'static str,
    dir: String,
}

impl Init {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let (kind, word) = if self.test { (VendorKind::Test, "test") } else { (VendorKind::Production, "production") };
        let directory = self.vendor.create(kind)?;
        let root = value::to_hex(&directory.vendor().root().0.0);
        write_new(&directory.path().join(ROOT_PUB), format!("{root}\n").as_bytes(), Privacy::Public)?;
        let dir = directory.path().display().to_string();
        global.note(format_args!("a {word} vendor in {dir}: back it up, and keep it to yourself; its root key:"));
        let document = Document { root: root.clone(), kind: word, dir };
        global.print("keyfob-vendor.init.v1", &document, || format!("{root}\n"))
    }
}
