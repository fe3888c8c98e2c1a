//! The branches of a linked image that lead to a panic.
//!
//! A panic is a branch to one of the core library's functions for it. Every branch of the linked image is looked at, so
//! that what the optimiser has taken out doesn't count, and nothing else is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use anyhow::Result;
use object::read::elf::ElfFile32;
use object::{Object, ObjectSection, ObjectSymbol, SectionKind};

/// By name, how many branches a function has to each panic, and jumps to these branches: checks that panic alike share
/// one. Functions of one name are one.
pub(crate) type Reached = BTreeMap<String, usize>;

/// The functions that branch to a panic.
///
/// # Errors
/// If the image can't be read.
pub(crate) fn callers(elf: &[u8]) -> Result<BTreeMap<String, Reached>> {
    let code = Code::read(elf)?;
    let panics = code.panics();
    let mut callers = BTreeMap::<String, Reached>::new();
    let mut before = 0;
    for Branch { address, caller, callee } in &code.branches {
        // What lies before it, back to the branch before.
        let start = address.saturating_sub(BEFORE).max(before);
        before = address + 4;
        if panics.contains(callee) && !panics.contains(caller) {
            let ways = 1 + code.jumps_to(*caller, start..=*address);
            for panic in code.named(*callee, &panics) {
                *callers.entry(code.name(*caller).to_owned()).or_default().entry(panic.to_owned()).or_default() += ways;
            }
        }
    }
    Ok(callers)
}

/// An image's functions and branches, both by address.
struct Code {
    /// A function's size and name.
    functions: BTreeMap<u64, (u64, String)>,
    /// From one function to another.
    branches: Vec<Branch>,
    /// By function, where its jumps within itself go.
    jumps: BTreeMap<u64, Vec<u64>>,
}

/// A branch to a function's beginning.
struct Branch {
    address: u64,
    caller: u64,
    callee: u64,
}

impl Code {
    fn read(elf: &[u8]) -> Result<Self> {
        let file = ElfFile32::<object::Endianness>::parse(elf)?;
        let mut code = Self { functions: BTreeMap::new(), branches: Vec::new(), jumps: BTreeMap::new() };
        for symbol in
            file.symbols().filter(|symbol| symbol.is_definition() && symbol.kind() == object::SymbolKind::Text)
        {
            let name = format!("{:#}", rustc_demangle::demangle(symbol.name()?));
            code.functions.insert(symbol.address() & !1, (symbol.size(), name));
        }
        for section in file.sections().filter(|section| section.kind() == SectionKind::Text) {
            let bytes = section.data()?;
            for (offset, pair) in (0..).step_by(2).zip(bytes.windows(4).step_by(2)) {
                code.take(section.address() + offset, pair);
            }
        }
        Ok(code)
    }

    /// Takes an instruction's branch, if it is one. That of a 32-bit instruction's second half, read as one of 16 bits,
    /// would be a jump more: what is counted is the same for the same code.
    fn take(&mut self, address: u64, pair: &[u8]) {
        let Some(caller) = self.function_at(address) else { return };
        if let Some(target) = branch(address, pair)
            && let Some(callee) = self.function_at(target)
            && callee == target
            && caller != callee
        {
            self.branches.push(Branch { address, caller, callee });
        }
        let target = jump(address, pair).or_else(|| branch(address, pair));
        if let Some(target) = target.filter(|target| self.function_at(*target) == Some(caller)) {
            self.jumps.entry(caller).or_default().push(target);
        }
    }

    /// How many jumps of a function go to a place within it.
    fn jumps_to(&self, function: u64, place: RangeInclusive<u64>) -> usize {
        let jumps = self.jumps.get(&function).map_or(&[][..], Vec::as_slice);
        jumps.iter().filter(|target| place.contains(target)).count()
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
            let callers =
                self.branches.iter().filter(|branch| panics.contains(&branch.callee)).map(|branch| branch.caller);
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
        let callees =
            self.branches.iter().filter(|branch| branch.caller == function && panics.contains(&branch.callee));
        callees.flat_map(|branch| self.named(branch.callee, panics)).collect()
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

/// Where a branch of 16 bits goes, or one of 32 with a condition (Armv7-M architecture reference manual, A7.7.12 and
/// A7.7.21).
pub(crate) fn jump(address: u64, bytes: &[u8]) -> Option<u64> {
    let &[a, b, c, d] = bytes else { return None };
    let (high, low) = (u32::from(u16::from_le_bytes([a, b])), u32::from(u16::from_le_bytes([c, d])));
    // A number of so many bits with its sign.
    let signed = |bits: u32, count: u32| i64::from((bits << (32 - count)) as i32 >> (32 - count));
    let offset = match high {
        0xd000..=0xddff => signed((high & 0xff) << 1, 9),
        0xe000..=0xe7ff => signed((high & 0x7ff) << 1, 12),
        _ if high & 0xf500 == 0xb100 => i64::from((high >> 9 & 1) << 6 | (high >> 3 & 0x1f) << 1),
        0xf000..=0xf7ff if low & 0xd000 == 0x8000 && high >> 7 & 7 != 7 => {
            let bits = (high >> 10 & 1) << 20 | (low >> 11 & 1) << 19 | (low >> 13 & 1) << 18;
            signed(bits | (high & 0x3f) << 12 | (low & 0x7ff) << 1, 21)
        }
        _ => return None,
    };
    address.checked_add(4)?.checked_add_signed(offset)
}

/// How far before a branch to a panic there may be what is done for it, in bytes.
const BEFORE: u64 = 8;

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
