//! How a computer has the fob over USB.

use std::net::{IpAddr, SocketAddr};

use clap::Args;
use keyfob_emulator::{Listen, Server, UhidError};
use keyfob_terminal::{Exit, Failure, Global};

use super::{failed, place};

#[derive(Args)]
#[group(multiple = false)]
pub(super) struct Bus {
    /// Be a USB device of a QEMU guest: where its usb-redir connects to, unix:PATH or tcp:ADDRESS:PORT
    ///
    /// Programs outside the guest reach the fob only if --listen is given.
    #[arg(long, value_name = "WHERE")]
    usbredir: Option<String>,
    /// Be a USB device for `usbip attach -r ADDRESS -b 1-1`; 127.0.0.1:3240 if no address is said
    ///
    /// Whoever reaches the address has the fob: USB/IP knows no passwords. Programs of this machine reach it only once
    /// it is attached, or if --listen is given.
    #[arg(long, value_name = "ADDRESS:PORT", num_args = 0..=1, default_missing_value = "127.0.0.1:3240")]
    usbip: Option<String>,
    /// Be a HID device of this machine, by Linux's /dev/uhid
    ///
    /// There is no USB around it: programs that look for USB devices don't see it. Over a socket it is reached only if
    /// --listen is given.
    #[arg(long)]
    uhid: bool,
}

/// The port of USB/IP.
const PORT: u16 = 3240;

/// A way that was chosen.
pub(super) enum Way {
    UsbRedir(Listen),
    UsbIp(SocketAddr),
    Uhid,
}

impl Bus {
    /// The way that was chosen, if one was.
    pub(super) fn way(&self) -> Result<Option<Way>, Failure> {
        Ok(match (&self.usbredir, &self.usbip) {
            (Some(listen), _) => Some(Way::UsbRedir(place(listen)?)),
            (None, Some(address)) => Some(Way::UsbIp(socket_address(address)?)),
            (None, None) => self.uhid.then_some(Way::Uhid),
        })
    }
}

impl Way {
    pub(super) fn attach(&self, server: Server) -> Result<Server, Failure> {
        match self {
            Self::UsbRedir(listen) => server.with_usbredir(listen).map_err(failed),
            Self::UsbIp(address) => server.with_usbip(*address).map_err(failed),
            Self::Uhid => server.with_uhid().map_err(no_uhid),
        }
    }

    /// Says what else follows from the choice.
    pub(super) fn warn(&self, global: &Global) {
        if let Self::UsbIp(address) = self
            && !address.ip().is_loopback()
        {
            global.warn(format_args!(
                "USB/IP knows no passwords: everybody who reaches {address} over the network has this fob"
            ));
        }
    }
}

fn socket_address(text: &str) -> Result<SocketAddr, Failure> {
    let without_port = || text.parse().map(|address: IpAddr| SocketAddr::new(address, PORT));
    let wrong = |_| Failure::usage(format_args!("--usbip {text}: not an address and a port, such as 127.0.0.1:{PORT}"));
    text.parse().or_else(|_| without_port()).map_err(wrong)
}

fn no_uhid(error: UhidError) -> Failure {
    let code = match error {
        UhidError::Missing => "uhid-missing",
        UhidError::Permission => "uhid-permission",
        _ => "emulator-failed",
    };
    Failure::new(code, Exit::Failure, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_leave_the_port_out_but_nothing_else() {
        let read = |text: &str| socket_address(text).ok().map(|address| address.to_string());
        assert_eq!(read("127.0.0.1:3241").as_deref(), Some("127.0.0.1:3241"));
        assert_eq!(read("0.0.0.0").as_deref(), Some("0.0.0.0:3240"));
        assert_eq!(read("::1").as_deref(), Some("[::1]:3240"));
        assert_eq!(read("[::1]:7").as_deref(), Some("[::1]:7"));
        for wrong in ["", "3240", ":3240", "localhost", "127.0.0.1:", "127.0.0.1:70000", "tcp:127.0.0.1:3240"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
