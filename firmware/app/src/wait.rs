//! Waiting without a state that could be wrong.
//!
//! What the compiler makes of an `async` function panics when it is polled once more after its end. These don't: they
//! look again, whatever was before.

use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll};

use embassy_sync::waitqueue::AtomicWaker;
use embassy_time::{Duration, Instant, Timer};

/// Waits until `look` gives something; who changes what it looks at wakes the waker. One task waits for each.
pub(crate) fn until<T>(changed: &AtomicWaker, mut look: impl FnMut() -> Option<T>) -> impl Future<Output = T> {
    poll_fn(move |context| {
        // First the waker: what changes meanwhile is seen or heard.
        changed.register(context.waker());
        look().map_or(Poll::Pending, Poll::Ready)
    })
}

/// A time that begins with its first poll.
pub(crate) struct Pause {
    length: Duration,
    timer: Option<Timer>,
}

impl Pause {
    /// So many milliseconds.
    pub(crate) const fn new(milliseconds: u64) -> Self {
        Self { length: Duration::from_millis(milliseconds), timer: None }
    }

    /// Tells whether it has passed.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let timer = self.timer.get_or_insert_with(|| Timer::at(Instant::now().saturating_add(self.length)));
        Pin::new(timer).poll(context)
    }

    /// Waits until it has passed.
    pub(crate) fn passed(mut self) -> impl Future<Output = ()> {
        poll_fn(move |context| self.poll(context))
    }
}
