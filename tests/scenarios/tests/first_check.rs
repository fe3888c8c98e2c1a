//! The example that app developers begin with, on a fob that listens.

#![cfg(unix)]

use std::io;
use std::thread;

use keyfob::{Connect, TokenUri, Units};
use keyfob_conformance::{Bench, Failure, Fob, Rig};
use keyfob_emulator::{Emulator, Listen, Server};

#[path = "../../../host/keyfob/examples/first_check.rs"]
#[allow(dead_code, reason = "its main reads the environment")]
mod first_check;

/// A fob at an address, of which nothing else is known.
struct Address(TokenUri);

impl Fob for Address {
    fn way(&self) -> Box<dyn Connect> {
        Box::new(self.0.clone())
    }
}

impl Rig for Address {
    fn fob(&mut self) -> Result<Box<dyn Fob>, Failure> {
        Ok(Box::new(Self(self.0.clone())))
    }
}

#[test]
fn an_apps_first_program() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let server =
        Server::bind(&Listen::Unix(folder.path().join("fob.sock")), Emulator::builder().start().unwrap()).unwrap();
    let (token, handle) = (server.local_address().to_string(), server.handle());
    let running = thread::spawn(|| server.run().is_ok());
    let mut bench = Bench::new(Address(token.parse().unwrap())).unwrap();

    let ask = |bench: &Bench| first_check::export(&bench.app, &token).map_err(|error| error.code());
    bench.set_counter(2).unwrap();
    assert_eq!(ask(&bench), Ok(Units(1)));
    assert_eq!(ask(&bench), Ok(Units(0)));
    assert_eq!(ask(&bench), Err("counter-exhausted"));
    bench.set_counter(1).unwrap();
    assert_eq!(ask(&bench), Ok(Units(0)));

    drop(bench);
    handle.stop();
    assert!(running.join().unwrap());
    assert_eq!(first_check::export(&[], &token).map_err(|error| error.code()), Err("app-credential"));
    Ok(())
}
