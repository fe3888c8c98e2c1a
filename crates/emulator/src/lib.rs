//! The token on a simulated flash and clock.
