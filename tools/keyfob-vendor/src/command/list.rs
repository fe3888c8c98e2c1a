//! The fobs that have a record.

use clap::Args;
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use keyfob_terminal::{Exit, Failure, Global, plain};
use serde::Serialize;

use crate::directory::VendorAt;
use crate::failure;

#[derive(Args)]
pub(crate) struct List {
    #[command(flatten)]
    vendor: VendorAt,
}

#[derive(Serialize)]
struct Document {
    fobs: Vec<Fob>,
}

#[derive(Serialize)]
struct Fob {
    serial: String,
    emulated: bool,
    epoch: u32,
    number: u32,
    products: Vec<Product>,
}

#[derive(Serialize)]
struct Product {
    product: u32,
    name: String,
}

impl List {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let directory = self.vendor.open()?;
        let root = directory.vendor().root();
        let mut fobs = Vec::new();
        for serial in directory.tokens().map_err(failure::directory)? {
            let record = directory.token(serial).map_err(failure::record(serial))?;
            let refused = |error| failure::failure("record-refused", Exit::Verification, error).about(serial);
            let endorsement = record.endorsement(root).map_err(refused)?;
            let products = record.products.iter();
            fobs.push(Fob {
                serial: serial.to_string(),
                emulated: endorsement.levels.is_emulated(),
                epoch: record.sequence.epoch,
                number: record.sequence.number,
                products: products.map(|it| Product { product: it.product.0, name: it.name.clone() }).collect(),
            });
        }
        let document = Document { fobs };
        global.print("keyfob-vendor.fobs.v1", &document, || table(&document.fobs))
    }
}

fn table(fobs: &[Fob]) -> String {
    if fobs.is_empty() {
        return "no fob was enrolled yet\n".into();
    }
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["FOB", "KIND", "UPDATE", "PRODUCTS"]);
    for fob in fobs {
        let products: Vec<_> = fob.products.iter().map(|it| format!("{} {}", it.product, plain(&it.name))).collect();
        let kind = if fob.emulated { "EMULATED" } else { "real" };
        let update = format!("{}.{}", fob.epoch, fob.number);
        table.add_row([fob.serial.clone(), kind.into(), update, products.join(", ")]);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().fold(String::new(), |text, line| text + line.trim_end() + "\n")
}
