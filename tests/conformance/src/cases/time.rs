//! Signed time. `docs/spec.md`, §7.8 and §8.4.

use keyfob::{Error, Signed, Status, UnixTime};
use keyfob_issuing::{OsEntropy, Vendor};

use crate::case::{ensure, same};
use crate::licence::{EXPIRY, START, TIMED, TODAY};
use crate::other::Other;
use crate::{Bench, Failure};

super::cases! {
    signed_time_moves_the_mark
    signed_time_only_goes_forwards
    a_times_nonce_is_for_once
    a_times_nonce_is_the_last_one_given
    a_times_nonce_ends_with_the_power
    time_by_anybody_else_is_refused
    altered_time_is_refused
    an_app_must_be_certified_to_sign_time
    the_tokens_time_passes
    the_greater_time_counts
    the_mark_outlives_the_power
}

/// Signs a time for the nonce that the token gives now.
fn signed(bench: &Bench, guest: &mut keyfob::Guest, vendor: &Vendor, time: u64) -> Result<Vec<u8>, Failure> {
    let asked = guest.time(bench.vendor.root())?;
    Ok(vendor.sign_time(bench.serial(), asked.partition, asked.nonce, UnixTime(time), &mut OsEntropy)?)
}

fn set(bench: &Bench, guest: &mut keyfob::Guest, time: &[u8]) -> Result<UnixTime, Error> {
    guest.set_time(bench.vendor.root(), &Signed { bytes: time, certificate: None })
}

fn mark(bench: &Bench) -> Result<u64, Failure> {
    Ok(bench.guest()?.time(bench.vendor.root())?.mark.0)
}

fn refused(what: &str, found: &Result<UnixTime, Error>, expected: Status) -> Result<(), Failure> {
    let is_refused = matches!(found, Err(Error::Refused(status)) if *status == expected);
    ensure!(is_refused, "{what}: {found:?} instead of {}", expected.slug());
    Ok(())
}

/// A little later than the mark, so that these cases leave the licence running.
fn later(bench: &Bench) -> Result<u64, Failure> {
    Ok(mark(bench)?.max(START.0) + 1)
}

fn signed_time_moves_the_mark(bench: &mut Bench) -> Result<(), Failure> {
    let time = later(bench)?;
    let mut guest = bench.guest()?;
    let statement = signed(bench, &mut guest, &bench.vendor, time)?;
    same("the answer", &set(bench, &mut guest, &statement)?, &UnixTime(time))?;
    let asked = guest.time(bench.vendor.root())?;
    same("the mark", &asked.mark, &UnixTime(time))?;
    ensure!(asked.now >= asked.mark && asked.now.0 < time + 60, "the token's time is {}", asked.now.0);
    Ok(())
}

fn signed_time_only_goes_forwards(bench: &mut Bench) -> Result<(), Failure> {
    let time = later(bench)?;
    let mut guest = bench.guest()?;
    let statement = signed(bench, &mut guest, &bench.vendor, time)?;
    set(bench, &mut guest, &statement)?;
    for earlier in [time, time - 1, 1, 0] {
        let statement = signed(bench, &mut guest, &bench.vendor, earlier)?;
        refused("not later", &set(bench, &mut guest, &statement), Status::TimeNotLater)?;
    }
    drop(guest);
    same("the mark", &mark(bench)?, &time)
}

fn a_times_nonce_is_for_once(bench: &mut Bench) -> Result<(), Failure> {
    let time = later(bench)?;
    let mut guest = bench.guest()?;
    let asked = guest.time(bench.vendor.root())?;
    let statement =
        |time| bench.vendor.sign_time(bench.serial(), asked.partition, asked.nonce, UnixTime(time), &mut OsEntropy);
    let (first, second) = (statement(time)?, statement(time + 1)?);
    set(bench, &mut guest, &first)?;
    refused("the same again", &set(bench, &mut guest, &first), Status::NonceUnknown)?;
    refused("the same nonce", &set(bench, &mut guest, &second), Status::NonceUnknown)?;
    drop(guest);
    same("the mark", &mark(bench)?, &time)
}

fn a_times_nonce_is_the_last_one_given(bench: &mut Bench) -> Result<(), Failure> {
    let time = later(bench)?;
    let mut guest = bench.guest()?;
    let old = signed(bench, &mut guest, &bench.vendor, time)?;
    let new = signed(bench, &mut guest, &bench.vendor, time)?;
    refused("the one before", &set(bench, &mut guest, &old), Status::NonceUnknown)?;
    set(bench, &mut guest, &new)?;
    Ok(())
}

