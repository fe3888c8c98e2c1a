//! What apps ask of a token, compared with a model of its counters.

use std::collections::VecDeque;

use arbitrary::{Result, Unstructured};
use keyfob_licence::{Operation as Change, SignedTime};
use keyfob_wire::body::{CounterAnswer, Request, SetTimeRequest, SpendRequest, TimeAnswer};
use keyfob_wire::{FeatureId, Operation, OperationId, Status, Units, UnixTime};

use crate::board::Memory;
use crate::cast::{ALSO_COUNTED, COUNTED, SOLD, TODAY, cast, digest, noise, signed};
use crate::edits::edit;
use crate::fob::{Fob, Line};

/// A licensed token, and what should have become of it.
struct Bench {
    fob: Fob,
    line: Line,
    counters: [Counter; 2],
    number: u32,
    previous: [u8; 32],
    mark: u64,
}

#[derive(Clone, Default)]
struct Counter {
    remaining: u32,
    serial: u32,
    /// The last sixteen, the newest first.
    spends: VecDeque<(OperationId, u32, [u32; 2])>,
}

/// The features with counters, in the order of [`Bench::counters`].
const FEATURES: [FeatureId; 2] = [COUNTED, ALSO_COUNTED];
/// How many spends a token remembers.
const WINDOW: usize = 16;
/// Longer inputs would only take longer.
const STEPS: usize = 64;
/// What is refused without a signature, and none can come out of an input.
const SIGNED: [&str; 5] = ["apply", "set-time", "endorse", "wipe", "change-root"];

pub(super) fn run(data: &[u8]) {
    let mut fob = Fob::start(Memory::new(cast().stages[3].clone()), 5);
    let line = Line::open(&mut fob, true);
    let counter = Counter { remaining: SOLD, ..Counter::default() };
    let counters = [counter.clone(), counter];
    let mut bench = Bench { fob, line, counters, number: 1, previous: cast().first_update, mark: 0 };
    let mut input = Unstructured::new(data);
    for _ in 0..STEPS {
        if input.is_empty() || bench.step(&mut input).is_err() {
            break;
        }
    }
    bench.compare();
}

impl Bench {
    fn step(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        match input.int_in_range(0..=15u8)? {
            0..=5 => {
                let place = usize::from(input.arbitrary::<bool>()?);
                let units = if input.ratio(7, 8u8)? { input.int_in_range(0..=9)? } else { input.arbitrary()? };
                let serial = self.counters[place].serial;
                let seen = match input.int_in_range(0..=7u8)? {
                    0 => input.int_in_range(0..=serial + 1)?,
                    // Where what is remembered ends.
                    1 | 2 => serial.saturating_sub(input.int_in_range(14..=17)?),
                    _ => serial,
                };
                let asked = SpendRequest {
                    feature: FEATURES[place],
                    units: Units(units),
                    operation: OperationId([input.int_in_range(0..=40)?; 8]),
                    serial_seen: seen,
                    time: TODAY,
                };
                self.spend(&asked);
            }
            6 => self.spend_many(input.int_in_range(1..=20)?),
            7..=9 => {
                self.update(input)?;
                self.compare();
            }
            10 => self.time(input)?,
            11 => self.fob.pass(input.int_in_range(0..=100_000)?),
            12 => {
                self.fob.restart(input.arbitrary()?);
                self.line = Line::open(&mut self.fob, true);
                self.compare();
            }
            _ => {
                self.anything(input)?;
                self.compare();
            }
        }
        Ok(())
    }

    /// Asks for a spend, which is done or refused as the model says.
    fn spend(&mut self, asked: &SpendRequest) {
        let answer = self.ask(&Request::Spend(*asked));
        let Some(place) = FEATURES.iter().position(|feature| *feature == asked.feature) else {
            return assert_ne!(answer[..2], [0, 0], "a spend of what isn't counted");
        };
        let expected = self.counters[place].spend(asked.operation, asked.units.0, asked.serial_seen);
        let expected = match expected {
            Ok(outcome) => [&[0; 2][..], &outcome.map(u32::to_be_bytes).concat()].concat(),
            Err(status) => status.number().to_be_bytes().to_vec(),
        };
        assert_eq!(answer, expected, "{asked:?}");
    }

    /// Asks for spends of one unit, each with an id of its own.
    fn spend_many(&mut self, count: u32) {
        for _ in 0..count {
            let serial = self.counters[0].serial;
            let operation = OperationId((u64::from(serial) << 32).to_be_bytes());
            self.spend(&SpendRequest {
                feature: COUNTED,
                units: Units(1),
                operation,
                serial_seen: serial,
                time: TODAY,
            });
        }
    }

