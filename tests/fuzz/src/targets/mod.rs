//! The targets.

mod bodies;
mod certificate;
mod commands;
mod envelope;
mod flash;
mod framing;
mod handshake;
mod host;
mod payloads;
mod records;
mod reports;
mod usb_control;
mod usbip;
mod usbredir;

use crate::Target;

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "framing_token", run: framing::token, seeds: framing::token_seeds },
    Target { name: "framing_host", run: framing::host, seeds: framing::host_seeds },
    Target { name: "cbor_bodies", run: bodies::run, seeds: bodies::seeds },
    Target { name: "payloads", run: payloads::run, seeds: payloads::seeds },
    Target { name: "envelope", run: envelope::run, seeds: envelope::seeds },
    Target { name: "certificate", run: certificate::run, seeds: certificate::seeds },
    Target { name: "handshake_initiator", run: handshake::initiator, seeds: handshake::seeds },
    Target { name: "handshake_responder", run: handshake::responder, seeds: handshake::seeds },
    Target { name: "resume", run: handshake::resume, seeds: handshake::seeds },
    Target { name: "records", run: records::run, seeds: records::seeds },
    Target { name: "flash_image", run: flash::image, seeds: flash::image_seeds },
    Target { name: "flash_values", run: flash::values, seeds: flash::value_seeds },
    Target { name: "token_reports", run: reports::run, seeds: reports::seeds },
    Target { name: "token_commands", run: commands::run, seeds: commands::seeds },
    Target { name: "host_answers", run: host::run, seeds: host::seeds },
    Target { name: "usb_control", run: usb_control::run, seeds: usb_control::seeds },
    Target { name: "usbredir", run: usbredir::run, seeds: usbredir::seeds },
    Target { name: "usbip", run: usbip::run, seeds: usbip::seeds },
];
