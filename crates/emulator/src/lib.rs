//! The token on a simulated flash and clock.
//!
//! [`Emulator`] is a token in a program of your own: reports go in and come out, time passes when you say so, and a
//! power cycle costs nothing. [`Fault`]s go wrong at scripted points. [`Server`] puts one behind a socket, for programs that speak to a token as they would to a
//! device.
//!
//! # Security
//! An emulated token keeps its keys in the clear and says so in its levels; it is never accepted where a real one is
//! required.

mod clock;
mod emulator;
mod entropy;
mod faults;
mod flash;
mod platform;
#[cfg(unix)]
mod server;

pub use clock::Clock;
pub use emulator::{Builder, Emulator, RestoreError};
pub use entropy::{EmulatedEntropy, Seed};
pub use faults::{
    Corruption, Direction, Fault, FaultError, FaultId, FaultStatus, FlashOperation, Interruption, Offset, ReportAction,
    ReportPoint, Script, TooManyFaults, When, duration, written_duration,
};
pub use flash::{FlashError, FlashImage, FlashStatistics, ImageError, SharedFlash};
pub use platform::{EmulatedPlatform, Light};
#[cfg(unix)]
pub use server::{
    CONTROL_SCHEMA, Control, ControlError, ControlFault, ControlRefusal, ControlRequest, ControlState, ControlUsb,
    Endpoint, Handle, Listen, ListenError, Server, ServerError, UhidError, control_path, is_controlled,
    runtime_directory, socket_path,
};
