//! What an ELF file puts into a board's flash, and the files that bootloaders take.

use anyhow::{Context, Result, bail};
use ihex::{Record, create_object_file_representation};
use keyfob_board::{Board, Chip};
use keyfob_uf2::Family;
use object::elf::{FileHeader32, PT_LOAD};
use object::read::elf::{FileHeader as _, ProgramHeader as _};
use object::{Endianness, read::elf::ElfFile32};

/// What erased flash reads as.
const ERASED: u8 = 0xff;

/// The image as it lies in flash, from where the board's image begins.
pub(crate) struct Flash {
    pub(crate) address: u32,
    pub(crate) bytes: Vec<u8>,
}

impl Flash {
    /// Takes what is loaded out of an ELF file.
    ///
    /// # Errors
    /// If something lies beyond the image's place.
    pub(crate) fn of(board: &Board, elf: &[u8]) -> Result<Self> {
        let file = ElfFile32::<Endianness>::parse(elf)?;
        let endian = file.endian();
        let header: &FileHeader32<Endianness> = file.elf_header();
        let region = board.flash.image;
        let address = board.flash.base + region.start;
        let mut bytes = Vec::new();
        for segment in header.program_headers(endian, elf)? {
            let content = segment.data(endian, elf).ok().context("a segment lies beyond the file's end")?;
            if segment.p_type(endian) != PT_LOAD || content.is_empty() {
                continue;
            }
            let start = segment.p_paddr(endian).checked_sub(address).context("a segment lies before the image")?;
            let (start, size) = (usize::try_from(start)?, usize::try_from(region.size)?);
            let end = start + content.len();
            if end > size {
                bail!("the image ends {} bytes behind its place", end - size);
            }
            bytes.resize(end.max(bytes.len()), ERASED);
            bytes[start..end].copy_from_slice(content);
        }
        Ok(Self { address, bytes })
    }

    /// The file for a bootloader that shows itself as a drive.
    ///
    /// # Errors
    /// If there is nothing in the image, or its place isn't a page's.
    pub(crate) fn uf2(&self, chip: Chip) -> Result<Vec<u8>> {
        let family = match chip {
            Chip::RP2040 => Family::RP2040,
            Chip::RP2350 => Family::RP2350_ARM_S,
            Chip::Nrf52840 => Family::NRF52840,
        };
        Ok(keyfob_uf2::write(family, self.address, &self.bytes)?.flatten().collect())
    }

    /// Intel HEX, which Nordic's tools take.
    ///
    /// # Errors
    /// If the image is too long for the format.
    pub(crate) fn hex(&self) -> Result<String> {
        const LINE: usize = 16;
        let mut records = Vec::new();
        let mut upper = None;
        for (line, value) in self.bytes.chunks(LINE).enumerate() {
            let [a, b, c, d] = (self.address + u32::try_from(line * LINE)?).to_be_bytes();
            let (high, offset) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            if upper.replace(high) != Some(high) {
                records.push(Record::ExtendedLinearAddress(high));
            }
            records.push(Record::Data { offset, value: value.to_vec() });
        }
        records.push(Record::EndOfFile);
        Ok(create_object_file_representation(&records)? + "\n")
    }
}
