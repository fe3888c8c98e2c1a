//! The fob that a command is about.

use keyfob::{Guest, Serial, TokenUri};
use keyfob_crypto::Entropy;
use keyfob_issuing::OsEntropy;
use keyfob_terminal::{Failure, Global};

/// The token that was named, or the only one that is there.
pub(crate) fn token(global: &Global) -> Result<TokenUri, Failure> {
    match global.token()? {
        Some(token) => Ok(token),
        None => Ok(keyfob::only_token()?),
    }
}

/// Opens a session without a credential. Who made the fob shows when it is enrolled.
pub(crate) fn guest(global: &Global) -> Result<Guest, Failure> {
    let mut token = token(global)?;
    let uri = token.to_string();
    Ok(Guest::open(&mut token, &uri, &[], global.timeout())?)
}

/// A fresh nonce.
pub(crate) fn nonce() -> [u8; 16] {
    let mut nonce = [0; 16];
    OsEntropy.fill(&mut nonce);
    nonce
}

pub(crate) fn warn_emulated(global: &Global, serial: Serial) {
    global.warn(format_args!("fob {serial} is EMULATED: it protects nothing and is for tests only"));
}