fn a_times_nonce_ends_with_the_power(bench: &mut Bench) -> Result<(), Failure> {
    let time = later(bench)?;
    let statement = signed(bench, &mut bench.guest()?, &bench.vendor, time)?;
    bench.restart()?;
    refused("after a restart", &set(bench, &mut bench.guest()?, &statement), Status::NonceUnknown)
}

fn time_by_anybody_else_is_refused(bench: &mut Bench) -> Result<(), Failure> {
    let time = later(bench)?;
    let mut guest = bench.guest()?;
    let statement = signed(bench, &mut guest, &bench.stranger, time)?;
    refused("by a stranger", &set(bench, &mut guest, &statement), Status::SignatureInvalid)
}

fn altered_time_is_refused(bench: &mut Bench) -> Result<(), Failure> {
    let time = later(bench)?;
    let mut guest = bench.guest()?;
    let statement = signed(bench, &mut guest, &bench.vendor, time)?;
    for place in 0..statement.len() {
        let mut altered = statement.clone();
        altered[place] ^= 1;
        let found = set(bench, &mut guest, &altered);
        let is_refused = matches!(
            found,
            Err(Error::Refused(Status::SignatureInvalid | Status::UpdateMalformed | Status::BadRequest))
        );
        ensure!(is_refused, "byte {place} altered: {found:?}");
    }
    // All that hasn't used the nonce up.
    same("the genuine one", &set(bench, &mut guest, &statement)?, &UnixTime(time))
}

fn an_app_must_be_certified_to_sign_time(bench: &mut Bench) -> Result<(), Failure> {
    let time = later(bench)?;
    let mut guest = bench.guest()?;
    let statement = signed(bench, &mut guest, &bench.vendor, time)?;
    let app = bench.app.clone();
    let certificate = keyfob_signed::AppCredential::parse(&app)?.certificate;
    let statement = Signed { bytes: &statement, certificate: Some(certificate) };
    let found = guest.set_time(bench.vendor.root(), &statement);
    refused("with an app's certificate", &found, Status::SignatureInvalid)
}

fn the_tokens_time_passes(bench: &mut Bench) -> Result<(), Failure> {
    let time = later(bench)?;
    let mut guest = bench.guest()?;
    let statement = signed(bench, &mut guest, &bench.vendor, time)?;
    set(bench, &mut guest, &statement)?;
    bench.pass(10_000)?;
    let asked = guest.time(bench.vendor.root())?;
    ensure!((time + 10..time + 60).contains(&asked.now.0), "the token's time is {} s later", asked.now.0 - time);
    same("the mark", &asked.mark, &UnixTime(time))
}

fn the_greater_time_counts(bench: &mut Bench) -> Result<(), Failure> {
    // This ends the timed licence for good.
    let mut other = Other::new(bench)?;
    let check = |other: &Other, time| other.check(bench, TIMED, UnixTime(time));
    same("unknown to both", &check(&other, 0)?, &Status::TimeUnknown)?;
    same("by the app's time", &check(&other, EXPIRY.0)?, &Status::Expired)?;
    for (time, expected) in [(TODAY.0, Status::Ok), (EXPIRY.0, Status::Expired)] {
        let asked = other.guest.time(bench.vendor.root())?;
        let serial = other.record.serial;
        let statement = bench.vendor.sign_time(serial, asked.partition, asked.nonce, UnixTime(time), &mut OsEntropy)?;
        other.guest.set_time(bench.vendor.root(), &Signed { bytes: &statement, certificate: None })?;
        // The PC's clock is turned back, or stands at nothing.
        for claimed in [0, 1, START.0] {
            same(&format!("signed {time}, claimed {claimed}"), &check(&other, claimed)?, &expected)?;
        }
    }
    Ok(())
}

fn the_mark_outlives_the_power(bench: &mut Bench) -> Result<(), Failure> {
    let time = later(bench)?;
    let mut guest = bench.guest()?;
    let statement = signed(bench, &mut guest, &bench.vendor, time)?;
    set(bench, &mut guest, &statement)?;
    drop(guest);
    bench.restart()?;
    same("the mark", &mark(bench)?, &time)?;
    // What has passed before isn't known any more: the time is the mark.
    same("the token's time", &bench.guest()?.time(bench.vendor.root())?.now.0, &time)
}
