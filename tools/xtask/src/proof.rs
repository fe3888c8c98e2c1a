//! Whether a check could be made at all.

/// Tells what a check found, or that this machine couldn't make it.
///
/// A check that was made and failed is an `Err` beside this type, never a `NotProven`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Proof<T = ()> {
    /// The check was made.
    Proven(T),
    /// The machine lacks what the check needs; the text says what.
    NotProven(String),
}

impl<T> Proof<T> {
    /// Prints the lack so that nobody misses it, and forgets the finding.
    pub(crate) fn announce(self) -> Proof {
        match self {
            Proof::Proven(_) => Proof::Proven(()),
            Proof::NotProven(lack) => {
                println!("\n!!! NOT PROVEN: {lack}\n");
                Proof::NotProven(lack)
            }
        }
    }
}
