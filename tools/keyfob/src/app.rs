//! What an app may ask: the flags and the session.

use std::path::PathBuf;

use clap::Args;
use keyfob::{Client, FeatureId, Serial, Session, UnixTime};
use keyfob_signed::VendorRoot;
use keyfob_terminal::{Failure, Global, read};

use crate::{fob, value};

/// Who asks, and about which feature.
#[derive(Args)]
pub(crate) struct App {
    /// The feature's number
    #[arg(value_parser = value::feature)]
    pub(crate) feature: FeatureId,
    #[command(flatten)]
    pub(crate) credential: Credential,
}

/// Who asks.
#[derive(Args)]
pub(crate) struct Credential {
    /// The app credential that the vendor made
    #[arg(long, value_name = "FILE")]
    app: PathBuf,
    /// Take an emulated fob as well
    #[arg(long)]
    accept_emulated: bool,
    /// The time that the app claims, such as 2027-01-31T12:00:00Z or seconds since 1970; otherwise the system's
    #[arg(long, value_parser = value::time)]
    time: Option<UnixTime>,
}

/// An app's session with a fob.
pub(crate) struct Opened {
    pub(crate) session: Session,
    /// Whom the credential trusts.
    pub(crate) vendor: VendorRoot,
    pub(crate) serial: Serial,
    pub(crate) is_emulated: bool,
}

impl Credential {
    /// Opens a session about a feature.
    fn open(&self, global: &Global, feature: FeatureId) -> Result<Opened, Failure> {
        let credential = read(&self.app)?;
        // What is wrong with the file has nothing to do with the fob: say so without asking for one.
        let vendor = keyfob_signed::AppCredential::parse(&credential)
            .map(|credential| credential.vendor)
            .map_err(|_| Failure::from(keyfob::Error::Credential).about(self.app.display()))?;
        let token = fob::token(global)?.to_string();
        let mut builder = Client::builder(&credential).token(&token).timeout(global.timeout());
        if self.accept_emulated {
            builder = builder.accept_emulated();
        }
        if let Some(time) = self.time {
            builder = builder.time(move || time);
        }
        let client = builder.open()?;
        let (serial, is_emulated) = (client.serial()?, client.is_emulated()?);
        if is_emulated {
            fob::warn_emulated(global, serial);
        }
        Ok(Opened { session: client.login(feature)?, vendor, serial, is_emulated })
    }

    /// Opens a session for what is about no feature, and so asks for none.
    pub(crate) fn open_without_feature(&self, global: &Global) -> Result<Opened, Failure> {
        self.open(global, FeatureId(0))
    }
}

impl App {
    pub(crate) fn open(&self, global: &Global) -> Result<Opened, Failure> {
        self.credential.open(global, self.feature)
    }

    /// Says which feature an error is about.
    pub(crate) fn failed(&self, error: impl Into<Failure>) -> Failure {
        error.into().about(format_args!("feature {}", self.feature))
    }
}
