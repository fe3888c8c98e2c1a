//! The kinds of signed things and what binds them. `docs/spec.md`, §7.

use keyfob_wire::{PartitionId, Serial};

/// What a signed thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A key's role, by its issuer.
    Certificate = 1,
    /// A blank token's wish to be certified.
    BirthRequest = 2,
    /// A token's wish to be endorsed by a vendor.
    EnrolmentRequest = 3,
    /// A vendor's word for a partition's keys.
    Endorsement = 4,
    /// A change of a partition's licences.
    Update = 5,
    /// The terms of a product on one token.
    Grant = 6,
    /// A token's word on the updates it applied.
    Receipt = 7,
    /// It is at least this late.
    Time = 8,
    /// A token's word on the state of a partition.
    Snapshot = 9,
    /// A token's decision, for others to see.
    Proof = 10,
    /// A vendor's order to take its partition away.
    Wipe = 11,
    /// A vendor's new root.
    RootChange = 12,
}

impl Kind {
    pub(crate) const fn number(self) -> u8 {
        self as u8
    }
}

/// What a kind is bound to besides its signer: nothing, a token, or a partition of a token.
pub trait Binding {
    /// The serial and the partition id that enter `external_aad`.
    fn parts(&self) -> (Option<Serial>, Option<PartitionId>);
}

impl Binding for () {
    fn parts(&self) -> (Option<Serial>, Option<PartitionId>) {
        (None, None)
    }
}

impl Binding for Serial {
    fn parts(&self) -> (Option<Serial>, Option<PartitionId>) {
        (Some(*self), None)
    }
}

impl Binding for (Serial, PartitionId) {
    fn parts(&self) -> (Option<Serial>, Option<PartitionId>) {
        (Some(self.0), Some(self.1))
    }
}
