//! A USB bus with one host, beside the sockets.
//!
//! [`Bus`] is the token as a bus sees it; a [`Link`] brings a host to it. The hub has both, and calls the link whenever
//! there may be something for the host.

mod bus;

use std::io;

use super::hub::Hub;

pub(super) use bus::{Bus, Incoming, Outgoing};

/// A way for a host to reach the bus.
///
/// The hub is locked before the link is, never the other way round: a link that has locked its own state calls neither
/// [`Hub::on_bus`] nor anything else of the hub.
pub(super) trait Link: Send + Sync {
    /// Where hosts find it, for people.
    fn address(&self) -> String;

    /// Lets hosts in, one after the other, until it is closed. Runs on a thread of its own; what a host does goes
    /// through [`Hub::on_bus`].
    ///
    /// # Errors
    /// If the system doesn't let it go on.
    fn serve(&self, hub: &Hub) -> io::Result<()>;

    /// Carries to the host what there is on the bus: that the device has come or gone, reports. The hub is locked
    /// meanwhile, so that this never waits.
    fn carry(&self, bus: &mut Bus);

    /// Makes [`serve`](Self::serve) return, from another thread.
    fn close(&self);
}

/// A bus and how its host reaches it.
pub(super) struct Attachment {
    pub(super) bus: Bus,
    pub(super) link: std::sync::Arc<dyn Link>,
}

impl Attachment {
    /// Carries to the host what there is.
    pub(super) fn carry(&mut self) {
        self.link.carry(&mut self.bus);
    }
}
