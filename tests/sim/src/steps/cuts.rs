//! The power goes in the middle of flash operations: nothing is lost, nothing is done twice.

use std::fmt;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use keyfob::{Counter, Error, OsEntropy};
use keyfob_conformance::{Bench, COUNTED};
use keyfob_crypto::{Entropy, Secret};
use keyfob_issuing::{FeatureTerms, OsEntropy as IssuingEntropy, ProductGrant, Step, TokenRecord, UpdatePlan};
use keyfob_licence::Terms;
use keyfob_sim::{Board, Chance, Cut, Ends, State};
use keyfob_wire::{FeatureId, OperationId, ProductId, Slot, Status, Units, UnixTime};

use super::failed;

/// What was cut, and how it turned out.
#[derive(Default)]
pub(super) struct Tally {
    spends: [u32; 2],
    updates: [u32; 2],
    erases: u32,
    missed: u32,
}

impl Tally {
    pub(super) fn add(&mut self, other: &Self) {
        for (sum, one) in self.spends.iter_mut().zip(other.spends).chain(self.updates.iter_mut().zip(other.updates)) {
            *sum += one;
        }
        self.erases += other.erases;
        self.missed += other.missed;
    }

    pub(super) fn tried(&self) -> u32 {
        self.spends.iter().chain(&self.updates).sum()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ([unspent, spent], [before, after]) = (self.spends, self.updates);
        write!(
            f,
            "{} in spends ({unspent} left them undone, {spent} done), {} in updates ({before} undone, {after} done), \
             {} of all in erases, {} after the last operation",
            unspent + spent,
            before + after,
            self.erases,
            self.missed
        )
    }
}

/// A page's and a sector's bytes.
const PAGE: usize = 256;
const SECTOR: usize = 4096;
/// How many spends a log takes at most before it is compacted, and how many there are between two copies of the flash.
const LONGEST_LOG: u32 = 8_000;
const BETWEEN: u32 = 32;
/// Every so many cuts one is in an erase.
const ERASES: u32 = 4;
/// 1 December 2026.
const TODAY: UnixTime = UnixTime(1_796_083_200);
/// What updates grant.
const GRANTED: ProductId = ProductId(900);

/// A flash whose log is nearly full, and what its vendor remembers of it.
struct Full {
    file: PathBuf,
    record: TokenRecord,
}

/// Cuts the power for as long as there is something to be cut, in spends and updates by turns.
pub(super) fn run(
    bench: &mut Bench,
    board: &Board,
    seed: u64,
    mut goes_on: impl FnMut() -> bool,
    tally: &mut Tally,
) -> Result<()> {
    board.hasten(1)?;
    let mut chance = Chance::new(seed);
    let mut full: Option<Full> = None;
    let mut operations = None;
    let mut round = 0_u32;
    while goes_on() {
        let (in_spend, in_update) = match operations {
            Some(operations) => operations,
            None => *operations.insert(usual(bench, board)?),
        };
        round += 1;
        let in_erase = round.is_multiple_of(ERASES);
        if in_erase {
            match &full {
                Some(full) => {
                    board.restore(&full.file)?;
                    bench.record = full.record.clone();
                }
                None => full = Some(fill(bench, board)?),
            }
        }
        let is_update = chance.below(2) == 1;
        let cut = if in_erase {
            Cut { in_erase, operation: 1 + chance.below(2), bytes: chance.below(SECTOR) }
        } else {
            let usual = if is_update { in_update } else { in_spend };
            Cut { in_erase, operation: 1 + chance.below(usual), bytes: chance.below(PAGE + 1) }
        };
        let what = if is_update { "an update" } else { "a spend" };
        let ended = if is_update { update(bench, board, cut, round) } else { spend(bench, board, cut) };
        let done = ended.with_context(|| format!("{cut:?} in {what}"))?;
        let counted = if is_update { &mut tally.updates } else { &mut tally.spends };
        let outcome = match done {
            Some(done) => {
                counted[usize::from(done)] += 1;
                if done { "it was done" } else { "it was undone, and then done" }
            }
            None => {
                tally.missed += 1;
                "it was over before"
            }
        };
        let place = if in_erase { "erase" } else { "flash operation" };
        println!("ok       {what} cut in {place} {}, after {} bytes: {outcome}", cut.operation, cut.bytes);
        tally.erases += u32::from(in_erase && done.is_some());
    }
    Ok(())
}

