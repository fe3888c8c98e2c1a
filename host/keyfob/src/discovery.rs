//! Which tokens are there.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use keyfob_signed::{MakerRoot, TEST_MAKER_ROOT};

use crate::{Error, Genuine, Guest, Serial, TokenUri};

/// How long a token may take to say what it is.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A token that was found.
#[derive(Debug)]
#[non_exhaustive]
pub struct Found {
    /// Where it is.
    pub uri: TokenUri,
    /// Its serial, unless it is blank or can't be asked.
    pub serial: Option<Serial>,
    /// Which of the makers one knows made it, if it has certificates.
    pub genuine: Option<Genuine>,
    /// Why it couldn't be asked more.
    pub problem: Option<Error>,
}

/// Finds running emulators by their sockets in `$XDG_RUNTIME_DIR/keyfob`.
#[must_use]
pub fn discover(makers: &[MakerRoot]) -> Vec<Found> {
    sockets().into_iter().map(|path| ask(TokenUri::Unix(path), makers)).collect()
}

/// Finds the token, if there is exactly one.
///
/// # Errors
/// [`Error::NoToken`] and [`Error::SeveralTokens`].
pub fn only_token() -> Result<TokenUri, Error> {
    let mut found = discover(&[TEST_MAKER_ROOT]);
    // A socket that nobody listens on is what a killed emulator left behind.
    found.retain(|found| !matches!(found.problem, Some(Error::Unreachable { .. })));
    match found.len() {
        0 => Err(Error::NoToken),
        1 => found.pop().map(|found| found.uri).ok_or(Error::NoToken),
        _ => Err(Error::SeveralTokens(found.iter().map(|found| found.uri.to_string()).collect())),
    }
}

fn sockets() -> Vec<PathBuf> {
    let Some(runtime) = std::env::var_os("XDG_RUNTIME_DIR").filter(|directory| !directory.is_empty()) else {
        return Vec::new();
    };
    let entries = fs::read_dir(Path::new(&runtime).join("keyfob")).into_iter().flatten().flatten();
    let mut sockets: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "sock")).collect();
    sockets.sort();
    sockets
}

fn ask(mut uri: TokenUri, makers: &[MakerRoot]) -> Found {
    let name = uri.to_string();
    let (serial, genuine, problem) = match Guest::open(&mut uri, &name, makers, TIMEOUT) {
        Ok(guest) => (Some(guest.serial()), Some(guest.genuine()), None),
        Err(problem) => (None, None, Some(problem)),
    };
    Found { uri, serial, genuine, problem }
}
