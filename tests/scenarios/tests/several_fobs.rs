//! Several fobs at once: an app takes the only one that carries its vendor.

#![cfg(unix)]

use std::io;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread;
use std::time::Duration;

use keyfob::{Client, Connect, Error, Serial, TokenUri};
use keyfob_conformance::{Bench, Failure, Fob, Rig};
use keyfob_emulator::{Emulator, Listen, Server};

/// A fob at an address.
#[derive(Clone)]
struct Address(TokenUri);

impl Fob for Address {
    fn way(&self) -> Box<dyn Connect> {
        Box::new(self.0.clone())
    }
}

impl Rig for Address {
    fn fob(&mut self) -> Result<Box<dyn Fob>, Failure> {
        Ok(Box::new(self.clone()))
    }
}

/// Plugs an emulated fob in. It goes with the process.
fn plug(socket: &Path) -> TokenUri {
    let server = Server::bind(&Listen::Unix(socket.to_owned()), Emulator::builder().start().unwrap()).unwrap();
    thread::spawn(|| server.run().is_ok());
    TokenUri::Unix(socket.to_owned())
}

fn open(app: &[u8], tokens: &[&TokenUri]) -> Result<Serial, Error> {
    let tokens = tokens.iter().map(|&token| token.clone());
    Client::builder(app).among(tokens).accept_emulated().timeout(Duration::from_millis(500)).open()?.serial()
}

#[test]
fn the_only_one_of_its_vendor_is_taken() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let socket = |name: &str| folder.path().join(name);
    let (mine, other, blank) = (plug(&socket("mine")), plug(&socket("other")), plug(&socket("blank")));
    let gone = TokenUri::Unix(socket("gone"));
    let _silent = UnixListener::bind(socket("silent"))?;
    let silent = TokenUri::Unix(socket("silent"));
    let (bench, stranger) = (Bench::new(Address(mine.clone())).unwrap(), Bench::new(Address(other.clone())).unwrap());
    let code = |error: Error| error.code();

    for tokens in [[&mine, &other, &blank, &gone, &silent], [&silent, &gone, &blank, &other, &mine]] {
        assert_eq!(open(&bench.app, &tokens).map_err(code), Ok(bench.serial()));
        assert_eq!(open(&stranger.app, &tokens).map_err(code), Ok(stranger.serial()));
    }
    assert_eq!(open(&bench.app, &[&other, &blank, &gone]).map_err(code), Err("unknown-vendor"));
    assert_eq!(open(&bench.app, &[&blank, &gone]).map_err(code), Err("not-ready"));
    assert_eq!(open(&bench.app, &[&gone]).map_err(code), Err("no-token"));
    assert_eq!(open(&bench.app, &[]).map_err(code), Err("no-token"));
    // Not even if the two were the same fob twice.
    assert_eq!(open(&bench.app, &[&mine, &other, &mine]).map_err(code), Err("several-tokens"));

    // Those that weren't taken gave their places back.
    let mut guest = bench.guest().unwrap();
    assert_eq!(guest.info().unwrap().sessions, 1);
    Ok(())
}
