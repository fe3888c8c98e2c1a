//! Appending records to a bank, reading them back, and copying them.

use crc::Digest;
use zeroize::{Zeroize, Zeroizing};

use crate::error::Fault;
use crate::flash::Flash;
use crate::format::{Action, HEAD, Head, Mark, TRAILER, padding, record_checksum, record_size};
use crate::medium::{Bank, CHUNK, Medium};

/// A bank in one of its lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) bank: Bank,
    pub(crate) generation: u32,
}

/// The end of a log, where records are appended.
///
/// The last word of a record waits in the buffer until it is known what follows the record.
pub(crate) struct Log {
    place: Place,
    /// Where the buffer's first byte belongs.
    position: u32,
    buffer: [u8; CHUNK],
    fill: usize,
    /// Of the record that is open, or was last.
    checksum: Option<Digest<'static, u32>>,
}

impl Log {
    pub(crate) const fn new(place: Place, position: u32) -> Self {
        Self { place, position, buffer: [0; CHUNK], fill: 0, checksum: None }
    }

    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// Where the next record goes, unless one is open.
    pub(crate) fn position(&self) -> u32 {
        self.position
    }

    pub(crate) fn open<F: Flash>(&mut self, medium: &mut Medium<F>, head: &Head) -> Result<(), Fault<F::Error>> {
        self.checksum = Some(record_checksum(self.place.generation, self.position));
        self.append(medium, &head.encode())
    }

    /// Appends to the open record: its value, then its padding.
    pub(crate) fn append<F: Flash>(&mut self, medium: &mut Medium<F>, bytes: &[u8]) -> Result<(), Fault<F::Error>> {
        self.checksum.as_mut().ok_or(Fault::Corrupt)?.update(bytes);
        self.push(medium, bytes)
    }

    pub(crate) fn pad<F: Flash>(&mut self, medium: &mut Medium<F>, length: u16) -> Result<(), Fault<F::Error>> {
        for _ in 0..padding(length, Medium::<F>::UNIT) {
            self.append(medium, &[0xff])?;
        }
        Ok(())
    }

    /// Completes the open record.
    pub(crate) fn close<F: Flash>(&mut self, medium: &mut Medium<F>, mark: Mark) -> Result<(), Fault<F::Error>> {
        let mark = [mark.encode()];
        self.append(medium, &mark)?;
        let checksum = self.checksum.clone().ok_or(Fault::Corrupt)?.finalize().to_be_bytes();
        self.push(medium, &checksum)?;
        self.flush(medium)
    }

    /// Opens a record that is a copy of another and leaves it open.
    pub(crate) fn copy<F: Flash>(
        &mut self,
        medium: &mut Medium<F>,
        from: Place,
        offset: u32,
        first: bool,
    ) -> Result<Head, Fault<F::Error>> {
        let head = read_head(medium, from, offset)?.ok_or(Fault::Corrupt)?;
        self.open(medium, &Head { first, ..head })?;
        let mut checksum = record_checksum(from.generation, offset);
        checksum.update(&head.encode());
        let mut remaining = usize::from(head.length);
        let mut at = offset + HEAD as u32;
        let mut chunk = Zeroizing::new([0; CHUNK]);
        while remaining > 0 {
            let count = remaining.min(CHUNK);
            let part = chunk.get_mut(..count).ok_or(Fault::Corrupt)?;
            medium.read(from.bank, at, part)?;
            checksum.update(part);
            self.append(medium, part)?;
            remaining -= count;
            at += count as u32;
        }
        read_end(medium, from, at, head.length, checksum)?.ok_or(Fault::Corrupt)?;
        self.pad(medium, head.length)?;
        Ok(head)
    }

    /// Reads what was appended, whether or not it is in the flash yet.
    pub(crate) fn peek<F: Flash>(
        &self,
        medium: &mut Medium<F>,
        at: u32,
        out: &mut [u8],
    ) -> Result<(), Fault<F::Error>> {
        let stored = (self.position.saturating_sub(at) as usize).min(out.len());
        let (stored, waiting) = out.split_at_mut(stored);
        if !stored.is_empty() {
            medium.read(self.place.bank, at, stored)?;
        }
        let from = at.saturating_sub(self.position) as usize;
        let bytes = self.buffer.get(from..from + waiting.len()).ok_or(Fault::Corrupt)?;
        copy(waiting, bytes);
        Ok(())
    }

