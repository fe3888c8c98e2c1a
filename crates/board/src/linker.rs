//! The linker's memory map.

use std::fmt::Write as _;

use crate::board::{Board, Chip};

/// The size of the RP2040's second boot stage (RP2040 datasheet §2.8.1.3).
const BOOT2: u32 = 0x100;

/// The RP2350's boot ROM looks for the image's definition in its first 4 KiB (RP2350 datasheet §5.9.5), so it stands
/// behind the vector table; a second block ends the loop of blocks.
const BLOCKS: &str = "
SECTIONS {
    .start_block : ALIGN(4) { __start_block_addr = .; KEEP(*(.start_block)); KEEP(*(.boot_info)); } > FLASH
} INSERT AFTER .vector_table;
_stext = ADDR(.start_block) + SIZEOF(.start_block);
SECTIONS {
    .end_block : ALIGN(4) { __end_block_addr = .; KEEP(*(.end_block)); } > FLASH
} INSERT AFTER .uninit;
PROVIDE(start_to_end = __end_block_addr - __start_block_addr);
PROVIDE(end_to_start = __start_block_addr - __end_block_addr);
";

impl Board {
    /// Writes `memory.x` for cortex-m-rt: the image's part of the flash, and RAM above the stack.
    #[must_use]
    pub fn memory_x(&self) -> String {
        let (mut start, mut size) = (self.flash.base + self.flash.image.start, self.flash.image.size);
        let mut script = String::from("MEMORY {\n");
        let mut region = |name: &str, origin: u32, length: u32| {
            let _always = writeln!(script, "    {name:<5} : ORIGIN = {origin:#010x}, LENGTH = {length:#x}");
        };
        if self.chip == Chip::RP2040 {
            region("BOOT2", start, BOOT2);
            (start, size) = (start + BOOT2, size - BOOT2);
        }
        region("FLASH", start, size);
        let ram = self.ram;
        region("STACK", ram.base, ram.stack);
        region("RAM", ram.base + ram.stack, ram.size - ram.stack);
        script.push_str("}\n_stack_start = ORIGIN(STACK) + LENGTH(STACK);\n_stack_end = ORIGIN(STACK);\n");
        if self.chip == Chip::RP2350 {
            script.push_str(BLOCKS);
        }
        script
    }
}
