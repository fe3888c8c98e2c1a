//! The whole story.
fn main() {}
