//! Features' keys: what `unlock` opens secrets with.

mod list;
mod new;
mod seal;

use clap::Subcommand;
use keyfob_terminal::{Failure, Global};

#[derive(Subcommand)]
pub(crate) enum Key {
    /// Make a feature's key; sealing and issuing make it by themselves if it isn't there
    New(new::New),
    /// List the features' keys; the keys themselves are never shown
    List(list::List),
    /// Seal a secret of 1 to 64 bytes: whoever may unlock the feature opens it
    Seal(seal::Seal),
}

impl Key {
    pub(crate) fn run(self, global: &Global) -> Result<(), Failure> {
        match self {
            Self::New(new) => new.run(global),
            Self::List(list) => list.run(global),
            Self::Seal(seal) => seal.run(global),
        }
    }
}
