//! What must fail.

use anyhow::{Context, Result, ensure};
use keyfob::{Client, Error, Signed, Units, UnixTime, Verdict};
use keyfob_issuing::{OsEntropy, UpdatePlan};
use keyfob_signed::Rights;
use keyfob_wire::Subject;

use crate::cast::{CAD, Cast, EXPIRY, EXPORT, SOLVE, TODAY, certify, enrol, guest};
use crate::fob::Fob;
use crate::stage::Stage;

pub(crate) fn tell(stage: &mut Stage, cast: &mut Cast) -> Result<()> {
    stage.chapter("What must fail");
    updates(stage, cast)?;
    expiry(stage, cast)?;
    exhaustion(stage, cast)?;
    others(stage, cast)
}

fn updates(stage: &mut Stage, cast: &mut Cast) -> Result<()> {
    let counter = &cast.counter.clone();
    let wire = cast.fob.wire.clone();
    let nothing = UpdatePlan { issued: TODAY, grants: Vec::new(), steps: Vec::new() };
    let mut forged = cast.issue(&nothing)?.file;
    *forged.last_mut().context("an empty update")? ^= 1;
    stage.refusal(counter, "a forged update", "signature-invalid", || guest(&wire)?.apply(&forged));
    let replayed = &cast.update;
    stage.refusal(counter, "an update that was applied already", "update-replayed", || guest(&wire)?.apply(replayed));

    let other = Fob::new(&cast.directory, "other", counter)?;
    certify(&cast.maker, &other.wire)?;
    let record = enrol(&cast.vendor, &other.wire)?;
    let for_other = cast.vendor.issue(&record, &nothing, &mut OsEntropy)?.file;
    stage.refusal(counter, "an update for another fob", "wrong-token", || guest(&wire)?.apply(&for_other));
    Ok(())
}

fn expiry(stage: &mut Stage, cast: &mut Cast) -> Result<()> {
    let counter = &cast.counter.clone();
    let wire = cast.fob.wire.clone();
    let solve_at = |time| {
        let session = cast.app_at(&wire, time)?.login(SOLVE)?;
        allowed(session.check()?)
    };
    stage.refusal(counter, "an expired licence, by the app's time", "expired", || solve_at(EXPIRY));
    stage.step(
        counter,
        "the same a second before",
        || Ok(solve_at(UnixTime(EXPIRY.0 - 1))?),
        |()| "allowed".to_owned(),
    )?;
    let set_time = || {
        let mut guest = guest(&wire)?;
        let asked = guest.time(cast.vendor.root())?;
        let serial = guest.serial();
        let time = cast.vendor.sign_time(serial, asked.partition, asked.nonce, EXPIRY, &mut OsEntropy)?;
        Ok(guest.set_time(cast.vendor.root(), &Signed { bytes: &time, certificate: None })?)
    };
    stage.step(counter, "the vendor signs that it is 1 Jan 2027", set_time, |_| "the mark has moved".to_owned())?;
    stage.refusal(counter, "an expired licence, by signed time, the PC's clock turned back", "expired", || {
        solve_at(TODAY)
    });
    Ok(())
}

fn exhaustion(stage: &mut Stage, cast: &mut Cast) -> Result<()> {
    let counter = &cast.counter.clone();
    let wire = cast.fob.wire.clone();
    let client = cast.app_at(&wire, TODAY)?;
    let export = client.login(EXPORT)?;
    stage.refusal(counter, "4 units where 3 are left", "counter-too-low", || export.spend(Units(4)));
    stage.step(
        counter,
        "the 3 that are left",
        || Ok(export.spend(Units(3))?),
        |spent| format!("{} left", spent.remaining),
    )?;
    stage.refusal(counter, "an exhausted counter", "counter-exhausted", || export.spend(Units(1)));
    stage.refusal(counter, "a check of it", "counter-exhausted", || allowed(export.check()?));
    let unlock = || export.unlock(&cast.sealed);
    stage.refusal(counter, "the secret without a licence", "counter-exhausted", unlock);
    Ok(())
}

fn others(stage: &mut Stage, cast: &mut Cast) -> Result<()> {
    let counter = &cast.counter.clone();
    let wire = cast.fob.wire.clone();
    let open = |credential: &[u8], accept: bool| {
        let builder = Client::builder(credential).transport(&wire.name(), wire.clone());
        if accept { builder.accept_emulated().open() } else { builder.open() }
    };
    let of_other = cast.other_vendor.app(Subject([1; 8]), CAD, Rights::ALL, &mut OsEntropy)?;
    stage.refusal(counter, "an app that meets another vendor's fob", "unknown-vendor", || open(&of_other, true));
    let shipped = cast.production.app(Subject([2; 8]), CAD, Rights::ALL, &mut OsEntropy)?;
    stage.refusal(counter, "an emulated fob, to an app that pins a production root", "emulated-token", || {
        open(&shipped, false)
    });
    stage.refusal(counter, "an emulated fob, to an app that doesn't accept any", "emulated-token", || {
        open(&cast.app, false)
    });
    let fob = Fob::new(&cast.directory, "third", counter)?;
    certify(&cast.maker, &fob.wire)?;
    let refused = enrol(&cast.production, &fob.wire);
    ensure!(refused.is_err(), "a production vendor has enrolled an emulated fob");
    stage.holds("a production vendor that enrols an emulated fob", true, "refused");
    Ok(())
}

fn allowed(verdict: Verdict) -> Result<(), Error> {
    match verdict {
        Verdict::Full(_) => Ok(()),
        Verdict::Denied(refusal) => Err(refusal.into()),
    }
}
