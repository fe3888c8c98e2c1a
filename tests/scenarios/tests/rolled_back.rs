//! A flash that was put back, as a whole or in parts, on a board with an anchor; and the anchor's end.

mod support;

use keyfob_anchor::Otp;
use keyfob_issuing::{Issued, OsEntropy, Step, UpdatePlan};
use keyfob_scenarios::{COUNTED, TODAY};
use keyfob_token::{Button, SPENDS_PER_ADVANCE, StartError, refusal};
use keyfob_wire::body::{CheckRequest, HealthAnswer, Request};
use keyfob_wire::init::TokenState;
use keyfob_wire::{ChannelId, Command, Frame, Modules, Status, Units, WipeFile};
use support::cast::{Cast, SOLD, apply, left, spend, spend_one};
use support::silicon::{ROWS, Silicon};
use support::{APP, Fob, GUEST, Sim};

fn start(flash: &Sim) -> Result<(), StartError> {
    flash.restart();
    Fob::start(flash).map(|_| ())
}

/// Updates that a vendor issues one after the other.
fn updates(cast: &Cast, number: usize) -> Vec<Vec<u8>> {
    let mut record = cast.record.clone();
    let steps = vec![Step::AddCounter { feature: COUNTED, units: Units(1) }];
    let plan = UpdatePlan { issued: TODAY, grants: vec![], steps };
    let mut issue = || {
        let Issued { file, record: next } = cast.vendor.issue(&record, &plan, &mut OsEntropy).unwrap();
        record = next;
        file
    };
    (0..number).map(|_| issue()).collect()
}

#[test]
fn a_flash_from_before_an_update_is_refused() {
    let cast = Cast::new();
    let earlier = cast.flash.copy();
    let mut fob = Fob::start(&cast.flash).unwrap();
    apply(&mut fob, &updates(&cast, 1)[0]).unwrap();
    drop(fob);
    let later = cast.flash.copy();
    assert_eq!(start(&cast.flash), Ok(()));
    cast.flash.put_back(&earlier);
    assert_eq!(start(&cast.flash), Err(StartError::RolledBack));
    // Nothing was done to the chip: with the latest state it goes on.
    cast.flash.put_back(&later);
    assert_eq!(start(&cast.flash), Ok(()));
}

/// As many spends can be undone as documented, and no more.
#[test]
fn of_spends_at_most_those_since_the_last_count_are_undone() {
    let cast = Cast::new();
    let earlier = cast.flash.copy();
    for (serial, expected) in
        (1..=SPENDS_PER_ADVANCE).map(|n| (n, if n < SPENDS_PER_ADVANCE { Ok(()) } else { Err(StartError::RolledBack) }))
    {
        let mut fob = Fob::start(&cast.flash).unwrap();
        spend_one(&mut fob, serial - 1).unwrap();
        drop(fob);
        let trial = cast.flash.copy();
        trial.put_back(&earlier);
        assert_eq!(start(&trial), expected, "after {serial} spends");
    }
}

/// Each value by itself: what it was before goes back into the latest flash, with all checksums right.
#[test]
fn a_part_that_was_put_back_is_refused() {
    let cast = Cast::new();
    let earlier = cast.flash.raw();
    let mut fob = Fob::start(&cast.flash).unwrap();
    spend(&mut fob, 0, 5);
    drop(fob);
    cast.flash.restart();
    let later = cast.flash.raw();
    let mut changed = 0;
    for (key, value) in &earlier {
        if later.get(key) != Some(value) {
            let trial = cast.flash.copy();
            trial.forge(*key, Some(value));
            assert_eq!(start(&trial), Err(StartError::RolledBack), "{key:?}");
            changed += 1;
        }
    }
    assert_eq!(changed, 3, "the counter, what is known of the clock, and the anchor");
    for (key, value) in &later {
        let trial = cast.flash.copy();
        trial.forge(*key, None);
        assert_eq!(start(&trial), Err(StartError::RolledBack), "without {key:?}");
        trial.forge(*key, Some(value));
        assert_eq!(start(&trial), Ok(()), "with {key:?} as it was");
    }
}

