//! What the commands share: global flags, errors in three lines, exit codes.
//!
//! A command is a `clap` parser with [`Global`] in it, handed to [`run`]. It prints by [`Global::print`], which knows
//! of `--json`, says things by [`Global::note`], and fails with a [`Failure`]. `docs/errors.md` has a section for
//! each code and the table of exit codes.

mod exit;
mod failure;
mod file;
mod global;
mod plain;
mod print;
mod run;
mod text;

pub use exit::Exit;
pub use failure::Failure;
pub use file::{MAX_INPUT, Privacy, read, read_up_to, write_new};
pub use global::{Color, Global, duration};
pub use plain::plain;
pub use run::run;
pub use text::{TEXTS, text};
