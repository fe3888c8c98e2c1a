//! Finding the state in a region: which bank counts, what its log says, what an interruption left behind.

use crate::compaction::{FIRST_LIFE, write_header};
use crate::error::{Fault, MountError};
use crate::flash::Flash;
use crate::format::{Action, HEADER, Header, Mark, VERSION, header_size};
use crate::index::{Index, Offset, Pending};
use crate::log::{Log, Place, read_record};
use crate::medium::{Bank, Medium};
use crate::store::{Condition, Store};

impl<F: Flash, const KEYS: usize> Store<F, KEYS> {
    /// Mounts a region: formats it if it is blank, finishes what an interruption left unfinished.
    ///
    /// # Errors
    /// A region that is neither blank nor an undamaged store of this version and geometry is left as it is.
    pub fn mount(flash: F) -> Result<Self, MountError<F::Error>> {
        let mut store = Self::unmounted(flash);
        store.mount_in_place()?;
        Ok(store)
    }

    /// Makes a store that can't do anything before [`mount_in_place`](Self::mount_in_place): for boards, whose stack is
    /// smaller than a store.
    #[must_use]
    pub const fn unmounted(flash: F) -> Self {
        Self {
            medium: Medium::new(flash),
            index: Index::new(),
            log: Log::new(Place { bank: Bank::First, generation: 0 }, 0),
            open: None,
            is_abandoned: false,
            condition: Condition::Lost,
            spare_erased: false,
        }
    }

    /// Mounts the region: formats it if it is blank, finishes what an interruption left unfinished.
    ///
    /// # Errors
    /// As [`mount`](Self::mount).
    #[inline(never)]
    pub fn mount_in_place(&mut self) -> Result<(), MountError<F::Error>> {
        let Self { medium, index, .. } = self;
        if medium.measure() == 0 {
            return Err(MountError::TooSmall);
        }
        let (place, copied) = match choose_bank(medium)? {
            Some(found) => found,
            None => (format(medium)?, 0),
        };
        index.clear();
        let (end, torn) = replay(medium, place, copied, index)?;
        self.log = Log::new(place, end);
        (self.open, self.spare_erased) = (None, false);
        self.condition = Condition::Sound;
        if torn {
            // The words behind the log may be half programmed: it goes on in the other bank.
            self.compact()?;
        } else if !self.medium.is_blank(place.bank.other(), 0)? {
            self.medium.erase(place.bank.other())?;
            self.spare_erased = true;
        }
        Ok(())
    }
}

/// Finds the bank that counts and how much of it was copied, or `None` if the region is to be formatted.
fn choose_bank<F: Flash>(medium: &mut Medium<F>) -> Result<Option<(Place, u32)>, MountError<F::Error>> {
    let first = read_header(medium, Bank::First)?;
    let second = read_header(medium, Bank::Second)?;
    let (bank, header) = match (first, second) {
        (Some(first), Some(second)) if first.generation.checked_add(1) == Some(second.generation) => {
            (Bank::Second, second)
        }
        (Some(first), Some(second)) if second.generation.checked_add(1) == Some(first.generation) => {
            (Bank::First, first)
        }
        (Some(_), Some(_)) => return Err(MountError::Corrupt { offset: 0 }),
        (Some(first), None) => (Bank::First, first),
        (None, Some(second)) => (Bank::Second, second),
        (None, None) => return Ok(None),
    };
    Ok(Some((Place { bank, generation: header.generation }, header.copied)))
}

fn read_header<F: Flash>(medium: &mut Medium<F>, bank: Bank) -> Result<Option<Header>, MountError<F::Error>> {
    let mut bytes = [0; HEADER];
    medium.read(bank, 0, &mut bytes)?;
    let Some(header) = Header::decode(&bytes) else { return Ok(None) };
    if header.version != VERSION {
        return Err(MountError::UnknownFormat { version: header.version });
    }
    if header.unit != Medium::<F>::UNIT_BYTE || header.bank_size != medium.bank_size() {
        return Err(MountError::OtherGeometry);
    }
    Ok(Some(header))
}

/// Formats a region without a header, if it is certain that there never was a state to be lost.
///
/// Either everything is blank, or one bank has nothing but a damaged header. Such a bank is left behind only when the
/// first header, or that of a compaction without any record, was interrupted; before the first record is written, it
/// is erased.
fn format<F: Flash>(medium: &mut Medium<F>) -> Result<Place, MountError<F::Error>> {
    let records = header_size(Medium::<F>::UNIT);
    let mut witness = None;
    let mut blank = true;
    for bank in [Bank::First, Bank::Second] {
        if medium.is_blank(bank, 0)? {
            continue;
        }
        blank = false;
        if medium.is_blank(bank, records)? {
            witness = Some(bank);
        }
    }
    let place = match witness {
        None if blank => FIRST_LIFE,
        None => return Err(MountError::Corrupt { offset: 0 }),
        Some(witness) => {
            medium.erase(witness.other())?;
            Place { bank: witness.other(), ..FIRST_LIFE }
        }
    };
    write_header(medium, place, records)?;
    Ok(place)
}

/// Reads a bank's log into the index, and returns its end and whether an unfinished transaction follows.
fn replay<F: Flash, const KEYS: usize>(
    medium: &mut Medium<F>,
    place: Place,
    copied: u32,
    index: &mut Index<KEYS>,
) -> Result<(u32, bool), MountError<F::Error>> {
    let start = header_size(Medium::<F>::UNIT);
    let mut end = start;
    let mut offset = start;
    while let Some(record) = read_record(medium, place, offset)?.filter(|record| record.head.first == (offset == end)) {
        let pending = match record.head.action {
            Action::Put => Pending::Put(Offset::new(offset, Medium::<F>::UNIT).ok_or(MountError::NoRoom)?),
            Action::Remove => Pending::Remove,
        };
        if !index.set_pending(record.head.key, pending) {
            return Err(MountError::NoRoom);
        }
        offset += record.size;
        match record.mark {
            Mark::More => continue,
            Mark::Commit => index.commit(),
            Mark::Abandoned => index.rollback(),
        }
        end = offset;
    }
    index.rollback();
    if end - start < copied {
        return Err(MountError::Corrupt { offset: medium.absolute(place.bank, end) });
    }
    if medium.is_blank(place.bank, end)? {
        return Ok((end, false));
    }
    require_last(medium, place, end)?;
    Ok((end, true))
}

/// Requires that no transaction begins behind the one at `end`: that one would have been finished then, and must have
/// been damaged later.
fn require_last<F: Flash>(medium: &mut Medium<F>, place: Place, end: u32) -> Result<(), MountError<F::Error>> {
    let mut offset = end + Medium::<F>::UNIT;
    while offset < medium.bank_size() {
        if read_record(medium, place, offset)?.is_some_and(|record| record.head.first) {
            return Err(MountError::Corrupt { offset: medium.absolute(place.bank, end) });
        }
        offset += Medium::<F>::UNIT;
    }
    Ok(())
}

impl<E: core::fmt::Debug> From<Fault<E>> for MountError<E> {
    fn from(fault: Fault<E>) -> Self {
        match fault {
            Fault::Flash(error) => Self::Flash(error),
            Fault::WornOut => Self::WornOut,
            Fault::Corrupt | Fault::NoRoom => Self::Corrupt { offset: 0 },
        }
    }
}
