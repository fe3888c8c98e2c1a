//! Transfers that wait, come, are taken back and are refused.

mod support;

use keyfob_usbip::{Event, Fault, MAX_PENDING, MAX_TRANSFER, Session, UrbId};
use support::*;

fn urb(event: &Event) -> UrbId {
    match event {
        Event::Control { urb, .. } | Event::Out { urb, .. } | Event::In { urb, .. } | Event::Unlinked { urb } => *urb,
        other => panic!("{other:?}"),
    }
}

fn output(session: &mut Session) -> Vec<Told> {
    told(&session.take_output(), |number| number >= 100)
}

#[test]
fn transfers_wait_until_the_device_has_something_to_say_and_are_served_in_turn() {
    let mut session = session();
    assert!(!session.deliver(0x81, &[1; 64]), "nobody waits");
    let events = feed(&mut session, &[submit_in(100, 1, 64), submit_in(101, 1, 64)].concat());
    assert_eq!(events.iter().map(urb).count(), 2);
    assert_eq!(output(&mut session), []);
    // Meanwhile others come through.
    let setup = [0x80, 6, 0, 1, 0, 0, 18, 0];
    let events = feed(&mut session, &control_in(102, setup));
    assert_eq!(events, [Event::Control { urb: urb(&events[0]), setup, data: vec![] }]);
    assert!(session.complete(urb(&events[0]), Ok(&[9; 18])));
    assert_eq!(output(&mut session), [sent(102, &[9; 18])]);
    assert!(session.deliver(0x81, &[1; 64]));
    assert!(session.waits(0x81) && !session.waits(0x01));
    assert!(session.deliver(0x81, &[2; 64]));
    assert!(!session.waits(0x81));
    assert_eq!(output(&mut session), [sent(100, &[1; 64]), sent(101, &[2; 64])]);
    assert_eq!(session.pending(), 0);
}

#[test]
fn what_waits_can_be_taken_back_and_what_was_answered_cant() {
    let mut session = session();
    let events =
        feed(&mut session, &[submit_in(100, 1, 64), submit_in(101, 1, 64), submit_out(3, 1, &[5; 64])].concat());
    let out = urb(&events[2]);
    assert!(session.complete(out, Ok(&[])));
    let first = urb(&events[0]);
    assert_eq!(feed(&mut session, &unlink(200, 100)), [Event::Unlinked { urb: first }]);
    assert_eq!(feed(&mut session, &unlink(201, 3)), [], "that was done before");
    assert_eq!(feed(&mut session, &unlink(202, 100)), [], "twice");
    assert_eq!(feed(&mut session, &unlink(203, 77)), [], "there never was one");
    assert!(!session.complete(first, Ok(&[1])));
    assert!(session.deliver(0x81, &[2; 64]));
    let unlinked = |number, status| Told::Unlinked { number, status };
    assert_eq!(
        output(&mut session),
        [
            done(3, 64),
            unlinked(200, ECONNRESET),
            unlinked(201, 0),
            unlinked(202, 0),
            unlinked(203, 0),
            sent(101, &[2; 64])
        ]
    );
    // A number that is free again can be used again.
    assert_eq!(feed(&mut session, &submit_in(100, 1, 64)).len(), 1);
}

#[test]
fn a_transfer_ends_with_a_short_packet_or_when_it_is_full() {
    let mut session = session();
    feed(&mut session, &submit_in(100, 1, 160));
    assert!(session.deliver(0x81, &[1; 64]));
    assert!(session.deliver(0x81, &[2; 64]));
    assert_eq!(output(&mut session), []);
    assert!(session.deliver(0x81, &[3; 32]));
    assert_eq!(output(&mut session), [sent(100, &[&[1; 64][..], &[2; 64], &[3; 32]].concat())]);
    // Short, though there is room.
    feed(&mut session, &submit_in(100, 1, 160));
    assert!(session.deliver(0x81, &[]));
    assert_eq!(output(&mut session), [sent(100, &[])]);
    // More than was asked for.
    feed(&mut session, &submit_in(100, 1, 63));
    assert!(session.deliver(0x81, &[1; 64]));
    assert_eq!(output(&mut session), [failed(100, EOVERFLOW)]);
    let events = feed(&mut session, &control_in(101, [0x80, 6, 0, 1, 0, 0, 8, 0]));
    assert!(session.complete(urb(&events[0]), Ok(&[1; 9])));
    assert_eq!(output(&mut session), [failed(101, EOVERFLOW)]);
}

