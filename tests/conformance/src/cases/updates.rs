//! Updates. `docs/spec.md`, §7.5 and §7.6.

use keyfob::{Error, FeatureId, ProductId};
use keyfob_crypto::{P256Signing, SigningKey};
use keyfob_issuing::{FeatureTerms, Issued, OsEntropy, ProductGrant, Step, UpdatePlan};
use keyfob_licence::Terms;
use keyfob_wire::body::Certificates;
use keyfob_wire::{PartitionId, Serial, Status, Subject, Units, UpdateFile};

use crate::bench::{enrol, listed, steps};
use crate::case::{ensure, same};
use crate::licence::{COUNTED, PUBLIC, TODAY};
use crate::{Bench, Failure};

super::cases! {
    the_next_update_is_applied
    an_update_applied_again_is_replayed
    an_update_too_early_is_out_of_order
    another_update_of_the_same_number_is_forked
    altered_updates_are_refused
    an_update_for_another_token_is_refused
    an_update_by_an_update_signer_is_applied
    an_update_by_anybody_else_is_refused
    a_counter_cannot_leave_its_range
    an_update_is_applied_as_a_whole_or_not_at_all
    an_update_outlives_the_power
    a_grant_replaces_what_its_product_had
}

/// Applies a file that must be refused, and shows that nothing has changed.
fn refuses(bench: &Bench, what: &str, file: &[u8], expected: &[Status]) -> Result<(), Failure> {
    let mut guest = bench.guest()?;
    let before = (guest.info()?.partitions, guest.list(bench.vendor.root())?);
    match guest.apply(file) {
        Err(Error::Refused(status)) if expected.contains(&status) => {}
        other => return Err(Failure::Broken(format!("{what}: {other:?} instead of one of {expected:?}"))),
    }
    same(&format!("the state after {what}"), &(guest.info()?.partitions, guest.list(bench.vendor.root())?), &before)
}

fn set(units: u32) -> UpdatePlan {
    steps(vec![Step::SetCounter { feature: COUNTED, units: Units(units) }])
}

fn left(bench: &Bench) -> Result<Option<Units>, Failure> {
    listed(&mut bench.guest()?, &bench.vendor, COUNTED)
}

fn the_next_update_is_applied(bench: &mut Bench) -> Result<(), Failure> {
    let issued = bench.issue(&set(12))?;
    let applied = bench.guest()?.apply(&issued.file)?;
    bench.record = issued.record;
    let sequence = bench.record.sequence;
    same("epoch and number", &applied, &(sequence.epoch, sequence.number))?;
    same("what is left", &left(bench)?, &Some(Units(12)))?;
    bench.apply(steps(vec![
        Step::AddCounter { feature: COUNTED, units: Units(8) },
        Step::SubtractCounter { feature: COUNTED, units: Units(5) },
        Step::AddCounter { feature: COUNTED, units: Units(1) },
    ]))?;
    same("what is left", &left(bench)?, &Some(Units(16)))
}

fn an_update_applied_again_is_replayed(bench: &mut Bench) -> Result<(), Failure> {
    let first = bench.issue(&set(3))?;
    bench.guest()?.apply(&first.file)?;
    bench.record = first.record;
    refuses(bench, "the same again", &first.file, &[Status::UpdateReplayed])?;
    bench.apply(set(4))?;
    refuses(bench, "the one before", &first.file, &[Status::UpdateReplayed])
}

fn an_update_too_early_is_out_of_order(bench: &mut Bench) -> Result<(), Failure> {
    let first = bench.issue(&set(5))?;
    let second = bench.vendor.issue(&first.record, &set(6), &mut OsEntropy)?;
    refuses(bench, "the second", &second.file, &[Status::UpdateOutOfOrder])?;
    let mut guest = bench.guest()?;
    guest.apply(&first.file)?;
    guest.apply(&second.file)?;
    drop(guest);
    bench.record = second.record;
    same("what is left", &left(bench)?, &Some(Units(6)))
}

