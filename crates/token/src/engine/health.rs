//! How a token fares, and random bytes. `docs/spec.md`, §8.

use keyfob_crypto::Entropy;
use keyfob_wire::body::{Body, HealthAnswer, RandomRequest};
use keyfob_wire::{BootId, Instant, Status};

use super::{Engine, no_space};
use crate::platform::Platform;

/// What the sessions around an engine know, which it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Surroundings {
    /// This power-up.
    pub boot: BootId,
    /// Sessions in use.
    pub sessions: usize,
    /// Records refused since power-up.
    pub refused_records: u32,
    /// Handshakes refused since power-up.
    pub refused_handshakes: u32,
    /// Tickets in memory.
    pub tickets: usize,
}

impl<P: Platform> Engine<P> {
    #[inline(never)]
    pub(super) fn health(&mut self, around: &Surroundings, now: Instant, out: &mut [u8]) -> Result<usize, Status> {
        let condition = self.platform.condition();
        let anchor_left = P::ANCHOR.map(|anchor| anchor(&mut self.platform).left());
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        HealthAnswer {
            uptime: u32::try_from(self.uptime(now)).unwrap_or(u32::MAX),
            sessions: number(around.sessions),
            refused_records: around.refused_records,
            refused_handshakes: around.refused_handshakes,
            free: number(self.store.free()?),
            compactions: u32::try_from(self.store.statistics().compactions).unwrap_or(u32::MAX),
            tickets: number(around.tickets),
            stack_unused: condition.stack_unused,
            reset: condition.reset.map(|reset| u32::from(reset as u8)),
            failed_entropy_tests: condition.failed_entropy_tests,
            anchor_left,
        }
        .write(out)
        .map_err(no_space)
    }

    #[inline(never)]
    pub(super) fn give_random(&mut self, asked: RandomRequest, out: &mut [u8]) -> Result<usize, Status> {
        let out = out.get_mut(..usize::from(asked.length)).ok_or(Status::Busy)?;
        self.platform.entropy().fill(out);
        Ok(out.len())
    }
}
