//! Which chip a block is for.

/// A family id, as in `uf2families.json` of the format's repository.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Family(pub u32);

impl Family {
    /// RP2040.
    pub const RP2040: Self = Self(0xe48b_ff56);
    /// RP2350: to be written as it is, whatever partitions there are.
    pub const ABSOLUTE: Self = Self(0xe48b_ff57);
    /// RP2350, for its Arm cores, booted in the secure state.
    pub const RP2350_ARM_S: Self = Self(0xe48b_ff59);
    /// nRF52840.
    pub const NRF52840: Self = Self(0xada5_2840);

    /// Whether its files begin with the block that erratum RP2350-E10 asks for.
    #[must_use]
    pub const fn needs_absolute_block(self) -> bool {
        matches!(self, Self::RP2350_ARM_S)
    }
}