fn another_update_of_the_same_number_is_forked(bench: &mut Bench) -> Result<(), Failure> {
    let (one, two) = (bench.issue(&set(7))?, bench.issue(&set(8))?);
    let after_two = bench.vendor.issue(&two.record, &set(9), &mut OsEntropy)?;
    bench.guest()?.apply(&one.file)?;
    bench.record = one.record;
    refuses(bench, "the other one", &two.file, &[Status::UpdateReplayed])?;
    refuses(bench, "the other one's successor", &after_two.file, &[Status::UpdateForked])
}

fn altered_updates_are_refused(bench: &mut Bench) -> Result<(), Failure> {
    let issued = bench.issue(&set(10))?;
    // Every byte is tried elsewhere; here some of each part.
    let expected = [Status::SignatureInvalid, Status::UpdateMalformed, Status::WrongToken, Status::BadRequest];
    for place in (0..issued.file.len()).step_by(13).chain([issued.file.len() - 1]) {
        let mut altered = issued.file.clone();
        altered[place] ^= 1;
        refuses(bench, &format!("byte {place} altered"), &altered, &expected)?;
    }
    bench.guest()?.apply(&issued.file)?;
    bench.record = issued.record;
    Ok(())
}

fn an_update_for_another_token_is_refused(bench: &mut Bench) -> Result<(), Failure> {
    let issued = bench.issue(&set(11))?;
    let file = UpdateFile::parse(&issued.file)?;
    for (serial, partition) in [(Serial([1; 8]), file.partition), (file.serial, PartitionId([1; 8]))] {
        let mut encoded = vec![0; 4096];
        let length = keyfob_wire::body::Body::write(&UpdateFile { serial, partition, ..file }, &mut encoded)?;
        refuses(bench, "addressed to another", &encoded[..length], &[Status::WrongToken])?;
    }
    // Signed for another, readdressed.
    let other = bench.fresh()?;
    let record = enrol(&bench.vendor, &*other, bench.patience)?;
    let plan = UpdatePlan { issued: TODAY, grants: vec![crate::licence::public()], steps: Vec::new() };
    let foreign = bench.vendor.issue(&record, &plan, &mut OsEntropy)?;
    refuses(bench, "another token's", &foreign.file, &[Status::WrongToken])?;
    let foreign = UpdateFile { update: UpdateFile::parse(&foreign.file)?.update, ..file };
    let mut encoded = vec![0; 4096];
    let length = keyfob_wire::body::Body::write(&foreign, &mut encoded)?;
    refuses(bench, "another token's, readdressed", &encoded[..length], &[Status::SignatureInvalid])
}

fn an_update_by_an_update_signer_is_applied(bench: &mut Bench) -> Result<(), Failure> {
    let key = P256Signing::generate(&mut OsEntropy);
    let signer = bench.vendor.update_signer(Subject(*b"signer 1"), key, &mut OsEntropy)?;
    let Issued { file, record } = signer.issue(&bench.record, &set(13), &mut OsEntropy)?;
    bench.guest()?.apply(&file)?;
    bench.record = record;
    same("what is left", &left(bench)?, &Some(Units(13)))
}

fn an_update_by_anybody_else_is_refused(bench: &mut Bench) -> Result<(), Failure> {
    let key = || P256Signing::generate(&mut OsEntropy);
    let ours = bench.vendor.update_signer(Subject(*b"signer 2"), key(), &mut OsEntropy)?;
    // Another key's update with our signer's certificate, with none, with an app's, and twice with it.
    let theirs = bench.vendor.update_signer(Subject(*b"signer 3"), key(), &mut OsEntropy)?;
    let issued = theirs.issue(&bench.record, &set(14), &mut OsEntropy)?;
    let file = UpdateFile::parse(&issued.file)?;
    let app = keyfob_signed::AppCredential::parse(&bench.app)?.certificate;
    let stranger = bench.stranger.update_signer(Subject(*b"stranger"), key(), &mut OsEntropy)?;
    let lists: [&[&[u8]]; 5] =
        [&[ours.certificate()], &[], &[app], &[theirs.certificate(), theirs.certificate()], &[stranger.certificate()]];
    for list in lists {
        let certificates = Certificates::new(list.iter().copied())?;
        let mut encoded = vec![0; 4096];
        let length = keyfob_wire::body::Body::write(&UpdateFile { certificates, ..file }, &mut encoded)?;
        refuses(bench, "signed by another", &encoded[..length], &[Status::SignatureInvalid])?;
    }
    bench.guest()?.apply(&issued.file)?;
    bench.record = issued.record;
    Ok(())
}

