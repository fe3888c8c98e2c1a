//! The targets.

mod bodies;
mod framing;
mod payloads;

use crate::Target;

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "framing_token", run: framing::token, seeds: framing::token_seeds },
    Target { name: "framing_host", run: framing::host, seeds: framing::host_seeds },
    Target { name: "cbor_bodies", run: bodies::run, seeds: bodies::seeds },
    Target { name: "payloads", run: payloads::run, seeds: payloads::seeds },
];
