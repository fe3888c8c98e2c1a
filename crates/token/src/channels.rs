//! The channels that INIT has given out. `docs/spec.md`, §3.

use heapless::Vec;
use keyfob_wire::init::InitAnswer;
use keyfob_wire::{ChannelId, Instant};

/// How many channels are remembered.
pub const CHANNELS: usize = 16;
/// After a second long message left unfinished, a channel waits for so many milliseconds, then for twice as many …
const SHORTEST_WAIT: u64 = 100;
/// … but at most for so often as many.
const DOUBLINGS: u8 = 6;

/// INIT's answer on a channel, which a handshake there is bound to.
#[derive(Clone, Copy)]
pub(crate) struct Channel {
    pub(crate) id: ChannelId,
    pub(crate) answer: [u8; InitAnswer::SIZE],
    used: u32,
    /// How many long messages it left unfinished one after the other, and until when it has to wait for that.
    strikes: u8,
    until: Instant,
}

/// The channels, and when each was used, counted in uses.
pub(crate) struct Channels {
    table: Vec<Channel, CHANNELS>,
    last: ChannelId,
    uses: u32,
}

impl Channels {
    pub(crate) const fn new() -> Self {
        Self { table: Vec::new(), last: ChannelId(0), uses: 0 }
    }

    /// Names the channel that will be allocated next: 1, 2, 3 … without the broadcast channel and those in use.
    fn next_id(&self) -> ChannelId {
        let mut id = self.last.0;
        loop {
            id = if id >= ChannelId::BROADCAST.0 - 1 { 1 } else { id + 1 };
            if !self.table.iter().any(|channel| channel.id == ChannelId(id)) {
                return ChannelId(id);
            }
        }
    }

    /// Allocates a channel. The one not `busy` that was used longest ago is forgotten if there is no room.
    pub(crate) fn allocate(
        &mut self,
        busy: impl Fn(ChannelId) -> bool,
        answer: impl FnOnce(ChannelId) -> InitAnswer,
    ) -> Option<InitAnswer> {
        if self.table.is_full() {
            let idle = self.table.iter().filter(|channel| !busy(channel.id));
            let oldest = idle.min_by_key(|channel| channel.used)?.id;
            self.table.retain(|channel| channel.id != oldest);
        }
        let id = self.next_id();
        let answer = answer(id);
        self.uses = self.uses.saturating_add(1);
        self.table
            .push(Channel { id, answer: answer.to_bytes(), used: self.uses, strikes: 0, until: Instant(0) })
            .ok()?;
        self.last = id;
        Some(answer)
    }

    /// Finds a channel and notes its use.
    pub(crate) fn find(&mut self, id: ChannelId) -> Option<Channel> {
        self.uses = self.uses.saturating_add(1);
        let channel = self.table.iter_mut().find(|channel| channel.id == id)?;
        channel.used = self.uses;
        Some(*channel)
    }

    /// Notes that a channel left a long message unfinished.
    pub(crate) fn strike(&mut self, now: Instant, id: ChannelId) {
        if let Some(channel) = self.table.iter_mut().find(|channel| channel.id == id) {
            if channel.strikes > 0 {
                channel.until = now.plus(SHORTEST_WAIT << (channel.strikes - 1).min(DOUBLINGS));
            }
            channel.strikes = channel.strikes.saturating_add(1);
        }
    }

    /// Notes that a channel has sent a whole message.
    pub(crate) fn forgive(&mut self, id: ChannelId) {
        if let Some(channel) = self.table.iter_mut().find(|channel| channel.id == id) {
            channel.strikes = 0;
        }
    }

    /// Whether a channel has to wait before its next long message.
    pub(crate) fn is_backing_off(&self, now: Instant, id: ChannelId) -> bool {
        self.table.iter().any(|channel| channel.id == id && now < channel.until)
    }
}
