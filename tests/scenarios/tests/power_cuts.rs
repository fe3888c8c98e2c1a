//! The power goes at every operation of the flash, within it and after it: what a fob has answered is there, and what
//! it has not is there as a whole or not at all.

pub(crate) mod support;

use keyfob_issuing::{Maker, OsEntropy, Predecessor, Step, TokenRecord, UpdatePlan, Vendor, VendorKind, seal_secret};
use keyfob_scenarios::{COUNTED, PRODUCT, SLOT, TODAY, licence};
use keyfob_wire::body::{
    GrantAnswer, GrantRequest, InfoAnswer, ListRequest, ReadRequest, Request, SetTimeRequest, TimeAnswer, TimeRequest,
    WriteRequest,
};
use keyfob_wire::init::TokenState;
use keyfob_wire::{FileId, FileKind, ProductId, RootChangeFile, Status, Units, UnixTime, VendorHint, WipeFile};
use support::cast::{Cast, apply, enrol, spend, spends, state, sweep};
use support::{APP, Fob, GUEST, Sim};

#[test]
fn birth_and_installation() {
    let maker = Maker::test().unwrap();
    let blank = Sim::new();
    let birth = |fob: &mut Fob| u32::from(fob.birth().is_ok());
    let mut cuts = sweep("birth", &blank, birth, |fob, answered, place| {
        let found = fob.life();
        assert!(found == TokenState::Born || (answered == 0 && found == TokenState::Blank), "{place}: {found:?}");
        // Either way it goes on.
        let serial = (found == TokenState::Born).then(|| fob.serial());
        let request = fob.birth().unwrap();
        assert!(serial.is_none_or(|serial| serial == fob.serial()), "{place}: another serial");
        fob.install(&maker.certify(&request, &support::NONCE, &mut OsEntropy).unwrap().install).unwrap();
    });

    let born = Sim::new();
    let request = Fob::start(&born).unwrap().birth().unwrap();
    let install = maker.certify(&request, &support::NONCE, &mut OsEntropy).unwrap().install;
    born.restart();
    cuts += sweep(
        "installation",
        &born,
        |fob| u32::from(fob.install(&install).is_ok()),
        |fob, answered, place| {
            let found = fob.life();
            assert!(found == TokenState::Ready || (answered == 0 && found == TokenState::Born), "{place}: {found:?}");
            let again = fob.install(&install);
            let expected = if found == TokenState::Ready { Err(Status::AlreadyInstalled) } else { Ok(()) };
            assert_eq!(again, expected, "{place}");
        },
    );
    assert!(cuts >= 30, "{cuts} cuts");
}

#[test]
fn enrolment() {
    let cast = Cast::new();
    let second = Vendor::create(VendorKind::Test, &mut OsEntropy);
    let before = state(&mut Fob::start(&cast.flash.copy()).unwrap(), &[]);
    let cuts = sweep(
        "enrolment",
        &cast.flash,
        |fob| u32::from(enrol(fob, &second).is_ok()),
        |fob, answered, place| {
            let listed =
                Request::List(ListRequest { hint: Some(VendorHint(second.root().0.hint())), start: ProductId(0) });
            let found = fob.ask(GUEST, &listed).map(|_| ());
            assert!(found.is_ok() || (answered == 0 && found == Err(Status::UnknownVendor)), "{place}: {found:?}");
            assert_eq!(state(fob, &[]), before, "{place}: the first vendor");
            let again = enrol(fob, &second).map(|_| ());
            assert_eq!(again, if found.is_ok() { Err(Status::AlreadyEnrolled) } else { Ok(()) }, "{place}");
        },
    );
    assert!(cuts >= 30, "{cuts} cuts");
}

