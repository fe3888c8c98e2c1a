//! Faults as text.

use std::fmt::{self, Display};
use std::num::{NonZeroU8, NonZeroU32};
use std::str::FromStr;

use super::plan::{
    Corruption, Direction, Fault, FlashOperation, Interruption, Offset, ReportAction, ReportPoint, Script, When,
};

/// Why a text is no fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{fault}` is no fault: {problem}")]
pub struct FaultError {
    fault: String,
    problem: &'static str,
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let mut words = Words { words: text.split_whitespace().collect(), at: 0 };
        let fault = words.fault().and_then(|fault| match words.next() {
            None => Ok(fault),
            Some(_) => Err("there is more than a fault takes"),
        });
        let shown = || text.split_whitespace().collect::<Vec<_>>().join(" ");
        fault.map_err(|problem| FaultError { fault: shown().chars().take(SHOWN).collect(), problem })
    }
}

impl FromStr for Script {
    type Err = FaultError;

    /// Reads faults that are apart by `;` or lines. What follows `#` in a line is a remark.
    fn from_str(text: &str) -> Result<Self, FaultError> {
        let lines = text.lines().map(|line| line.split_once('#').map_or(line, |(faults, _)| faults));
        let faults = lines.flat_map(|line| line.split(';')).filter(|fault| !fault.trim().is_empty());
        faults.map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

/// How much of a wrong text an error shows.
const SHOWN: usize = 100;

const ACTION: &str = "it begins with drop, repeat, reorder, corrupt, delay, unplug, kill or advance";
const POINT: &str = "its point is in, out, program, erase, barrier or after";
const COMMAND: &str = "a command is two hexadecimal digits after 0x";
const NUMBER: &str = "a number is from 1 to 4294967295";
const TIMES: &str = "a report is repeated 1 to 255 times";
const OFFSET: &str = "corrupt takes an offset from 0 to 63 and a mask such as 0x01, or neither";
const DURATION: &str = "a time is a number and ms, s, m, h or d";
const FLASH: &str = "only kill acts on the flash";
const AFTER: &str = "only unplug, kill and advance act at a time";

struct Words<'a> {
    words: Vec<&'a str>,
    at: usize,
}

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let word = self.peek()?;
        self.at += 1;
        Some(word)
    }

    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.at).copied()
    }

    fn skip(&mut self, word: &str) -> bool {
        let is_there = self.peek() == Some(word);
        self.at += usize::from(is_there);
        is_there
    }

    fn begins_with_digit(&self) -> bool {
        self.peek().is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit()))
    }

    fn fault(&mut self) -> Result<Fault, &'static str> {
        let action = self.action()?;
        match self.next() {
            Some("in") => Ok(Fault::Report { point: self.report_point(Direction::In)?, action }),
            Some("out") => Ok(Fault::Report { point: self.report_point(Direction::Out)?, action }),
            Some("program") => self.flash(FlashOperation::Program, action),
            Some("erase") => self.flash(FlashOperation::Erase, action),
            Some("barrier") => self.flash(FlashOperation::Barrier, action),
            Some("after") => match action {
                ReportAction::Interrupt(action) => Ok(Fault::Time { after: self.duration()?, action }),
                _ => Err(AFTER),
            },
            _ => Err(POINT),
        }
    }

    fn action(&mut self) -> Result<ReportAction, &'static str> {
        Ok(match self.next() {
            Some("drop") => ReportAction::Drop,
            Some("repeat") => ReportAction::Repeat(self.times()?),
            Some("reorder") => ReportAction::Reorder,
            Some("corrupt") => ReportAction::Corrupt(self.corruption()?),
            Some("delay") => ReportAction::Delay(self.duration()?),
            Some("unplug") => ReportAction::Interrupt(Interruption::Unplug { back: self.back()? }),
            Some("kill") => ReportAction::Interrupt(Interruption::Kill { back: self.back()? }),
            Some("advance") => ReportAction::Interrupt(Interruption::Advance(self.duration()?)),
            _ => return Err(ACTION),
        })
    }

    fn times(&mut self) -> Result<NonZeroU8, &'static str> {
        if !self.begins_with_digit() {
            return Ok(NonZeroU8::MIN);
        }
        self.next().and_then(decimal).ok_or(TIMES)
    }

    fn corruption(&mut self) -> Result<Corruption, &'static str> {
        if !self.begins_with_digit() {
            return Ok(Corruption::Seeded);
        }
        let offset = self.next().and_then(decimal).and_then(Offset::new).ok_or(OFFSET)?;
        let mask = self.next().and_then(hexadecimal).and_then(NonZeroU8::new).ok_or(OFFSET)?;
        Ok(Corruption::Mask { offset, mask })
    }

    fn back(&mut self) -> Result<Option<u64>, &'static str> {
        if self.skip("for") { self.duration().map(Some) } else { Ok(None) }
    }

    fn report_point(&mut self, direction: Direction) -> Result<ReportPoint, &'static str> {
        let has_command = self.skip("command");
        let command = has_command.then(|| self.next().and_then(hexadecimal).ok_or(COMMAND)).transpose()?;
        let when = if self.skip("every") {
            When::Every(if self.peek().is_some() { self.number()? } else { NonZeroU32::MIN })
        } else if self.skip("one-of") {
            When::OneOf(self.number()?)
        } else {
            When::Nth(if self.peek().is_some() { self.number()? } else { NonZeroU32::MIN })
        };
        Ok(ReportPoint { direction, command, when })
    }

    fn flash(&mut self, operation: FlashOperation, action: ReportAction) -> Result<Fault, &'static str> {
        let ReportAction::Interrupt(Interruption::Kill { back }) = action else { return Err(FLASH) };
        let number = if self.peek().is_some() { self.number()? } else { NonZeroU32::MIN };
        Ok(Fault::Flash { operation, number, back })
    }

    fn number(&mut self) -> Result<NonZeroU32, &'static str> {
        self.next().and_then(decimal).ok_or(NUMBER)
    }

    fn duration(&mut self) -> Result<u64, &'static str> {
        self.next().and_then(duration).ok_or(DURATION)
    }
}