    /// Applies an update that is right, or wrong in one way.
    fn update(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let cast = cast();
        let (mut changes, mut after, mut possible) = (Vec::new(), self.counters.clone(), true);
        for _ in 0..input.int_in_range(0..=3)? {
            let place = usize::from(input.arbitrary::<bool>()?);
            let (feature, units) = (FEATURES[place], input.arbitrary::<u32>()? >> input.int_in_range(0..=31)?);
            let remaining = after[place].remaining;
            let (change, remaining) = match input.int_in_range(0..=2u8)? {
                0 => (Change::SetCounter { feature, units: Units(units) }, Some(units)),
                1 => (Change::AddCounter { feature, units: Units(units) }, remaining.checked_add(units)),
                _ => (Change::SubtractCounter { feature, units: Units(units) }, remaining.checked_sub(units)),
            };
            changes.push(change);
            possible &= remaining.is_some();
            after[place].remaining = remaining.unwrap_or_default();
        }
        let (mut number, mut previous) = (self.number + 1, self.previous);
        match input.int_in_range(0..=7u8)? {
            0 => number = input.int_in_range(0..=self.number + 3)?,
            1 => previous[31] ^= 1,
            _ => {}
        }
        let right = number == self.number + 1 && previous == self.previous;
        let update = cast.update(number, previous, &[], &changes);
        let shown = if input.ratio(1, 8u8)? { edit(&update, input)? } else { update.clone() };
        let file = cast.file(&shown, None);
        let answer = self.line.ask(&mut self.fob, &[&[Operation::Apply.byte()], &*file].concat());
        let applied = answer[..2] == [0, 0];
        assert_eq!(applied, right && possible && shown == update, "an update is applied if and only if it is the next");
        if applied {
            self.counters = after;
            self.number = number;
            self.previous = digest(&update, &cast.vendor_key, &cast.binding());
        }
        Ok(())
    }

    /// Hands over signed time, which counts only if it is later.
    fn time(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let cast = cast();
        let answer = self.line.ask(&mut self.fob, &[Operation::Time.byte()]);
        let given = TimeAnswer::parse(&answer[2..]).expect("time's answer");
        assert_eq!(given.mark.0, self.mark);
        let time = TODAY.0.saturating_add(input.int_in_range(0..=1000)?);
        let mut nonce = given.nonce;
        nonce[0] ^= u8::from(input.ratio(1, 8u8)?);
        let signed = signed(&SignedTime { time: UnixTime(time), nonce }, &cast.binding(), &cast.vendor_key);
        let request = SetTimeRequest { hint: None, certificates: Default::default(), time: &signed };
        let answer = self.ask(&Request::SetTime(request));
        let moved = answer[..2] == [0, 0];
        assert_eq!(moved, nonce == given.nonce && time > self.mark, "time moves forwards, for its nonce");
        if moved {
            self.mark = time;
        }
        Ok(())
    }

    /// Asks any operation with any body, or what was asked before, altered.
    fn anything(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let text = if input.arbitrary()? {
            edit(input.choose(&cast().plaintexts)?, input)?
        } else {
            let length = input.int_in_range(0..=40)?.min(input.len());
            [&[input.choose(Operation::ALL)?.byte()], input.bytes(length.min(input.len()))?].concat()
        };
        match Request::parse(&text) {
            Ok(Request::Spend(asked)) => self.spend(&asked),
            Ok(Request::Logout) => {
                assert_eq!(self.line.ask(&mut self.fob, &text), [0, 0]);
                self.line = Line::open(&mut self.fob, true);
            }
            request => {
                let answer = self.line.ask(&mut self.fob, &text);
                let needs_signature = request.map(|request| SIGNED.contains(&request.operation().word()));
                assert!(needs_signature != Ok(true) || answer[..2] != [0, 0], "done although nobody signed it");
                assert!(needs_signature.is_ok() || answer[..2] != [0, 0], "done although it can't be read");
            }
        }
        Ok(())
    }

    /// What the token says of its counters is what the model says.
    fn compare(&mut self) {
        for (feature, expected) in FEATURES.into_iter().zip(self.counters.clone()) {
            let answer =
                self.line.ask(&mut self.fob, &[&[Operation::Counter.byte()], &feature.0.to_be_bytes()[..]].concat());
            let found = CounterAnswer::parse(&answer[2..]).expect("counter's answer");
            assert_eq!((found.remaining.0, found.spend_serial), (expected.remaining, expected.serial), "{feature:?}");
        }
    }

    fn ask(&mut self, request: &Request<'_>) -> Vec<u8> {
        let mut text = [0; 1024];
        let length = request.write(&mut text).expect("a request fits");
        self.line.ask(&mut self.fob, &text[..length])
    }
}

impl Counter {
    /// The specification's section 8.2.
    fn spend(&mut self, id: OperationId, units: u32, seen: u32) -> core::result::Result<[u32; 2], Status> {
        if units == 0 {
            return Err(Status::BadRequest);
        }
        if let Some((_, before, outcome)) = self.spends.iter().find(|(other, ..)| *other == id) {
            return if *before == units { Ok(*outcome) } else { Err(Status::OperationMismatch) };
        }
        match self.serial.checked_sub(seen) {
            None => return Err(Status::BadRequest),
            Some(since) if since as usize >= WINDOW => return Err(Status::OutcomeForgotten),
            Some(_) if self.remaining == 0 => return Err(Status::CounterExhausted),
            Some(_) if self.remaining < units => return Err(Status::CounterTooLow),
            Some(_) => {}
        }
        self.remaining -= units;
        self.serial += 1;
        let outcome = [self.remaining, self.serial];
        self.spends.push_front((id, units, outcome));
        self.spends.truncate(WINDOW);
        Ok(outcome)
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    (0..24).map(|seed| noise(seed, 40 + 20 * seed as usize)).chain([vec![0; 200]]).collect()
}
