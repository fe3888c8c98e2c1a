//! `keyfob list`.

use clap::Args;
use keyfob::{Found, Guest, TokenUri};
use keyfob_signed::MakerRoot;
use keyfob_terminal::{Exit, Failure, Global, plain};
use serde::Serialize;

use crate::fob::{Makers, Origin};
use crate::table::table;

#[derive(Args)]
pub(super) struct List {
    #[command(flatten)]
    makers: Makers,
}

#[derive(Serialize)]
struct Document {
    fobs: Vec<Fob>,
}

#[derive(Serialize)]
struct Fob {
    uri: String,
    serial: Option<String>,
    maker: Option<Origin>,
    /// Names of the products that everybody may see.
    products: Vec<String>,
    /// Why the fob couldn't be asked more: a code of `docs/errors.md`.
    problem: Option<&'static str>,
}

impl List {
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let makers = self.makers.known();
        let named = global.token()?;
        let mut fobs = Vec::new();
        if let Some(token) = &named {
            fobs.push(ask(token, global, &makers).map_err(Failure::from)?);
        }
        for Found { uri, problem, .. } in keyfob::discover(&makers) {
            if named.as_ref() == Some(&uri) {
                continue;
            }
            let asked = match problem {
                Some(problem) => Err(problem),
                None => ask(&uri, global, &makers),
            };
            fobs.push(asked.unwrap_or_else(|error| Fob::with_problem(&uri, &error)));
        }
        if fobs.is_empty() {
            global.note("no fob is there; `keyfob emulator run` starts an emulated one");
        }
        let document = Document { fobs };
        global.print("keyfob.list.v1", &document, || {
            table(["URI", "FOB", "MAKER", "PRODUCTS"], document.fobs.iter().map(row))
        })?;
        Ok(Exit::Done)
    }
}

fn ask(token: &TokenUri, global: &Global, makers: &[MakerRoot]) -> Result<Fob, keyfob::Error> {
    let uri = token.to_string();
    let mut guest = Guest::open(&mut token.clone(), &uri, makers, global.timeout())?;
    let mut products = Vec::new();
    for partition in guest.info()?.partitions {
        products.extend(guest.list(partition.vendor)?.into_iter().map(|product| product.name));
    }
    let maker = Some(Origin::of(guest.genuine()));
    Ok(Fob { uri, serial: Some(guest.serial().to_string()), maker, products, problem: None })
}

impl Fob {
    fn with_problem(uri: &TokenUri, error: &keyfob::Error) -> Self {
        Self { uri: uri.to_string(), serial: None, maker: None, products: Vec::new(), problem: Some(error.code()) }
    }
}

fn row(fob: &Fob) -> [String; 4] {
    [
        plain(&fob.uri),
        fob.serial.clone().unwrap_or_else(|| "?".into()),
        fob.maker.map_or("?", Origin::words).into(),
        fob.problem.map_or_else(|| plain(&fob.products.join(", ")), |problem| format!("[{problem}]")),
    ]
}
