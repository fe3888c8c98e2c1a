//! `keyfob list`.

use clap::Args;
use keyfob::{Found, Guest, Labels, Serial, TokenUri};
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
    /// The name that the user gave it.
    label: Option<String>,
    /// Where on the bus it is plugged in.
    place: Option<String>,
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
        let labels = Labels::load().map_err(Failure::from)?;
        let mut fobs = Vec::new();
        if let Some(token) = &named {
            fobs.push(ask(token, global, &makers).map_err(Failure::from)?);
        }
        for Found { uri, serial, device, problem, .. } in keyfob::discover(&makers) {
            if named.as_ref() == Some(&uri) {
                continue;
            }
            let asked = match problem {
                Some(problem) => Err(problem),
                None => ask(&uri, global, &makers),
            };
            let fob = asked.unwrap_or_else(|error| Fob::with_problem(&uri, serial, &error));
            let place = device.and_then(|device| device.place).map(|place| place.to_string());
            fobs.push(Fob { place, ..fob });
        }
        for fob in &mut fobs {
            let serial = fob.serial.as_deref().and_then(|serial| serial.parse().ok());
            fob.label = serial.and_then(|serial| labels.name(serial)).map(str::to_owned);
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
    let (serial, maker) = (Some(guest.serial().to_string()), Some(Origin::of(guest.genuine())));
    Ok(Fob { uri, serial, label: None, place: None, maker, products, problem: None })
}

impl Fob {
    fn with_problem(uri: &TokenUri, serial: Option<Serial>, error: &keyfob::Error) -> Self {
        Self {
            uri: uri.to_string(),
            serial: serial.map(|serial| serial.to_string()),
            label: None,
            place: None,
            maker: None,
            products: Vec::new(),
            problem: Some(error.code()),
        }
    }
}

/// The serial, and the user's name for it.
fn fob(fob: &Fob) -> String {
    match (&fob.serial, &fob.label) {
        (Some(serial), Some(label)) => format!("{serial} ({})", plain(label)),
        (Some(serial), None) => serial.clone(),
        (None, _) => "?".into(),
    }
}

fn row(fob: &Fob) -> [String; 4] {
    [
        plain(&fob.uri),
        self::fob(fob),
        fob.maker.map_or("?", Origin::words).into(),
        fob.problem.map_or_else(|| plain(&fob.products.join(", ")), |problem| format!("[{problem}]")),
    ]
}
