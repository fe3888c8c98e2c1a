//! What an image takes.

use std::fmt;

use anyhow::{Context, Result, bail};
use object::read::elf::ElfFile32;
use object::{Object, ObjectSymbol};

use crate::curve::Curve;
use crate::footprint::Footprint;

/// What an image takes of a board, in bytes.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) footprint: Footprint,
    /// The room that its stack has.
    pub(crate) stack: u64,
    pub(crate) curve: Curve,
}

impl Image {
    /// Reads an ELF file.
    ///
    /// # Errors
    /// If it isn't a firmware's, has a heap, or more than one curve.
    pub(crate) fn read(elf: &[u8]) -> Result<Self> {
        let footprint = Footprint::read(elf)?;
        footprint.refuse_strangers()?;
        let file = ElfFile32::<object::Endianness>::parse(elf)?;
        let address = |name: &str| {
            let symbol = file.symbols().find(|symbol| symbol.name() == Ok(name));
            symbol.map(|symbol| symbol.address()).with_context(|| format!("the image doesn't say where {name} is"))
        };
        let (start, end) = (address("_stack_start")?, address("_stack_end")?);
        let Some(stack) = start.checked_sub(end).filter(|stack| *stack > 0) else { bail!("the stack has no room") };
        Ok(Self { footprint, stack, curve: Curve::of(elf)? })
    }

    /// What is more than it may be.
    pub(crate) fn over(&self, flash: u64, ram: u64) -> Vec<String> {
        let Footprint { flash: of_flash, ram: of_ram, .. } = self.footprint;
        [("flash", of_flash, flash), ("RAM", of_ram, ram)]
            .into_iter()
            .filter(|(_, taken, most)| taken > most)
            .map(|(what, taken, most)| format!("{taken} bytes of {what}; it may be {most}"))
            .collect()
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Footprint { flash, ram, formatting, .. } = &self.footprint;
        writeln!(f, "flash                {flash:>9} bytes of {}", super::FLASH)?;
        writeln!(f, "static RAM           {ram:>9} bytes of {}", super::RAM)?;
        writeln!(f, "room of the stack    {:>9} bytes", self.stack)?;
        writeln!(f, "formatting code      {formatting:>9} bytes")?;
        write!(f, "P-256                {:>9}", self.curve)
    }
}
