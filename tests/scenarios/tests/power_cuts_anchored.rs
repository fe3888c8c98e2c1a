//! All that [`power_cuts`] does, on a board whose state is sealed and anchored; and the power goes at every write of its
//! one-time-programmable memory.

#[path = "power_cuts.rs"]
mod power_cuts;

use keyfob_anchor::sim::Tear;
use keyfob_issuing::{OsEntropy, UpdatePlan};
use keyfob_scenarios::TODAY;
use keyfob_token::SPENDS_PER_ADVANCE;
use keyfob_wire::body::Request;
use keyfob_wire::{Status, WipeFile};
use power_cuts::support::cast::{Cast, SOLD, apply, left, spend, spend_one, state, sweep};
use power_cuts::support::{Fob, GUEST, Sim};

/// Cuts the power within each write of the one-time-programmable memory that `operate` does.
fn sweep_steps(
    name: &str,
    flash: &Sim,
    mut operate: impl FnMut(&mut Fob) -> u32,
    mut judge: impl FnMut(&mut Fob, u32, &str),
) -> usize {
    let mut cuts = 0;
    for tear in [Tear::Clear, Tear::Set, Tear::Weak] {
        for write in 0.. {
            let cut = flash.copy();
            cut.silicon(|silicon| silicon.otp.cut_after(write, tear));
            let answered = operate(&mut Fob::start(&cut).unwrap());
            if cut.powered() {
                break;
            }
            cut.restart();
            let place = format!("{name}, cut within write {write}, {tear:?}, {answered} answered");
            let mut fob = Fob::start(&cut).unwrap_or_else(|error| panic!("{place}: {error}"));
            judge(&mut fob, answered, &place);
            drop(fob);
            // However the bit reads that was cut, it goes on being the latest state.
            for _ in 0..5 {
                cut.restart();
                Fob::start(&cut).unwrap_or_else(|error| panic!("{place}, later: {error}"));
            }
            cuts += 1;
        }
    }
    println!("{name}: {cuts} cuts");
    cuts
}

fn an_update(cast: &Cast) -> Vec<u8> {
    let plan = UpdatePlan { issued: TODAY, grants: vec![], steps: vec![] };
    cast.vendor.issue(&cast.record, &plan, &mut OsEntropy).unwrap().file
}

#[test]
fn an_update_is_whole_wherever_its_count_is_cut() {
    let cast = Cast::new();
    let file = an_update(&cast);
    let before = state(&mut Fob::start(&cast.flash.copy()).unwrap(), &[]);
    let cuts = sweep_steps(
        "an update",
        &cast.flash,
        |fob| u32::from(apply(fob, &file).is_ok()),
        |fob, answered, place| {
            assert_eq!(answered, 0, "{place}: answered before it counted");
            assert_ne!(state(fob, &[]), before, "{place}: it was committed before");
            assert_eq!(apply(fob, &file), Err(Status::UpdateReplayed), "{place}");
        },
    );
    assert_eq!(cuts, 9);
}

#[test]
fn a_wipe_is_whole_wherever_its_count_is_cut() {
    let cast = Cast::new();
    let file = cast.vendor.wipe(&cast.record, 0, &mut OsEntropy).unwrap();
    let cuts = sweep_steps(
        "a wipe",
        &cast.flash,
        |fob| u32::from(fob.ask(GUEST, &Request::Wipe(WipeFile::parse(&file).unwrap())).is_ok()),
        |fob, answered, place| {
            assert_eq!(answered, 0, "{place}: answered before it counted");
            let again = fob.ask(GUEST, &Request::Wipe(WipeFile::parse(&file).unwrap()));
            assert_eq!(again, Err(Status::WrongToken), "{place}: there is no such partition any more");
            assert_eq!(fob.flash().raw().len(), 4, "{place}: keys, certificates, anchor and tombstone");
        },
    );
    assert_eq!(cuts, 9);
}

/// Spends of which the fourth counts.
#[test]
fn spends_happen_once_wherever_the_count_is_cut() {
    let cast = Cast::new();
    let done = SPENDS_PER_ADVANCE - 4;
    assert_eq!(spend(&mut Fob::start(&cast.flash).unwrap(), 0, done), done);
    cast.flash.restart();
    let operate = |fob: &mut Fob| spend(fob, done, 6);
    let judge = |fob: &mut Fob, answered: u32, place: &str| {
        let found = left(fob);
        let happened = found.spend_serial - done;
        assert!(happened == answered || happened == answered + 1, "{place}: {happened} happened");
        assert_eq!(found.remaining.0, SOLD - 3 * found.spend_serial, "{place}");
        for seen in done..done + 6 {
            let outcome = spend_one(fob, seen).unwrap();
            assert_eq!((outcome.remaining.0, outcome.spend_serial), (SOLD - 3 * (seen + 1), seen + 1), "{place}");
        }
    };
    assert_eq!(sweep_steps("six spends", &cast.flash, operate, judge), 9);
    let cuts = sweep("six spends, one of which counts", &cast.flash, operate, judge);
    assert!(cuts >= 60, "{cuts} cuts");
}

/// A token that counts before it commits is found: after some cut it takes its own state for one that was put back.
#[test]
fn a_token_that_counts_first_is_found() {
    let cast = Cast::new();
    let file = an_update(&cast);
    cast.flash.silicon(|silicon| silicon.counts_first = true);
    let found = std::panic::catch_unwind(|| {
        sweep("an update counted first", &cast.flash, |fob| u32::from(apply(fob, &file).is_ok()), |_, _, _| {})
    });
    let message = found.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("put back"), "{message}");
}
