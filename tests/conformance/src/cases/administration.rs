//! Wiping, revocation and root changes. `docs/spec.md`, §7.5, §7.9 and §7.10.

use keyfob::{Error, Guest, Status, UnixTime};
use keyfob_crypto::{AgreementKey, P256Agreement, P256Signing, PublicKey, RustCrypto, SigningKey};
use keyfob_issuing::{Issued, OsEntropy, Predecessor, Step, TokenRecord, UpdatePlan, Vendor};
use keyfob_licence::{List, Operation, RootChange, Update, Wipe};
use keyfob_signed::{AppCredential, Certificate, Endorsement, Payload, Rights, Role, Usage};
use keyfob_wire::body::{Body, Certificates, CheckRequest, CounterRequest, Request};
use keyfob_wire::{Modules, PartitionId, ProductId, RootChangeFile, Serial, Subject, Units, UpdateFile, WipeFile};

use crate::bench::{Fob, enrol, guest, steps};
use crate::case::{ensure, same};
use crate::licence::{COUNTED, PLAIN, TODAY, private, public};
use crate::{Bench, Failure, Raw, SessionId};

super::cases! {
    a_wipe_takes_a_partition_away
    a_wipe_leaves_other_partitions_alone
    a_wipe_by_anybody_else_or_of_another_number_is_refused
    what_was_issued_before_a_wipe_does_not_come_back
    a_handshake_from_before_a_wipe_is_refused
    sixteen_partitions_can_be_wiped
    a_wipe_outlives_the_power
    a_new_root_takes_over
    a_root_change_by_anybody_else_is_refused
    a_recovery_key_changes_the_root
    a_raised_epoch_revokes
    an_epoch_is_never_lowered
    only_the_root_revokes
    a_mark_can_be_set_back
}

/// A vendor on a token, with what it has sold.
struct Sold {
    vendor: Vendor,
    record: TokenRecord,
    app: Vec<u8>,
}

impl Sold {
    fn on(bench: &Bench, fob: &dyn Fob) -> Result<Self, Failure> {
        let vendor = Vendor::create(bench.kind, &mut OsEntropy);
        let record = enrol(&vendor, fob, bench.patience)?;
        let mut sold = Self { app: app(&vendor)?, vendor, record };
        let set = vec![Step::SetCounter { feature: COUNTED, units: Units(9) }];
        sold.apply(bench, fob, UpdatePlan { grants: vec![public(), private()], ..steps(set) })?;
        Ok(sold)
    }

    fn issue(&self, steps: Vec<Step>) -> Result<Issued, Failure> {
        Ok(self.vendor.issue(&self.record, &crate::bench::steps(steps), &mut OsEntropy)?)
    }

    fn apply(&mut self, bench: &Bench, fob: &dyn Fob, plan: UpdatePlan) -> Result<(), Failure> {
        let issued = self.vendor.issue(&self.record, &plan, &mut OsEntropy)?;
        guest(fob, bench.patience)?.apply(&issued.file)?;
        self.record = issued.record;
        Ok(())
    }

    fn id(&self) -> Result<PartitionId, Failure> {
        Ok(self.record.endorsement(self.vendor.root())?.partition)
    }

    fn wipe(&self, wipes: u32) -> Result<Vec<u8>, Failure> {
        Ok(self.vendor.wipe(&self.record, wipes, &mut OsEntropy)?)
    }

    fn change_root(&self, new: &Vendor) -> Result<keyfob_issuing::TakenOver, Failure> {
        Ok(new.take_over(&Predecessor::Root(&self.vendor), &self.record, &mut OsEntropy)?)
    }
}

fn app(vendor: &Vendor) -> Result<Vec<u8>, Failure> {
    Ok(vendor.app(Subject(*b"an app  "), ProductId(0), Rights::ALL, &mut OsEntropy)?)
}

fn check(raw: &mut Raw, session: SessionId) -> Result<Status, Failure> {
    let asked = CheckRequest { feature: PLAIN, time: TODAY, modules: Modules(0) };
    Ok(raw.ask(session, &Request::Check(asked))?.0)
}

fn left(raw: &mut Raw, session: SessionId) -> Result<(Status, Vec<u8>), Failure> {
    raw.ask(session, &Request::Counter(CounterRequest { feature: COUNTED }))
}

