//! Talks to Keyfob licensing tokens.
