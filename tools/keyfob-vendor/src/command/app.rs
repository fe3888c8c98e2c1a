//! Apps' credentials.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use keyfob::ProductId;
use keyfob_issuing::OsEntropy;
use keyfob_signed::Rights;
use keyfob_terminal::{Failure, Global, Privacy, write_new};
use keyfob_wire::Subject;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::directory::{VendorAt, expect_writable};
use crate::{failure, value};

#[derive(Subcommand)]
pub(crate) enum App {
    /// Make the credential that an app opens sessions with
    New(New),
}

#[derive(Args)]
pub(crate) struct New {
    #[command(flatten)]
    vendor: VendorAt,
    /// The app's name, 1 to 8 characters of ASCII
    #[arg(value_parser = value::subject)]
    name: Subject,
    /// The product that the app may use; any if not named
    #[arg(long, value_name = "NUMBER", value_parser = value::product)]
    product: Option<ProductId>,
    /// What the app may do
    #[arg(long, value_name = "RIGHTS", value_parser = value::rights, default_value = "check,spend,unlock")]
    rights: Rights,
    /// Where to write the credential
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Serialize)]
struct Document {
    name: String,
    product: Option<u32>,
    rights: Vec<&'static str>,
    out: String,
}

impl App {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let Self::New(new) = self;
        new.run(global)
    }
}

impl New {
    fn run(self, global: &Global) -> Result<(), Failure> {
        let Self { vendor, name, product, rights, out } = self;
        expect_writable(&out)?;
        let directory = vendor.open()?;
        let file = directory.vendor().app(name, product.unwrap_or(ProductId(0)), rights, &mut OsEntropy);
        let file = Zeroizing::new(file.map_err(|error| failure::sign(&error))?);
        write_new(&out, &file, Privacy::Secret)?;
        let document = Document {
            name: String::from_utf8_lossy(&name.0).trim_end().to_owned(),
            product: product.map(|product| product.0),
            rights: value::rights_words(rights),
            out: out.display().to_string(),
        };
        global.print("keyfob-vendor.app-new.v1", &document, || {
            let Document { name, rights, out, .. } = &document;
            let product = product.map_or("any product".to_owned(), |product| format!("product {product}"));
            format!("app {name}, {product}, may {}: {out}\n", rights.join(", "))
        })
    }
}