#[test]
fn updates() {
    let cast = Cast::new();
    let new_key = keyfob_crypto::Secret::random(&mut OsEntropy);
    let mut product = licence(0, &new_key).grants.remove(0);
    product.name = "Scenario, later".to_owned();
    let more = keyfob_issuing::ProductGrant { product: ProductId(PRODUCT.0 + 1), features: vec![], ..product.clone() };
    let plan = UpdatePlan {
        issued: TODAY,
        grants: vec![product, more],
        steps: vec![
            Step::AddCounter { feature: COUNTED, units: Units(7) },
            Step::InstallKey { feature: COUNTED, slot: SLOT, key: new_key.clone() },
            Step::SubtractCounter { feature: COUNTED, units: Units(2) },
        ],
    };
    let file = cast.vendor.issue(&cast.record, &plan, &mut OsEntropy).unwrap().file;
    let sealed = |key| seal_secret(key, COUNTED, SLOT, b"secret", &mut OsEntropy).unwrap();
    let (old, new) = (sealed(&cast.key), sealed(&new_key));
    let secrets: [&[u8]; 2] = [&old, &new];
    let before = state(&mut Fob::start(&cast.flash.copy()).unwrap(), &secrets);
    let after = {
        let mut fob = Fob::start(&cast.flash.copy()).unwrap();
        apply(&mut fob, &file).unwrap();
        state(&mut fob, &secrets)
    };
    assert!(before.iter().zip(&after).filter(|(before, after)| before != after).count() >= 5);
    let cuts = sweep(
        "an update",
        &cast.flash,
        |fob| u32::from(apply(fob, &file).is_ok()),
        |fob, answered, place| {
            let found = state(fob, &secrets);
            assert!(found == after || (answered == 0 && found == before), "{place}: half applied: {found:?}");
            let again = apply(fob, &file).map(|_| ());
            assert_eq!(again, if found == after { Err(Status::UpdateReplayed) } else { Ok(()) }, "{place}");
            assert_eq!(state(fob, &secrets), after, "{place}: in the end");
        },
    );
    assert!(cuts >= 50, "{cuts} cuts");
}

#[test]
fn signed_time() {
    let cast = Cast::new();
    let hint = cast.hint();
    let set = |fob: &mut Fob, time: u64| {
        let asked = fob.ask(GUEST, &Request::Time(TimeRequest { hint }))?;
        let asked = TimeAnswer::parse(&asked).unwrap();
        let time = UnixTime(time);
        let signed = cast.vendor.sign_time(fob.serial(), asked.partition, asked.nonce, time, &mut OsEntropy).unwrap();
        let request = SetTimeRequest { hint, certificates: keyfob_wire::body::Certificates::default(), time: &signed };
        fob.ask(GUEST, &Request::SetTime(request))
    };
    let mark = |fob: &mut Fob| {
        let asked = fob.ask(GUEST, &Request::Time(TimeRequest { hint })).unwrap();
        TimeAnswer::parse(&asked).unwrap().mark.0
    };
    let mut fob = Fob::start(&cast.flash).unwrap();
    set(&mut fob, TODAY.0).unwrap();
    drop(fob);
    cast.flash.restart();
    let cuts = sweep(
        "signed time",
        &cast.flash,
        |fob| u32::from(set(fob, TODAY.0 + 500).is_ok()),
        |fob, answered, place| {
            let found = mark(fob);
            assert!(found == TODAY.0 + 500 || (answered == 0 && found == TODAY.0), "{place}: {found}");
            assert_eq!(set(fob, TODAY.0), Err(Status::TimeNotLater), "{place}");
            set(fob, TODAY.0 + 501).unwrap();
        },
    );
    assert!(cuts >= 15, "{cuts} cuts");
}

#[test]
fn single_spends() {
    let cast = Cast::new();
    let cuts = spends("five spends", &cast.flash, 0, 5);
    assert!(cuts >= 60, "{cuts} cuts");
}

/// Some spend finds no room and compacts the store first: the one during which sectors are erased.
#[test]
fn spends_that_compact() {
    let cast = Cast::new();
    let flash = cast.flash.copy();
    let mut fob = Fob::start(&flash).unwrap();
    let mut done = 0;
    let before = loop {
        let (before, erased) = (flash.copy(), flash.erases());
        assert_eq!(spend(&mut fob, done, 1), 1);
        if flash.erases() > erased {
            break before;
        }
        done += 1;
        assert!(done < 300, "nothing is compacted");
    };
    before.restart();
    let cuts = spends("two spends, the first of which compacts", &before, done, 2);
    assert!(cuts >= 60, "{cuts} cuts");
}

