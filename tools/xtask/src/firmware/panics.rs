//! Which functions of an image can panic.
//!
//! A panic is a branch to one of the core library's functions for it. Every branch of the linked image is looked at, so
//! that what the optimiser has taken out doesn't count, and nothing else is left out.

use std::collections::BTreeMap;
use std::fs;

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

/// The functions that can panic and mustn't.
///
/// # Errors
/// If the image or the list of what is allowed can't be read.
pub(crate) fn refused(elf: &[u8]) -> Result<Vec<String>> {
    let path = root().join("firmware/panics.toml");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let Allowed { allowed } = toml::from_str(&text).with_context(|| path.display().to_string())?;
    let found = callers(elf)?;
    let is_allowed = |name: &str| allowed.keys().any(|start| name.trim_start_matches('<').starts_with(start.as_str()));
    println!(
        "functions that panic {:>9}, {} of them ours",
        found.len(),
        found.keys().filter(|name| is_ours(name)).count()
    );
    let refused = found.iter().filter(|(name, _)| is_ours(name) || !is_allowed(name));
    Ok(refused.map(|(name, to)| format!("{name} can panic: {to}")).collect())
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
    let mut found = BTreeMap::new();
    for section in file.sections().filter(|section| section.kind() == SectionKind::Text) {
        let code = section.data()?;
        for (offset, pair) in (0..).step_by(2).zip(code.windows(4).step_by(2)) {
            let address = section.address() + offset;
            let Some(target) = branch(address, pair) else { continue };
            let (Some((from, caller)), Some((to, callee))) = (at(address), at(target)) else { continue };
            if to == target && from != to && is_panic(callee) && !is_panic(caller) {
                found.insert(caller.to_owned(), callee.to_owned());
            }
        }
    }
    Ok(found)
}

/// Where a 32-bit branch goes, with or without a link (Armv7-M architecture reference manual, A7.7.12 and A7.7.18).
fn branch(address: u64, bytes: &[u8]) -> Option<u64> {
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
    let is_core = name.starts_with("core::") || name.starts_with("<core::") || name.contains("rust_begin_unwind");
    let ends = ["_fail", "_failed", "panic_already_borrowed", "panic_already_mutably_borrowed", "assert_failed_inner"];
    is_core
        && (name.contains("panick") || name.contains("rust_begin_unwind") || ends.iter().any(|end| name.ends_with(end)))
}

/// Whether a function is the project's.
fn is_ours(name: &str) -> bool {
    name.trim_start_matches('<').starts_with("keyfob")
}
