//! The store as the engine sees it: sealed where the board has a chip secret, and anchored where it has an anchor.
//! `docs/flash-format.md`.
//!
//! A board without them carries no code for them.

use keyfob_crypto::{AeadKey, Crypto, Entropy, Secret, hkdf_sha256, hmac_sha256};
use keyfob_store::{Key, MountError, Statistics, Store, Transaction};
use keyfob_wire::Status;

use super::anchor::Anchored;
use super::{STORE_KEYS, StartError, unreadable, unwritten};
use crate::platform::Platform;
use crate::spot::Spot;

/// What sealing adds to a value: nonce and tag.
pub(super) const OVERHEAD: usize = 12 + 16;
/// The longest value that is sealed on the stack.
const SHORT: usize = 264;
/// What the chip secret is expanded for.
const LABEL: &[u8] = b"keyfob/1 at rest";

/// The room that a stored value of that length needs to be read.
pub(super) const fn room(length: usize) -> usize {
    length + OVERHEAD
}

/// The keys under which values are sealed, and the next nonce.
pub(super) struct Seal {
    key: Secret<32>,
    account: Secret<32>,
    nonce: [u8; 8],
    sealed: u32,
}

impl Seal {
    /// The nonces of a power-up begin with the same random bytes, then count.
    fn new(secret: &Secret<32>, entropy: &mut impl Entropy) -> Self {
        let mut keys = Secret::<64>::zero();
        hkdf_sha256(&[], secret.expose(), LABEL, keys.expose_mut());
        let (key, account) = (keys.expose().first_chunk(), keys.expose().last_chunk());
        let part = |part: Option<&[u8; 32]>| part.map_or(Secret::zero(), |part| Secret::new(*part));
        let mut nonce = [0; 8];
        entropy.fill(&mut nonce);
        Self { key: part(key), account: part(account), nonce, sealed: 0 }
    }

    /// Seals the first bytes of a buffer, which needs room for nonce and tag behind them.
    pub(super) fn seal<'b, C: Crypto>(&mut self, key: Key, buffer: &'b mut [u8], length: usize) -> Option<&'b [u8]> {
        self.sealed = self.sealed.checked_add(1)?;
        let nonce: [u8; 12] = keyfob_wire::cursor::join(&[&self.nonce, &self.sealed.to_be_bytes()]);
        let value = buffer.get_mut(..room(length))?;
        let (content, end) = value.split_at_mut_checked(length)?;
        let tag = C::Aead::new(&self.key).seal(&nonce, &key.0.to_be_bytes(), content);
        end.iter_mut().zip(nonce.iter().chain(&tag)).for_each(|(to, from)| *to = *from);
        Some(value)
    }

    /// Opens a value in place, and gives its length.
    pub(super) fn open<C: Crypto>(&self, key: Key, value: &mut [u8]) -> Option<usize> {
        let (rest, tag) = value.split_last_chunk_mut::<16>()?;
        let (content, nonce) = rest.split_last_chunk_mut::<12>()?;
        C::Aead::new(&self.key).open(nonce, &key.0.to_be_bytes(), content, tag).ok()?;
        Some(content.len())
    }

    /// What a value adds to the account of all: nobody else can work it out, so nobody can find others that add up to
    /// the same.
    pub(super) fn share(&self, key: Key, end: &[u8; OVERHEAD]) -> [u8; 16] {
        let share = hmac_sha256(self.account.expose(), &[&key.0.to_be_bytes(), end]);
        share.expose().first_chunk().copied().unwrap_or_default()
    }
}

/// Values by key, sealed.
pub(super) struct SealedStore<P: Platform> {
    pub(super) store: Store<P::Flash, STORE_KEYS>,
    pub(super) seal: Spot<Seal>,
    pub(super) anchored: Anchored,
}

impl<P: Platform> SealedStore<P> {
    const CLAIMS_NO_MORE_THAN_IT_HAS: () = {
        assert!(P::LEVELS.keys() != 1 || P::CHIP_SECRET.is_some(), "there is no chip secret");
        assert!(P::LEVELS.rollback() != 1 || P::ANCHOR.is_some(), "there is no anchor");
        assert!(P::ANCHOR.is_none() || P::CHIP_SECRET.is_some(), "an anchor needs a chip secret");
    };

