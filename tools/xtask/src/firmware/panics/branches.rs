//! The branches of a linked image that lead to a panic.
//!
//! A panic is a branch to one of the core library's functions for it. Every branch of the linked image is looked at, so
//! that what the optimiser has taken out doesn't count, and nothing else is left out.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use object::read::elf::ElfFile32;
use object::{Object, ObjectSection, ObjectSymbol, SectionKind};

/// By name, how many branches a function has to each panic. Functions of one name are one.
pub(crate) type Reached = BTreeMap<String, usize>;

/// The functions that branch to a panic.
///
/// # Errors
/// If the image can't be read.
pub(crate) fn callers(elf: &[u8]) -> Result<BTreeMap<String, Reached>> {
    let code = Code::read(elf)?;
    let panics = code.panics();
    let mut callers = BTreeMap::<String, Reached>::new();
    for (caller, callee) in &code.branches {
        if panics.contains(callee) && !panics.contains(caller) {
            for panic in code.named(*callee, &panics) {
                *callers.entry(code.name(*caller).to_owned()).or_default().entry(panic.to_owned()).or_default() += 1;
            }
        }
    }
    Ok(callers)
}

/// An image's functions and branches, both by address.
struct Code {
    /// A function's size and name.
    functions: BTreeMap<u64, (u64, String)>,
    /// Where from and where to, as often as there are such branches.
    branches: Vec<(u64, u64)>,
}

impl Code {
    fn read(elf: &[u8]) -> Result<Self> {
        let file = ElfFile32::<object::Endianness>::parse(elf)?;
        let mut code = Self { functions: BTreeMap::new(), branches: Vec::new() };
        for symbol in
            file.symbols().filter(|symbol| symbol.is_definition() && symbol.kind() == object::SymbolKind::Text)
        {
            let name = format!("{:#}", rustc_demangle::demangle(symbol.name()?));
            code.functions.insert(symbol.address() & !1, (symbol.size(), name));
        }
        for section in file.sections().filter(|section| section.kind() == SectionKind::Text) {
            let bytes = section.data()?;
            for (offset, pair) in (0..).step_by(2).zip(bytes.windows(4).step_by(2)) {
                let address = section.address() + offset;
                let Some(target) = branch(address, pair) else { continue };
                let (Some(caller), Some(callee)) = (code.function_at(address), code.function_at(target)) else {
                    continue;
                };
                if callee == target && caller != callee {
                    code.branches.push((caller, callee));
                }
            }
        }
        Ok(code)
    }

    fn function_at(&self, address: u64) -> Option<u64> {
        let (start, (size, _)) = self.functions.range(..=address).next_back()?;
        (address < start + size).then_some(*start)
    }

    fn name(&self, function: u64) -> &str {
        self.functions.get(&function).map_or("", |(_, name)| name)
    }

    /// The functions that panic: those that are there for it, and those of the core library that do when their callers
    /// do something wrong.
    fn panics(&self) -> BTreeSet<u64> {
        let mut panics: BTreeSet<_> =
            self.functions.iter().filter(|(_, (_, name))| is_panic(name)).map(|(address, _)| *address).collect();
        loop {
            let callers = self.branches.iter().filter(|(_, callee)| panics.contains(callee)).map(|(caller, _)| *caller);
            let more: Vec<_> =
                callers.filter(|caller| !panics.contains(caller) && is_of_core(self.name(*caller))).collect();
            if more.is_empty() {
                return panics;
            }
            panics.extend(more);
        }
    }

    /// What a panicking function is called, or, of a piece that the compiler has taken out of others, what that branches
    /// to.
    fn named<'a>(&'a self, function: u64, panics: &BTreeSet<u64>) -> Vec<&'a str> {
        if !is_piece(self.name(function)) {
            return vec![self.name(function)];
        }
        let callees = self.branches.iter().filter(|(caller, callee)| *caller == function && panics.contains(callee));
        callees.flat_map(|(_, callee)| self.named(*callee, panics)).collect()
    }
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

/// Whether a function is the core library's, or a piece.
fn is_of_core(name: &str) -> bool {
    is_piece(name) || ["core::", "usize as core::"].iter().any(|start| name.trim_start_matches('<').starts_with(start))
}

/// Whether a function is a piece that the compiler has taken out of several.
fn is_piece(name: &str) -> bool {
    name.starts_with("OUTLINED_FUNCTION_")
}
