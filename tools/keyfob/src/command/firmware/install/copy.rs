//! A file goes to a drive that goes away once it has all of it.

#[cfg(test)]
mod tests;

use std::fs::File as Handle;
use std::io::{self, IsTerminal, Write};

use keyfob_terminal::{Exit, Failure, Global};
use keyfob_uf2::BLOCK;

use super::drive::Drive;
use crate::command::firmware::image::File;

/// How many bytes are handed to the drive before they have to be there: progress is then the board's own.
const STEP: usize = 64 * BLOCK;

/// How a copy ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Copied {
    /// All of it is there.
    Whole,
    /// All of it was handed over, and the drive went away with the last of it. Whether the board has taken it is seen
    /// by the fob that comes.
    Vanished,
}

/// What is written to.
trait Target: Write {
    /// Waits until all that was written is there.
    fn settle(&mut self) -> io::Result<()>;
}

impl Target for Handle {
    fn settle(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

/// Copies a file onto a drive.
///
/// # Errors
/// `drive-failed`.
pub(super) fn copy(global: &Global, file: &File, drive: &Drive) -> Result<Copied, Failure> {
    let path = drive.path.join(&file.name);
    let shows = !global.quiet && !global.json && io::stderr().is_terminal();
    let mut target =
        Handle::create(&path).map_err(|error| failed(format_args!("cannot write {}: {error}", path.display())))?;
    let total = file.bytes.len() / BLOCK;
    let copied = pour(&mut target, &file.bytes, || drive.is_there(), &mut |blocks| {
        if shows {
            // There is nobody to tell if this fails.
            let _ = write!(io::stderr(), "\r{:>3} %  {blocks} of {total} blocks", blocks * 100 / total.max(1));
        }
    });
    if shows {
        let _ = writeln!(io::stderr());
    }
    copied.map_err(|failure| failure.about(path.display()))
}

/// Pours the bytes in steps, each of which has to be there before the next.
fn pour(
    target: &mut dyn Target,
    bytes: &[u8],
    is_there: impl Fn() -> bool,
    progress: &mut dyn FnMut(usize),
) -> Result<Copied, Failure> {
    let total = bytes.len();
    let mut done = 0;
    for step in bytes.chunks(STEP) {
        let is_last = done + step.len() == total;
        let written = target.write_all(step);
        let is_handed_over = written.is_ok();
        match written.and_then(|()| target.settle()) {
            Ok(()) => {}
            Err(_) if is_last && is_handed_over && !is_there() => return Ok(Copied::Vanished),
            Err(error) => return Err(interrupted(&error, (done / BLOCK, total / BLOCK), is_there())),
        }
        done += step.len();
        progress(done / BLOCK);
    }
    Ok(Copied::Whole)
}

fn interrupted(error: &io::Error, (done, total): (usize, usize), is_there: bool) -> Failure {
    if !is_there {
        return failed(format_args!("the drive went away after {done} of {total} blocks: {error}"))
            .hint("bring the board into its bootloader again, and begin anew; a bootloader survives half an image");
    }
    let failure = failed(format_args!("after {done} of {total} blocks: {error}"));
    match error.kind() {
        io::ErrorKind::StorageFull => failure.hint("it is no bootloader's drive, or plug the board in anew"),
        _ => failure,
    }
}

fn failed(message: impl std::fmt::Display) -> Failure {
    Failure::new("drive-failed", Exit::Failure, message)
}