/// Reads digits; no sign.
fn decimal<N: FromStr>(text: &str) -> Option<N> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn hexadecimal(text: &str) -> Option<u8> {
    let digits = text.strip_prefix("0x").filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok()
}

/// The units of time, the largest first.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Reads a time such as `500ms`, `5s` or `31d` as milliseconds.
#[must_use]
pub fn duration(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let (_, milliseconds) = UNITS.into_iter().find(|(unit, _)| *unit == &text[digits.len()..])?;
    decimal::<u64>(digits)?.checked_mul(milliseconds)
}

/// Writes milliseconds in the largest unit that says them exactly.
#[must_use]
pub fn written_duration(milliseconds: u64) -> String {
    let fits = |unit: &(&str, u64)| milliseconds != 0 && milliseconds.is_multiple_of(unit.1);
    let (unit, length) = UNITS.into_iter().find(fits).unwrap_or(("ms", 1));
    format!("{}{unit}", milliseconds / length)
}

impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Report { point, action } => write!(f, "{action} {point}"),
            Self::Flash { operation, number, back } => {
                write!(f, "{} {operation} {number}", Interruption::Kill { back: *back })
            }
            Self::Time { after, action } => write!(f, "{action} after {}", written_duration(*after)),
        }
    }
}

impl Display for ReportPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.direction {
            Direction::In => "in",
            Direction::Out => "out",
        })?;
        if let Some(command) = self.command {
            write!(f, " command {command:#04x}")?;
        }
        match self.when {
            When::Nth(number) => write!(f, " {number}"),
            When::Every(NonZeroU32::MIN) => write!(f, " every"),
            When::Every(number) => write!(f, " every {number}"),
            When::OneOf(number) => write!(f, " one-of {number}"),
        }
    }
}

impl Display for ReportAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Drop => write!(f, "drop"),
            Self::Repeat(NonZeroU8::MIN) => write!(f, "repeat"),
            Self::Repeat(times) => write!(f, "repeat {times}"),
            Self::Reorder => write!(f, "reorder"),
            Self::Corrupt(Corruption::Seeded) => write!(f, "corrupt"),
            Self::Corrupt(Corruption::Mask { offset, mask }) => write!(f, "corrupt {} {mask:#04x}", offset.get()),
            Self::Delay(milliseconds) => write!(f, "delay {}", written_duration(*milliseconds)),
            Self::Interrupt(interruption) => interruption.fmt(f),
        }
    }
}

impl Display for Interruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, back) = match self {
            Self::Unplug { back } => ("unplug", back),
            Self::Kill { back } => ("kill", back),
            Self::Advance(milliseconds) => return write!(f, "advance {}", written_duration(*milliseconds)),
        };
        f.write_str(word)?;
        back.map_or(Ok(()), |back| write!(f, " for {}", written_duration(back)))
    }
}

impl Display for FlashOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Program => "program",
            Self::Erase => "erase",
            Self::Barrier => "barrier",
        })
    }
}

impl Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, fault) in self.0.iter().enumerate() {
            write!(f, "{}{fault}", if number == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}
