//! The fields of a licence file. Whatever is wrong with one is said where it stands.

use std::fmt;

use jiff::Timestamp;
use jiff::civil;
use jiff::tz::TimeZone;
use keyfob::{FeatureId, Modules, ProductId, Slot, Units, UnixTime};
use keyfob_issuing::Step;
use keyfob_licence::MAX_NAME;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use toml::value::Datetime;

/// A product's or feature's number.
#[derive(Clone, Copy)]
pub(super) struct Number(pub(super) u32);

impl Number {
    pub(super) fn product(self) -> ProductId {
        ProductId(self.0)
    }

    pub(super) fn feature(self) -> FeatureId {
        FeatureId(self.0)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        within(deserializer, 1..=u32::MAX.into()).map(Self)
    }
}

/// A product's or feature's name.
pub(super) struct Name(pub(super) String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        if name.is_empty() || name.len() > MAX_NAME {
            return Err(D::Error::custom(format_args!("a name has 1 to {MAX_NAME} bytes, this one {}", name.len())));
        }
        Ok(Self(name))
    }
}

/// A moment: with its distance from UTC, or a day, which begins at midnight UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Date(pub(super) UnixTime);

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Datetime::deserialize(deserializer)?;
        let text = written.to_string();
        let wrong = || {
            D::Error::custom("a date is like 2026-12-01, or with a time and its distance from UTC 2026-12-01T08:00:00Z")
        };
        let moment = match (written.date, written.time, written.offset) {
            (Some(_), None, None) => {
                let midnight = text.parse::<civil::Date>().and_then(|day| day.to_zoned(TimeZone::UTC));
                midnight.map_err(|_| wrong())?.timestamp()
            }
            (Some(_), Some(_), Some(_)) => text.parse::<Timestamp>().map_err(|_| wrong())?,
            _ => return Err(wrong()),
        };
        if moment.subsec_nanosecond() != 0 {
            return Err(D::Error::custom("a time has whole seconds"));
        }
        match u64::try_from(moment.as_second()) {
            Ok(second) if second != 0 => Ok(Self(UnixTime(second))),
            _ => Err(D::Error::custom("a date lies after 1970-01-01")),
        }
    }
}

/// Whether uses are counted, and what happens to the counter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Counter {
    /// Uses aren't counted.
    None,
    /// They are; what is left stays as it is.
    Kept,
    Set(Units),
    Add(Units),
    Subtract(Units),
}

impl Counter {
    pub(super) fn counts(self) -> bool {
        self != Self::None
    }

    pub(super) fn changes(self) -> bool {
        !matches!(self, Self::None | Self::Kept)
    }

    pub(super) fn step(self, feature: FeatureId) -> Option<Step> {
        match self {
            Self::None | Self::Kept => None,
            Self::Set(units) => Some(Step::SetCounter { feature, units }),
            Self::Add(units) => Some(Step::AddCounter { feature, units }),
            Self::Subtract(units) => Some(Step::SubtractCounter { feature, units }),
        }
    }
}

impl<'de> Deserialize<'de> for Counter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CounterVisitor)
    }
}

struct CounterVisitor;

impl<'de> Visitor<'de> for CounterVisitor {
    type Value = Counter;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, { add = NUMBER }, { subtract = NUMBER }, or true to leave what is there")
    }

    fn visit_bool<E: Error>(self, counted: bool) -> Result<Counter, E> {
        Ok(if counted { Counter::Kept } else { Counter::None })
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Counter, E> {
        u32::try_from(number)
            .map(|units| Counter::Set(Units(units)))
            .map_err(|_| E::custom("units are 0 to 4294967295"))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Counter, A::Error> {
        match Change::deserialize(MapAccessDeserializer::new(map))? {
            Change { add: Some(Number(units)), subtract: None } => Ok(Counter::Add(Units(units))),
            Change { add: None, subtract: Some(Number(units)) } => Ok(Counter::Subtract(Units(units))),
            _ => Err(A::Error::custom("either add or subtract")),
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    add: Option<Number>,
    subtract: Option<Number>,
}

/// The bits of the modules.
#[derive(Clone, Copy)]
pub(super) struct ModuleList(pub(super) Modules);

impl<'de> Deserialize<'de> for ModuleList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut modules = 0_u64;
        for Bit(bit) in Vec::<Bit>::deserialize(deserializer)? {
            let mask = 1_u64.checked_shl(bit).unwrap_or_default();
            if modules & mask != 0 {
                return Err(D::Error::custom(format_args!("module {bit} comes twice")));
            }
            modules |= mask;
        }
        Ok(Self(Modules(modules)))
    }
}

struct Bit(u32);

impl<'de> Deserialize<'de> for Bit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        within(deserializer, 0..=63).map(Self)
    }
}

/// The places into which the feature's keys are installed.
#[derive(Default)]
pub(super) struct Slots(pub(super) Vec<Slot>);

impl<'de> Deserialize<'de> for Slots {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SlotsVisitor)
    }
}

struct SlotsVisitor;

impl<'de> Visitor<'de> for SlotsVisitor {
    type Value = Slots;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, which is slot 0, or a list of slots")
    }

    fn visit_bool<E: Error>(self, install: bool) -> Result<Slots, E> {
        Ok(Slots(if install { vec![Slot(0)] } else { Vec::new() }))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Slots, A::Error> {
        let mut slots = Vec::new();
        while let Some(Place(slot)) = list.next_element()? {
            if slots.contains(&slot) {
                return Err(A::Error::custom(format_args!("slot {slot} comes twice")));
            }
            slots.push(slot);
        }
        Ok(Slots(slots))
    }
}

struct Place(Slot);

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let slot = within(deserializer, 0..=255)?;
        u8::try_from(slot).map(|slot| Self(Slot(slot))).map_err(D::Error::custom)
    }
}

fn within<'de, D: Deserializer<'de>>(deserializer: D, range: std::ops::RangeInclusive<i64>) -> Result<u32, D::Error> {
    let number = i64::deserialize(deserializer)?;
    let number = Some(number).filter(|number| range.contains(number)).and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| D::Error::custom(format_args!("a number from {} to {}", range.start(), range.end())))
}