    fn push<F: Flash>(&mut self, medium: &mut Medium<F>, bytes: &[u8]) -> Result<(), Fault<F::Error>> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let space = self.buffer.get_mut(self.fill..).ok_or(Fault::Corrupt)?;
            let count = space.len().min(rest.len());
            let (Some(to), Some((from, after))) = (space.get_mut(..count), rest.split_at_checked(count)) else {
                return Err(Fault::Corrupt);
            };
            copy(to, from);
            self.fill += count;
            rest = after;
            if self.fill == CHUNK {
                self.flush(medium)?;
            }
        }
        Ok(())
    }

    fn flush<F: Flash>(&mut self, medium: &mut Medium<F>) -> Result<(), Fault<F::Error>> {
        let words = self.buffer.get(..self.fill).ok_or(Fault::Corrupt)?;
        if !words.is_empty() {
            medium.program(self.place.bank, self.position, words)?;
        }
        self.position += self.fill as u32;
        self.fill = 0;
        self.buffer.zeroize();
        Ok(())
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.buffer.zeroize();
    }
}

/// Copies bytes of equal number, without the panic that `copy_from_slice` leaves in an image for others.
fn copy(to: &mut [u8], from: &[u8]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}

/// A record that was read and found undamaged.
pub(crate) struct Record {
    pub(crate) head: Head,
    pub(crate) mark: Mark,
    pub(crate) size: u32,
}

/// Reads the start of a record, or `None` if there is none that fits the bank.
pub(crate) fn read_head<F: Flash>(
    medium: &mut Medium<F>,
    place: Place,
    offset: u32,
) -> Result<Option<Head>, Fault<F::Error>> {
    if medium.bank_size().saturating_sub(offset) < record_size(0, Medium::<F>::UNIT) {
        return Ok(None);
    }
    let mut bytes = [0; HEAD];
    medium.read(place.bank, offset, &mut bytes)?;
    let head = Head::decode(&bytes);
    let space = medium.bank_size() - offset;
    Ok(head.filter(|head| record_size(head.length, Medium::<F>::UNIT) <= space))
}

/// Reads a record, or `None` if there is no undamaged one.
pub(crate) fn read_record<F: Flash>(
    medium: &mut Medium<F>,
    place: Place,
    offset: u32,
) -> Result<Option<Record>, Fault<F::Error>> {
    let Some(head) = read_head(medium, place, offset)? else { return Ok(None) };
    let mut checksum = record_checksum(place.generation, offset);
    checksum.update(&head.encode());
    let mut remaining = usize::from(head.length);
    let mut at = offset + HEAD as u32;
    let mut chunk = Zeroizing::new([0; CHUNK]);
    while remaining > 0 {
        let count = remaining.min(CHUNK);
        let part = chunk.get_mut(..count).ok_or(Fault::Corrupt)?;
        medium.read(place.bank, at, part)?;
        checksum.update(part);
        remaining -= count;
        at += count as u32;
    }
    let size = record_size(head.length, Medium::<F>::UNIT);
    Ok(read_end(medium, place, at, head.length, checksum)?.map(|mark| Record { head, mark, size }))
}

/// Reads a value and says whether its record is undamaged.
pub(crate) fn read_value<F: Flash>(
    medium: &mut Medium<F>,
    place: Place,
    offset: u32,
    head: &Head,
    value: &mut [u8],
) -> Result<bool, Fault<F::Error>> {
    let at = offset + HEAD as u32;
    medium.read(place.bank, at, value)?;
    let mut checksum = record_checksum(place.generation, offset);
    checksum.update(&head.encode());
    checksum.update(value);
    let end = at + u32::from(head.length);
    Ok(head.action == Action::Put && read_end(medium, place, end, head.length, checksum)?.is_some())
}

/// Reads padding and trailer, and returns the mark if the checksum is right.
fn read_end<F: Flash>(
    medium: &mut Medium<F>,
    place: Place,
    at: u32,
    length: u16,
    mut checksum: Digest<'static, u32>,
) -> Result<Option<Mark>, Fault<F::Error>> {
    let padding = padding(length, Medium::<F>::UNIT);
    let mut bytes = [0; 16 + TRAILER];
    let end = bytes.get_mut(..padding as usize + TRAILER).ok_or(Fault::Corrupt)?;
    medium.read(place.bank, at, end)?;
    let Some((body, found)) = end.split_last_chunk::<4>() else { return Ok(None) };
    checksum.update(body);
    if checksum.finalize().to_be_bytes() != *found {
        return Ok(None);
    }
    Ok(body.last().copied().and_then(Mark::decode))
}
