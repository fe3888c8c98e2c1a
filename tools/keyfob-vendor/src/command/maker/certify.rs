//! A blank fob is born and certified.

use clap::Args;
use keyfob::{Guest, TokenUri};
use keyfob_issuing::directory::MakerDirectory;
use keyfob_issuing::{Certified, Maker, MakerError, OsEntropy};
use keyfob_terminal::{Exit, Failure, Global};
use serde::Serialize;

use crate::directory::{self, MakerAt};
use crate::{failure, fob, value};

#[derive(Args)]
pub(crate) struct Certify {
    #[command(flatten)]
    maker: MakerAt,
    /// Use the published test maker, which certifies emulated fobs and no others
    #[arg(long, conflicts_with = "dir")]
    test: bool,
}

#[derive(Serialize)]
struct Document {
    serial: String,
    emulated: bool,
    levels: u8,
}

impl Certify {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        let mut token = fob::token(global)?;
        let certified = if self.test {
            let made =
                Maker::test().map_err(|error: MakerError| failure::failure("signing-failed", Exit::Failure, error))?;
            certify(&made, &mut token, global)?
        } else {
            let path = self.maker.path();
            directory::expect_root_key(&path)
                .map_err(|failure| failure.hint("make a maker: keyfob-vendor maker init; emulated fobs take --test"))?;
            let directory = MakerDirectory::open(&path).map_err(failure::directory)?;
            certify(directory.maker(), &mut token, global)?
        };
        let Certified { serial, levels, .. } = certified;
        if levels.is_emulated() {
            fob::warn_emulated(global, serial);
        }
        let document = Document { serial: serial.to_string(), emulated: levels.is_emulated(), levels: levels.number() };
        let text = || format!("{serial}  certified: {}\n", value::levels_words(levels));
        global.print("keyfob-vendor.maker-certify.v1", &document, text)
    }
}

fn certify(maker: &Maker, token: &mut TokenUri, global: &Global) -> Result<Certified, Failure> {
    let (uri, nonce) = (token.to_string(), fob::nonce());
    let request = Guest::birth(token, &uri, &nonce, global.timeout())?;
    let certified = maker.certify(&request, &nonce, &mut OsEntropy).map_err(failure::certify)?;
    Guest::install(token, &uri, &certified.install, global.timeout())?;
    Ok(certified)
}