/// How many flash operations a spend and an update take.
fn usual(bench: &mut Bench, board: &Board) -> Result<(usize, usize)> {
    let client = bench.client().map_err(failed)?;
    let session = client.login(COUNTED)?;
    let before = board.state()?;
    session.spend(Units(1))?;
    let between = board.state()?;
    drop((session, client));
    let issued = bench.issue(&plan(1_000, 0)).map_err(failed)?;
    let mut guest = bench.guest().map_err(failed)?;
    guest.apply(&issued.file)?;
    drop(guest);
    bench.record = issued.record;
    let after = board.state()?;
    let number = |from: &State, to: &State| usize::try_from(to.programs() - from.programs());
    let (spend, update) = (number(&before, &between)?, number(&between, &after)?);
    ensure!(spend > 0 && update > 0, "{spend} flash operations in a spend, {update} in an update");
    println!("a spend programs {spend} pages, an update {update}");
    Ok((spend, update))
}

/// Spends until the log is nearly full.
fn fill(bench: &mut Bench, board: &Board) -> Result<Full> {
    let issued = bench.issue(&plan(1_000_000, 0)).map_err(failed)?;
    bench.guest().map_err(failed)?.apply(&issued.file)?;
    bench.record = issued.record;
    let full = Full { file: board.folder().join("full.img"), record: bench.record.clone() };
    let client = bench.client().map_err(failed)?;
    let session = client.login(COUNTED)?;
    let erases = board.snapshot(&full.file)?.erases();
    for spends in 1..=LONGEST_LOG {
        session.spend(Units(1))?;
        if board.state()?.erases() > erases {
            drop((session, client));
            board.restore(&full.file)?;
            return Ok(full);
        }
        if spends % BETWEEN == 0 {
            board.snapshot(&full.file)?;
        }
    }
    bail!("no compaction in {LONGEST_LOG} spends")
}

/// Has the power cut while units are spent. Tells whether they were when it came back; none if the power wasn't cut.
fn spend(bench: &Bench, board: &Board, cut: Cut) -> Result<Option<bool>> {
    let client = bench.client().map_err(failed)?;
    let session = client.login(COUNTED)?;
    let mut before = session.counter()?;
    board.cut(Some(cut))?;
    for _ in 0..=tries(cut) {
        let mut operation = OperationId::default();
        OsEntropy.fill(&mut operation.0);
        let outcome = session.spend_as(operation, before.spend_serial, Units(1));
        let after = Counter { remaining: Units(before.remaining.0 - 1), spend_serial: before.spend_serial + 1 };
        if let Ok(spent) = &outcome {
            ensure!(*spent == after, "{spent:?} instead of {after:?}");
        }
        if !was_cut(board, outcome.as_ref().err())? {
            before = after;
            continue;
        }
        board.power_cycle()?;
        let found = session.counter().context("the counter after the cut")?;
        ensure!(found == before || found == after, "{found:?} after a cut between {before:?} and {after:?}");
        let done = found == after;
        ensure!(done || outcome.is_err(), "the spend was answered and is undone");
        for _ in 0..2 {
            let again = session.spend_as(operation, before.spend_serial, Units(1)).context("the same spend again")?;
            ensure!(again == after, "the same spend again has another outcome: {again:?} instead of {after:?}");
        }
        let found = session.counter()?;
        ensure!(found == after, "{found:?} after the same spend three times, instead of {after:?}");
        return Ok(Some(done));
    }
    board.cut(None)?;
    Ok(None)
}

