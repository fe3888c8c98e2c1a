//! Fobs for the client in Python that is written from `docs/spec.md` alone.
#![cfg(unix)]

mod cast;
mod proxy;
mod python;

pub use cast::{COUNTED, Cast, EXPIRED, LABEL, LATER, PLAIN, PRODUCTS, SECRET, SPENT, UNITS};
pub use proxy::{Flip, Proxy, Side};
pub use python::{Finished, Python};
