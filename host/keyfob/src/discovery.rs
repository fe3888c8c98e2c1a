//! Which tokens are there.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use keyfob_signed::{MakerRoot, TEST_MAKER_ROOT};

use crate::connection::{Connection, Limit};
use crate::{Device, Error, Genuine, Guest, Labels, Serial, TokenUri};

/// How long a token may take to say what it is.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A token that was found.
#[derive(Debug)]
#[non_exhaustive]
pub struct Found {
    /// Where it is.
    pub uri: TokenUri,
    /// Its serial, unless it is blank or can't be asked; by the bus's word if there is a problem.
    pub serial: Option<Serial>,
    /// The name that the user gave it.
    pub label: Option<String>,
    /// What USB shows of it, if it is on USB.
    pub device: Option<Device>,
    /// Which of the makers one knows made it, if it has certificates.
    pub genuine: Option<Genuine>,
    /// Why it couldn't be asked more.
    pub problem: Option<Error>,
}

/// Finds fobs on USB, those that the user may not open included, and running emulators by their sockets in
/// `$XDG_RUNTIME_DIR/keyfob`; asks each what it is.
#[must_use]
pub fn discover(makers: &[MakerRoot]) -> Vec<Found> {
    // Names are a comfort: a damaged file hides no fob, and tells of itself where a label is named.
    let labels = Labels::load().unwrap_or_default();
    places().into_iter().map(|place| ask(place, makers, &labels)).collect()
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

/// Where a token may be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// How to reach it.
    pub uri: TokenUri,
    /// What USB shows of it, if it is on USB.
    pub device: Option<Device>,
}

/// Lists where tokens are, without asking them: fobs on USB, and sockets of emulators, which may be left of some that
/// have ended.
#[must_use]
pub fn places() -> Vec<Place> {
    let devices = crate::devices().into_iter().map(|device| Place { uri: device.uri.clone(), device: Some(device) });
    devices.chain(sockets().into_iter().map(|path| Place { uri: TokenUri::Unix(path), device: None })).collect()
}

/// Finds the token of that serial. Those that don't show it on USB are asked.
pub(crate) fn find(serial: Serial) -> Option<TokenUri> {
    let shown = |place: &Place| place.device.as_ref().and_then(|device| device.serial);
    let places = places();
    let found = places.iter().find(|place| shown(place) == Some(serial));
    let ask =
        || places.iter().filter(|place| shown(place).is_none()).find(|place| serial_of(&place.uri) == Some(serial));
    found.or_else(ask).map(|place| place.uri.clone())
}

/// The serial that a token tells before anything is proven.
fn serial_of(uri: &TokenUri) -> Option<Serial> {
    let mut connection = Connection::open(&mut uri.clone(), &uri.to_string(), TIMEOUT, Limit::short(TIMEOUT)).ok()?;
    connection.init().ok().map(|opening| opening.answer().serial)
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

fn ask(place: Place, makers: &[MakerRoot], labels: &Labels) -> Found {
    let Place { mut uri, device } = place;
    let name = uri.to_string();
    let (serial, genuine, problem) = match Guest::open(&mut uri, &name, makers, TIMEOUT) {
        Ok(guest) => (Some(guest.serial()), Some(guest.genuine()), None),
        Err(problem) => (device.as_ref().and_then(|device| device.serial), None, Some(problem)),
    };
    let label = serial.and_then(|serial| labels.name(serial)).map(str::to_owned);
    Found { uri, serial, label, device, genuine, problem }
}
