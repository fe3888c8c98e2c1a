//! Devices beside the fobs: one that says back what it is told, to measure by, and one that misbehaves as it is told.
//!
//! `keyfob-guest-devices ECHO HOSTILE CONTROL`: three Unix sockets, the first two for usbredir. At the third a line
//! names what to misbehave in, or is `list`; the answer is a line.

#[cfg(unix)]
mod bus;
#[cfg(unix)]
mod hostile;

use std::process::ExitCode;

#[cfg(unix)]
fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [echo, hostile, control] = arguments.as_slice() else {
        eprintln!("error: three sockets: ECHO HOSTILE CONTROL");
        return ExitCode::FAILURE;
    };
    let served = std::thread::scope(|scope| {
        scope.spawn(|| bus::serve(echo, &bus::Current::new(hostile::ECHO)));
        hostile::serve(hostile, control)
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    eprintln!("error: there are no Unix sockets here");
    ExitCode::FAILURE
}
