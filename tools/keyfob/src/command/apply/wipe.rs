//! What can't be undone is asked for twice.

use std::io::{self, IsTerminal, Write};

use keyfob::{Error, Serial, Status};
use keyfob_terminal::{Exit, Failure, Global};
use keyfob_wire::WipeFile;

use super::{Done, refused};
use crate::fob::guest;

pub(super) fn wipe(global: &Global, file: &WipeFile<'_>, bytes: &[u8]) -> Result<(), Failure> {
    if global.yes && global.token()?.is_none() {
        return Err(Failure::usage("wiping without a question needs --token besides --yes"));
    }
    let mut guest = guest(global)?;
    if file.serial != guest.serial() {
        return Err(refused("wipe", file.serial, &guest, Error::Refused(Status::WrongToken)));
    }
    if !global.yes {
        confirm(global, guest.serial())?;
    }
    guest.wipe(bytes).map_err(|error| match error {
        // Its number counts the token's wipes, so it isn't this one that was done.
        Error::Refused(status @ (Status::UpdateReplayed | Status::UpdateOutOfOrder)) => {
            let message = format_args!("the wipe is not the fob's next one: {}", status.meaning());
            let hint = "have the vendor make it anew: another partition of the fob was wiped in between";
            Failure::new(status.slug(), Exit::Verification, message).hint(hint)
        }
        error => refused("wipe", file.serial, &guest, error),
    })?;
    let document = Done::of(&guest, file.partition.to_string());
    let text = || format!("partition {} of fob {} is wiped\n", document.partition, document.serial);
    global.print("keyfob.wipe.v1", &document, text)
}

/// Has the serial typed.
fn confirm(global: &Global, serial: Serial) -> Result<(), Failure> {
    let not_confirmed = |message: &str| Failure::new("not-confirmed", Exit::Failure, message);
    if global.no_input || !io::stdin().is_terminal() {
        return Err(not_confirmed("nobody was asked whether the licences may be wiped"));
    }
    let mut screen = io::stderr();
    let asked = write!(screen, "This wipes licences, counters and keys for good. Type {serial} to go on: ");
    asked.and_then(|()| screen.flush()).map_err(|error| not_confirmed(&error.to_string()))?;
    let mut line = String::new();
    io::stdin().read_line(&mut line).map_err(|error| not_confirmed(&error.to_string()))?;
    if line.trim().parse() == Ok(serial) { Ok(()) } else { Err(not_confirmed("another serial was typed")) }
}
