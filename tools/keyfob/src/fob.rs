//! The fob that a command is about.

use clap::Args;
use keyfob::{Genuine, Guest, Serial, TokenUri};
use keyfob_signed::{MakerRoot, TEST_MAKER_ROOT};
use keyfob_terminal::{Failure, Global};
use serde::Serialize;

use crate::value;

/// Whose fobs are genuine.
#[derive(Args)]
pub(crate) struct Makers {
    /// A maker's root key, as 66 hexadecimal digits: fobs that it certified are genuine
    #[arg(long = "maker", value_name = "ROOT", value_parser = value::maker_root)]
    roots: Vec<MakerRoot>,
}

impl Makers {
    /// The makers that were named, and the one of emulated fobs.
    pub(crate) fn known(&self) -> Vec<MakerRoot> {
        [TEST_MAKER_ROOT].into_iter().chain(self.roots.iter().copied()).collect()
    }
}

/// Who made a fob, as far as is known.
#[derive(Clone, Copy, Serialize, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Origin {
    Genuine,
    Emulated,
    Unknown,
}

impl Origin {
    pub(crate) fn of(genuine: Genuine) -> Self {
        match genuine {
            Genuine::By(maker) if maker == TEST_MAKER_ROOT => Self::Emulated,
            Genuine::By(_) => Self::Genuine,
            Genuine::Unknown => Self::Unknown,
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Genuine => "genuine",
            Self::Emulated => "EMULATED",
            Self::Unknown => "unknown maker",
        }
    }
}

/// The token that was named, or the only one that is there.
pub(crate) fn token(global: &Global) -> Result<TokenUri, Failure> {
    match global.token()? {
        Some(token) => Ok(token),
        None => Ok(keyfob::only_token()?),
    }
}

/// Opens a session that needs no credential, and says so if the fob is emulated.
pub(crate) fn guest(global: &Global) -> Result<Guest, Failure> {
    let guest = guest_of(global, &[TEST_MAKER_ROOT])?;
    if is_emulated(&guest) {
        warn_emulated(global, guest.serial());
    }
    Ok(guest)
}

/// Whether the published test maker has made the fob.
pub(crate) fn is_emulated(guest: &Guest) -> bool {
    Origin::of(guest.genuine()) == Origin::Emulated
}

/// Opens a session that needs no credential, and finds out which of these makers has made the fob.
pub(crate) fn guest_of(global: &Global, makers: &[MakerRoot]) -> Result<Guest, Failure> {
    let mut token = token(global)?;
    let uri = token.to_string();
    Ok(Guest::open(&mut token, &uri, makers, global.timeout())?)
}

pub(crate) fn warn_emulated(global: &Global, serial: Serial) {
    global.warn(format_args!("fob {serial} is EMULATED: it protects nothing"));
}