/// What a wipe has taken away doesn't come back.
#[test]
fn a_wiped_partition_that_was_put_back_is_refused() {
    let cast = Cast::new();
    let earlier = cast.flash.raw();
    let file = cast.vendor.wipe(&cast.record, 0, &mut OsEntropy).unwrap();
    let mut fob = Fob::start(&cast.flash).unwrap();
    fob.ask(GUEST, &Request::Wipe(WipeFile::parse(&file).unwrap())).unwrap();
    drop(fob);
    cast.flash.restart();
    let later = cast.flash.raw();
    for (key, value) in earlier.iter().filter(|(key, _)| !later.contains_key(key)) {
        let trial = cast.flash.copy();
        trial.forge(*key, Some(value));
        assert_eq!(start(&trial), Err(StartError::RolledBack), "{key:?}");
    }
}

#[test]
fn another_chip_refuses_a_copy() {
    let cast = Cast::new();
    assert_eq!(start(&cast.flash.on(Some(Silicon::new([8; 32])))), Err(StartError::OtherChip));
    // The same secret without the counts is no chip that there is.
    assert_eq!(start(&cast.flash.on(Some(Silicon::new([7; 32])))), Err(StartError::Corrupt));
    // A plain board finds keys that are none.
    assert_eq!(start(&cast.flash.on(None)), Err(StartError::Corrupt));
}

/// Who erases the flash has a blank token, whose keys nobody knows.
#[test]
fn an_erased_flash_is_a_blank_token() {
    let cast = Cast::new();
    let serial = Fob::start(&cast.flash).unwrap().serial();
    cast.flash.put_back(&Sim::new());
    cast.flash.restart();
    let mut fob = Fob::start(&cast.flash).unwrap();
    assert_eq!(fob.life(), TokenState::Blank);
    fob.birth().unwrap();
    assert_ne!(fob.serial(), serial);
    drop(fob);
    assert_eq!(start(&cast.flash), Ok(()));
}

/// Leaves so many steps.
fn use_up(flash: &Sim, left: u32) {
    flash.silicon(|silicon| {
        let capacity = 372;
        for step in 0..capacity - left {
            let group = usize::try_from(step / 24).unwrap();
            for row in 3 * group..3 * group + 3 {
                silicon.otp.set(row, 1 << (step % 24)).unwrap();
            }
        }
        assert_eq!(ROWS, 48);
    });
}

#[test]
fn a_used_up_anchor_closes_what_would_count_and_nothing_else() {
    let blank = Sim::new();
    use_up(&blank, 4);
    // Enrolment and the licence are two of the four, the first update and sixty-four spends the others.
    let cast = Cast::on(blank);
    let files = updates(&cast, 3);
    let mut fob = Fob::start(&cast.flash).unwrap();
    apply(&mut fob, &files[0]).unwrap();
    assert_eq!(spend(&mut fob, 0, 1_000), 2 * SPENDS_PER_ADVANCE - 1);
    let spent = left(&mut fob);
    assert_eq!(spent.remaining.0, SOLD + 1 - 3 * (2 * SPENDS_PER_ADVANCE - 1));
    assert_eq!(spend_one(&mut fob, spent.spend_serial).map(|_| ()), Err(Status::AnchorExhausted));
    assert_eq!(apply(&mut fob, &files[1]), Err(Status::AnchorExhausted));
    let wipe = cast.vendor.wipe(&cast.record, 0, &mut OsEntropy).unwrap();
    let wiped = fob.ask(GUEST, &Request::Wipe(WipeFile::parse(&wipe).unwrap()));
    assert_eq!(wiped, Err(Status::AnchorExhausted));
    // Nothing was done, and the rest goes on, also after the power went.
    for _ in 0..2 {
        assert_eq!(left(&mut fob), spent);
        let check = CheckRequest { feature: COUNTED, time: TODAY, modules: Modules(0) };
        assert!(fob.ask(APP, &Request::Check(check)).is_ok());
        drop(fob);
        cast.flash.restart();
        fob = Fob::start(&cast.flash).unwrap();
    }
}

