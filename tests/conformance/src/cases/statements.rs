//! What a token says of itself: proofs, snapshots, health, random bytes. `docs/spec.md`, §7.11, §7.12 and §8.

use keyfob::{Challenge, FeatureId, FileId, FileKind, Proof as Proven, UnixTime};
use keyfob_crypto::RustCrypto;
use keyfob_issuing::Step;
use keyfob_licence::{FileState, Proof, Quality, Snapshot};
use keyfob_signed::{Kind, Rights, verify};
use keyfob_wire::body::{ProveRequest, RandomRequest, Request, SnapshotRequest};
use keyfob_wire::{Operation, ProofFile, SnapshotFile, Status, Subject, Units, VendorHint};

use super::usage::is_refused;
use crate::bench::steps;
use crate::case::{ensure, same};
use crate::licence::{COUNTED, DISABLED, EXPIRY, PLAIN, PRIVATE, PUBLIC, TIMED, TODAY, UNSOLD};
use crate::{Bench, Failure};

super::cases! {
    guests_get_no_proofs
    a_proof_proves_a_decision
    a_refusal_is_proven_too
    a_proof_is_for_its_token_and_kind
    what_isnt_licensed_cannot_be_proven
    proving_is_a_right
    a_proofs_request_is_as_specified
    a_snapshot_shows_the_state
    a_snapshots_nonce_has_eight_to_sixty_four_bytes
    health_tells_the_sessions
    random_bytes_are_as_many_as_asked_for
}

const CHALLENGE: Challenge<'_> =
    Challenge { audience: "https://cad.example", nonce: &[0x17; 16], context: b"export of part 4711" };

/// The proof in a proof file, verified as its audience does.
fn proven<'a>(bench: &Bench, file: &'a [u8]) -> Result<Proof<'a>, Failure> {
    let file = ProofFile::parse(file)?;
    let endorsement = bench.vendor.root().verify_endorsement::<RustCrypto>(file.endorsement, file.serial, 0)?;
    let binding = (file.serial, endorsement.partition);
    Ok(verify::<RustCrypto, Proof<'_>>(file.proof, &endorsement.proof, &binding)?.into_inner())
}

fn prove(bench: &Bench, feature: FeatureId, time: UnixTime) -> Result<Proven, Failure> {
    Ok(bench.open(&bench.app, time)?.login(feature)?.prove(&CHALLENGE)?)
}

fn guests_get_no_proofs(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let session = raw.guest()?;
    let Challenge { audience, nonce, context } = CHALLENGE;
    let prove = Request::Prove(ProveRequest { audience, nonce, context, feature: PLAIN, time: TODAY });
    same("a proof", &raw.ask(session, &prove)?.0, &Status::NotPermitted)?;
    let random = Request::Random(RandomRequest { length: 1 });
    same("random bytes", &raw.ask(session, &random)?.0, &Status::NotPermitted)
}

fn a_proof_proves_a_decision(bench: &mut Bench) -> Result<(), Failure> {
    for (feature, time, quality) in [
        (PLAIN, TODAY, Quality::Claimed),
        (TIMED, TODAY, Quality::Claimed),
        (PLAIN, UnixTime::UNKNOWN, Quality::Unknown),
    ] {
        let file = prove(bench, feature, time)?.to_file()?;
        let proof = proven(bench, &file)?;
        // Others may have given the token a time.
        let found = if proof.quality == Quality::Signed { (time, quality) } else { (proof.time, proof.quality) };
        same("time and its quality", &found, &(time, quality))?;
        let sequence = bench.record.sequence;
        let expected = Proof {
            audience: CHALLENGE.audience,
            time: proof.time,
            nonce: CHALLENGE.nonce,
            feature,
            status: Status::Ok,
            quality: proof.quality,
            context: CHALLENGE.context,
            app: Subject(*b"all apps"),
            number: sequence.number,
            epoch: sequence.epoch,
        };
        same("the proof", &proof, &expected)?;
    }
    Ok(())
}

fn a_refusal_is_proven_too(bench: &mut Bench) -> Result<(), Failure> {
    bench.set_counter(0)?;
    for (feature, time, status) in [
        (TIMED, EXPIRY, Status::Expired),
        (DISABLED, TODAY, Status::FeatureDisabled),
        (COUNTED, TODAY, Status::CounterExhausted),
    ] {
        let file = prove(bench, feature, time)?.to_file()?;
        let proof = proven(bench, &file)?;
        same("feature and status", &(proof.feature, proof.status), &(feature, status))?;
    }
    Ok(())
}

