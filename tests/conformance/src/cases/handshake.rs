//! The handshake. `docs/spec.md`, §5.

use keyfob_crypto::{AgreementKey, P256Agreement};
use keyfob_issuing::{OsEntropy, Vendor};
use keyfob_signed::{AppCredential, Rights};
use keyfob_wire::body::{LoginAnswer, Request};
use keyfob_wire::{Command, ProductId, Status, Subject, VendorHint};

use crate::case::{ensure, same};
use crate::raw::error;
use crate::{Bench, Channel, Failure, Raw};

super::cases! {
    an_app_opens_a_session
    a_guest_opens_a_session
    a_vendor_that_isnt_there_is_unknown
    a_first_message_of_another_size_is_refused
    a_first_message_without_a_point_is_refused
    a_third_message_needs_a_first
    altered_third_messages_are_refused
    a_third_message_repeated_is_refused
    a_third_message_of_another_channel_is_refused
    another_vendors_app_is_refused
    an_app_with_anothers_certificate_is_refused
    a_certificate_of_another_role_is_refused
    an_app_without_a_certificate_is_refused
    a_failed_handshake_leaves_the_session_alone
    a_new_handshake_replaces_the_session
    a_third_half_open_handshake_waits_two_seconds
    a_session_costs_thirteen_reports
}

fn credential(bytes: &[u8]) -> Result<(AppCredential<'_>, P256Agreement), Failure> {
    let credential = AppCredential::parse(bytes)?;
    let key = P256Agreement::from_secret(&credential.secret)?;
    Ok((credential, key))
}

fn hint(vendor: &Vendor) -> VendorHint {
    VendorHint(vendor.root().0.hint())
}

/// Message 3 with the bench's app's key and any certificate.
fn third(bench: &Bench, raw: &mut Raw, channel: &Channel, certificate: &[u8]) -> Result<Vec<u8>, Failure> {
    let (app, key) = credential(&bench.app)?;
    let begun = raw.begin(channel, hint(&bench.vendor))?;
    Ok(begun.as_app(&app.vendor, bench.serial(), &key, certificate, &Request::Login)?.0)
}

fn an_app_opens_a_session(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let session = raw.app(&bench.app)?;
    let (status, body) = raw.ask(session, &Request::Login)?;
    same("the status", &status, &Status::Ok)?;
    let login = LoginAnswer::parse(&body)?;
    let sequence = bench.record.sequence;
    same("epoch and number", &(login.epoch, login.number), &(sequence.epoch, sequence.number))
}

fn a_guest_opens_a_session(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let session = raw.guest()?;
    let (status, body) = raw.ask(session, &Request::Login)?;
    same("the status", &status, &Status::Ok)?;
    same("what a guest is told", &LoginAnswer::parse(&body)?, &LoginAnswer::default())
}

fn a_vendor_that_isnt_there_is_unknown(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let id = raw.init()?.id;
    for hint in [bench.stranger.root().0.hint(), [0, 0, 0, 0, 0, 0, 0, 1], [0xff; 8]] {
        let message = [&bench.vendor.root().0.0[..], &hint].concat();
        same("the answer", &raw.call(id, Command::Open, &message)?, &error(Status::UnknownVendor))?;
    }
    Ok(())
}

fn a_first_message_of_another_size_is_refused(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let id = raw.init()?.id;
    for length in [0, 33, 40, 42, 100] {
        let answer = raw.call(id, Command::Open, &vec![2; length])?;
        same(&format!("the answer to {length} bytes"), &answer, &error(Status::SessionRefused))?;
    }
    Ok(())
}

fn a_first_message_without_a_point_is_refused(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let id = raw.init()?.id;
    // No x-coordinate of the curve; not a compressed form; infinity's form.
    let mut off_curve = [0; 33];
    off_curve[0] = 2;
    off_curve[32] = 1;
    let mut uncompressed = bench.vendor.root().0.0;
    uncompressed[0] = 4;
    for point in [off_curve, uncompressed, [0; 33]] {
        for hint in [[0; 8], hint(&bench.vendor).0] {
            let answer = raw.call(id, Command::Open, &[&point[..], &hint].concat())?;
            same(&format!("the answer to {point:02x?}"), &answer, &error(Status::SessionRefused))?;
        }
    }
    Ok(())
}

fn a_third_message_needs_a_first(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let id = raw.init()?.id;
    for length in [0, 20, 200] {
        same("the answer", &raw.call(id, Command::Finish, &vec![0; length])?, &error(Status::SessionRefused))?;
    }
    Ok(())
}

fn altered_third_messages_are_refused(bench: &mut Bench) -> Result<(), Failure> {
    let app = bench.app.clone();
    let (app, _) = credential(&app)?;
    let mut raw = bench.raw()?;
    let channel = raw.init()?;
    let length = third(bench, &mut raw, &channel, app.certificate)?.len();
    for place in (0..length).step_by(19).chain([32, 48, 49, 50, 51, length - 1]) {
        let mut message = third(bench, &mut raw, &channel, app.certificate)?;
        message[place] ^= 0x40;
        let answer = raw.finish(channel.id, &message)?;
        same(&format!("the answer with byte {place} altered"), &answer, &error(Status::SessionRefused))?;
    }
    for length in [0, 48, 64, length - 1, length + 1] {
        let mut message = third(bench, &mut raw, &channel, app.certificate)?;
        message.resize(length, 0);
        let answer = raw.finish(channel.id, &message)?;
        same(&format!("the answer to {length} bytes"), &answer, &error(Status::SessionRefused))?;
    }
    Ok(())
}

