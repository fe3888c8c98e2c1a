//! Several programs, several fobs.

use std::process::{Child, Command};

use anyhow::{Context, Result, anyhow, ensure};
use keyfob::{Client, Connect, FeatureId, TokenUri, Units};
use keyfob_conformance::{Bench, certify};
use keyfob_scenarios::TODAY;
use keyfob_wire::{ChannelId, Command as Message};
use serde_json::Value;

use super::{Guest, keyfob};
use crate::rig::{By, One, PATIENCE, REAL};

/// How often each of two programs spends.
const SPENDS: u32 = 25;
const CREDENTIAL: &str = "/tmp/app.credential";
/// The counted feature of the suite's licence.
const COUNTED: FeatureId = keyfob_conformance::COUNTED;

/// Two programs spend at the same time: nothing is lost, nothing is taken twice.
pub(super) fn two_programs(guest: &mut Guest) -> Result<String> {
    let (bench, uri) = licensed(guest)?;
    let before = left(&bench)?;
    let programs: Vec<_> = (0..2).map(|_| another(&["spend", &uri])).collect::<Result<_>>()?;
    for mut program in programs {
        ensure!(program.wait()?.success(), "a program failed");
    }
    let taken = before - left(&bench)?;
    ensure!(taken == 2 * SPENDS, "{taken} units were taken by 2 programs that spent {SPENDS} each");
    Ok(format!("{SPENDS} spends each, {taken} units taken"))
}

/// While a program is idle, others say more than the kernel keeps for it; its next answer isn't among what is lost.
pub(super) fn an_idle_program(guest: &mut Guest) -> Result<String> {
    let (bench, uri) = licensed(guest)?;
    let client = bench.client().map_err(|failure| anyhow!("{failure:?}"))?;
    let session = client.login(COUNTED)?;
    for heard in [0, 63, 64, 65, 200] {
        let mut other = keyfob_conformance::Raw::new(uri.parse::<TokenUri>()?.connect()?, PATIENCE);
        (0..heard).try_for_each(|_| other.init().map(drop)).map_err(|failure| anyhow!("{failure:?}"))?;
        let before = client.counts().sent;
        ensure!(matches!(session.check()?, keyfob::Verdict::Full(_)), "refused");
        let sent = client.counts().sent - before;
        ensure!(sent == 1, "after {heard} reports of others' a check took {sent} reports");
    }
    Ok("a check takes one report after up to 200 of others'".into())
}

/// A program dies in the middle of a message: the next one isn't kept waiting for longer than the message may take.
pub(super) fn a_program_dies(guest: &mut Guest) -> Result<String> {
    let (bench, uri) = licensed(guest)?;
    let before = left(&bench)?;
    let died = another(&["die", &uri])?.wait()?;
    ensure!(!died.success(), "the program didn't die");
    // One report isn't kept waiting at all; a long message until half a second is over.
    ensure!(another(&["spend", &uri])?.wait()?.success(), "the next program failed");
    ensure!(before - left(&bench)? == SPENDS);
    Ok("the next one goes on".into())
}

/// Every fob is found under its own serial, and is itself.
pub(super) fn eight_fobs(guest: &mut Guest) -> Result<String> {
    let maker = keyfob_issuing::Maker::test()?;
    let mut serials = Vec::new();
    for fob in &guest.fobs {
        fob.replug(crate::control::Control::erase)?;
        let patience = std::time::Duration::from_secs(5);
        let serial = certify(&maker, fob, patience).map_err(|failure| anyhow!("{failure:?}"))?;
        // Its serial is on the bus from the next time on.
        fob.restarted()?;
        serials.push(serial.to_string());
    }
    let listed: Value = serde_json::from_slice(&keyfob(&["list", "--json"])?.stdout)?;
    let fobs = listed["fobs"].as_array().context("no list")?;
    let found: Vec<_> = fobs.iter().filter_map(|fob| fob["serial"].as_str()).collect();
    ensure!(fobs.len() == serials.len(), "{} fobs are listed: {listed}", fobs.len());
    for serial in &serials {
        ensure!(found.contains(&serial.as_str()), "{serial} isn't listed: {listed}");
        let status: Value =
            serde_json::from_slice(&keyfob(&["status", "--json", "--token", &format!("hid:{serial}")])?.stdout)?;
        ensure!(status["serial"] == serial.as_str(), "{serial} says {status}");
    }
    Ok(format!("{} fobs by their serials", serials.len()))
}

/// A fob on a clock that runs, with a licence; the app's credential is in a file.
fn licensed(guest: &Guest) -> Result<(Bench, String)> {
    let fob = guest.fobs[REAL].clone();
    let bench = Bench::new(One::erased(&fob, By::Hid)?).map_err(|failure| anyhow!("{failure:?}"))?;
    std::fs::write(CREDENTIAL, &bench.app)?;
    Ok((bench, fob.uri()?.to_string()))
}

fn left(bench: &Bench) -> Result<u32> {
    let client = bench.client().map_err(|failure| anyhow!("{failure:?}"))?;
    Ok(client.login(COUNTED)?.counter()?.remaining.0)
}

/// Starts this program again, as another one.
fn another(arguments: &[&str]) -> Result<Child> {
    Command::new("/init").args(arguments).spawn().context("can't start another program")
}

/// What other programs do.
pub(super) fn act(arguments: &[String]) -> Result<()> {
    let [act, uri] = arguments else { anyhow::bail!("act and token") };
    match act.as_str() {
        "spend" => spend(uri),
        "die" => die(uri),
        other => anyhow::bail!("no such act: {other}"),
    }
}

fn spend(uri: &str) -> Result<()> {
    let credential = std::fs::read(CREDENTIAL)?;
    let client = Client::builder(&credential).token(uri).accept_emulated().time(|| TODAY).open()?;
    let session = client.login(COUNTED)?;
    for _ in 0..SPENDS {
        session.spend(Units(1))?;
    }
    Ok(())
}

/// Sends half of a long message and is gone.
fn die(uri: &str) -> Result<()> {
    let mut transport = uri.parse::<TokenUri>()?.connect()?;
    let reports = keyfob_conformance::message_reports(ChannelId(0x0102_0304), Message::Birth, &[0; 200]);
    for report in reports.iter().take(2) {
        transport.send(report)?;
    }
    std::process::abort()
}
