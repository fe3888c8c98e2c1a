//! The command engine: what a token knows, and what callers may do with it. `docs/spec.md`, §8.
//!
//! State lies in the store; what a `check` needs of it is also in memory, and memory changes only once the store has.

mod anchor;
mod apply;
mod catalogue;
mod change;
mod cipher;
mod clock;
mod counter;
mod device;
mod enrolment;
mod file;
mod file_update;
mod health;
mod key;
mod memory;
mod partition;
mod queries;
mod root_change;
mod sealed_store;
mod statement;
mod time;
mod usage;
mod wipe;

use core::fmt::Debug;

use heapless::Vec;
use keyfob_channel::{Agreed, HandshakeError, Responder};
use keyfob_crypto::Entropy;
use keyfob_signed::{Certificate, Invalid, Rights, VendorRoot};
use keyfob_store::{CommitError, ReadError, Store, WriteError};
use keyfob_wire::body::Request;
use keyfob_wire::init::TokenState;
use keyfob_wire::{Instant, MAX_MESSAGE, NoSpace, PartitionId, ProductId, Serial, Status, Subject, VendorHint};

use crate::platform::Platform;
use crate::spot::Spot;
use catalogue::Catalogue;
use device::Device;
use enrolment::Enrolment;
use partition::Partition;
use sealed_store::SealedStore;

pub use anchor::SPENDS_PER_ADVANCE;
pub use catalogue::{FEATURES, PRODUCTS};
pub use file::{FILES, PAGES};
pub use health::Surroundings;
pub use partition::PARTITIONS;
pub use wipe::TOMBSTONES;

/// How many records the store has room for: the device's two, the anchor's, four of each partition, each product's grant, each
/// feature's counter and as many keys, files and their pages, and the tombstones.
pub const STORE_KEYS: usize = 3 + 4 * PARTITIONS + PRODUCTS + 2 * FEATURES + FILES + PAGES + TOMBSTONES;

/// How long a fob shows itself, in milliseconds.
const IDENTIFY_TIME: u64 = 5_000;
/// The room in which an answer of any operation fits.
const ROOMY: usize = 4_000;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Anybody.
    Guest,
    /// An app of a partition's vendor.
    App {
        /// The partition's place.
        partition: u8,
        /// The partition that was there when the caller was admitted.
        id: PartitionId,
        /// How often its root had changed then.
        root_changes: u32,
        /// The product that the app may use; 0 is any.
        product: ProductId,
        /// What it may do.
        rights: Rights,
        /// Its certificate's epoch.
        epoch: u32,
        /// Its certificate's subject.
        subject: Subject,
    },
}

impl Caller {
    /// The caller whom a handshake with a partition has shown.
    pub(crate) fn new(place: Option<Place>, certificate: Option<&Certificate>) -> Self {
        match (place, certificate) {
            (Some(place), Some(app)) => {
                let Place { index: partition, id, root_changes } = place;
                let (product, rights, epoch, subject) = (app.product, app.rights(), app.epoch, app.subject);
                Self::App { partition, id, root_changes, product, rights, epoch, subject }
            }
            _ => Self::Guest,
        }
    }

    /// Whether both hold sessions under the same certificate, or as guests.
    pub(crate) fn is_same_holder(&self, other: &Self) -> bool {
        let holder = |caller: &Self| match *caller {
            Self::Guest => None,
            Self::App { partition, subject, .. } => Some((partition, subject)),
        };
        holder(self) == holder(other)
    }
}

/// A partition as it was found: what was begun with it is over once it was wiped, or its root has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    index: u8,
    id: PartitionId,
    root_changes: u32,
}

/// The token can't start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The flash can't be read.
    #[error("the token's flash can't be read or written")]
    Flash,
    /// The flash holds something else, or is damaged.
    #[error("the token's flash holds something else, or is damaged")]
    Corrupt,
    /// The flash was written by another chip, or altered.
    #[error("the token's flash was written by another chip, or altered")]
    OtherChip,
    /// The flash, or a part of it, was put back to what it was earlier.
    #[error("the token's flash was put back to what it was earlier")]
    RolledBack,
}

