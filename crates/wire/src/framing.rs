//! Messages as reports, and reports as messages. Spec §2.

mod assembler;
mod sender;

pub use assembler::{Assembler, Assembly, MESSAGE_TIME_OUT};
pub use sender::{Fragments, Sender};

#[cfg(test)]
mod tests;