fn a_third_message_repeated_is_refused(bench: &mut Bench) -> Result<(), Failure> {
    let app = bench.app.clone();
    let (app, key) = credential(&app)?;
    let mut raw = bench.raw()?;
    let channel = raw.init()?;
    let begun = raw.begin(&channel, hint(&bench.vendor))?;
    let (message, records) = begun.as_app(&app.vendor, bench.serial(), &key, app.certificate, &Request::Login)?;
    let answer = raw.finish(channel.id, &message)?;
    let session = raw.opened(channel.id, records, answer)?;
    same("the answer", &raw.finish(channel.id, &message)?, &error(Status::SessionRefused))?;
    same("the session's status", &raw.ask(session, &Request::Login)?.0, &Status::Ok)?;
    // To another handshake of the same channel it is just as strange.
    raw.begin(&channel, hint(&bench.vendor))?;
    same("the answer in another handshake", &raw.finish(channel.id, &message)?, &error(Status::SessionRefused))
}

fn a_third_message_of_another_channel_is_refused(bench: &mut Bench) -> Result<(), Failure> {
    let app = bench.app.clone();
    let (app, _) = credential(&app)?;
    let mut raw = bench.raw()?;
    let (one, two) = (raw.init()?, raw.init()?);
    let message = third(bench, &mut raw, &one, app.certificate)?;
    raw.begin(&two, hint(&bench.vendor))?;
    same("the answer", &raw.finish(two.id, &message)?, &error(Status::SessionRefused))
}

fn another_vendors_app_is_refused(bench: &mut Bench) -> Result<(), Failure> {
    let foreign = bench.stranger.app(Subject([1; 8]), ProductId(0), Rights::ALL, &mut OsEntropy)?;
    let (app, key) = credential(&foreign)?;
    let mut raw = bench.raw()?;
    let channel = raw.init()?;
    let begun = raw.begin(&channel, hint(&bench.vendor))?;
    let root = bench.vendor.root();
    let (message, _) = begun.as_app(&root, bench.serial(), &key, app.certificate, &Request::Login)?;
    same("the answer", &raw.finish(channel.id, &message)?, &error(Status::SessionRefused))
}

fn an_app_with_anothers_certificate_is_refused(bench: &mut Bench) -> Result<(), Failure> {
    let other = bench.app_with(ProductId(0), Rights::ALL)?;
    let (other, _) = credential(&other)?;
    let mut raw = bench.raw()?;
    let channel = raw.init()?;
    let message = third(bench, &mut raw, &channel, other.certificate)?;
    same("the answer", &raw.finish(channel.id, &message)?, &error(Status::SessionRefused))
}

fn a_certificate_of_another_role_is_refused(bench: &mut Bench) -> Result<(), Failure> {
    // The same key as an update signer's and as the app's: only the role is another.
    let app = bench.app.clone();
    let (_, key) = credential(&app)?;
    let signing = keyfob_crypto::SigningKey::from_secret(&key.to_secret())?;
    let signer = bench.vendor.update_signer(Subject([2; 8]), signing, &mut OsEntropy)?;
    let mut raw = bench.raw()?;
    let channel = raw.init()?;
    let message = third(bench, &mut raw, &channel, signer.certificate())?;
    same("the answer", &raw.finish(channel.id, &message)?, &error(Status::SessionRefused))
}

fn an_app_without_a_certificate_is_refused(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let channel = raw.init()?;
    let message = third(bench, &mut raw, &channel, &[])?;
    same("the answer", &raw.finish(channel.id, &message)?, &error(Status::SessionRefused))
}

fn a_failed_handshake_leaves_the_session_alone(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let channel = raw.init()?;
    let session = raw.app_on(&channel, &bench.app)?;
    let message = third(bench, &mut raw, &channel, &[])?;
    same("the answer", &raw.finish(channel.id, &message)?, &error(Status::SessionRefused))?;
    same("the session's status", &raw.ask(session, &Request::Login)?.0, &Status::Ok)
}

fn a_new_handshake_replaces_the_session(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let channel = raw.init()?;
    let old = raw.app_on(&channel, &bench.app)?;
    let new = raw.app_on(&channel, &bench.app)?;
    raw.forget(old);
    let record = raw.seal(old, &[1])?;
    same("the answer to the old one", &raw.call_record(old, &record)?, &error(Status::SessionRefused))?;
    same("the new one's status", &raw.ask(new, &Request::Login)?.0, &Status::Ok)
}

fn a_third_half_open_handshake_waits_two_seconds(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let channels = [raw.init()?, raw.init()?, raw.init()?];
    let vendor = hint(&bench.vendor);
    raw.begin(&channels[0], vendor)?;
    raw.begin(&channels[1], vendor)?;
    let message = [&bench.vendor.root().0.0[..], &vendor.0].concat();
    same("the third's answer", &raw.call(channels[2].id, Command::Open, &message)?, &error(Status::Busy))?;
    bench.pass(1_000)?;
    same("the answer after 1 s", &raw.call(channels[2].id, Command::Open, &message)?, &error(Status::Busy))?;
    bench.pass(1_000)?;
    let session = raw.app_on(&channels[2], &bench.app)?;
    same("its status", &raw.ask(session, &Request::Login)?.0, &Status::Ok)
}

fn a_session_costs_thirteen_reports(bench: &mut Bench) -> Result<(), Failure> {
    let client = bench.client()?;
    let counts = client.counts();
    ensure!(counts.sent + counts.received <= 13, "{} sent, {} received", counts.sent, counts.received);
    let session = client.login(crate::licence::PLAIN)?;
    let _verdict = session.check()?;
    let warm = client.counts();
    same("the reports of a check", &(warm.sent - counts.sent, warm.received - counts.received), &(1, 1))?;
    Ok(())
}
