//! Which implementation of P-256 an image has, read from its symbols.

#[cfg(test)]
mod tests;

use std::fmt;

use anyhow::{Result, bail, ensure};
use object::read::elf::ElfFile32;
use object::{Object, ObjectSection, ObjectSymbol};

/// An implementation of P-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    /// RustCrypto's.
    Portable,
    /// The Cortex-M4's assembly.
    Assembly,
}

impl Curve {
    /// The one that boards with a processor of this target have.
    pub(crate) fn of_boards(target: &str) -> Self {
        if target == "thumbv6m-none-eabi" { Self::Portable } else { Self::Assembly }
    }

    /// What Cargo is told in the firmware's folder when it builds an image that has it.
    pub(crate) const fn options(self) -> &'static [&'static str] {
        match self {
            Self::Portable => &[],
            Self::Assembly => &["--config", "assembly.toml"],
        }
    }

    /// Reads an image.
    ///
    /// # Errors
    /// If it has both or none, or points from which a secret chooses lie anywhere but in RAM: time could tell which one
    /// it was, if the flash has a cache before it.
    pub(crate) fn of(elf: &[u8]) -> Result<Self> {
        let file = ElfFile32::<object::Endianness>::parse(elf)?;
        let mut symbols = Vec::new();
        for symbol in file.symbols() {
            let name = format!("{:#}", rustc_demangle::demangle(symbol.name()?));
            let section = symbol.section_index().and_then(|index| file.section_by_index(index).ok());
            let section = section.map(|section| section.name().map(str::to_owned)).transpose()?;
            symbols.push((name, section.unwrap_or_default()));
        }
        Self::among(&symbols)
    }

    /// Decides by symbols and the sections that they lie in.
    fn among(symbols: &[(String, String)]) -> Result<Self> {
        let is_portable = |name: &str| PORTABLE.iter().any(|part| name.contains(part));
        let portable: Vec<_> = symbols.iter().map(|(name, _)| name.as_str()).filter(|name| is_portable(name)).collect();
        let points = symbols.iter().find(|(name, _)| name.contains(POINTS));
        match (points, portable.as_slice()) {
            (Some((_, section)), []) => {
                ensure!(section == ".data", "{POINTS} lies in {section}");
                Ok(Self::Assembly)
            }
            (None, [_, ..]) => Ok(Self::Portable),
            (None, []) => bail!("there is no curve in the image"),
            (Some(_), portable) => {
                bail!("the portable curve is in the image with assembly, too: {}", portable.join(", "))
            }
        }
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Portable => "portable",
            Self::Assembly => "assembly",
        })
    }
}

/// Multiples of the generator, of which a secret decides which one is read.
const POINTS: &str = "P256_BASEPOINT_PRECOMP2";
/// Crates of RustCrypto's curve.
const PORTABLE: [&str; 5] = ["p256::", "primeorder::", "primefield::", "elliptic_curve::", "crypto_bigint::"];
