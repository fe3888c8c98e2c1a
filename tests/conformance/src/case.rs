//! Cases and how they end.

use std::fmt;

use crate::Bench;

/// Something that every token must do.
#[derive(Clone, Copy)]
pub struct Case {
    /// Its name, which says what.
    pub name: &'static str,
    /// Finds out.
    pub run: fn(&mut Bench) -> Result<(), Failure>,
}

/// Why a case isn't passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The token, or what is between, doesn't do what it must.
    Broken(String),
    /// The rig can't do what the case needs.
    Needs(Capability),
}

/// What not every rig can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capability {
    /// Another token, blank.
    FreshToken,
    /// Pulling the token out and plugging it in again.
    Restart,
    /// Letting time pass at once.
    Clock,
    /// Seeing whether the token shows itself.
    Light,
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FreshToken => "another, blank token",
            Self::Restart => "to restart the token",
            Self::Clock => "to move the token's clock",
            Self::Light => "to see the token's light",
        })
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Broken(error.to_string())
    }
}

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The token does what it must.
    Passed,
    /// It doesn't, or the case could not be run to its end.
    Failed(String),
    /// The rig can't do what the case needs.
    Skipped(Capability),
}

/// How all cases ended, in their order.
#[derive(Debug, Clone, Default)]
pub struct Summary(pub Vec<(&'static str, Outcome)>);

impl Summary {
    /// The names of the cases that failed.
    #[must_use]
    pub fn failed(&self) -> Vec<&'static str> {
        self.names(|outcome| matches!(outcome, Outcome::Failed(_)))
    }

    /// The names of the cases that passed.
    #[must_use]
    pub fn passed(&self) -> Vec<&'static str> {
        self.names(|outcome| *outcome == Outcome::Passed)
    }

    /// The names of the cases that were skipped.
    #[must_use]
    pub fn skipped(&self) -> Vec<&'static str> {
        self.names(|outcome| matches!(outcome, Outcome::Skipped(_)))
    }

    fn names(&self, wanted: impl Fn(&Outcome) -> bool) -> Vec<&'static str> {
        self.0.iter().filter(|(_, outcome)| wanted(outcome)).map(|(name, _)| *name).collect()
    }
}

impl fmt::Display for Summary {
    /// A line for each case, and the numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, outcome) in &self.0 {
            match outcome {
                Outcome::Passed => writeln!(f, "ok       {name}")?,
                Outcome::Failed(why) => writeln!(f, "FAILED   {name}: {why}")?,
                Outcome::Skipped(what) => writeln!(f, "skipped  {name}: needs {what}")?,
            }
        }
        let (passed, failed, skipped) = (self.passed().len(), self.failed().len(), self.skipped().len());
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

/// Runs cases, one after the other.
pub fn run(bench: &mut Bench, cases: &[Case]) -> Summary {
    let outcome = |result| match result {
        Ok(()) => Outcome::Passed,
        Err(Failure::Broken(why)) => Outcome::Failed(why),
        Err(Failure::Needs(what)) => Outcome::Skipped(what),
    };
    Summary(cases.iter().map(|case| (case.name, outcome((case.run)(bench)))).collect())
}

/// Fails unless something holds.
macro_rules! ensure {
    ($holds:expr, $($why:tt)+) => {
        if !$holds {
            return Err($crate::Failure::Broken(format!($($why)+)));
        }
    };
}
pub(crate) use ensure;

/// Fails unless what was found is what was expected.
pub(crate) fn same<T: PartialEq + fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<(), Failure> {
    ensure!(found == expected, "{what}: {found:?} instead of {expected:?}");
    Ok(())
}