impl StartError {
    /// What a token that can't start answers.
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            Self::Flash | Self::Corrupt => Status::StorageFailed,
            Self::OtherChip => Status::OtherChip,
            Self::RolledBack => Status::RolledBack,
        }
    }
}

/// What a token knows and does, without the sessions around it.
pub struct Engine<P: Platform> {
    platform: P,
    store: SealedStore<P>,
    device: Spot<Device<P::Crypto>>,
    /// A partition keeps its place for life; the place of one that was wiped is free.
    partitions: [Spot<Partition<P::Crypto>>; PARTITIONS],
    /// How many partitions were wiped.
    wipes: u32,
    /// When the first request of this power-up came.
    began: Option<Instant>,
    catalogue: Catalogue,
    enrolment: Spot<Enrolment>,
    identify_until: Option<Instant>,
    /// For what is read from the store, and signed before it is answered.
    scratch: [u8; MAX_MESSAGE],
}

impl<P: Platform> Engine<P> {
    /// What takes its room, in bytes.
    pub(crate) const PARTS: [(&'static str, usize); 4] = [
        ("catalogue", size_of::<Catalogue>()),
        ("store and its index", size_of::<SealedStore<P>>()),
        ("partitions", size_of::<[Spot<Partition<P::Crypto>>; PARTITIONS]>()),
        ("scratch", size_of::<[u8; MAX_MESSAGE]>()),
    ];

    /// Starts with what the flash holds.
    ///
    /// # Errors
    /// [`StartError`] if the flash can't be read or holds something else.
    pub fn start(platform: P, flash: P::Flash) -> Result<Self, StartError> {
        let mut engine = Self::new(platform, flash);
        engine.load()?;
        Ok(engine)
    }

    /// An engine that has loaded nothing yet.
    pub(crate) const fn new(platform: P, flash: P::Flash) -> Self {
        Self {
            platform,
            store: SealedStore::unmounted(flash),
            device: Spot::EMPTY,
            partitions: [const { Spot::EMPTY }; PARTITIONS],
            wipes: 0,
            began: None,
            catalogue: Catalogue::new(),
            enrolment: Spot::EMPTY,
            identify_until: None,
            scratch: [0; MAX_MESSAGE],
        }
    }

    /// Mounts the store and loads what it holds.
    #[inline(never)]
    pub(crate) fn load(&mut self) -> Result<(), StartError> {
        self.store.mount()?;
        self.store.unlock(&mut self.platform);
        self.store.require_latest(&mut self.platform)?;
        self.load_device()?;
        self.load_partitions()?;
        let wipes = self.store.keys().filter(|key| key::is_tombstone(*key)).count();
        self.wipes = u32::try_from(wipes).map_err(|_| StartError::Corrupt)?;
        self.finish_wipes().map_err(|_| StartError::Flash)?;
        self.load_catalogue().map_err(|_| StartError::Corrupt)
    }

    /// The store, for its statistics.
    pub fn store(&self) -> &Store<P::Flash, STORE_KEYS> {
        &self.store.store
    }

    /// Executes a request, writes its answer into `out` and returns the answer's length.
    ///
    /// `out` needs room for 80 bytes; operations that may need more are answered `busy` unless it has 4,000.
    pub fn execute(
        &mut self,
        caller: &Caller,
        request: &[u8],
        now: Instant,
        around: &Surroundings,
        out: &mut [u8],
    ) -> usize {
        let Some((head, body)) = out.split_first_chunk_mut::<2>() else {
            return 0;
        };
        let (status, length) = match self.run(caller, request, now, around, body) {
            Ok((status, length)) => (status, length),
            Err(status) => (status, 0),
        };
        *head = status.number().to_be_bytes();
        length.saturating_add(head.len())
    }

    fn run(
        &mut self,
        caller: &Caller,
        request: &[u8],
        now: Instant,
        around: &Surroundings,
        out: &mut [u8],
    ) -> Result<(Status, usize), Status> {
        let request = Request::parse(request)?;
        self.began.get_or_insert(now);
        self.still_admits(caller)?;
        let operation = request.operation();
        if *caller == Caller::Guest && !operation.is_for_guests() {
            return Err(Status::NotPermitted);
        }
        if !operation.is_short() && out.len() < ROOMY {
            return Err(Status::Busy);
        }
        match request {
            Request::Random(asked) => self.give_random(asked, out),
            Request::Check(asked) => return self.check(caller, &asked, now, out),
            Request::Spend(asked) => self.spend(caller, &asked, now, out),
            Request::Unlock(asked) => self.unlock(caller, &asked, now, out),
            Request::Counter(asked) => self.counter(caller, &asked, out),
            Request::Login => self.login(caller, out),
            Request::Logout => Ok(0),
            Request::Info => self.info(around.sessions, around.boot, out),
            Request::Identify => Ok(self.identify(now)),
            Request::List(asked) => self.list(caller, &asked, out),
            Request::Grant(asked) => self.grant(caller, &asked, out),
            Request::Apply(file) => self.apply(caller, &file, now, out),
            Request::Receipt(asked) => self.receipt(caller, &asked, out),
            Request::Time(asked) => self.time(caller, &asked, now, out),
            Request::SetTime(asked) => self.set_time(caller, &asked, now, out),
            Request::Enrol(asked) => self.enrol(&asked, out),
            Request::Endorse(asked) => self.endorse(&asked, out),
            Request::Wipe(file) => self.wipe(caller, &file),
            Request::ChangeRoot(file) => self.change_root(caller, &file),
            Request::Health => self.health(around, now, out),
            Request::Read(asked) => self.read(caller, &asked, out),
            Request::Write(asked) => self.write(caller, &asked),
            Request::Files(asked) => self.files(caller, &asked, out),
            Request::Encrypt(asked) => self.encrypt(caller, &asked, now, out),
            Request::Decrypt(asked) => self.decrypt(caller, &asked, now, out),
            Request::Derive(asked) => self.derive(caller, &asked, now, out),
            Request::Prove(asked) => self.prove(caller, &asked, now, out),
            Request::Snapshot(asked) => self.snapshot(caller, &asked, out),
        }
        .map(|length| (Status::Ok, length))
    }

    /// The serial; zeros while blank.
    #[must_use]
    pub fn serial(&self) -> Serial {
        self.device.as_ref().map(|device| device.serial).unwrap_or_default()
    }

    /// How far the token's life has gone.
    #[must_use]
    pub fn life(&self) -> TokenState {
        match self.device.as_ref() {
            None => TokenState::Blank,
            Some(device) if device.is_certified => TokenState::Ready,
            Some(_) => TokenState::Born,
        }
    }

    /// Which partition a hint asks for; none if it is a guest's.
    pub(crate) fn find_vendor(&self, hint: VendorHint) -> Result<Option<Place>, Status> {
        if self.life() != TokenState::Ready {
            return Err(Status::NotReady);
        }
        if hint == VendorHint::default() {
            return Ok(None);
        }
        let index = self.find_partition(hint)?;
        self.partition(index).map(|partition| Some(partition.place(index)))
    }

    /// A partition's vendor and the least epoch that still counts.
    pub(crate) fn vendor(&self, place: Place) -> Result<(VendorRoot, u32), Status> {
        self.held(place).map(|partition| (partition.root, partition.minimum_epoch))
    }

    /// The source of randomness.
    pub(crate) fn entropy(&mut self) -> &mut P::Entropy {
        self.platform.entropy()
    }

    /// Whether what a caller was admitted for still holds.
    pub(crate) fn still_admits(&self, caller: &Caller) -> Result<(), Status> {
        match *caller {
            Caller::Guest => Ok(()),
            Caller::App { partition: index, id, root_changes, epoch, .. } => {
                let partition = self.held(Place { index, id, root_changes })?;
                if epoch < partition.minimum_epoch { Err(Status::Revoked) } else { Ok(()) }
            }
        }
    }

    /// The key that handshakes with a partition are made with, or with the device by guests.
    pub(crate) fn handshake_key(
        &self,
        place: Option<Place>,
    ) -> Result<&<P::Crypto as keyfob_crypto::Crypto>::Agreement, Status> {
        match place {
            None => self.device.as_ref().map(|device| &device.handshake).ok_or(Status::NotReady),
            Some(place) => self.held(place).map(|partition| &partition.handshake),
        }
    }

    /// Writes handshake message 2 with the keys and certificates of a partition, or of the device for a guest.
    #[inline(never)]
    pub(crate) fn answer_handshake(
        &mut self,
        place: Option<Place>,
        agreed: Agreed<P::Crypto>,
        out: &mut [u8],
    ) -> Result<(Responder<P::Crypto>, usize), Status> {
        if let Some(place) = place {
            self.held(place)?;
        }
        let Self { store, device, partitions, scratch, .. } = self;
        let (key, credential): (_, [&[u8]; 2]) = match place {
            None => {
                let device = device.as_ref().ok_or(Status::NotReady)?;
                let certificates = device::certificates(store, scratch)?;
                (&device.handshake, [certificates.batch, certificates.device_handshake])
            }
            Some(Place { index, .. }) => {
                let partition = partitions.get(usize::from(index)).and_then(Spot::as_ref);
                let partition = partition.ok_or(Status::UnknownVendor)?;
                (&partition.handshake, [partition::read(store, index, scratch)?.endorsement, &[]])
            }
        };
        agreed.answer(key, credential.into_iter(), out).map_err(|error| match error {
            HandshakeError::Room => Status::TooLong,
            _ => Status::SessionRefused,
        })
    }

    /// Starts showing which fob this is.
    fn identify(&mut self, now: Instant) -> usize {
        self.platform.identify(true);
        self.identify_until = Some(now.plus(IDENTIFY_TIME));
        0
    }

    /// When [`expire`](Self::expire) has something to do.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.identify_until
    }