/// Has the power cut while an update is applied. Tells whether it was when it came back; none if the power wasn't cut.
fn update(bench: &mut Bench, board: &Board, cut: Cut, round: u32) -> Result<Option<bool>> {
    board.cut(Some(cut))?;
    for number in 0..=tries(cut) {
        let units = 1_000 + round * 100 + number;
        let issued = bench.issue(&plan(units, units)).map_err(failed)?;
        let before = standing(bench)?;
        let after = Standing { number: before.number + 1, units: Some(Units(units)), granted: Some(name(units)) };
        let outcome = bench.guest().map_err(failed)?.apply(&issued.file);
        if !was_cut(board, outcome.as_ref().err())? {
            bench.record = issued.record;
            continue;
        }
        board.power_cycle()?;
        let found = standing(bench).context("the licence after the cut")?;
        ensure!(found == before || found == after, "{found:?} after a cut between {before:?} and {after:?}");
        let done = found == after;
        ensure!(done || outcome.is_err(), "the update was answered and is undone");
        let again = bench.guest().map_err(failed)?.apply(&issued.file);
        match again {
            Ok(_) if !done => {}
            Err(Error::Refused(Status::UpdateReplayed)) if done => {}
            again => bail!("the same update again: {again:?}, and it was {}", if done { "done" } else { "undone" }),
        }
        bench.record = issued.record;
        let found = standing(bench)?;
        ensure!(found == after, "{found:?} after the same update twice, instead of {after:?}");
        return Ok(Some(done));
    }
    board.cut(None)?;
    Ok(None)
}

/// How often something is done at most besides the first time until it comes to the cut.
fn tries(cut: Cut) -> u32 {
    if cut.in_erase { 2 * BETWEEN } else { 0 }
}

/// Whether the power was cut; what else went wrong is an error.
fn was_cut(board: &Board, error: Option<&Error>) -> Result<bool> {
    match (board.ends(), error) {
        (Some(Ends::Cut(_)), _) => Ok(true),
        (Some(Ends::Crashed(why)), _) => bail!("the firmware crashed: {why}"),
        (None, Some(error)) => bail!("an error without a cut: {error}"),
        (None, None) => Ok(false),
    }
}

/// What an update changes.
#[derive(Debug, PartialEq, Eq)]
struct Standing {
    number: u32,
    units: Option<Units>,
    granted: Option<String>,
}

fn standing(bench: &Bench) -> Result<Standing> {
    let mut guest = bench.guest().map_err(failed)?;
    let partitions = guest.info()?.partitions;
    let ours = partitions.iter().find(|partition| partition.vendor == bench.vendor.root());
    let products = guest.list(bench.vendor.root())?;
    let counted = products.iter().flat_map(|product| &product.features).find(|feature| feature.feature == COUNTED);
    let granted = products.iter().find(|product| product.product == GRANTED);
    Ok(Standing {
        number: ours.context("no partition of the vendor's")?.number,
        units: counted.and_then(|feature| feature.remaining),
        granted: granted.map(|product| product.name.clone()),
    })
}

/// An update of several values: a counter, keys, and a product.
fn plan(units: u32, number: u32) -> UpdatePlan {
    let key = |slot| Step::InstallKey { feature: COUNTED, slot: Slot(slot), key: Secret::random(&mut IssuingEntropy) };
    let features = (1..=4).map(|feature| FeatureTerms {
        feature: FeatureId(9_000 + feature),
        name: format!("Feature {feature} of {number}"),
        terms: Terms::default(),
    });
    let grant = ProductGrant { product: GRANTED, name: name(number), public: true, features: features.collect() };
    let set = Step::SetCounter { feature: COUNTED, units: Units(units) };
    UpdatePlan { issued: TODAY, grants: vec![grant], steps: vec![set, key(1), key(2)] }
}

fn name(number: u32) -> String {
    format!("Granted by {number}")
}
