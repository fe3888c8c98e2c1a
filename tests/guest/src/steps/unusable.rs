//! What `keyfob doctor` says of what lies above the bus: who claims the fob, whose it is.

use std::process::Command;

use anyhow::{Context, Result, anyhow, ensure};
use keyfob::{Connect, ProductId, TokenUri};
use keyfob_conformance::Bench;
use keyfob_issuing::OsEntropy;
use keyfob_signed::Rights;
use keyfob_wire::Subject;
use serde_json::Value;

use super::Guest;
use crate::rig::{By, One, REAL};
use crate::system::without_driver;

const CREDENTIAL: &str = "/tmp/doctor.credential";
const STRANGER: &str = "/tmp/stranger.credential";

/// The first step that fails and its code, and how the command ends.
type Said<'a> = (Option<&'a str>, Option<&'a str>, i32);

/// A licensed fob is fine; for another vendor's app, for one that wants a real fob, and while another program has
/// claimed it, it isn't.
pub(super) fn run(guest: &mut Guest) -> Result<String> {
    let fob = guest.fobs[REAL].clone();
    let bench = Bench::new(One::erased(&fob, By::Hid)?).map_err(|failure| anyhow!("{failure:?}"))?;
    std::fs::write(CREDENTIAL, &bench.app)?;
    let stranger = bench.stranger.app(Subject(*b"stranger"), ProductId(0), Rights::ALL, &mut OsEntropy)?;
    std::fs::write(STRANGER, stranger)?;
    let token = fob.uri()?.to_string();
    let app = ["--accept-emulated", "--app", CREDENTIAL, "--feature", "42"];
    ask(&token, &app, (None, None, 0))?;
    ask(&token, &["--accept-emulated", "--app", STRANGER], (Some("vendor"), Some("unknown-vendor"), 3))?;
    ask(&token, &[], (Some("genuine"), Some("emulated-token"), 8))?;

    without_driver(|| {
        let token = format!("usb:{}", fob.place.0);
        let claimed = token.parse::<TokenUri>()?.connect()?;
        ask(&token, &app, (Some("driver"), Some("device-busy"), 7))?;
        drop(claimed);
        ask(&token, &app, (None, None, 0))
    })?;
    Ok("another vendor, an emulated one, one in use, and twice nothing".into())
}

fn ask(token: &str, arguments: &[&str], expected: Said<'_>) -> Result<()> {
    let mut command = Command::new("/bin/keyfob");
    command.args(["doctor", "--json", "--timeout", "3s", "--token", token]).args(arguments);
    let output = command.output().context("can't start keyfob")?;
    let document: Value =
        serde_json::from_slice(&output.stdout).with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    let said = (document["first"].as_str(), document["code"].as_str(), output.status.code().unwrap_or(-1));
    ensure!(said == expected, "{token} {arguments:?}: {said:?} instead of {expected:?}: {document}");
    Ok(())
}
