//! Enrolment. `docs/spec.md`, §7.3, §7.4 and §8.

use keyfob::{Enrolled, Error, Guest, Status};
use keyfob_issuing::{Endorsed, OsEntropy, Vendor, VendorKind};
use keyfob_signed::{MakerRoot, TEST_MAKER_ROOT};
use keyfob_wire::body::EnrolAnswer;

use crate::bench::{enrol, guest};
use crate::case::{ensure, same};
use crate::{Bench, Capability, Failure};

super::cases! {
    a_vendor_enrols_and_its_app_is_let_in
    a_vendor_enrols_once
    an_endorsement_needs_an_enrolment
    altered_endorsements_are_refused
    an_endorsement_of_another_enrolment_is_refused
    another_vendors_endorsement_is_refused
    an_enrolment_ends_with_the_power
    four_vendors_have_room
    vendors_dont_see_each_other
    a_production_vendor_endorses_no_emulated_token
}

const NONCE: [u8; 16] = [9; 16];

fn endorsed(bench: &Bench, vendor: &Vendor, guest: &Guest, enrolled: &Enrolled) -> Result<Endorsed, Failure> {
    let answer = EnrolAnswer {
        request: &enrolled.request,
        device_signing: &enrolled.device_signing,
        batch: &enrolled.batch,
        maker_root: enrolled.maker_root.0.0,
    };
    Ok(vendor.endorse(guest.serial(), &NONCE, &answer, &[bench.maker.root()], &mut OsEntropy)?)
}

fn refused<T: std::fmt::Debug>(what: &str, found: Result<T, Error>, expected: Status) -> Result<(), Failure> {
    let is_refused = matches!(&found, Err(Error::Refused(status)) if *status == expected);
    ensure!(is_refused, "{what}: {found:?} instead of {}", expected.slug());
    Ok(())
}

fn a_vendor_enrols_and_its_app_is_let_in(bench: &mut Bench) -> Result<(), Failure> {
    let fob = bench.fresh()?;
    let record = enrol(&bench.vendor, &*fob, bench.patience)?;
    let mut guest = guest(&*fob, bench.patience)?;
    let partitions = guest.info()?.partitions;
    let ours: Vec<_> =
        partitions.iter().map(|partition| (partition.vendor, partition.epoch, partition.number)).collect();
    same("the partitions", &ours, &vec![(bench.vendor.root(), 1, 0)])?;
    let id = record.endorsement(bench.vendor.root())?.partition;
    same("the partition", &partitions.first().map(|partition| partition.id), &Some(id))?;
    bench.raw_to(&*fob)?.app(&bench.app).map(|_| ())
}

fn a_vendor_enrols_once(bench: &mut Bench) -> Result<(), Failure> {
    let mut guest = bench.guest()?;
    refused("the second time", guest.enrol(bench.vendor.root(), NONCE), Status::AlreadyEnrolled)
}

fn an_endorsement_needs_an_enrolment(bench: &mut Bench) -> Result<(), Failure> {
    let fob = bench.fresh()?;
    let mut guest = guest(&*fob, bench.patience)?;
    refused("without one", guest.endorse(&bench.record.endorsement), Status::NoEnrolment)?;
    let enrolled = guest.enrol(bench.vendor.root(), NONCE)?;
    let endorsed = endorsed(bench, &bench.vendor, &guest, &enrolled)?;
    guest.endorse(&endorsed.bytes)?;
    refused("once more", guest.endorse(&endorsed.bytes), Status::NoEnrolment)
}

fn altered_endorsements_are_refused(bench: &mut Bench) -> Result<(), Failure> {
    let fob = bench.fresh()?;
    let mut guest = guest(&*fob, bench.patience)?;
    let enrolled = guest.enrol(bench.vendor.root(), NONCE)?;
    let genuine = endorsed(bench, &bench.vendor, &guest, &enrolled)?.bytes;
    for place in (0..genuine.len()).step_by(7) {
        let mut altered = genuine.clone();
        altered[place] ^= 1;
        refused(&format!("byte {place} altered"), guest.endorse(&altered), Status::CertificateRefused)?;
    }
    same("the partitions", &guest.info()?.partitions.len(), &0)?;
    guest.endorse(&genuine)?;
    Ok(())
}

fn an_endorsement_of_another_enrolment_is_refused(bench: &mut Bench) -> Result<(), Failure> {
    let fob = bench.fresh()?;
    let mut guest = guest(&*fob, bench.patience)?;
    let old = guest.enrol(bench.vendor.root(), NONCE)?;
    let old = endorsed(bench, &bench.vendor, &guest, &old)?.bytes;
    let new = guest.enrol(bench.vendor.root(), NONCE)?;
    let new = endorsed(bench, &bench.vendor, &guest, &new)?.bytes;
    refused("of the one before", guest.endorse(&old), Status::CertificateRefused)?;
    refused("of another token", guest.endorse(&bench.record.endorsement), Status::CertificateRefused)?;
    guest.endorse(&new)?;
    Ok(())
}