fn refused<T: std::fmt::Debug>(what: &str, found: Result<T, Error>, expected: Status) -> Result<(), Failure> {
    let is_refused = matches!(&found, Err(Error::Refused(status)) if *status == expected);
    ensure!(is_refused, "{what}: {found:?} instead of {}", expected.slug());
    Ok(())
}

/// Whether an app is let in.
fn is_admitted(bench: &Bench, fob: &dyn Fob, app: &[u8]) -> Result<bool, Failure> {
    Ok(bench.raw_to(fob)?.app(app).is_ok())
}

fn sign<'a, T: Payload<'a>>(payload: &T, binding: &T::Binding, key: &P256Signing) -> Result<Vec<u8>, Failure> {
    let mut out = vec![0; 4_096];
    let length = keyfob_signed::sign::<RustCrypto, T>(payload, binding, key, &mut OsEntropy, &mut out)?.len();
    out.truncate(length);
    Ok(out)
}

fn written(body: &impl Body) -> Result<Vec<u8>, Failure> {
    let mut out = vec![0; 4_096];
    let length = body.write(&mut out)?;
    out.truncate(length);
    Ok(out)
}

fn key() -> P256Signing {
    P256Signing::generate(&mut OsEntropy)
}

fn a_wipe_takes_a_partition_away(bench: &mut Bench) -> Result<(), Failure> {
    let fob = bench.fresh()?;
    let mut sold = Sold::on(bench, &*fob)?;
    let (id, last) = (sold.id()?, sold.record.sequence);
    let mut raw = bench.raw_to(&*fob)?;
    let session = raw.app(&sold.app)?;
    same("a check before", &check(&mut raw, session)?, &Status::Ok)?;
    let mut guest = guest(&*fob, bench.patience)?;
    same("wipes before", &(guest.info()?.wipes, guest.info()?.tombstones.len()), &(0, 0))?;
    guest.wipe(&sold.wipe(0)?)?;
    same("a check after", &check(&mut raw, session)?, &Status::SessionRefused)?;
    let info = guest.info()?;
    same("partitions", &info.partitions.len(), &0)?;
    let stones: Vec<_> =
        info.tombstones.iter().map(|stone| (stone.vendor.0, stone.partition, stone.epoch, stone.number)).collect();
    same("tombstones", &stones, &vec![(sold.vendor.root().0.hint(), id, last.epoch, last.number)])?;
    same("wipes", &info.wipes, &1)?;
    refused("the list", guest.list(sold.vendor.root()), Status::UnknownVendor)?;
    refused("the wipe again", guest.wipe(&sold.wipe(0)?), Status::WrongToken)?;
    refused("the next wipe", guest.wipe(&sold.wipe(1)?), Status::WrongToken)?;
    ensure!(!is_admitted(bench, &*fob, &sold.app)?, "an app of a wiped partition is let in");

    sold.record = enrol(&sold.vendor, &*fob, bench.patience)?;
    ensure!(sold.id()? != id, "the new partition has the old one's id");
    ensure!(is_admitted(bench, &*fob, &sold.app)?, "the vendor's app isn't let in after another enrolment");
    same("the old session", &check(&mut raw, session)?, &Status::SessionRefused)?;
    let session = raw.app(&sold.app)?;
    same("a check of the new one", &check(&mut raw, session)?, &Status::FeatureNotFound)?;
    same("its list", &guest.list(sold.vendor.root())?.len(), &0)
}

fn a_wipe_leaves_other_partitions_alone(bench: &mut Bench) -> Result<(), Failure> {
    let fob = bench.fresh()?;
    let (one, other) = (Sold::on(bench, &*fob)?, Sold::on(bench, &*fob)?);
    let mut raw = bench.raw_to(&*fob)?;
    let session = raw.app(&other.app)?;
    let before = left(&mut raw, session)?;
    let mut guest = guest(&*fob, bench.patience)?;
    let listed = guest.list(other.vendor.root())?;
    let (early, late) = (other.wipe(0)?, other.wipe(1)?);
    guest.wipe(&one.wipe(0)?)?;
    same("its counter", &left(&mut raw, session)?, &before)?;
    same("its session", &check(&mut raw, session)?, &Status::Ok)?;
    same("its list", &guest.list(other.vendor.root())?, &listed)?;
    // The place that is free now is another's.
    let third = Sold::on(bench, &*fob)?;
    same("its session", &check(&mut raw, session)?, &Status::Ok)?;
    ensure!(is_admitted(bench, &*fob, &third.app)?, "who came into the free place isn't let in");
    refused("a wipe of a number that is gone", guest.wipe(&early), Status::UpdateReplayed)?;
    guest.wipe(&late)?;
    same("the third's list", &guest.list(third.vendor.root())?.len(), &1)
}