    /// A store that isn't mounted yet.
    pub(super) const fn unmounted(flash: P::Flash) -> Self {
        let () = Self::CLAIMS_NO_MORE_THAN_IT_HAS;
        Self { store: Store::unmounted(flash), seal: Spot::EMPTY, anchored: Anchored::NEW }
    }

    pub(super) fn mount(&mut self) -> Result<(), StartError> {
        self.store.mount_in_place().map_err(|error| match error {
            MountError::Flash(_) => StartError::Flash,
            _ => StartError::Corrupt,
        })
    }

    /// Makes the keys to seal under.
    pub(super) fn unlock(&mut self, platform: &mut P) {
        if let Some(secret) = P::CHIP_SECRET {
            let secret = secret(platform).clone();
            self.seal.set(Seal::new(&secret, platform.entropy()));
        }
    }

    /// Reads a value into the front of the buffer, which needs [`room`] for it.
    pub(super) fn get<'b>(&mut self, key: Key, buffer: &'b mut [u8]) -> Result<Option<&'b [u8]>, Status> {
        read::<P>(&mut self.store, self.seal.as_ref(), key, buffer)
    }

    pub(super) fn contains(&self, key: Key) -> Result<bool, Status> {
        self.store.contains(key).map_err(unreadable)
    }

    /// The keys of the token's values.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        self.store.keys()
    }

    pub(super) fn free(&mut self) -> Result<usize, Status> {
        self.store.free().map_err(unreadable)
    }

    /// What a value takes of the flash.
    pub(super) fn record_size(length: usize) -> usize {
        let overhead = if P::CHIP_SECRET.is_some() { OVERHEAD } else { 0 };
        Store::<P::Flash, STORE_KEYS>::record_size(length.saturating_add(overhead))
    }

    pub(super) fn statistics(&self) -> Statistics {
        self.store.statistics()
    }

    pub(super) fn scrub(&mut self) -> Result<(), Status> {
        self.store.scrub().map_err(unwritten)
    }

    pub(super) fn begin(&mut self) -> SealedTransaction<'_, P> {
        let Self { store, seal, anchored } = self;
        SealedTransaction { inner: store.begin(), seal: seal.as_mut(), anchored }
    }
}

fn read<'b, P: Platform>(
    store: &mut Store<P::Flash, STORE_KEYS>,
    seal: Option<&Seal>,
    key: Key,
    buffer: &'b mut [u8],
) -> Result<Option<&'b [u8]>, Status> {
    let Some(length) = store.get(key, buffer).map_err(unreadable)?.map(<[u8]>::len) else {
        return Ok(None);
    };
    opened::<P>(seal, key, buffer, length).map(Some)
}

/// The content of what was read.
fn opened<'b, P: Platform>(
    seal: Option<&Seal>,
    key: Key,
    buffer: &'b mut [u8],
    mut length: usize,
) -> Result<&'b [u8], Status> {
    if P::CHIP_SECRET.is_some() {
        let value = buffer.get_mut(..length).ok_or(Status::StorageFailed)?;
        let seal = seal.ok_or(Status::StorageFailed)?;
        length = seal.open::<P::Crypto>(key, value).ok_or(Status::OtherChip)?;
    }
    buffer.get(..length).ok_or(Status::StorageFailed)
}

/// Changes that take place together or not at all.
pub(super) struct SealedTransaction<'s, P: Platform> {
    pub(super) inner: Transaction<'s, P::Flash, STORE_KEYS>,
    pub(super) seal: Option<&'s mut Seal>,
    pub(super) anchored: &'s mut Anchored,
}