fn another_vendors_endorsement_is_refused(bench: &mut Bench) -> Result<(), Failure> {
    let fob = bench.fresh()?;
    let mut guest = guest(&*fob, bench.patience)?;
    let theirs = guest.enrol(bench.stranger.root(), NONCE)?;
    let theirs = endorsed(bench, &bench.stranger, &guest, &theirs)?.bytes;
    let ours = guest.enrol(bench.vendor.root(), NONCE)?;
    refused("a stranger's", guest.endorse(&theirs), Status::CertificateRefused)?;
    let ours = endorsed(bench, &bench.vendor, &guest, &ours)?.bytes;
    guest.endorse(&ours)?;
    Ok(())
}

fn an_enrolment_ends_with_the_power(bench: &mut Bench) -> Result<(), Failure> {
    let mut fob = bench.fresh()?;
    let mut first = guest(&*fob, bench.patience)?;
    let enrolled = first.enrol(bench.vendor.root(), NONCE)?;
    let endorsement = endorsed(bench, &bench.vendor, &first, &enrolled)?.bytes;
    fob.restart().ok_or(Failure::Needs(Capability::Restart))??;
    let mut second = guest(&*fob, bench.patience)?;
    refused("after a restart", second.endorse(&endorsement), Status::NoEnrolment)?;
    same("the partitions", &second.info()?.partitions.len(), &0)
}

fn four_vendors_have_room(bench: &mut Bench) -> Result<(), Failure> {
    let fob = bench.fresh()?;
    let mut vendors = Vec::new();
    for _ in 0..4 {
        let vendor = Vendor::create(bench.kind, &mut OsEntropy);
        enrol(&vendor, &*fob, bench.patience)?;
        vendors.push(vendor.root());
    }
    let mut guest = guest(&*fob, bench.patience)?;
    let found: Vec<_> = guest.info()?.partitions.iter().map(|partition| partition.vendor).collect();
    same("the partitions", &found, &vendors)?;
    refused("a fifth", guest.enrol(bench.vendor.root(), NONCE), Status::NoRoom)
}

fn vendors_dont_see_each_other(bench: &mut Bench) -> Result<(), Failure> {
    let fob = bench.fresh()?;
    let mine = enrol(&bench.vendor, &*fob, bench.patience)?;
    enrol(&bench.stranger, &*fob, bench.patience)?;
    let mut guest = guest(&*fob, bench.patience)?;
    let plan = keyfob_issuing::UpdatePlan {
        issued: crate::licence::TODAY,
        grants: vec![crate::licence::public()],
        steps: Vec::new(),
    };
    guest.apply(&bench.vendor.issue(&mine, &plan, &mut OsEntropy)?.file)?;
    same("what a guest sees of the one", &guest.list(bench.vendor.root())?.len(), &1)?;
    same("what a guest sees of the other", &guest.list(bench.stranger.root())?.len(), &0)?;
    let app = bench.stranger.app(
        keyfob_wire::Subject([3; 8]),
        keyfob_wire::ProductId(0),
        keyfob_signed::Rights::ALL,
        &mut OsEntropy,
    )?;
    let mut raw = bench.raw_to(&*fob)?;
    let session = raw.app(&app)?;
    let answer = raw.say(session, &[0x13, 0, 0, 0, 42])?;
    same("the other's app's answer", &answer, &vec![0, 40])
}

fn a_production_vendor_endorses_no_emulated_token(bench: &mut Bench) -> Result<(), Failure> {
    let fob = bench.fresh()?;
    let mut guest = guest(&*fob, bench.patience)?;
    if !guest.info()?.levels.is_emulated() {
        return Ok(());
    }
    let production = Vendor::create(VendorKind::Production, &mut OsEntropy);
    let enrolled = guest.enrol(production.root(), NONCE)?;
    let trusted: [MakerRoot; 1] = [TEST_MAKER_ROOT];
    let answer = EnrolAnswer {
        request: &enrolled.request,
        device_signing: &enrolled.device_signing,
        batch: &enrolled.batch,
        maker_root: enrolled.maker_root.0.0,
    };
    let refused = production.endorse(guest.serial(), &NONCE, &answer, &trusted, &mut OsEntropy);
    ensure!(refused.is_err(), "it endorses it");
    Ok(())
}