/// A flash that loses what it has acknowledged is found out: the sweep isn't blind.
#[test]
fn a_flash_without_barriers_is_found() {
    let cast = Cast::new();
    let flash = cast.flash.copy();
    flash.make_deaf();
    let found = std::panic::catch_unwind(|| spends("five spends without barriers", &flash, 0, 5));
    assert!(found.is_err(), "spends survive without barriers");
}

/// Two vendors on the fob; the first one's partition goes as a whole or stays as a whole, and the other one's stays.
#[test]
fn wiping() {
    let cast = Cast::new();
    let other = Vendor::create(VendorKind::Test, &mut OsEntropy);
    let mut fob = Fob::start(&cast.flash).unwrap();
    let theirs = enrol(&mut fob, &other).unwrap();
    let key = keyfob_crypto::Secret::random(&mut OsEntropy);
    let sold = other.issue(&theirs, &licence(7, &key), &mut OsEntropy).unwrap();
    apply(&mut fob, &sold.file).unwrap();
    drop(fob);
    let sealed = seal_secret(&cast.key, COUNTED, SLOT, b"the secret", &mut OsEntropy).unwrap();
    let file = cast.vendor.wipe(&cast.record, 0, &mut OsEntropy).unwrap();
    let before = state(&mut Fob::start(&cast.flash.copy()).unwrap(), &[&sealed]);
    let hint = Some(VendorHint(other.root().0.hint()));
    let listed = Request::List(ListRequest { hint, start: ProductId(0) });
    let untouched = Fob::start(&cast.flash.copy()).unwrap().ask(GUEST, &listed).unwrap();
    let (mut gone, mut there) = (0, 0);
    sweep(
        "wiping",
        &cast.flash,
        |fob| u32::from(fob.ask(GUEST, &Request::Wipe(WipeFile::parse(&file).unwrap())).is_ok()),
        |fob, answered, place| {
            assert_eq!(fob.ask(GUEST, &listed).as_ref(), Ok(&untouched), "{place}: another vendor's list");
            let info = fob.ask(GUEST, &Request::Info).unwrap();
            let info = InfoAnswer::parse(&info).unwrap();
            let wiped = (info.wipes, info.tombstones.count(), info.partitions.count());
            if answered == 1 || wiped.0 == 1 {
                assert_eq!(wiped, (1, 1, 1), "{place}");
                assert!(!fob.flash().holds(cast.key.expose()), "{place}: a feature's key is still in the flash");
                // The place is free, and nothing of before is in it.
                let again = enrol(fob, &cast.vendor).unwrap_or_else(|status| panic!("{place}: {status:?}"));
                let grown = cast.vendor.issue(&again, &licence(1, &key), &mut OsEntropy).unwrap();
                apply(fob, &grown.file).unwrap_or_else(|status| panic!("{place}: {status:?}"));
                gone += 1;
            } else {
                assert_eq!(wiped, (0, 0, 2), "{place}");
                assert_eq!(state(fob, &[&sealed]), before, "{place}");
                there += 1;
            }
        },
    );
    assert!(gone > 0 && there > 0, "{gone} wiped, {there} not");
}

