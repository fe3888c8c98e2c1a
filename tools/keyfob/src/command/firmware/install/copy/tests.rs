use std::cell::{Cell, RefCell};

use super::*;

/// A drive that behaves badly once it has some number of bytes.
struct Fake<'a> {
    taken: &'a RefCell<Vec<u8>>,
    /// How many bytes it takes.
    room: usize,
    fault: Fault,
    is_there: &'a Cell<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Full,
    ReadOnly,
    /// It goes away, and says so while it is written to.
    GoneWriting,
    /// It goes away, and says so when what was written has to be there.
    GoneSettling,
    /// It goes away without a word.
    GoneQuietly,
}

impl Write for Fake<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut taken = self.taken.borrow_mut();
        let length = bytes.len().min(7 * BLOCK);
        if self.room - taken.len() < length {
            match self.fault {
                Fault::Full => return Err(io::ErrorKind::StorageFull.into()),
                Fault::ReadOnly => return Err(io::ErrorKind::ReadOnlyFilesystem.into()),
                Fault::GoneWriting => {
                    self.is_there.set(false);
                    return Err(io::ErrorKind::BrokenPipe.into());
                }
                Fault::GoneSettling | Fault::GoneQuietly => self.room = taken.len() + length,
            }
        }
        taken.extend(&bytes[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Target for Fake<'_> {
    fn settle(&mut self) -> io::Result<()> {
        let is_gone = self.taken.borrow().len() >= self.room;
        self.is_there.set(self.is_there.get() && !(is_gone && self.fault != Fault::Full));
        if is_gone && self.fault == Fault::GoneSettling { Err(io::Error::other("no such device")) } else { Ok(()) }
    }
}

/// What came of it, what the drive has, and the last progress.
fn poured(bytes: &[u8], room: usize, fault: Fault) -> (Result<Copied, Failure>, Vec<u8>, usize) {
    let (taken, is_there, last) = (RefCell::new(Vec::new()), Cell::new(true), Cell::new(0));
    let mut fake = Fake { taken: &taken, room, fault, is_there: &is_there };
    let outcome = pour(&mut fake, bytes, || is_there.get(), &mut |blocks| {
        assert!(blocks > last.get());
        last.set(blocks);
    });
    (outcome, taken.into_inner(), last.get())
}

fn image(blocks: usize) -> Vec<u8> {
    (0..blocks * BLOCK).map(|at| (at / BLOCK % 251) as u8).collect()
}

#[test]
fn all_of_it_arrives_in_order() {
    for blocks in [1, 63, 64, 65, 128, 700] {
        let bytes = image(blocks);
        let (outcome, taken, last) = poured(&bytes, usize::MAX, Fault::Full);
        assert_eq!((outcome, last), (Ok(Copied::Whole), blocks));
        assert!(taken == bytes);
    }
}

#[test]
fn a_drive_that_goes_with_the_last_blocks_has_them() {
    for blocks in [1, 64, 65, 700] {
        let bytes = image(blocks);
        for (fault, copied) in [(Fault::GoneSettling, Copied::Vanished), (Fault::GoneQuietly, Copied::Whole)] {
            let (outcome, taken, _) = poured(&bytes, bytes.len(), fault);
            assert_eq!(outcome, Ok(copied));
            assert!(taken == bytes);
        }
    }
}

/// Wherever it happens but at the very end, it is an error, and says how far it came.
#[test]
fn whatever_happens_before_is_an_error() {
    let bytes = image(200);
    for room in (0..bytes.len()).step_by(BLOCK) {
        let done = room / STEP * STEP / BLOCK;
        for fault in [Fault::Full, Fault::ReadOnly, Fault::GoneWriting] {
            let (outcome, _, last) = poured(&bytes, room, fault);
            let failure = outcome.unwrap_err();
            assert_eq!((failure.code(), failure.exit(), last), ("drive-failed", Exit::Failure, done));
            assert!(failure.message().contains(&format!("after {done} of 200 blocks")), "{failure:?}");
            assert!(fault != Fault::GoneWriting || failure.message().contains("went away"), "{failure:?}");
        }
        if room > 0 && room <= bytes.len() / STEP * STEP {
            let failure = poured(&bytes, room, Fault::GoneSettling).0.unwrap_err();
            assert!(failure.message().contains("went away"), "{failure:?}");
        }
    }
}
