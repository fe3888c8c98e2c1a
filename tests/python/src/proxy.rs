//! A man in the middle who changes one bit.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

/// Whose report is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The app's.
    App,
    /// The fob's.
    Fob,
}

/// Which bit is changed.
#[derive(Clone, Copy, Debug)]
pub struct Flip {
    /// Whose report.
    pub side: Side,
    /// The report's number, from 0.
    pub report: usize,
    /// The byte of the report.
    pub byte: usize,
}

/// A way to a fob for one connection, on which a bit is changed.
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
}

impl Proxy {
    /// Listens in front of a fob.
    ///
    /// # Panics
    /// If it can't.
    #[must_use]
    pub fn new(fob: SocketAddr, flip: Flip) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (app, _) = listener.accept()?;
            let fob = TcpStream::connect(fob)?;
            let (from_app, from_fob) = (app.try_clone()?, fob.try_clone()?);
            thread::spawn(move || forward(from_app, fob, flip, Side::App));
            forward(from_fob, app, flip, Side::Fob)
        });
        Self { address }
    }
}

/// Forwards reports until either end closes.
fn forward(mut from: TcpStream, mut to: TcpStream, flip: Flip, side: Side) -> std::io::Result<()> {
    let mut report = [0; 64];
    let mut number = 0;
    while from.read_exact(&mut report).is_ok() {
        if flip.side == side && flip.report == number {
            report[flip.byte] ^= 1;
        }
        number += 1;
        if to.write_all(&report).is_err() {
            break;
        }
    }
    to.shutdown(Shutdown::Both)
}
