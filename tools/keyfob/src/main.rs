//! The command that everybody has.
fn main() {}
