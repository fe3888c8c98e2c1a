//! Any conversation, cut in any way, against a model that is easy to check by reading.

mod support;

use std::collections::BTreeMap;

use keyfob_usbip::{Asking, Event, Fault, MAX_PENDING, Request, Session, UrbId};
use proptest::collection::vec;
use proptest::prelude::*;
use support::*;

#[derive(Debug, Clone)]
enum Step {
    In { length: u32 },
    Out { data: Vec<u8> },
    Control { length: u16 },
    Unlink { of: prop::sample::Index },
    Answer { of: prop::sample::Index, stalls: bool },
    Packet { length: usize },
    Halt,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop_oneof![Just(64), 0..200u32].prop_map(|length| Step::In { length }),
        2 => vec(any::<u8>(), 0..130).prop_map(|data| Step::Out { data }),
        1 => (0..300u16).prop_map(|length| Step::Control { length }),
        2 => any::<prop::sample::Index>().prop_map(|of| Step::Unlink { of }),
        2 => (any::<prop::sample::Index>(), any::<bool>()).prop_map(|(of, stalls)| Step::Answer { of, stalls }),
        4 => prop_oneof![Just(64), 0..=64usize].prop_map(|length| Step::Packet { length }),
        1 => Just(Step::Halt),
    ]
}

/// What a transfer is, by its number: what waits and what was said of it.
#[derive(Default)]
struct Model {
    submitted: u32,
    /// Those that wait, in order; what has come of one from the device.
    waiting: BTreeMap<u32, (Kind, Vec<u8>)>,
    expected: Vec<Told>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    In(u32),
    Out(u32),
    Control(u32),
}

impl Model {
    /// The one at a place, among all that ever were.
    fn any(&self, of: prop::sample::Index) -> Option<u32> {
        (self.submitted > 0).then(|| of.index(self.submitted as usize) as u32)
    }

