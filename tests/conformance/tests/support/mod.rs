//! What is wrong on purpose.

pub(crate) mod token;
pub(crate) mod wire;
