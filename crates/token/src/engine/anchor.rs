//! The rollback anchor: state that was put back, as a whole or in parts, is refused. `docs/flash-format.md`.
//!
//! The store keeps a number that is the hardware's, and an account of all other values, which changes with each of
//! them in the same transaction. A transaction that counts commits the next number, then the hardware follows: if the
//! power goes in between, it follows at the next start. Nothing is answered before it has.

use keyfob_store::Key;
use keyfob_wire::Status;
use keyfob_wire::cursor::{Reader, join};

use super::sealed_store::{OVERHEAD, Seal, SealedStore, SealedTransaction, room};
use super::{StartError, key, uncommitted, unreadable, unwritten};
use crate::platform::{Anchor, Platform};

/// How many spends there are until the hardware counts.
///
/// It decides how many can be undone by putting a copy of the flash back, at most one less, and how long an anchor
/// lasts: one of 8,000 steps half a million spends.
pub const SPENDS_PER_ADVANCE: u32 = 64;

/// The size of what is stored: number, spends since, account.
pub(super) const ANCHOR: usize = 4 + 4 + 16;

/// Where the state stands.
#[derive(Clone, Copy)]
pub(super) struct Anchored {
    /// What the hardware has counted to.
    number: u32,
    /// The spends since.
    spends: u32,
    /// All values but this one.
    account: [u8; 16],
    /// Whether the hardware failed to follow: nothing is written until it has at the next start.
    behind: bool,
}

impl Anchored {
    /// Nothing is stored.
    pub(super) const NEW: Self = Self { number: 0, spends: 0, account: [0; 16], behind: false };

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let anchored = Self { number: reader.u32()?, spends: reader.u32()?, account: reader.take()?, behind: false };
        reader.end().map(|()| anchored)
    }

    fn to_bytes(self) -> [u8; ANCHOR] {
        join(&[&self.number.to_be_bytes(), &self.spends.to_be_bytes(), &self.account])
    }

    /// Takes a value into the account, or out of it.
    fn count(&mut self, seal: &Seal, key: Key, end: &[u8; OVERHEAD]) {
        if key != key::ANCHOR {
            self.account.iter_mut().zip(seal.share(key, end)).for_each(|(sum, share)| *sum ^= share);
        }
    }
}

impl<P: Platform> SealedStore<P> {
    /// Requires that what is stored is the latest, as far as the hardware knows.
    pub(super) fn require_latest(&mut self, platform: &mut P) -> Result<(), StartError> {
        let Self { store, seal, anchored } = self;
        let (Some(anchor), Some(seal)) = (P::ANCHOR, seal.as_ref()) else {
            return Ok(());
        };
        let anchor = anchor(platform);
        let hardware = anchor.value().map_err(|_| StartError::Flash)?;
        let mut found = Anchored { number: hardware, ..Anchored::NEW };
        if store.keys().next().is_none() {
            *anchored = found;
            return Ok(());
        }
        store.ends(|key, end| found.count(seal, key, end)).map_err(|_| StartError::Corrupt)?;

        let mut buffer = [0; room(ANCHOR)];
        let stored = store.get(key::ANCHOR, &mut buffer).map_err(|_| StartError::Corrupt)?.map(<[u8]>::len);
        let value = stored.and_then(|length| buffer.get_mut(..length)).ok_or(StartError::RolledBack)?;
        let length = seal.open::<P::Crypto>(key::ANCHOR, value).ok_or(StartError::OtherChip)?;
        let stored = value.get(..length).and_then(Anchored::from_bytes).ok_or(StartError::Corrupt)?;
        if stored.account != found.account || stored.number < hardware {
            return Err(StartError::RolledBack);
        }
        match stored.number - hardware {
            0 => {}
            1 => anchor.advance().map_err(|_| StartError::Flash)?,
            _ => return Err(StartError::Corrupt),
        }
        *anchored = stored;
        Ok(())
    }
}

impl<'s, P: Platform> SealedTransaction<'s, P> {
    /// Makes the changes durable. They may be undone by who puts the flash back.
    pub(super) fn commit(self) -> Result<(), Status> {
        if P::ANCHOR.is_none() {
            return self.inner.commit().map_err(uncommitted);
        }
        let next = *self.anchored;
        self.commit_at(next).map(|_| ())
    }

    /// As [`commit`](Self::commit), of a spend.
    pub(super) fn commit_spend(self, platform: &mut P) -> Result<(), Status> {
        let next = Anchored { spends: self.anchored.spends.saturating_add(1), ..*self.anchored };
        match P::ANCHOR {
            Some(_) if next.spends < SPENDS_PER_ADVANCE => self.commit_at(next).map(|_| ()),
            _ => self.commit_for_good(platform),
        }
    }

    /// Makes the changes durable so that nobody can put back what was before.
    pub(super) fn commit_for_good(self, platform: &mut P) -> Result<(), Status> {
        let Some(anchor) = P::ANCHOR else {
            return self.inner.commit().map_err(uncommitted);
        };
        let anchor: &mut dyn Anchor = anchor(platform);
        if anchor.left() == 0 {
            return Err(Status::AnchorExhausted);
        }
        let number = self.anchored.number.checked_add(1).ok_or(Status::AnchorExhausted)?;
        let next = Anchored { number, spends: 0, ..*self.anchored };
        let anchored = self.commit_at(next)?;
        anchored.behind = anchor.advance().is_err();
        if anchored.behind { Err(Status::StorageFailed) } else { Ok(()) }
    }

    fn commit_at(self, mut next: Anchored) -> Result<&'s mut Anchored, Status> {
        let Self { mut inner, seal, anchored } = self;
        let seal = seal.filter(|_| !anchored.behind).ok_or(Status::StorageFailed)?;
        let mut changes = false;
        inner
            .changed_ends(|key, end| {
                next.count(seal, key, end);
                changes = true;
            })
            .map_err(unreadable)?;
        if changes {
            let mut buffer = [0; room(ANCHOR)];
            buffer.iter_mut().zip(next.to_bytes()).for_each(|(to, from)| *to = from);
            let value = seal.seal::<P::Crypto>(key::ANCHOR, &mut buffer, ANCHOR).ok_or(Status::StorageFailed)?;
            inner.put(key::ANCHOR, value).map_err(unwritten)?;
        }
        inner.commit().map_err(uncommitted)?;
        *anchored = next;
        Ok(anchored)
    }
}
