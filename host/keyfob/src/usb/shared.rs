//! One claimed interface for all connections of this program: each hears every report, as through a HID driver.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use keyfob_wire::Report;

use crate::Transport;
use crate::pipe::{Pipe, Reports};

/// How many reports wait for a connection that doesn't read; of more the oldest is lost.
const QUEUE: usize = 256;

/// A device and who listens.
pub(crate) struct Shared<P> {
    reports: Reports<P>,
    state: Mutex<State>,
    heard: Condvar,
}

#[derive(Default)]
struct State {
    queues: Vec<Weak<Mutex<VecDeque<Report>>>>,
    /// Whether one of the connections waits for the device, for all of them.
    is_read: bool,
}

impl<P: Pipe + Sync + 'static> Shared<P> {
    pub(crate) fn new(pipe: P) -> Arc<Self> {
        Arc::new(Self { reports: Reports(pipe), state: Mutex::default(), heard: Condvar::new() })
    }

    /// Another connection. It hears what comes from now on.
    pub(crate) fn connect(self: &Arc<Self>) -> Box<dyn Transport> {
        let queue = Arc::new(Mutex::default());
        self.state().queues.push(Arc::downgrade(&queue));
        Box::new(Connected { shared: Arc::clone(self), queue })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn deliver(&mut self, report: Report) {
        self.queues.retain(|queue| {
            let Some(queue) = queue.upgrade() else { return false };
            let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
            if queue.len() == QUEUE {
                queue.pop_front();
            }
            queue.push_back(report);
            true
        });
    }
}

struct Connected<P> {
    shared: Arc<Shared<P>>,
    queue: Arc<Mutex<VecDeque<Report>>>,
}

impl<P> Connected<P> {
    fn heard(&self) -> Option<Report> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

impl<P: Pipe + Sync + 'static> Transport for Connected<P> {
    fn send(&mut self, report: &Report) -> io::Result<()> {
        self.shared.reports.0.write(report)
    }

    fn receive(&mut self, timeout: Duration) -> io::Result<Option<Report>> {
        let started = Instant::now();
        let mut state = self.shared.state();
        loop {
            // Whoever reads delivers while it holds the state: nothing comes between looking and waiting.
            if let Some(report) = self.heard() {
                return Ok(Some(report));
            }
            let left = timeout.saturating_sub(started.elapsed());
            if state.is_read {
                if left.is_zero() {
                    return Ok(None);
                }
                let waited = self.shared.heard.wait_timeout(state, left);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            state.is_read = true;
            drop(state);
            let read = self.shared.reports.next(left);
            state = self.shared.state();
            state.is_read = false;
            if let Ok(Some(report)) = &read {
                state.deliver(*report);
            }
            self.shared.heard.notify_all();
            match read {
                Ok(Some(_)) => {}
                other => return other,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::thread;

    use super::*;
    use crate::pipe::Packet;

    /// Says back what it is told.
    struct Echo(Mutex<Sender<Report>>, Mutex<Receiver<Report>>);

    impl Pipe for Echo {
        fn write(&self, report: &Report) -> io::Result<()> {
            self.0.lock().unwrap().send(*report).map_err(io::Error::other)
        }

        fn read(&self, packet: &mut Packet, timeout: Duration) -> io::Result<usize> {
            let receiver = self.1.try_lock().expect("two connections read at the same time");
            let report = receiver.recv_timeout(timeout).ok();
            Ok(report.map_or(0, |report| {
                packet[..64].copy_from_slice(&report);
                64
            }))
        }
    }

    fn echo() -> Arc<Shared<Echo>> {
        let (sender, receiver) = channel();
        Shared::new(Echo(Mutex::new(sender), Mutex::new(receiver)))
    }

    const LONG: Duration = Duration::from_secs(10);

    #[test]
    fn each_connection_hears_every_report_in_order() {
        let shared = echo();
        let programs = 4_u8;
        let connected: Vec<_> = (0..programs).map(|_| shared.connect()).collect();
        let threads: Vec<_> = (0..programs)
            .zip(connected)
            .map(|(number, mut connection)| {
                thread::spawn(move || {
                    (0..50).for_each(|count| connection.send(&[number << 6 | count; 64]).unwrap());
                    (0..200).map(|_| connection.receive(LONG).unwrap().unwrap()[0]).collect::<Vec<_>>()
                })
            })
            .collect();
        let heard: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert!(heard.iter().all(|other| *other == heard[0]), "they heard different things");
        for number in 0..programs {
            let own: Vec<_> = heard[0].iter().filter(|byte| **byte >> 6 == number).map(|byte| byte & 63).collect();
            assert_eq!(own, (0..50).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_connection_that_does_not_read_loses_the_oldest() {
        let shared = echo();
        let (mut idle, mut busy) = (shared.connect(), shared.connect());
        for number in 0..300_u16 {
            busy.send(&[number.to_be_bytes(); 32].concat().try_into().unwrap()).unwrap();
            busy.receive(LONG).unwrap().unwrap();
        }
        let first = idle.receive(LONG).unwrap().unwrap();
        assert_eq!(u16::from_be_bytes([first[0], first[1]]), 300 - 256);
    }

    #[test]
    fn waiting_ends_with_its_own_time_while_another_waits_longer() {
        let shared = echo();
        let (mut patient, mut hasty) = (shared.connect(), shared.connect());
        let thread = thread::spawn(move || patient.receive(LONG).unwrap());
        thread::sleep(Duration::from_millis(20));
        assert_eq!(hasty.receive(Duration::from_millis(30)).unwrap(), None);
        hasty.send(&[7; 64]).unwrap();
        assert_eq!(thread.join().unwrap(), Some([7; 64]));
        assert_eq!(hasty.receive(Duration::ZERO).unwrap(), Some([7; 64]));
    }
}