fn a_wipe_by_anybody_else_or_of_another_number_is_refused(bench: &mut Bench) -> Result<(), Failure> {
    let fob = bench.fresh()?;
    let (sold, other) = (Sold::on(bench, &*fob)?, Sold::on(bench, &*fob)?);
    let mut guest = guest(&*fob, bench.patience)?;
    let genuine = sold.wipe(0)?;
    let (serial, partition) = (guest.serial(), sold.id()?);
    let by = |key: &P256Signing, binding| -> Result<Vec<u8>, Failure> {
        let wipe = sign(&Wipe { sequence: 1 }, &binding, key)?;
        written(&WipeFile { serial, partition, wipe: &wipe })
    };
    let stranger = by(&key(), (serial, partition))?;
    refused("a stranger's", guest.wipe(&stranger), Status::SignatureInvalid)?;
    let theirs = other.wipe(0)?;
    let readdressed = written(&WipeFile { partition, ..WipeFile::parse(&theirs)? })?;
    refused("another vendor's", guest.wipe(&readdressed), Status::SignatureInvalid)?;
    let elsewhere = written(&WipeFile { serial: Serial([1; 8]), ..WipeFile::parse(&genuine)? })?;
    refused("another token's", guest.wipe(&elsewhere), Status::WrongToken)?;
    let nobody = written(&WipeFile { partition: PartitionId([1; 8]), ..WipeFile::parse(&genuine)? })?;
    refused("another partition's", guest.wipe(&nobody), Status::WrongToken)?;
    refused("one too early", guest.wipe(&sold.wipe(1)?), Status::UpdateOutOfOrder)?;
    for place in 0..genuine.len() {
        let mut altered = genuine.clone();
        altered[place] ^= 1;
        ensure!(guest.wipe(&altered).is_err(), "byte {place} altered and accepted");
    }
    // An app of another vendor isn't the one to hand it over, though a guest is.
    let mut raw = bench.raw_to(&*fob)?;
    let theirs = raw.app(&other.app)?;
    let (status, _) = raw.ask(theirs, &Request::Wipe(WipeFile::parse(&genuine)?))?;
    same("by another vendor's app", &status, &Status::WrongToken)?;
    same("partitions", &guest.info()?.partitions.len(), &2)?;
    same("wipes", &guest.info()?.wipes, &0)?;
    guest.wipe(&genuine)?;
    Ok(())
}

fn what_was_issued_before_a_wipe_does_not_come_back(bench: &mut Bench) -> Result<(), Failure> {
    let fob = bench.fresh()?;
    let mut sold = Sold::on(bench, &*fob)?;
    let set = vec![Step::SetCounter { feature: COUNTED, units: Units(1_000) }];
    let old = sold.issue(set)?.file;
    let mut guest = guest(&*fob, bench.patience)?;
    guest.wipe(&sold.wipe(0)?)?;
    refused("an update of a wiped partition", guest.apply(&old), Status::WrongToken)?;
    let before = sold.record.clone();
    sold.record = enrol(&sold.vendor, &*fob, bench.patience)?;
    refused("an update of before", guest.apply(&old), Status::WrongToken)?;
    let readdressed = written(&UpdateFile { partition: sold.id()?, ..UpdateFile::parse(&old)? })?;
    refused("readdressed", guest.apply(&readdressed), Status::SignatureInvalid)?;
    let wipe = sold.vendor.wipe(&before, 1, &mut OsEntropy)?;
    refused("a wipe of the partition before", guest.wipe(&wipe), Status::WrongToken)?;
    same("the list", &guest.list(sold.vendor.root())?.len(), &0)
}