/// A step that can't be made: nothing is answered, nothing more is written, and the token doesn't start without it.
#[test]
fn an_anchor_that_fails_closes_the_token() {
    let cast = Cast::new();
    let file = &updates(&cast, 1)[0];
    cast.flash.silicon(|silicon| (0..ROWS).for_each(|row| silicon.otp.kill(row, u32::MAX)));
    let mut fob = Fob::start(&cast.flash).unwrap();
    assert_eq!(apply(&mut fob, file), Err(Status::StorageFailed));
    assert_eq!(spend_one(&mut fob, 0).map(|_| ()), Err(Status::StorageFailed));
    drop(fob);
    assert_eq!(start(&cast.flash), Err(StartError::Flash));
}

#[test]
fn a_token_that_cannot_start_says_why() {
    for (error, status) in [
        (StartError::RolledBack, Status::RolledBack),
        (StartError::OtherChip, Status::OtherChip),
        (StartError::Corrupt, Status::StorageFailed),
        (StartError::Flash, Status::StorageFailed),
    ] {
        assert_eq!(error.status(), status);
        let answers = |channel, command, message: &[u8]| {
            let mut reports = keyfob_conformance::message_reports(channel, command, message).into_iter();
            reports.next().and_then(|report| refusal(&report, error.status()))
        };
        let answer = answers(ChannelId::BROADCAST, Command::Init, &[1; 8]).unwrap();
        let Frame::First { channel, command, .. } = Frame::parse(&answer) else { panic!("{answer:?}") };
        assert_eq!((channel, command), (ChannelId::BROADCAST, Command::Error.byte()));
        assert_eq!(Frame::parse(&answer).whole_message(), Some(&status.number().to_be_bytes()[..]));
        // Nothing is answered to what is no request, so that two of them don't talk to each other for ever.
        assert_eq!(answers(ChannelId::BROADCAST, Command::Error, &[0, 1]), None);
        assert_eq!(answers(ChannelId(9), Command::Cancel, &[]), None);
    }
}

#[test]
fn a_wipe_needs_the_button_of_a_board_that_has_one() {
    let cast = Cast::new();
    let file = cast.vendor.wipe(&cast.record, 0, &mut OsEntropy).unwrap();
    let wipe = |flash: &Sim, button| {
        flash.silicon(|silicon| silicon.button = button);
        let mut fob = Fob::start(flash).unwrap();
        fob.ask(GUEST, &Request::Wipe(WipeFile::parse(&file).unwrap())).map(|_| ())
    };
    let before = cast.flash.raw();
    assert_eq!(wipe(&cast.flash, Button::Released), Err(Status::ButtonNeeded));
    assert_eq!(cast.flash.raw(), before, "nothing was written");
    assert_eq!(wipe(&cast.flash.copy(), Button::Absent), Ok(()));
    assert_eq!(wipe(&cast.flash, Button::Pressed), Ok(()));
}

#[test]
fn health_tells_how_often_the_anchor_can_still_count() {
    let cast = Cast::new();
    let health = |fob: &mut Fob| HealthAnswer::parse(&fob.ask(GUEST, &Request::Health).unwrap()).unwrap();
    let mut fob = Fob::start(&cast.flash).unwrap();
    let before = health(&mut fob);
    assert_eq!((before.anchor_left, before.reset), (Some(372 - 2), Some(1)));
    assert_eq!((before.stack_unused, before.failed_entropy_tests), (Some(1_234), Some(0)));
    apply(&mut fob, &updates(&cast, 1)[0]).unwrap();
    assert_eq!(health(&mut fob), HealthAnswer { anchor_left: Some(372 - 3), free: health(&mut fob).free, ..before });
    drop(fob);
    // A plain board says nothing of what it hasn't.
    let plain = Fob::start(&Sim::new().on(None)).unwrap().ask(GUEST, &Request::Health).unwrap();
    let plain = HealthAnswer::parse(&plain).unwrap();
    assert_eq!((plain.anchor_left, plain.reset, plain.stack_unused, plain.failed_entropy_tests), Default::default());
}