#[test]
fn an_endpoint_that_is_halted_or_missing_stalls_and_the_next_message_is_found() {
    let mut session = session();
    let events =
        feed(&mut session, &[submit_in(100, 1, 64), submit_in(101, 1, 64), submit_out(2, 1, &[1; 64])].concat());
    session.fail(0x81, Fault::Stall);
    assert!(session.complete(urb(&events[2]), Err(Fault::Stall)));
    assert_eq!(output(&mut session), [failed(100, EPIPE), failed(101, EPIPE), failed(2, EPIPE)]);
    let wrong = [
        submit_in(100, 2, 64),
        submit_in(101, 15, 64),
        submit_in(102, 16, 64),
        submit_in(103, 0x81, 64),
        submit_in(104, 0x101, 64),
        submit_in(105, u32::MAX, 64),
        submit_out(1, 2, &[1; 200]),
        submit_out(2, 0x8000_0001, &[1; 64]),
    ];
    assert_eq!(feed(&mut session, &wrong.concat()), []);
    let numbers = [100, 101, 102, 103, 104, 105, 1, 2];
    assert_eq!(output(&mut session), numbers.map(|number| failed(number, EPIPE)));
    assert_eq!(feed(&mut session, &submit_in(100, 1, 64)).len(), 1);
    session.fail(0x81, Fault::Gone);
    assert_eq!(output(&mut session), [failed(100, ESHUTDOWN)]);
}

#[test]
fn a_control_transfer_agrees_with_its_setup_packet() {
    let mut session = session();
    let set_report = [0x21, 9, 0, 2, 0, 0, 64, 0];
    let events = feed(&mut session, &control_out(1, set_report, &[7; 64]));
    assert_eq!(events, [Event::Control { urb: urb(&events[0]), setup: set_report, data: vec![7; 64] }]);
    assert!(session.complete(urb(&events[0]), Ok(&[])));
    assert_eq!(output(&mut session), [done(1, 64)]);
    let wrong = [
        control_out(1, set_report, &[7; 63]),
        control_out(2, [0x80, 6, 0, 1, 0, 0, 18, 0], &[]),
        control_in(100, set_report),
    ];
    assert_eq!(feed(&mut session, &wrong.concat()), []);
    assert_eq!(output(&mut session), [failed(1, EPIPE), failed(2, EPIPE), failed(100, EPIPE)]);
    // A request for nothing has no direction on the bus.
    assert_eq!(feed(&mut session, &control_out(1, [0x80, 6, 0, 1, 0, 0, 0, 0], &[])).len(), 1);
}

#[test]
fn a_reset_of_the_port_is_heard() {
    let mut session = session();
    assert_eq!(feed(&mut session, &control_out(1, [0x23, 3, 4, 0, 1, 0, 0, 0], &[])), [Event::Reset]);
    assert_eq!(output(&mut session), [done(1, 0)]);
}

#[test]
fn there_are_never_more_transfers_than_may_wait() {
    let mut session = session();
    let most = u32::try_from(MAX_PENDING).unwrap();
    for number in 0..most {
        assert_eq!(feed(&mut session, &submit_in(100 + number, 1, 64)).len(), 1);
    }
    assert_eq!(feed(&mut session, &[submit_in(100 + most, 1, 64), submit_out(1, 1, &[1; 64])].concat()), []);
    assert_eq!(output(&mut session), [failed(100 + most, ENOMEM), failed(1, ENOMEM)]);
    assert_eq!(session.pending(), MAX_PENDING);
    feed(&mut session, &unlink(2, 100));
    assert_eq!(feed(&mut session, &submit_out(3, 1, &[1; 64])).len(), 1);
}

#[test]
fn a_transfer_that_is_too_long_is_refused_and_passed_over() {
    let mut session = session();
    let long = vec![1; MAX_TRANSFER + 1];
    assert_eq!(feed(&mut session, &submit_out(1, 1, &long)), []);
    assert_eq!(feed(&mut session, &submit_in(100, 1, MAX_TRANSFER as u32 + 1)), []);
    assert_eq!(output(&mut session), [failed(1, ENOMEM), failed(100, ENOMEM)]);
    let events = feed(&mut session, &submit_out(1, 1, &long[1..]));
    assert!(matches!(&events[..], [Event::Out { data, .. }] if data.len() == MAX_TRANSFER));
    // The largest that can be said is waited for, and nothing of it is kept.
    let header = words([1, 2, DEVICE, 0, 1, 0, u32::MAX, 0, 0, 4], [0; 8]);
    assert_eq!(feed(&mut session, &header), []);
    for _ in 0..100 {
        assert_eq!(feed(&mut session, &long), []);
    }
    assert_eq!(output(&mut session), []);
}