/// Whose the partition is: the old root's or the new one's, and never anything between.
#[test]
fn changing_the_root() {
    let cast = Cast::new();
    let new = Vendor::create(VendorKind::Test, &mut OsEntropy);
    let taken = new.take_over(&Predecessor::Root(&cast.vendor), &cast.record, &mut OsEntropy).unwrap();
    let by = |vendor: &Vendor, record: &TokenRecord| {
        vendor.issue(record, &UpdatePlan { issued: TODAY, grants: vec![], steps: vec![] }, &mut OsEntropy).unwrap().file
    };
    let (old_update, new_update) = (by(&cast.vendor, &cast.record), by(&new, &taken.record));
    let (mut changed, mut kept) = (0, 0);
    sweep(
        "changing the root",
        &cast.flash,
        |fob| {
            let file = RootChangeFile::parse(&taken.file).unwrap();
            u32::from(fob.ask(GUEST, &Request::ChangeRoot(file)).is_ok())
        },
        |fob, answered, place| {
            let info = fob.ask(GUEST, &Request::Info).unwrap();
            let root = InfoAnswer::parse(&info).unwrap().partitions.next().unwrap().vendor_root;
            let hint = Some(VendorHint(keyfob_crypto::PublicKey(root).hint()));
            let asked = fob.ask(GUEST, &Request::Grant(GrantRequest { hint, product: PRODUCT })).unwrap();
            let endorsement = GrantAnswer::parse(&asked).unwrap().endorsement.to_vec();
            if root == new.root().0.0 {
                assert_eq!(endorsement, taken.record.endorsement, "{place}");
                assert_eq!(apply(fob, &old_update), Err(Status::SignatureInvalid), "{place}");
                assert!(apply(fob, &new_update).is_ok(), "{place}");
                changed += 1;
            } else {
                assert_eq!((answered, root), (0, cast.vendor.root().0.0), "{place}");
                assert_eq!(endorsement, cast.record.endorsement, "{place}");
                assert_eq!(apply(fob, &new_update), Err(Status::SignatureInvalid), "{place}");
                assert!(apply(fob, &old_update).is_ok(), "{place}");
                kept += 1;
            }
        },
    );
    assert!(changed > 0 && kept > 0, "{changed} changed, {kept} not");
}

/// A file of each kind that apps write, over several pages, and what is in the first.
const NOTES: FileId = FileId(1);
const ONCE: FileId = FileId(2);
const SIZE: u16 = 1024;

fn files() -> Vec<Step> {
    let create = |file, kind| Step::CreateFile { product: PRODUCT, file, kind, size: SIZE };
    let notes = Step::WriteFile { product: PRODUCT, file: NOTES, offset: 0, bytes: vec![1; SIZE.into()] };
    vec![create(NOTES, FileKind::ReadWrite), create(ONCE, FileKind::WriteOnce), notes]
}

fn read(fob: &mut Fob, file: FileId) -> Result<Vec<u8>, Status> {
    fob.ask(APP, &Request::Read(ReadRequest { product: PRODUCT, file, offset: 0, length: SIZE }))
}

fn write(fob: &mut Fob, file: FileId, offset: u16, bytes: &[u8]) -> Result<Vec<u8>, Status> {
    fob.ask(APP, &Request::Write(WriteRequest { product: PRODUCT, file, offset, bytes }))
}

/// A write over four pages is there as a whole or not at all; a write-once file is closed with what is in it.
#[test]
fn writes_over_several_pages() {
    let cast = Cast::new();
    let mut fob = Fob::start(&cast.flash).unwrap();
    let plan = UpdatePlan { issued: TODAY, grants: Vec::new(), steps: files() };
    apply(&mut fob, &cast.vendor.issue(&cast.record, &plan, &mut OsEntropy).unwrap().file).unwrap();
    drop(fob);
    cast.flash.restart();
    let written = [&[1; 200][..], &[2; 700], &[1; 124]].concat();
    let mut cuts = sweep(
        "a write over four pages",
        &cast.flash,
        |fob| u32::from(write(fob, NOTES, 200, &[2; 700]).is_ok()),
        |fob, answered, place| {
            let found = read(fob, NOTES).unwrap();
            let before = answered == 0 && found == [1; SIZE as usize];
            assert!(found == written || before, "{place}: half written");
            write(fob, NOTES, 200, &[2; 700]).unwrap();
            assert_eq!(read(fob, NOTES).as_ref(), Ok(&written), "{place}: in the end");
        },
    );
    let sealed = [&[0; 200][..], &[3; 700], &[0; 124]].concat();
    cuts += sweep(
        "a write-once file",
        &cast.flash,
        |fob| u32::from(write(fob, ONCE, 200, &[3; 700]).is_ok()),
        |fob, answered, place| {
            let found = read(fob, ONCE).unwrap();
            let other = write(fob, ONCE, 0, &[9]);
            if found == sealed {
                assert_eq!(other, Err(Status::FileProtected), "{place}: written and open");
                write(fob, ONCE, 200, &[3; 700]).unwrap();
            } else {
                assert!(answered == 0 && found == [0; SIZE as usize], "{place}: half written");
                assert_eq!(other, Ok(Vec::new()), "{place}: closed without content");
            }
        },
    );
    assert!(cuts >= 60, "{cuts} cuts");
}