fn a_handshake_from_before_a_wipe_is_refused(bench: &mut Bench) -> Result<(), Failure> {
    let fob = bench.fresh()?;
    let mut sold = Sold::on(bench, &*fob)?;
    let mut raw = bench.raw_to(&*fob)?;
    let (channel, hint) = (raw.init()?, keyfob_wire::VendorHint(sold.vendor.root().0.hint()));
    let begun = raw.begin(&channel, hint)?;
    let credential = AppCredential::parse(&sold.app)?;
    let handshake = P256Agreement::from_secret(&credential.secret)?;
    let (root, serial) = (sold.vendor.root(), sold.record.serial);
    let (finish, _) = begun.as_app(&root, serial, &handshake, credential.certificate, &Request::Login)?;
    guest(&*fob, bench.patience)?.wipe(&sold.wipe(0)?)?;
    sold.record = enrol(&sold.vendor, &*fob, bench.patience)?;
    let answer = raw.finish(channel.id, &finish)?;
    same("message 3", &answer, &crate::raw::error(Status::SessionRefused))
}

fn sixteen_partitions_can_be_wiped(bench: &mut Bench) -> Result<(), Failure> {
    let fob = bench.fresh()?;
    let vendor = Vendor::create(bench.kind, &mut OsEntropy);
    let mut guest = guest(&*fob, bench.patience)?;
    for wipes in 0..16 {
        let record = enrol(&vendor, &*fob, bench.patience)?;
        guest.wipe(&vendor.wipe(&record, wipes, &mut OsEntropy)?)?;
    }
    let info = guest.info()?;
    same("wipes and tombstones", &(info.wipes, info.tombstones.len()), &(16, 16))?;
    let record = enrol(&vendor, &*fob, bench.patience)?;
    refused("one more", guest.wipe(&vendor.wipe(&record, 16, &mut OsEntropy)?), Status::NoRoom)?;
    same("partitions", &guest.info()?.partitions.len(), &1)
}

fn a_wipe_outlives_the_power(bench: &mut Bench) -> Result<(), Failure> {
    let mut fob = bench.fresh()?;
    let sold = Sold::on(bench, &*fob)?;
    let other = Sold::on(bench, &*fob)?;
    guest(&*fob, bench.patience)?.wipe(&sold.wipe(0)?)?;
    fob.restart().ok_or(Failure::Needs(crate::Capability::Restart))??;
    let mut guest = guest(&*fob, bench.patience)?;
    let info = guest.info()?;
    same("wipes", &(info.wipes, info.tombstones.len(), info.partitions.len()), &(1, 1, 1))?;
    ensure!(is_admitted(bench, &*fob, &other.app)?, "the other vendor's app isn't let in");
    refused("the wipe again", guest.wipe(&sold.wipe(0)?), Status::WrongToken)
}

fn a_new_root_takes_over(bench: &mut Bench) -> Result<(), Failure> {
    let mut fob = bench.fresh()?;
    let mut sold = Sold::on(bench, &*fob)?;
    let new = Vendor::create(bench.kind, &mut OsEntropy);
    let taken = sold.change_root(&new)?;
    let pending = sold.issue(vec![Step::AddCounter { feature: COUNTED, units: Units(1) }])?.file;
    let mut raw = bench.raw_to(&*fob)?;
    let session = raw.app(&sold.app)?;
    let before = left(&mut raw, session)?;
    let mut guest = guest(&*fob, bench.patience)?;
    let listed = guest.list(sold.vendor.root())?;
    guest.change_root(&taken.file)?;
    same("the old session", &check(&mut raw, session)?, &Status::SessionRefused)?;
    ensure!(!is_admitted(bench, &*fob, &sold.app)?, "an app of the old root is let in");
    let session = raw.app(&app(&new)?)?;
    same("what is left", &left(&mut raw, session)?, &before)?;
    same("the list", &guest.list(new.root())?, &listed)?;
    same(
        "the partition",
        &guest.info()?.partitions.first().map(|p| (p.vendor, p.id)),
        &Some((new.root(), sold.id()?)),
    )?;
    refused("an update by the old root", guest.apply(&pending), Status::SignatureInvalid)?;
    refused("the change again", guest.change_root(&taken.file), Status::SignatureInvalid)?;
    // A grant is shown as it was signed, until it is issued anew.
    let granted = guest.grant(new.root(), crate::licence::PUBLIC)?;
    let binding = (guest.serial(), sold.id()?);
    let by = |vendor: &Vendor, grant: &[u8]| {
        keyfob_signed::verify::<RustCrypto, keyfob_licence::Grant<'_>>(grant, &vendor.root().0, &binding).is_ok()
    };
    ensure!(by(&sold.vendor, &granted.grant), "the grant isn't shown as the old root signed it");
    sold = Sold { app: app(&new)?, vendor: new, record: taken.record };
    sold.apply(bench, &*fob, UpdatePlan { grants: vec![public()], ..steps(vec![]) })?;
    let granted = guest.grant(sold.vendor.root(), crate::licence::PUBLIC)?;
    ensure!(by(&sold.vendor, &granted.grant), "the grant isn't shown as the new root signed it");
    drop((guest, raw));
    fob.restart().ok_or(Failure::Needs(crate::Capability::Restart))??;
    ensure!(is_admitted(bench, &*fob, &sold.app)?, "the new root doesn't outlive the power");
    Ok(())
}

