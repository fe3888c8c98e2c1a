//! Which functions of an image can panic.
//!
//! A panic is a branch to one of the core library's functions for it. Every branch of the linked image is looked at, so
//! that what the optimiser has taken out doesn't count, and nothing else is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::{fmt, fs};

use anyhow::{Context, Result};
use object::read::elf::ElfFile32;
use object::{Object, ObjectSection, ObjectSymbol, SectionKind};
use serde::Deserialize;

use crate::process::root;

/// What may panic, and why it doesn't.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Allowed {
    /// A function's beginning, and a reason.
    allowed: BTreeMap<String, String>,
}

/// What can panic in an image.
pub(crate) struct Panics {
    /// How many functions can.
    pub(crate) found: usize,
    /// Those that mustn't.
    pub(crate) refused: Vec<String>,
}

impl Panics {
    /// Reads an image.
    ///
    /// # Errors
    /// If the image or the list of what is allowed can't be read.
    pub(crate) fn of(elf: &[u8]) -> Result<Self> {
        let path = root().join("firmware/panics.toml");
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let Allowed { allowed } = toml::from_str(&text).with_context(|| path.display().to_string())?;
        let found = callers(elf)?;
        let is_allowed =
            |name: &str| allowed.keys().any(|start| name.trim_start_matches('<').starts_with(start.as_str()));
        let refused = found.iter().filter(|(name, _)| !is_allowed(name));
        let refused = refused.map(|(name, to)| format!("{name} can panic: {to}")).collect();
        Ok(Self { found: found.len(), refused })
    }
}

impl fmt::Display for Panics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "functions that panic {:>9}, {} of them refused", self.found, self.refused.len())
    }
}

/// The functions that branch to a panic, and to which.
///
/// # Errors
/// If the image can't be read.
pub(crate) fn callers(elf: &[u8]) -> Result<BTreeMap<String, String>> {
    let file = ElfFile32::<object::Endianness>::parse(elf)?;
    let mut functions = BTreeMap::new();
    for symbol in file.symbols().filter(|symbol| symbol.is_definition() && symbol.kind() == object::SymbolKind::Text) {
        let name = format!("{:#}", rustc_demangle::demangle(symbol.name()?));
        functions.insert(symbol.address() & !1, (symbol.size(), name));
    }
    let at = |address: u64| {
        let (start, (size, name)) = functions.range(..=address).next_back()?;
        (address < start + size).then_some((*start, name.as_str()))
    };
    let mut branches = BTreeSet::new();
    for section in file.sections().filter(|section| section.kind() == SectionKind::Text) {
        let code = section.data()?;
        for (offset, pair) in (0..).step_by(2).zip(code.windows(4).step_by(2)) {
            let address = section.address() + offset;
            let Some(target) = branch(address, pair) else { continue };
            let (Some((from, caller)), Some((to, callee))) = (at(address), at(target)) else { continue };
            if to == target && from != to {
                branches.insert((caller, callee));
            }
        }
    }
    // A function of the core library that panics is what its callers do wrong.
    let mut panics: BTreeSet<_> =
        functions.values().map(|(_, name)| name.as_str()).filter(|name| is_panic(name)).collect();
    loop {
        let more = branches.iter().filter(|(caller, callee)| panics.contains(callee) && is_of_core(caller));
        let more: Vec<_> = more.map(|(caller, _)| *caller).filter(|caller| !panics.contains(caller)).collect();
        if more.is_empty() {
            break;
        }
        panics.extend(more);
    }
    let found = branches.iter().filter(|(caller, callee)| panics.contains(callee) && !panics.contains(caller));
    Ok(found.map(|(caller, callee)| ((*caller).to_owned(), (*callee).to_owned())).collect())
}

/// Where a 32-bit branch goes, with or without a link (Armv7-M architecture reference manual, A7.7.12 and A7.7.18).
pub(crate) fn branch(address: u64, bytes: &[u8]) -> Option<u64> {
    let &[a, b, c, d] = bytes else { return None };
    let (high, low) = (u32::from(u16::from_le_bytes([a, b])), u32::from(u16::from_le_bytes([c, d])));
    if high & 0xf800 != 0xf000 || low & 0x9000 != 0x9000 {
        return None;
    }
    let sign = high >> 10 & 1;
    let inverted = |bit: u32| !(low >> bit ^ sign) & 1;
    let bits = sign << 24 | inverted(13) << 23 | inverted(11) << 22 | (high & 0x3ff) << 12 | (low & 0x7ff) << 1;
    // A number of 25 bits with its sign.
    let offset = i64::from((bits << 7) as i32 >> 7);
    address.checked_add(4)?.checked_add_signed(offset)
}

/// Whether a function is there to panic.
fn is_panic(name: &str) -> bool {
    let ends = ["_fail", "_failed", "panic_already_borrowed", "panic_already_mutably_borrowed"];
    let is_panic = name.contains("panicking::") || ends.iter().any(|end| name.ends_with(end));
    name.contains("rust_begin_unwind") || (is_of_core(name) && is_panic)
}

/// Whether a function is the core library's, or a piece that the compiler has taken out of several functions.
fn is_of_core(name: &str) -> bool {
    let name = name.trim_start_matches('<');
    ["core::", "usize as core::", "OUTLINED_FUNCTION_"].iter().any(|start| name.starts_with(start))
}
