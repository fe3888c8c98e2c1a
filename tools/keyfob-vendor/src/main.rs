//! The command that signs.
fn main() {}
