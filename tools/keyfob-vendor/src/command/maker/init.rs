//! A maker comes into being.

use clap::Args;
use keyfob_issuing::OsEntropy;
use keyfob_issuing::directory::MakerDirectory;
use keyfob_signed::Levels;
use keyfob_terminal::{Failure, Global, Privacy, write_new};
use serde::Serialize;

use crate::directory::{MakerAt, ROOT_KEY, ROOT_PUB, refuse_existing};
use crate::{failure, value};

#[derive(Args)]
pub(crate) struct Init {
    #[command(flatten)]
    maker: MakerAt,
    /// The highest levels that the batch may certify: clear, sealed or secure-element for keys; restorable, anchored
    /// or strong for stored state
    #[arg(long, value_name = "KEYS,STATE", value_parser = value::levels, default_value = "sealed,anchored")]
    levels: Levels,
}

#[derive(Serialize)]
struct Document {
    root: String,
    dir: String,
    levels: u8,
}

impl Init {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let path = self.maker.path();
        for name in [ROOT_KEY, ROOT_PUB] {
            refuse_existing(&path.join(name))?;
        }
        let directory = MakerDirectory::create(&path, self.levels, &mut OsEntropy).map_err(failure::directory)?;
        let root = value::to_hex(&directory.maker().root().0.0);
        write_new(&path.join(ROOT_PUB), format!("{root}\n").as_bytes(), Privacy::Public)?;
        let dir = path.display().to_string();
        global.note(format_args!("a maker of real fobs in {dir}; its root key, for vendors' --maker:"));
        let document = Document { root: root.clone(), dir, levels: self.levels.number() };
        global.print("keyfob-vendor.maker-init.v1", &document, || format!("{root}\n"))
    }
}
