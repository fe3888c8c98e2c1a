//! From a blank fob to an app that works.

use anyhow::{Result, ensure};
use keyfob::{Units, Verdict};

use crate::cast::{Cast, EXPORT, EXPORTS, SECRET, SOLVE, TODAY, certify, enrol, guest};
use crate::stage::Stage;

pub(crate) fn tell(stage: &mut Stage, cast: &mut Cast) -> Result<()> {
    let counter = &cast.counter.clone();
    let wire = cast.fob.wire.clone();

    stage.chapter("The fob is made");
    let root = cast.maker.root();
    stage.holds("the maker has its keys", true, format!("the published test maker, root {}", short(&root.0.0)));
    stage.holds("the vendor makes its keys", true, format!("root {}", short(&cast.vendor.root().0.0)));
    let maker = &cast.maker;
    stage.step(counter, "a blank fob is born and certified", || certify(maker, &wire), |serial| format!("{serial}"))?;
    let vendor = &cast.vendor;
    let record = stage.step(
        counter,
        "the vendor enrols it",
        || enrol(vendor, &wire),
        |record| format!("endorsed {} as an emulated fob", record.serial),
    )?;
    cast.record = Some(record);

    stage.chapter("A licence is sold");
    let issued = stage.step(
        counter,
        "the vendor signs a licence",
        || cast.issue(&cast.licence()),
        |issued| format!("an update file of {} bytes: 5 exports, a key, Solve until 1 Jan 2027", issued.file.len()),
    )?;
    cast.record = Some(issued.record);
    cast.update = issued.file;
    let update = &cast.update;
    stage.step(
        counter,
        "the customer applies the file",
        || Ok(guest(&wire)?.apply(update)?),
        |(epoch, number)| format!("update {epoch}.{number}"),
    )?;

    stage.chapter("An app uses it");
    let client = stage.step(
        counter,
        "the app opens a session",
        || Ok(cast.app_at(&wire, TODAY)?),
        |_| "INIT, the handshake with both certificates, login".to_owned(),
    )?;
    let export = client.login(EXPORT)?;
    let solve = client.login(SOLVE)?;
    let allowed = |verdict: Verdict| match verdict {
        Verdict::Full(details) => Ok(details),
        Verdict::Denied(refusal) => Err(anyhow::anyhow!("denied: {}", refusal.status.slug())),
    };
    stage.step(
        counter,
        "checks Export",
        || allowed(export.check()?),
        |details| format!("allowed, {} left", details.remaining.unwrap_or_default()),
    )?;
    stage.step(counter, "checks Solve", || allowed(solve.check()?), |_| "allowed until 1 Jan 2027".to_owned())?;
    stage.step(
        counter,
        "spends 2 exports",
        || Ok(export.spend(Units(2))?),
        |spent| format!("{} of {EXPORTS} left", spent.remaining),
    )?;
    let sealed = &cast.sealed;
    let unlock = || {
        let secret = export.unlock(sealed)?;
        ensure!(secret.expose() == SECRET, "the secret is another");
        Ok(secret.expose().len())
    };
    stage
        .step(counter, "unlocks what it can't work without", unlock, |length| format!("a secret of {length} bytes"))?;

    stage.chapter("The fob is pulled out and plugged in again");
    cast.fob.unplug()?;
    stage.refusal(counter, "nothing can be asked meanwhile", "token-unreachable", || export.check());
    cast.fob.plug_in()?;
    stage.step(
        counter,
        "the app goes on in a new session of its own accord",
        || allowed(export.check()?),
        |_| "allowed".to_owned(),
    )?;
    let nothing_lost = || {
        let left = export.counter()?;
        ensure!(left.remaining == Units(3) && left.spend_serial == 1, "{left:?}");
        ensure!(export.unlock(sealed)?.expose() == SECRET, "the secret is another");
        Ok(left)
    };
    stage.step(counter, "nothing was lost", nothing_lost, |left| format!("{} of {EXPORTS} left", left.remaining))?;
    Ok(())
}

/// The first bytes of a key, to tell it from others.
fn short(key: &[u8; 33]) -> String {
    key[1..5].iter().map(|byte| format!("{byte:02x}")).collect::<String>() + "…"
}
