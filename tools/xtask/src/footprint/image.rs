//! What an ELF image tells of itself.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Result, bail};
use object::read::elf::ElfFile32;
use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, elf};

/// What an image needs, in bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Footprint {
    /// Code, constants, and the first values of variables.
    pub(crate) flash: u64,
    /// Variables; the stack is not among them.
    pub(crate) ram: u64,
    /// The function that takes most of the stack by itself, if the image tells, and how many bytes.
    pub(crate) deepest: Option<(String, u64)>,
    /// RAM of one session, as the image's `SESSION_BYTES` says.
    pub(crate) session: Option<u64>,
    /// What takes the room of a token, as the image's `TOKEN_PARTS` says.
    pub(crate) parts: Vec<(String, u64)>,
    /// Code of `core::fmt`, which gets in by a panic that formats its text.
    pub(crate) formatting: u64,
    /// Symbols of the heap or of the standard library.
    pub(crate) strangers: Vec<String>,
}

impl Footprint {
    /// Reads a 32-bit ELF file with its symbols.
    ///
    /// # Errors
    /// If it isn't such a file.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self> {
        let file = ElfFile32::<object::Endianness>::parse(bytes)?;
        let mut footprint = Self::default();
        for section in file.sections() {
            let SectionFlags::Elf { sh_flags, .. } = section.flags() else { bail!("not an ELF section") };
            if !sh_flags.contains(elf::SHF_ALLOC) {
                continue;
            }
            let is_variable = sh_flags.contains(elf::SHF_WRITE);
            footprint.ram += if is_variable { section.size() } else { 0 };
            footprint.flash += section.file_range().map_or(0, |(_, size)| size);
        }
        let mut frames = frames(&file)?;
        if file.symbols().next().is_none() {
            bail!("the image has no symbols, so that nothing can be said about the heap");
        }
        for symbol in file.symbols().filter(|symbol| symbol.is_definition()) {
            let name = format!("{:#}", rustc_demangle::demangle(symbol.name()?));
            // An odd address says that a function's code is Thumb.
            if let Some(size) = frames.remove(&(symbol.address() & !1))
                && footprint.deepest.as_ref().is_none_or(|(_, deepest)| size > *deepest)
            {
                footprint.deepest = Some((name.clone(), size));
            }
            if is_stranger(&name) {
                footprint.strangers.push(name);
            } else if name.contains("core::fmt::") {
                footprint.formatting += symbol.size();
            } else if name == "TOKEN_PARTS" {
                footprint.parts = parts_at(&file, symbol.address(), symbol.size())?;
            } else if name == "SESSION_BYTES" {
                footprint.session = Some(word_at(&file, symbol.address())?);
            }
        }
        Ok(footprint)
    }

    /// Refuses an image with a heap or the standard library.
    ///
    /// # Errors
    /// If there is such a symbol; all are named.
    pub(crate) fn refuse_strangers(&self) -> Result<()> {
        if !self.strangers.is_empty() {
            bail!("the image has a heap or the standard library: {}", self.strangers.join(", "));
        }
        Ok(())
    }
}

impl fmt::Display for Footprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "flash                {:>9} bytes", self.flash)?;
        writeln!(f, "static RAM           {:>9} bytes", self.ram)?;
        if let Some((name, size)) = &self.deepest {
            writeln!(f, "largest stack frame  {size:>9} bytes, {name}")?;
        }
        if let Some(session) = self.session {
            writeln!(f, "RAM of one session   {session:>9} bytes")?;
        }
        for (part, size) in &self.parts {
            writeln!(f, "  {part:<18} {size:>9} bytes of RAM")?;
        }
        writeln!(f, "formatting code      {:>9} bytes", self.formatting)?;
        writeln!(f, "heap symbols         {:>9}", self.strangers.len())
    }
}

fn is_stranger(name: &str) -> bool {
    let is_heap = ["__rust_alloc", "__rust_realloc", "__rust_dealloc"].iter().any(|heap| name.contains(heap));
    is_heap || ["std::", "alloc::", "<std::", "<alloc::"].iter().any(|start| name.starts_with(start))
}

/// Reads how much of the stack each function takes, by its address: the compiler notes a word and a number in LEB128
/// for each.
fn frames(file: &ElfFile32<'_>) -> Result<BTreeMap<u64, u64>> {
    let mut frames = BTreeMap::new();
    let Some(section) = file.section_by_name(".stack_sizes") else { return Ok(frames) };
    let mut rest = section.data()?;
    while let [a, b, c, d, tail @ ..] = rest {
        let Some(length) = tail.iter().position(|byte| byte & 0x80 == 0) else { bail!("a stack size has no end") };
        let (number, next) = tail.split_at(length + 1);
        let size = number.iter().rev().fold(0, |size, byte| (size << 7) | u64::from(byte & 0x7f));
        frames.insert(u64::from(u32::from_le_bytes([*a, *b, *c, *d])) & !1, size);
        rest = next;
    }
    Ok(frames)
}

/// Reads names and sizes: of each the place of its name, the name's length, and the size.
fn parts_at(file: &ElfFile32<'_>, address: u64, size: u64) -> Result<Vec<(String, u64)>> {
    let mut parts = Vec::new();
    for part in (address..address + size).step_by(12) {
        let name = bytes_at(file, word_at(file, part)?, word_at(file, part + 4)?)?;
        parts.push((String::from_utf8(name.to_vec())?, word_at(file, part + 8)?));
    }
    Ok(parts)
}

/// Reads the word that lies at an address.
fn word_at(file: &ElfFile32<'_>, address: u64) -> Result<u64> {
    let word: [u8; 4] = bytes_at(file, address, 4)?.try_into()?;
    Ok(u64::from(u32::from_le_bytes(word)))
}

/// Reads what lies at an address.
fn bytes_at<'data>(file: &ElfFile32<'data>, address: u64, length: u64) -> Result<&'data [u8]> {
    for section in file.sections() {
        if let Some(bytes) = section.data_range(address, length)? {
            return Ok(bytes);
        }
    }
    bail!("no section holds the address {address:#x}")
}