fn a_root_change_by_anybody_else_is_refused(bench: &mut Bench) -> Result<(), Failure> {
    let fob = bench.fresh()?;
    let (sold, other) = (Sold::on(bench, &*fob)?, Sold::on(bench, &*fob)?);
    let new = Vendor::create(bench.kind, &mut OsEntropy);
    let taken = sold.change_root(&new)?;
    let genuine = RootChangeFile::parse(&taken.file)?;
    let mut guest = guest(&*fob, bench.patience)?;
    let binding = (guest.serial(), sold.id()?);
    let thief = key();
    let copy = P256Signing::from_secret(&thief.to_secret())?;
    let forged = RootChange { number: 1, root: thief.public() };
    let (by_thief, by_stranger) = (sign(&forged, &binding, &thief)?, sign(&forged, &binding, &key())?);
    let endorsed = sold.record.endorsement(sold.vendor.root())?.into_inner();
    let by_thief_endorsed = sign(&endorsed, &binding.0, &thief)?;
    let swapped = Endorsement { sealing: endorsed.proof, ..endorsed };
    let cases = [
        ("a thief's alone", (&by_thief[..], &by_thief[..], &by_thief_endorsed[..]), Status::SignatureInvalid),
        ("a stranger's", (&by_stranger, &by_thief, &by_thief_endorsed), Status::SignatureInvalid),
        ("without the new root", (genuine.by_old, genuine.by_old, genuine.endorsement), Status::SignatureInvalid),
        ("a thief's for the new root", (genuine.by_old, &by_thief, genuine.endorsement), Status::SignatureInvalid),
        ("the old endorsement", (genuine.by_old, genuine.by_new, &sold.record.endorsement), Status::CertificateRefused),
    ];
    for (what, (by_old, by_new, endorsement), expected) in cases {
        let file = written(&RootChangeFile { by_old, by_new, endorsement, ..genuine })?;
        refused(what, guest.change_root(&file), expected)?;
    }
    let odd = Vendor::from_key(bench.kind, thief);
    let by_odd = odd.take_over(&Predecessor::Root(&sold.vendor), &sold.record, &mut OsEntropy)?.file;
    let by_odd = RootChangeFile::parse(&by_odd)?;
    let thief_again = sign(&swapped, &binding.0, &copy)?;
    let file = written(&RootChangeFile { endorsement: &thief_again, ..by_odd })?;
    refused("an endorsement of other keys", guest.change_root(&file), Status::CertificateRefused)?;
    let late = TokenRecord { root_changes: 1, ..sold.record.clone() };
    let late = new.take_over(&Predecessor::Root(&sold.vendor), &late, &mut OsEntropy)?.file;
    refused("one too early", guest.change_root(&late), Status::UpdateOutOfOrder)?;
    let enrolled = other.vendor.take_over(&Predecessor::Root(&sold.vendor), &sold.record, &mut OsEntropy)?.file;
    refused("to a root that is there", guest.change_root(&enrolled), Status::AlreadyEnrolled)?;
    let elsewhere = written(&RootChangeFile { serial: Serial([1; 8]), ..genuine })?;
    refused("another token's", guest.change_root(&elsewhere), Status::WrongToken)?;
    for place in (0..taken.file.len()).step_by(5) {
        let mut altered = taken.file.clone();
        altered[place] ^= 1;
        ensure!(guest.change_root(&altered).is_err(), "byte {place} altered and accepted");
    }
    ensure!(is_admitted(bench, &*fob, &sold.app)?, "the old root's app isn't let in any more");
    guest.change_root(&taken.file)?;
    Ok(())
}

