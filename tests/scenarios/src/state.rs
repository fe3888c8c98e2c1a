//! What can be seen of a fob's state.

use keyfob::{Guest, Licensed, Partition};
use keyfob_conformance::{Bench, Desk};
use keyfob_emulator::Emulator;
use keyfob_issuing::read_receipt;

/// What a vendor's licences on a fob are, by the list, the signed receipt and the flash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    partitions: Vec<Partition>,
    listed: Vec<Licensed>,
    /// Epoch, number, digest and mark, and each counter with what is left and its spends.
    receipt: String,
    /// Bytes programmed.
    programmed: u64,
    erases: u64,
}

impl State {
    /// Looks at a fob.
    ///
    /// # Panics
    /// If the fob doesn't say.
    #[must_use]
    pub fn of(bench: &Bench, desk: &Desk<Emulator>) -> Self {
        let statistics = desk.with(|emulator| emulator.flash_statistics());
        let mut guest: Guest = bench.guest().expect("a guest is let in");
        let nonce = [7; 16];
        let proven = guest.receipt(bench.vendor.root(), &nonce).expect("a receipt");
        let receipt = read_receipt(bench.vendor.root(), &bench.record, &nonce, &proven.receipt).expect("genuine");
        let counters: Vec<_> = receipt.counters.iter().collect();
        Self {
            partitions: guest.info().expect("the fob's partitions").partitions,
            listed: guest.list(bench.vendor.root()).expect("the fob's list"),
            receipt: format!(
                "{}.{} {:?} {:?} {counters:?}",
                receipt.epoch, receipt.number, receipt.last_update, receipt.mark
            ),
            programmed: statistics.programmed,
            erases: statistics.erases,
        }
    }

    /// The licences alone, whatever was written.
    #[must_use]
    pub fn without_flash(self) -> Self {
        Self { programmed: 0, erases: 0, ..self }
    }
}