fn a_counter_cannot_leave_its_range(bench: &mut Bench) -> Result<(), Failure> {
    bench.set_counter(5)?;
    let below = steps(vec![Step::SubtractCounter { feature: COUNTED, units: Units(6) }]);
    let above = steps(vec![Step::AddCounter { feature: COUNTED, units: Units(u32::MAX - 4) }]);
    for plan in [below, above] {
        let issued = bench.issue(&plan)?;
        refuses(bench, "beyond the range", &issued.file, &[Status::UpdateMalformed])?;
    }
    bench.apply(steps(vec![
        Step::AddCounter { feature: COUNTED, units: Units(u32::MAX - 5) },
        Step::SubtractCounter { feature: COUNTED, units: Units(u32::MAX) },
    ]))?;
    same("what is left", &left(bench)?, &Some(Units(0)))
}

fn an_update_is_applied_as_a_whole_or_not_at_all(bench: &mut Bench) -> Result<(), Failure> {
    bench.set_counter(5)?;
    let feature = FeatureTerms {
        feature: FeatureId(7_000),
        name: "Never".to_owned(),
        terms: Terms { counted: true, ..Terms::default() },
    };
    let product =
        ProductGrant { product: ProductId(70), name: "Never".to_owned(), public: true, features: vec![feature] };
    let plan = UpdatePlan {
        issued: TODAY,
        grants: vec![product],
        steps: vec![
            Step::SetCounter { feature: FeatureId(7_000), units: Units(9) },
            Step::SetCounter { feature: COUNTED, units: Units(50) },
            Step::SubtractCounter { feature: COUNTED, units: Units(51) },
        ],
    };
    let issued = bench.issue(&plan)?;
    refuses(bench, "a bad last operation", &issued.file, &[Status::UpdateMalformed])?;
    same("what is left", &left(bench)?, &Some(Units(5)))?;
    let client = bench.client()?;
    let counter = client.login(FeatureId(7_000))?.counter();
    ensure!(matches!(counter, Err(Error::Refused(Status::FeatureNotFound))), "a feature appeared: {counter:?}");
    same("by the counter", &client.login(COUNTED)?.counter()?.remaining, &Units(5))
}

fn an_update_outlives_the_power(bench: &mut Bench) -> Result<(), Failure> {
    bench.set_counter(21)?;
    let before = bench.guest()?.list(bench.vendor.root())?;
    bench.restart()?;
    same("the list", &bench.guest()?.list(bench.vendor.root())?, &before)?;
    bench.set_counter(22)?;
    same("what is left", &left(bench)?, &Some(Units(22)))
}

fn a_grant_replaces_what_its_product_had(bench: &mut Bench) -> Result<(), Failure> {
    bench.set_counter(30)?;
    let mut product = crate::licence::public();
    let removed = product.features.remove(0).feature;
    bench.apply(UpdatePlan { issued: TODAY, grants: vec![product], steps: Vec::new() })?;
    let products = bench.guest()?.list(bench.vendor.root())?;
    let features = || products.iter().filter(|product| product.product == PUBLIC).flat_map(|product| &product.features);
    ensure!(features().all(|feature| feature.feature != removed), "the removed feature is listed");
    // A counter stays when its grant is replaced.
    same("what is left", &left(bench)?, &Some(Units(30)))?;
    bench.apply(UpdatePlan { issued: TODAY, grants: vec![crate::licence::public()], steps: Vec::new() })?;
    let client = bench.client()?;
    ensure!(matches!(client.login(removed)?.check()?, keyfob::Verdict::Full(_)), "it isn't granted again");
    Ok(())
}