fn a_recovery_key_changes_the_root(bench: &mut Bench) -> Result<(), Failure> {
    let fob = bench.fresh()?;
    let mut sold = Sold::on(bench, &*fob)?;
    let (new, recovery) = (Vendor::create(bench.kind, &mut OsEntropy), key());
    let told = TokenRecord { recovery: Some(recovery.public().0), ..sold.record.clone() };
    let by = Predecessor::Recovery { root: sold.vendor.root(), key: &recovery };
    let file = new.take_over(&by, &told, &mut OsEntropy)?.file;
    let mut guest = guest(&*fob, bench.patience)?;
    refused("a key that it wasn't told", guest.change_root(&file), Status::SignatureInvalid)?;
    let tell = |key: PublicKey| steps(vec![Step::SetRecoveryKey { key }]);
    sold.apply(bench, &*fob, tell(recovery.public()))?;
    let other = TokenRecord { recovery: Some(key().public().0), ..sold.record.clone() };
    ensure!(new.take_over(&by, &other, &mut OsEntropy).is_err(), "another key is taken for the recovery key");
    guest.change_root(&file)?;
    ensure!(is_admitted(bench, &*fob, &app(&new)?)?, "the recovered root's app isn't let in");
    refused("the change again", guest.change_root(&file), Status::UpdateReplayed)
}

/// A certificate of an epoch, by the vendor whose key is known.
fn certified(root: &P256Signing, role: Role, epoch: u32, key: PublicKey) -> Result<Vec<u8>, Failure> {
    let (subject, usage) = (Subject(*b"a signer"), Usage::Signing);
    let certificate = Certificate { subject, role, usage, epoch, product: ProductId(0), attributes: 0, key };
    sign(&certificate, &(), root)
}

fn a_raised_epoch_revokes(bench: &mut Bench) -> Result<(), Failure> {
    let fob = bench.fresh()?;
    let root = key();
    let copy = P256Signing::from_secret(&root.to_secret())?;
    let vendor = Vendor::from_key(bench.kind, root);
    let record = enrol(&vendor, &*fob, bench.patience)?;
    let mut sold = Sold { app: app(&vendor)?, vendor, record };
    sold.apply(bench, &*fob, UpdatePlan { grants: vec![public()], ..steps(vec![]) })?;
    let mut raw = bench.raw_to(&*fob)?;
    let session = raw.app(&sold.app)?;
    same("a check before", &check(&mut raw, session)?, &Status::Ok)?;

    sold.apply(bench, &*fob, steps(vec![Step::RaiseEpoch { epoch: 2 }]))?;
    same("a check after", &check(&mut raw, session)?, &Status::Revoked)?;
    same("its login", &raw.ask(session, &Request::Login)?.0, &Status::Revoked)?;
    ensure!(!is_admitted(bench, &*fob, &sold.app)?, "an app of a revoked epoch is let in");

    let signer = sold.vendor.update_signer(Subject([2; 8]), key(), &mut OsEntropy)?;
    let mut guest = guest(&*fob, bench.patience)?;
    let update = signer.issue(&sold.record, &steps(vec![]), &mut OsEntropy)?;
    refused("a revoked update signer", guest.apply(&update.file), Status::Revoked)?;
    let timer = key();
    let asked = guest.time(sold.vendor.root())?;
    let binding = (guest.serial(), asked.partition);
    let time = keyfob_licence::SignedTime { time: TODAY, nonce: asked.nonce };
    let time = sign(&time, &binding, &timer)?;
    let mut set = |epoch| -> Result<_, Failure> {
        let certificate = certified(&copy, Role::TimeSigner, epoch, timer.public())?;
        let signed = keyfob::Signed { bytes: &time, certificate: Some(&certificate) };
        Ok(guest.set_time(sold.vendor.root(), &signed))
    };
    refused("a revoked time signer", set(1)?, Status::Revoked)?;
    same("the mark by a new one", &set(2)?.ok(), &Some(TODAY))?;

    // What is certified anew counts.
    let vendor = Vendor::from_key(bench.kind, copy).in_epoch(2);
    ensure!(is_admitted(bench, &*fob, &app(&vendor)?)?, "an app of the new epoch isn't let in");
    let signer = vendor.update_signer(Subject([2; 8]), key(), &mut OsEntropy)?;
    let update = signer.issue(&sold.record, &steps(vec![]), &mut OsEntropy)?;
    guest.apply(&update.file)?;
    Ok(())
}

