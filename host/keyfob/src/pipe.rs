//! Reports over something that carries packets of any length.

use std::io;
use std::time::{Duration, Instant};

use keyfob_wire::Report;

use crate::Transport;

/// Room for a report of the right length and for longer ones, which are thereby seen to be longer.
pub(crate) type Packet = [u8; 128];

/// Carries packets to a device and back.
pub(crate) trait Pipe: Send {
    /// Sends a report, and waits a bounded time for the device to take it.
    fn write(&self, report: &Report) -> io::Result<()>;

    /// Waits for a packet at most that long, which is at least a millisecond; gives its length, or 0 if none came.
    fn read(&self, packet: &mut Packet, timeout: Duration) -> io::Result<usize>;
}

/// A device's reports. What it sends of another length than a report's is none of the protocol's and is skipped, like
/// a report on another channel: it costs time, and the time is the caller's limit.
pub(crate) struct Reports<P>(pub(crate) P);

impl<P: Pipe> Transport for Reports<P> {
    fn send(&mut self, report: &Report) -> io::Result<()> {
        self.0.write(report)
    }

    fn receive(&mut self, timeout: Duration) -> io::Result<Option<Report>> {
        self.next(timeout)
    }
}

impl<P: Pipe> Reports<P> {
    /// Waits for a report at most that long.
    pub(crate) fn next(&self, timeout: Duration) -> io::Result<Option<Report>> {
        let started = Instant::now();
        let mut packet = [0; 128];
        loop {
            let left = timeout.saturating_sub(started.elapsed());
            let length = self.0.read(&mut packet, left.max(SHORTEST))?;
            if let Some(report) = packet.get(..length).and_then(|packet| packet.try_into().ok()) {
                return Ok(Some(report));
            }
            if started.elapsed() >= timeout {
                return Ok(None);
            }
        }
    }
}

/// The systems count milliseconds, and take none for all the time there is.
const SHORTEST: Duration = Duration::from_millis(1);

/// A time in milliseconds, rounded up, for systems that count in these.
pub(crate) fn milliseconds(time: Duration) -> i32 {
    i32::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::collections::VecDeque;

    use super::*;

    /// Gives packets of these lengths, filled with their number, then nothing; or one for ever.
    struct Lengths {
        lengths: RefCell<VecDeque<usize>>,
        for_ever: Option<usize>,
        read: Cell<u8>,
    }

    impl Pipe for Lengths {
        fn write(&self, _: &Report) -> io::Result<()> {
            Ok(())
        }

        fn read(&self, packet: &mut Packet, timeout: Duration) -> io::Result<usize> {
            assert!(timeout >= SHORTEST, "would wait for ever");
            self.read.set(self.read.get().wrapping_add(1));
            *packet = [self.read.get(); 128];
            match self.lengths.borrow_mut().pop_front().or(self.for_ever) {
                Some(length) => Ok(length),
                None => {
                    std::thread::sleep(timeout);
                    Ok(0)
                }
            }
        }
    }

    fn lengths(lengths: impl IntoIterator<Item = usize>, for_ever: Option<usize>) -> Reports<Lengths> {
        Reports(Lengths { lengths: RefCell::new(lengths.into_iter().collect()), for_ever, read: Cell::new(0) })
    }

    /// Every length a system can give, all ahead of a report: the report comes, and it alone.
    #[test]
    fn only_what_has_the_length_of_a_report_is_one() {
        let others = (0..=128).filter(|&length| length != 64);
        let mut reports = lengths(others.chain([64, 63, 65]), None);
        assert_eq!(reports.receive(Duration::from_secs(60)).unwrap(), Some([129; 64]));
        assert_eq!(reports.receive(Duration::from_millis(20)).unwrap(), None);
    }

    /// A length beyond the packet would be the system's lie.
    #[test]
    fn a_length_that_cannot_be_is_no_report() {
        assert_eq!(lengths([129, usize::MAX], None).receive(Duration::from_millis(5)).unwrap(), None);
    }

    #[test]
    fn a_flood_of_other_lengths_ends_with_the_time() {
        for length in [0, 1, 63, 65, 128] {
            let started = Instant::now();
            assert_eq!(lengths([], Some(length)).receive(Duration::from_millis(50)).unwrap(), None);
            assert!((50..1000).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
        }
    }

    #[test]
    fn waiting_is_bounded_whatever_the_time() {
        for timeout in [Duration::ZERO, Duration::from_nanos(1), Duration::from_millis(3)] {
            assert_eq!(lengths([], None).receive(timeout).unwrap(), None);
        }
        for (time, expected) in [
            (Duration::ZERO, 0),
            (Duration::from_nanos(1), 1),
            (Duration::from_micros(1001), 2),
            (Duration::MAX, i32::MAX),
        ] {
            assert_eq!(milliseconds(time), expected);
        }
    }
}
