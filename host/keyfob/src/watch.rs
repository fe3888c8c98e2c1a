//! Tokens that come and go.

use std::collections::VecDeque;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::Place;

/// How often to look. A look reads a few small files of the system and opens no device.
const INTERVAL: Duration = Duration::from_millis(100);

/// A token came or went.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// It is there now.
    Arrived(Place),
    /// It isn't there any more.
    Left(Place),
}

/// Watches tokens come and go. Those that are there already arrive first.
#[must_use]
pub fn watch() -> Watch {
    Watch::with(crate::places, INTERVAL)
}

/// Tokens that come and go, one event after the other; it never ends by itself.
pub struct Watch {
    look: Box<dyn FnMut() -> Vec<Place> + Send>,
    interval: Duration,
    changes: Changes,
    events: VecDeque<Event>,
    next_look: Instant,
}

impl Watch {
    fn with(look: impl FnMut() -> Vec<Place> + Send + 'static, interval: Duration) -> Self {
        let (changes, events) = (Changes::default(), VecDeque::new());
        Self { look: Box::new(look), interval, changes, events, next_look: Instant::now() }
    }

    /// Waits for the next event at most that long.
    pub fn next_within(&mut self, timeout: Duration) -> Option<Event> {
        let started = Instant::now();
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            let pause = self.next_look.saturating_duration_since(Instant::now());
            let left = timeout.saturating_sub(started.elapsed());
            if pause > left {
                thread::sleep(left);
                return None;
            }
            thread::sleep(pause);
            self.events.extend(self.changes.seen((self.look)()));
            self.next_look = Instant::now() + self.interval;
        }
    }

    /// Calls back with each event, on a thread of its own, until what is returned is dropped.
    #[must_use = "the watch ends when this is dropped"]
    pub fn call(mut self, mut callback: impl FnMut(Event) + Send + 'static) -> Watching {
        let (stop, stopped) = mpsc::channel::<()>();
        let thread = thread::spawn(move || {
            loop {
                while let Some(event) = self.next_within(Duration::ZERO) {
                    callback(event);
                }
                match stopped.recv_timeout(self.next_look.saturating_duration_since(Instant::now())) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        });
        Watching { stop: Some(stop), thread: Some(thread) }
    }
}

impl Iterator for Watch {
    type Item = Event;

    /// Waits for the next event, however long that takes.
    fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.next_within(Duration::MAX) {
                return Some(event);
            }
        }
    }
}

/// A thread that calls back. It ends when this is dropped, once a callback under way has returned.
pub struct Watching {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.stop = None;
        // A callback may drop what called it.
        if let Some(thread) = self.thread.take().filter(|thread| thread.thread().id() != thread::current().id()) {
            let _panicked = thread.join();
        }
    }
}

/// What looks have in common, and what not.
#[derive(Default)]
struct Changes {
    has_looked: bool,
    known: Vec<Place>,
    /// On USB, but seen in the last look only.
    fresh: Vec<Place>,
}