    /// Does what is due.
    pub fn expire(&mut self, now: Instant) {
        if self.identify_until.is_some_and(|until| now >= until) {
            self.identify_until = None;
            self.platform.identify(false);
        }
    }

    fn random<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.platform.entropy().fill(&mut bytes);
        bytes
    }
}

/// As many values as there is room for.
// `collect` panics if there are more, and leaves that in an image even where there can't be.
fn gather<T, const N: usize>(values: impl Iterator<Item = T>) -> Vec<T, N> {
    let mut gathered = Vec::new();
    for value in values.take(N) {
        let _room = gathered.push(value);
    }
    gathered
}

/// The status of a signed thing that was refused.
fn refused(invalid: Invalid) -> Status {
    match invalid {
        Invalid::Malformed => Status::UpdateMalformed,
        Invalid::Epoch => Status::Revoked,
        _ => Status::SignatureInvalid,
    }
}

fn unreadable<E: Debug>(_: ReadError<E>) -> Status {
    Status::StorageFailed
}

fn unwritten<E: Debug>(error: WriteError<E>) -> Status {
    match error {
        WriteError::NoRoom | WriteError::TooLong => Status::NoRoom,
        _ => Status::StorageFailed,
    }
}

fn uncommitted<E: Debug>(_: CommitError<E>) -> Status {
    Status::StorageFailed
}

/// The answer didn't fit, although there was room for any: a vendor has put too much into one thing.
fn no_space(_: NoSpace) -> Status {
    Status::TooLong
}