fn a_proof_is_for_its_token_and_kind(bench: &mut Bench) -> Result<(), Failure> {
    let proof = prove(bench, PLAIN, TODAY)?;
    let root = bench.vendor.root();
    let endorsement = root.verify_endorsement::<RustCrypto>(&proof.endorsement, bench.serial(), 0)?;
    let binding = (bench.serial(), endorsement.partition);
    let by = |key, binding| verify::<RustCrypto, Proof<'_>>(&proof.proof, key, &binding).is_ok();
    ensure!(by(&endorsement.proof, binding), "it isn't the proof key's");
    ensure!(!by(&endorsement.handshake, binding), "another key has signed it");
    ensure!(!by(&endorsement.proof, (keyfob::Serial([9; 8]), binding.1)), "it is another token's");
    ensure!(!by(&endorsement.proof, (binding.0, keyfob_wire::PartitionId([9; 8]))), "it is another partition's");
    let as_snapshot = verify::<RustCrypto, Snapshot<'_>>(&proof.proof, &endorsement.proof, &binding);
    ensure!(as_snapshot.is_err(), "it is taken for a snapshot");
    let signer = root.signer::<RustCrypto>(None, Kind::Update, 0)?;
    ensure!(signer.verify::<RustCrypto, Proof<'_>>(&proof.proof, &binding).is_err(), "the root may sign proofs");
    for place in 0..proof.proof.len() {
        let mut altered = proof.proof.clone();
        altered[place] ^= 1;
        let is_ok = verify::<RustCrypto, Proof<'_>>(&altered, &endorsement.proof, &binding).is_ok();
        ensure!(!is_ok, "byte {place} may be altered");
    }
    Ok(())
}

fn what_isnt_licensed_cannot_be_proven(bench: &mut Bench) -> Result<(), Failure> {
    let client = bench.client()?;
    is_refused("unsold", client.login(UNSOLD)?.prove(&CHALLENGE), Status::FeatureNotFound)?;
    let other = bench.open(&bench.app_with(PRIVATE, Rights::ALL)?, TODAY)?;
    is_refused("another product's app", other.login(PLAIN)?.prove(&CHALLENGE), Status::ProductNotPermitted)
}

fn proving_is_a_right(bench: &mut Bench) -> Result<(), Failure> {
    let all_others = Rights::from_number(Rights::ALL.number() & !Rights::PROVE.number());
    let all_others = all_others.ok_or(Failure::Broken("no rights".to_owned()))?;
    let client = bench.open(&bench.app_with(PUBLIC, all_others)?, TODAY)?;
    is_refused("without the right", client.login(PLAIN)?.prove(&CHALLENGE), Status::NotPermitted)?;
    let client = bench.open(&bench.app_with(PUBLIC, Rights::PROVE)?, TODAY)?;
    let file = client.login(PLAIN)?.prove(&CHALLENGE)?.to_file()?;
    same("the app", &proven(bench, &file)?.app, &Subject(*b"one app "))
}

fn a_proofs_request_is_as_specified(bench: &mut Bench) -> Result<(), Failure> {
    let client = bench.client()?;
    let session = client.login(PLAIN)?;
    let long = "x".repeat(65);
    let bad = |challenge| is_refused("a proof", session.prove(&challenge), Status::BadRequest);
    bad(Challenge { audience: "", ..CHALLENGE })?;
    bad(Challenge { audience: &long, ..CHALLENGE })?;
    bad(Challenge { nonce: &[1; 15], ..CHALLENGE })?;
    bad(Challenge { nonce: &[1; 65], ..CHALLENGE })?;
    bad(Challenge { context: &[1; 65], ..CHALLENGE })?;
    let longest = Challenge { audience: &long[1..], nonce: &[1; 64], context: &[1; 64] };
    let file = session.prove(&longest)?.to_file()?;
    let proof = proven(bench, &file)?;
    same("audience", &proof.audience, &longest.audience)?;
    same("nonce and context", &(proof.nonce, proof.context), &(longest.nonce, longest.context))?;
    session.prove(&Challenge { context: &[], ..CHALLENGE })?;
    Ok(())
}

fn a_snapshot_shows_the_state(bench: &mut Bench) -> Result<(), Failure> {
    bench.set_counter(17)?;
    let spent = bench.client()?.login(COUNTED)?.spend(Units(3))?;
    let (product, file, kind, size) = (PRIVATE, FileId(5), FileKind::WriteOnce, 4000);
    bench.apply(steps(vec![Step::CreateFile { product, file, kind, size }]))?;
    let nonce = [4; 64];
    let bytes = bench.guest()?.snapshot(bench.vendor.root(), &nonce)?.to_file()?;
    bench.apply(steps(vec![Step::RemoveFile { product, file }]))?;

    let snapshot_file = SnapshotFile::parse(&bytes)?;
    same("the serial", &snapshot_file.serial, &bench.serial())?;
    let endorsement =
        bench.vendor.root().verify_endorsement::<RustCrypto>(snapshot_file.endorsement, bench.serial(), 0)?;
    let binding = (bench.serial(), endorsement.partition);
    let snapshot = verify::<RustCrypto, Snapshot<'_>>(snapshot_file.snapshot, &endorsement.proof, &binding)?;
    same("the nonce", &snapshot.nonce, &&nonce[..])?;
    let number = bench.record.sequence.number - 1;
    same("the number", &(snapshot.epoch, snapshot.number), &(bench.record.sequence.epoch, number))?;
    let grants: Vec<_> = snapshot.grants.iter().map(|grant| grant.product).collect();
    ensure!(grants.contains(&PUBLIC) && grants.contains(&PRIVATE), "a grant is missing");
    let counters: Vec<_> = snapshot.counters.iter().collect();
    same("the counters", &counters.len(), &1)?;
    same("the counter", &(counters[0].feature, counters[0].remaining), &(COUNTED, Units(14)))?;
    same("its spends", &counters[0].spend_serial, &spent.spend_serial)?;
    let files: Vec<_> = snapshot.files.iter().collect();
    same("the files", &files, &vec![FileState { product, file, kind, size }])
}

fn a_snapshots_nonce_has_eight_to_sixty_four_bytes(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let session = raw.guest()?;
    let hint = Some(VendorHint(bench.vendor.root().0.hint()));
    for (length, expected) in [(7, Status::BadRequest), (8, Status::Ok), (64, Status::Ok), (65, Status::BadRequest)] {
        let nonce = vec![1; length];
        let (status, _) = raw.ask(session, &Request::Snapshot(SnapshotRequest { hint, nonce: &nonce }))?;
        same(&format!("a nonce of {length} bytes"), &status, &expected)?;
    }
    let (status, _) = raw.ask(session, &Request::Snapshot(SnapshotRequest { hint: None, nonce: &[1; 8] }))?;
    same("without a vendor", &status, &Status::BadRequest)
}

fn health_tells_the_sessions(bench: &mut Bench) -> Result<(), Failure> {
    let before = bench.guest()?.health()?;
    ensure!(before.free > 0 && before.sessions >= 1, "{before:?}");
    let client = bench.client()?;
    let with_client = bench.guest()?.health()?;
    same("sessions", &with_client.sessions, &(before.sessions + 1))?;
    // A record that nobody sealed.
    let mut raw = bench.raw()?;
    let session = raw.guest()?;
    raw.call_record(session, &[0; 40])?;
    let after = bench.guest()?.health()?;
    same("records refused", &after.refused_records, &(with_client.refused_records + 1))?;
    ensure!(after.uptime >= before.uptime && after.compactions >= before.compactions, "it goes backwards: {after:?}");
    drop(client);
    Ok(())
}

fn random_bytes_are_as_many_as_asked_for(bench: &mut Bench) -> Result<(), Failure> {
    let mut raw = bench.raw()?;
    let session = raw.app(&bench.app_with(PUBLIC, Rights::default())?)?;
    let mut seen = std::collections::BTreeSet::new();
    for length in 0..=u8::MAX {
        let answer = raw.say(session, &[Operation::Random.byte(), length])?;
        if (1..=64).contains(&length) {
            same("the length", &answer.len(), &(2 + usize::from(length)))?;
            same("the status", &&answer[..2], &&[0, 0][..])?;
            ensure!(length < 8 || seen.insert(answer), "the same bytes twice");
        } else {
            same(&format!("{length} bytes"), &answer, &vec![0, 1])?;
        }
    }
    for body in [&[][..], &[1, 1]] {
        let request = [&[Operation::Random.byte()][..], body].concat();
        same("another length", &raw.say(session, &request)?, &vec![0, 1])?;
    }
    Ok(())
}