impl<P: Platform> SealedTransaction<'_, P> {
    /// As [`SealedStore::get`], what was before the transaction.
    pub(super) fn get<'b>(&mut self, key: Key, buffer: &'b mut [u8]) -> Result<Option<&'b [u8]>, Status> {
        let Some(length) = self.inner.get(key, buffer).map_err(unreadable)?.map(<[u8]>::len) else {
            return Ok(None);
        };
        opened::<P>(self.seal.as_deref(), key, buffer, length).map(Some)
    }

    /// Gives the key a value of at most [`SHORT`] bytes.
    pub(super) fn put(&mut self, key: Key, value: &[u8]) -> Result<(), Status> {
        if P::CHIP_SECRET.is_none() {
            return self.inner.put(key, value).map_err(unwritten);
        }
        let mut buffer = [0; room(SHORT)];
        let content = buffer.get_mut(..value.len()).ok_or(Status::NoRoom)?;
        keyfob_wire::cursor::copy(content, value);
        self.put_in_place(key, &mut buffer, value.len())
    }

    /// Gives the key the first bytes of a buffer; what the buffer then holds is meaningless.
    pub(super) fn put_in_place(&mut self, key: Key, buffer: &mut [u8], length: usize) -> Result<(), Status> {
        let value = match &mut self.seal {
            _ if P::CHIP_SECRET.is_none() => buffer.get(..length),
            Some(seal) => seal.seal::<P::Crypto>(key, buffer, length),
            None => return Err(Status::StorageFailed),
        };
        self.inner.put(key, value.ok_or(Status::NoRoom)?).map_err(unwritten)
    }

    pub(super) fn remove(&mut self, key: Key) -> Result<(), Status> {
        self.inner.remove(key).map_err(unwritten)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::collections::BTreeSet;
    use std::vec::Vec;

    use keyfob_crypto::RustCrypto;

    use super::*;

    struct Sevens;

    impl Entropy for Sevens {
        fn fill(&mut self, out: &mut [u8]) {
            out.fill(7);
        }
    }

    fn seal(secret: u8) -> Seal {
        Seal::new(&Secret::new([secret; 32]), &mut Sevens)
    }

    fn sealed(seal: &mut Seal, key: Key, value: &[u8]) -> Vec<u8> {
        let mut buffer = Vec::from(value);
        buffer.resize(room(value.len()), 0);
        seal.seal::<RustCrypto>(key, &mut buffer, value.len()).unwrap().to_vec()
    }

    fn open(seal: &Seal, key: Key, value: &[u8]) -> Option<Vec<u8>> {
        let mut value = value.to_vec();
        let length = seal.open::<RustCrypto>(key, &mut value)?;
        Some(value[..length].to_vec())
    }

    /// `docs/flash-format.md`, worked out by Python's hashlib and cryptography.
    #[test]
    fn a_value_is_sealed_as_documented() {
        let value = sealed(&mut seal(1), Key(0x0102_0304_0506_0708), b"a value");
        assert_eq!(hex::encode(&value), "dbb7ad27bb09eb070707070707070700000001675dc8cf09e118abb1fb49a379f0e263");
        let share = seal(1).share(Key(0x0102_0304_0506_0708), value.last_chunk().unwrap());
        assert_eq!(hex::encode(share), "da6b6cc3d393d9098764f8b141a35538");
    }

    #[test]
    fn what_is_sealed_opens_for_its_key_and_chip_alone() {
        let mut first = seal(1);
        for length in [0, 1, 16, 264] {
            let content: Vec<u8> = (0..length).map(|n| n as u8).collect();
            let value = sealed(&mut first, Key(9), &content);
            assert_eq!(value.len(), room(length));
            assert_eq!(open(&seal(1), Key(9), &value), Some(content));
            assert_eq!(open(&seal(1), Key(8), &value), None);
            assert_eq!(open(&seal(2), Key(9), &value), None);
            assert_eq!(open(&seal(1), Key(9), &value[1..]), None);
        }
        assert_eq!(open(&first, Key(9), &[0; OVERHEAD - 1]), None);
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let value = sealed(&mut seal(1), Key(9), b"forty bytes of a value, or nearly so");
        for bit in 0..value.len() * 8 {
            let mut value = value.clone();
            value[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&seal(1), Key(9), &value), None, "{bit}");
        }
    }

    #[test]
    fn no_nonce_comes_twice_in_a_power_up() {
        let mut seal = seal(1);
        let nonces: BTreeSet<_> = (0..1000).map(|_| sealed(&mut seal, Key(9), b"same")[4..16].to_vec()).collect();
        assert_eq!(nonces.len(), 1000);
        seal.sealed = u32::MAX;
        assert!(seal.seal::<RustCrypto>(Key(9), &mut [0; 40], 4).is_none());
    }

    #[test]
    fn a_share_depends_on_key_value_and_chip() {
        let end = [3; OVERHEAD];
        let mut other = end;
        other[OVERHEAD - 1] ^= 1;
        let shares = [seal(1).share(Key(9), &end), seal(1).share(Key(8), &end), seal(1).share(Key(9), &other)];
        let shares: BTreeSet<_> = shares.into_iter().chain([seal(2).share(Key(9), &end)]).collect();
        assert_eq!(shares.len(), 4);
    }
}