fn an_epoch_is_never_lowered(bench: &mut Bench) -> Result<(), Failure> {
    let fob = bench.fresh()?;
    let mut sold = Sold::on(bench, &*fob)?;
    sold.apply(bench, &*fob, steps(vec![Step::RaiseEpoch { epoch: 3 }]))?;
    let forgotten = TokenRecord { minimum_epoch: 0, ..sold.record.clone() };
    let lower = sold.vendor.issue(&forgotten, &steps(vec![Step::RaiseEpoch { epoch: 2 }]), &mut OsEntropy)?;
    let mut guest = guest(&*fob, bench.patience)?;
    refused("a lower epoch", guest.apply(&lower.file), Status::UpdateMalformed)?;
    ensure!(!is_admitted(bench, &*fob, &sold.app)?, "an app of a revoked epoch is let in");
    let same_again = sold.issue(vec![Step::RaiseEpoch { epoch: 3 }])?;
    guest.apply(&same_again.file)?;
    Ok(())
}

fn only_the_root_revokes(bench: &mut Bench) -> Result<(), Failure> {
    let fob = bench.fresh()?;
    let root = key();
    let copy = P256Signing::from_secret(&root.to_secret())?;
    let vendor = Vendor::from_key(bench.kind, root);
    let record = enrol(&vendor, &*fob, bench.patience)?;
    let binding = (record.serial, record.endorsement(vendor.root())?.partition);
    let signer = key();
    let certificate = certified(&copy, Role::UpdateSigner, 1, signer.public())?;
    let mut guest = guest(&*fob, bench.patience)?;
    for operation in [
        Operation::RaiseEpoch { epoch: 2 },
        Operation::SetRecoveryKey { key: signer.public() },
        Operation::SetMark { mark: TODAY },
    ] {
        let operations = [operation];
        let update = Update {
            epoch: 1,
            number: 1,
            previous: [0; 32],
            issued: TODAY,
            grants: List::new(&[]),
            operations: List::new(&operations),
        };
        let update = sign(&update, &binding, &signer)?;
        let certificates = Certificates::new([&certificate[..]])?;
        let file = UpdateFile { serial: binding.0, partition: binding.1, certificates, update: &update };
        refused(&format!("{operation:?}"), guest.apply(&written(&file)?), Status::SignatureInvalid)?;
    }
    same("the mark", &guest.time(vendor.root())?.mark, &UnixTime(0))?;
    let odd = Step::SetRecoveryKey { key: PublicKey([5; 33]) };
    ensure!(vendor.issue(&record, &steps(vec![odd]), &mut OsEntropy).is_err(), "a recovery key that is no point");
    Ok(())
}

fn a_mark_can_be_set_back(bench: &mut Bench) -> Result<(), Failure> {
    let fob = bench.fresh()?;
    let mut sold = Sold::on(bench, &*fob)?;
    let mark = |guest: &mut Guest, sold: &Sold| Ok::<_, Failure>(guest.time(sold.vendor.root())?.mark.0);
    for time in [TODAY.0 + 1_000, TODAY.0, 5, TODAY.0] {
        sold.apply(bench, &*fob, steps(vec![Step::SetMark { mark: UnixTime(time) }]))?;
        same("the mark", &mark(&mut guest(&*fob, bench.patience)?, &sold)?, &time)?;
    }
    Ok(())
}