    /// A packet from the device; false if nobody waits for one.
    fn packet(&mut self, packet: &[u8]) -> bool {
        let first = self.waiting.iter_mut().find(|(_, (kind, _))| matches!(kind, Kind::In(_)));
        let Some((&number, (Kind::In(length), data))) = first else { return false };
        data.extend_from_slice(packet);
        let length = *length as usize;
        if packet.len() < 64 || data.len() >= length {
            let data = std::mem::take(data);
            self.waiting.remove(&number);
            self.expected.push(if data.len() > length { failed(number, EOVERFLOW) } else { sent(number, &data) });
        }
        true
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_conversation(steps in vec(step(), 0..80), cuts in vec(1..200usize, 1..20)) {
        let mut session = session();
        let mut model = Model::default();
        let mut kinds = BTreeMap::new();
        let mut urbs: BTreeMap<u32, UrbId> = BTreeMap::new();
        let mut cut = cuts.iter().cycle();
        let mut output = Vec::new();
        let mut number_of_unlink = 10_000;
        for step in steps {
            let mut sent_bytes = Vec::new();
            match step {
                Step::In { .. } | Step::Out { .. } | Step::Control { .. } => {
                    let number = model.submitted;
                    model.submitted += 1;
                    let kind = match step {
                        Step::In { length } => {
                            sent_bytes = submit_in(number, 1, length);
                            Kind::In(length)
                        }
                        Step::Out { data } => {
                            sent_bytes = submit_out(number, 1, &data);
                            Kind::Out(data.len() as u32)
                        }
                        Step::Control { length } => {
                            let [low, high] = length.to_le_bytes();
                            sent_bytes = control_in(number, [0x80, 6, 0, 2, 0, 0, low, high]);
                            Kind::Control(length.into())
                        }
                        _ => unreachable!(),
                    };
                    kinds.insert(number, kind);
                    model.waiting.insert(number, (kind, Vec::new()));
                }
                Step::Unlink { of } => {
                    let Some(number) = model.any(of) else { continue };
                    number_of_unlink += 1;
                    sent_bytes = unlink(number_of_unlink, number);
                    let status = if model.waiting.remove(&number).is_some() { ECONNRESET } else { 0 };
                    model.expected.push(Told::Unlinked { number: number_of_unlink, status });
                }
                Step::Answer { of, stalls } => {
                    let Some(number) = model.any(of) else { continue };
                    let waited = model.waiting.remove(&number);
                    let result = if stalls { Err(Fault::Stall) } else { Ok(&[][..]) };
                    prop_assert_eq!(session.complete(urbs[&number], result), waited.is_some());
                    match waited {
                        None => {}
                        Some(_) if stalls => model.expected.push(failed(number, EPIPE)),
                        Some((Kind::Out(length), _)) => model.expected.push(done(number, length)),
                        Some(_) => model.expected.push(done(number, 0)),
                    }
                }
                Step::Packet { length } => {
                    let packet = vec![length as u8; length];
                    prop_assert_eq!(session.deliver(0x81, &packet), model.packet(&packet));
                }
                Step::Halt => {
                    session.fail(0x81, Fault::Stall);
                    model.waiting.retain(|number, (kind, _)| {
                        let halted = matches!(kind, Kind::In(_));
                        model.expected.extend(halted.then(|| failed(*number, EPIPE)));
                        !halted
                    });
                }
            }
            let mut rest = &sent_bytes[..];
            while !rest.is_empty() {
                let (piece, behind) = rest.split_at(rest.len().min(*cut.next().unwrap()));
                rest = behind;
                for event in feed(&mut session, piece) {
                    if let Event::In { urb, .. } | Event::Out { urb, .. } | Event::Control { urb, .. } = event {
                        urbs.insert(model.submitted - 1, urb);
                    }
                }
            }
            output.extend(session.take_output());
            prop_assert_eq!(session.pending(), model.waiting.len());
        }
        let is_in = |number| matches!(kinds.get(&number), Some(Kind::In(_) | Kind::Control(_)));
        prop_assert_eq!(told(&output, is_in), model.expected);
    }

    /// Messages that are almost right: nothing panics, memory stays bounded, and how they were cut doesn't matter.
    #[test]
    fn whatever_comes(
        headers in vec((0..4u32, 0..6u32, 0..3u32, 0..3u32, 0..3u32, prop_oneof![0..100u32, any::<u32>()], any::<[u8; 8]>()), 0..60),
        noise in vec(any::<u8>(), 0..300),
        cuts in vec(1..100usize, 1..20),
    ) {
        let bytes: Vec<u8> = headers
            .into_iter()
            .flat_map(|(command, number, direction, endpoint, unlinked, length, setup)| {
                words([command, number, DEVICE, direction, endpoint, unlinked, length, 0, 0, 0], setup)
            })
            .chain(noise)
            .collect();
        let run = |pieces: &mut dyn Iterator<Item = &[u8]>| {
            let (mut session, mut events, mut output) = (session(), Vec::new(), Vec::new());
            let mut end = None;
            for mut piece in pieces {
                let mut taken = piece.len();
                loop {
                    let event = session.feed(&mut piece);
                    let answer = session.take_output();
                    assert!(answer.len() <= taken + 48);
                    assert!(session.pending() <= MAX_PENDING);
                    output.extend(answer);
                    taken = piece.len();
                    match event {
                        Ok(Some(event)) => events.push(event),
                        Ok(None) => break assert!(piece.is_empty()),
                        Err(error) => break end = Some(error),
                    }
                }
            }
            (events, output, end)
        };
        let whole = run(&mut [&bytes[..]].into_iter());
        let mut cut = cuts.iter().cycle();
        let mut rest = &bytes[..];
        let mut pieces = std::iter::from_fn(|| {
            let (piece, behind) = rest.split_at(rest.len().min(*cut.next()?));
            rest = behind;
            (!piece.is_empty()).then_some(piece)
        });
        let cut = run(&mut pieces);
        prop_assert_eq!(whole, cut);
    }

    #[test]
    fn whoever_asks(bytes in vec(any::<u8>(), 0..60), version in any::<bool>()) {
        let mut bytes = bytes;
        if let (true, Some(start)) = (version, bytes.get_mut(..3)) {
            start.copy_from_slice(&[1, 0x11, 0x80]);
        }
        let mut rest = &bytes[..];
        match Asking::default().feed(&mut rest) {
            Ok(Some(Request::List)) => prop_assert_eq!(bytes.len() - rest.len(), 8),
            Ok(Some(_)) => prop_assert_eq!(bytes.len() - rest.len(), 40),
            Ok(None) => prop_assert!(rest.is_empty() && bytes.len() < 40),
            Err(_) => prop_assert!(bytes.len() >= 8),
        }
    }
}

/// The session that was cut off in the middle of a message leaves nothing.
#[test]
fn a_message_that_never_ends_is_nothing() {
    let mut session: Session = session();
    let whole = submit_out(1, 1, &[1; 64]);
    for length in 0..whole.len() {
        assert_eq!(feed(&mut session, &whole[length..=length]).len(), usize::from(length + 1 == whole.len()));
    }
}