impl Changes {
    /// Takes a look's finding. What is new on USB is told by the next look: until then the system is still binding a
    /// driver to it and letting the user open it.
    fn seen(&mut self, now: Vec<Place>) -> Vec<Event> {
        let (known, fresh) = (std::mem::take(&mut self.known), std::mem::take(&mut self.fresh));
        let (mut left, mut arrived) = (Vec::new(), Vec::new());
        for place in known {
            if now.contains(&place) { self.known.push(place) } else { left.push(Event::Left(place)) }
        }
        for place in now {
            if self.known.contains(&place) {
                continue;
            }
            if place.device.is_some() && self.has_looked && !fresh.contains(&place) {
                self.fresh.push(place);
            } else {
                arrived.push(Event::Arrived(place.clone()));
                self.known.push(place);
            }
        }
        self.has_looked = true;
        left.into_iter().chain(arrived).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::Device;

    fn socket(path: &str) -> Place {
        Place { uri: format!("unix:{path}").parse().unwrap(), device: None }
    }

    /// A fob on USB, at an address that changes each time that it is plugged in.
    fn fob(uri: &str, address: u8) -> Place {
        let device = Device {
            uri: uri.parse().unwrap(),
            vendor_id: 0x1209,
            product_id: 1,
            release: 0x0100,
            serial: None,
            place: None,
            address: Some(address),
            node: None,
            driver: None,
        };
        Place { uri: device.uri.clone(), device: Some(device) }
    }

    /// The events of each look, as `+` or `-` and the token.
    fn told(looks: Vec<Vec<Place>>) -> Vec<Vec<String>> {
        let mut changes = Changes::default();
        let word = |event: &Event| match event {
            Event::Arrived(place) => format!("+{}", place.uri),
            Event::Left(place) => format!("-{}", place.uri),
        };
        looks.into_iter().map(|look| changes.seen(look).iter().map(word).collect()).collect()
    }

    #[test]
    fn what_is_there_arrives_first() {
        let there = vec![fob("usb:1-1", 5), socket("a")];
        assert_eq!(told(vec![there.clone(), there]), [vec!["+usb:1-1", "+unix:a"], vec![]]);
    }

    #[test]
    fn a_fob_is_told_once_the_system_is_done_with_it() {
        let looks = vec![
            vec![],
            vec![fob("usb:1-1", 5), socket("a")],
            vec![fob("hid:/dev/hidraw0", 5), socket("a")],
            vec![fob("hid:/dev/hidraw0", 5), socket("a")],
            vec![fob("hid:/dev/hidraw0", 5)],
            vec![],
        ];
        let events =
            [vec![], vec!["+unix:a"], vec![], vec!["+hid:/dev/hidraw0"], vec!["-unix:a"], vec!["-hid:/dev/hidraw0"]];
        assert_eq!(told(looks), events);
    }

    #[test]
    fn a_fob_that_was_away_between_two_looks_went_and_came() {
        let looks =
            vec![vec![fob("usb:1-1", 5)], vec![fob("usb:1-1", 6)], vec![fob("usb:1-1", 6)], vec![fob("usb:1-1", 6)]];
        assert_eq!(told(looks), [vec!["+usb:1-1"], vec!["-usb:1-1"], vec!["+usb:1-1"], vec![]]);
    }

    #[test]
    fn a_fob_that_flashes_past_is_not_told() {
        assert_eq!(told(vec![vec![], vec![fob("usb:1-1", 5)], vec![], vec![]]), [[""; 0]; 4]);
    }

    /// Looks that go through these, and stay at the last.
    fn looks(looks: Vec<Vec<Place>>) -> impl FnMut() -> Vec<Place> + Send {
        let mut looks = VecDeque::from(looks);
        move || if looks.len() > 1 { looks.pop_front().unwrap() } else { looks[0].clone() }
    }

    #[test]
    fn an_iterator_that_waits() {
        let (a, b) = (socket("a"), socket("b"));
        let script = vec![vec![], vec![a.clone()], vec![], vec![a.clone(), b.clone()]];
        let mut watch = Watch::with(looks(script), Duration::from_millis(1));
        let events: Vec<_> = watch.by_ref().take(4).collect();
        let arrived = [&a, &a, &b].map(|place| Event::Arrived(place.clone()));
        assert_eq!(events, [&arrived[..1], &[Event::Left(a)], &arrived[1..]].concat());
        let started = Instant::now();
        assert_eq!(watch.next_within(Duration::from_millis(30)), None);
        assert!(started.elapsed() >= Duration::from_millis(30));
    }

    #[test]
    fn a_callback_until_it_is_dropped() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (hearing, (tell, told)) = (Arc::clone(&heard), mpsc::channel());
        let script = looks(vec![vec![socket("a")], vec![]]);
        let watching = Watch::with(script, Duration::from_millis(1)).call(move |event| {
            hearing.lock().unwrap().push(event);
            tell.send(()).unwrap();
        });
        for _ in 0..2 {
            told.recv_timeout(Duration::from_secs(60)).unwrap();
        }
        drop(watching);
        assert_eq!(told.recv(), Err(mpsc::RecvError), "the thread has ended");
        assert_eq!(*heard.lock().unwrap(), [Event::Arrived(socket("a")), Event::Left(socket("a"))]);
    }

    #[test]
    fn a_watch_with_long_pauses_ends_at_once() {
        let watching = Watch::with(Vec::new, Duration::from_secs(3600)).call(|_| ());
        let started = Instant::now();
        drop(watching);
        assert!(started.elapsed() < Duration::from_secs(60));
    }
}