/// An update that removes a file, makes it anew and writes two, over several pages.
#[test]
fn updates_of_files() {
    let cast = Cast::new();
    let mut fob = Fob::start(&cast.flash).unwrap();
    let plan = UpdatePlan { issued: TODAY, grants: Vec::new(), steps: files() };
    let issued = cast.vendor.issue(&cast.record, &plan, &mut OsEntropy).unwrap();
    apply(&mut fob, &issued.file).unwrap();
    drop(fob);
    cast.flash.restart();
    let fill = |file, byte| Step::WriteFile { product: PRODUCT, file, offset: 100, bytes: vec![byte; 800] };
    let plan = UpdatePlan {
        issued: TODAY,
        grants: Vec::new(),
        steps: vec![
            Step::RemoveFile { product: PRODUCT, file: NOTES },
            Step::CreateFile { product: PRODUCT, file: NOTES, kind: FileKind::ReadOnly, size: SIZE },
            fill(NOTES, 5),
            fill(ONCE, 6),
            Step::AddCounter { feature: COUNTED, units: Units(7) },
        ],
    };
    let file = cast.vendor.issue(&issued.record, &plan, &mut OsEntropy).unwrap().file;
    let seen = |fob: &mut Fob| (read(fob, NOTES), read(fob, ONCE), state(fob, &[]));
    let before = seen(&mut Fob::start(&cast.flash.copy()).unwrap());
    let after = {
        let mut fob = Fob::start(&cast.flash.copy()).unwrap();
        apply(&mut fob, &file).unwrap();
        seen(&mut fob)
    };
    assert!(before.0 != after.0 && before.1 != after.1 && before.2 != after.2);
    let cuts = sweep(
        "an update of files",
        &cast.flash,
        |fob| u32::from(apply(fob, &file).is_ok()),
        |fob, answered, place| {
            let found = seen(fob);
            assert!(found == after || (answered == 0 && found == before), "{place}: half applied");
            let again = apply(fob, &file).map(|_| ());
            assert_eq!(again, if found == after { Err(Status::UpdateReplayed) } else { Ok(()) }, "{place}");
            assert_eq!(seen(fob), after, "{place}: in the end");
        },
    );
    assert!(cuts >= 50, "{cuts} cuts");
}

/// Writing what is there already programs nothing.
#[test]
fn a_write_that_changes_nothing_costs_no_flash() {
    let cast = Cast::new();
    let mut fob = Fob::start(&cast.flash).unwrap();
    let plan = UpdatePlan { issued: TODAY, grants: Vec::new(), steps: files() };
    apply(&mut fob, &cast.vendor.issue(&cast.record, &plan, &mut OsEntropy).unwrap().file).unwrap();
    write(&mut fob, ONCE, 0, &[4; 600]).unwrap();
    let before = cast.flash.steps();
    write(&mut fob, NOTES, 0, &[1; 1024]).unwrap();
    write(&mut fob, ONCE, 0, &[4; 600]).unwrap();
    assert_eq!(write(&mut fob, ONCE, 0, &[5; 600]), Err(Status::FileProtected));
    assert_eq!(cast.flash.steps(), before, "something is programmed");
    write(&mut fob, NOTES, 0, &[2]).unwrap();
    assert!(cast.flash.steps() > before, "steps are counted");
}
