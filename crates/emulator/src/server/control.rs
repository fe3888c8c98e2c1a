//! The control socket: plugs, breaks and winds an emulator while programs use it.
//!
//! A request is a line with a JSON object, and so is its answer; each names the [`CONTROL_SCHEMA`]. What an emulator
//! can't read it answers with an error, and a line that is too long ends the connection. `docs/emulator.md` has the
//! requests.

mod client;
mod message;

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use super::listen::Listen;
use super::usb::Bus;
use crate::emulator::Emulator;
use crate::faults::{Interruption, Script};

pub use client::{Control, ControlError};
pub use message::{CONTROL_SCHEMA, ControlFault, ControlRefusal, ControlRequest, ControlState, ControlUsb, Endpoint};
use message::{answer, hexadecimal, image, request};

/// How long a line may be: an image in hexadecimal digits fits.
const LINE: u64 = 1 << 20;

/// The control socket of an emulator that listens there: beside its Unix socket, with `.ctl` in `.sock`'s place; none
/// beside a TCP port.
#[must_use]
pub fn control_path(listen: &Listen) -> Option<PathBuf> {
    let Listen::Unix(path) = listen else { return None };
    Some(if path.extension().is_some_and(|end| end == "sock") {
        path.with_extension("ctl")
    } else {
        let mut name = path.clone().into_os_string();
        name.push(".ctl");
        name.into()
    })
}

/// Answers a connection's requests until it ends; `operate` has the emulator for each, if there still is one.
pub(super) fn serve(
    socket: &UnixStream,
    operate: impl Fn(&mut dyn FnMut(&mut Emulator, Option<&mut Bus>) -> String) -> Option<String>,
) -> io::Result<()> {
    let mut reader = BufReader::new(socket);
    loop {
        let mut line = Vec::new();
        reader.by_ref().take(LINE).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(());
        }
        let is_whole = line.ends_with(b"\n");
        let answered = if is_whole {
            match request(&line) {
                Ok(request) => operate(&mut |emulator, bus| answer(&execute(emulator, bus, &request))),
                Err(refusal) => Some(answer(&Err(refusal))),
            }
        } else {
            Some(answer(&Err(ControlRefusal::request("the line has no end, or is too long"))))
        };
        let Some(answered) = answered else { return Ok(()) };
        let mut socket = socket;
        socket.write_all(answered.as_bytes())?;
        if !is_whole {
            return Ok(());
        }
    }
}

fn execute(
    emulator: &mut Emulator,
    mut bus: Option<&mut Bus>,
    request: &ControlRequest,
) -> Result<ControlState, ControlRefusal> {
    let mut flash = None;
    match request {
        ControlRequest::Status | ControlRequest::Faults => {}
        ControlRequest::Plug => emulator.plug().map_err(ControlRefusal::failed)?,
        ControlRequest::Unplug { back } => emulator.interrupt(Interruption::Unplug { back: *back }),
        ControlRequest::Kill { back } => emulator.interrupt(Interruption::Kill { back: *back }),
        ControlRequest::Advance { milliseconds } => emulator.advance(*milliseconds),
        ControlRequest::Fault { script } => {
            let script = script.parse::<Script>().map_err(ControlRefusal::fault)?;
            emulator.arm_all(&script).map_err(ControlRefusal::too_many)?;
        }
        ControlRequest::Clear => emulator.clear_faults(),
        ControlRequest::Snapshot => flash = Some(hexadecimal(emulator.flash_snapshot().content())),
        ControlRequest::Restore { flash } => {
            let content =
                image(flash).ok_or_else(|| ControlRefusal::request("the image is not in hexadecimal digits"))?;
            emulator.restore(content)?;
        }
        ControlRequest::Stall { endpoint } => on_usb(&mut bus)?.halt((*endpoint).into()),
        ControlRequest::Hang => on_usb(&mut bus)?.hang(),
        ControlRequest::Release => on_usb(&mut bus)?.release(),
    }
    // What has come due with it is part of the answer.
    emulator.catch_up();
    if let Some(bus) = &mut bus {
        bus.follow(emulator);
    }
    let faults = emulator.faults();
    Ok(ControlState {
        plugged: emulator.is_plugged(),
        powered: emulator.is_powered(),
        clock: emulator.now().0,
        scripted_clock: emulator.clock().is_scripted(),
        times_unplugged: emulator.times_unplugged(),
        light: emulator.light().is_on(),
        usb: bus.map(|bus| bus.state()),
        faults: faults.iter().map(ControlFault::from).collect(),
        flash,
    })
}

fn on_usb<'a>(bus: &'a mut Option<&mut Bus>) -> Result<&'a mut Bus, ControlRefusal> {
    bus.as_deref_mut().ok_or_else(ControlRefusal::not_on_usb)
}

/// Whether something answers at a control socket.
#[must_use]
pub fn is_controlled(path: &Path) -> bool {
    UnixStream::connect(path).is_ok()
}
