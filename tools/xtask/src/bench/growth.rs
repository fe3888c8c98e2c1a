//! What a cost does when the token carries more.

use anyhow::Result;
use serde::Serialize;

use super::program::Program;

/// What is counted.
pub(crate) const OPERATIONS: [(&str, u32); 3] = [("check", 50), ("open", 2), ("apply", 2)];

/// What there is more of, and how much.
pub(crate) const AXES: [(&str, &[u32]); 3] =
    [("features", &[4, 32, 64, 128]), ("vendors", &[1, 2, 3, 4]), ("sessions", &[1, 2, 4, 8])];

/// One operation's instructions along one axis.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Series {
    pub(crate) operation: &'static str,
    pub(crate) axis: &'static str,
    /// How much there is, and the instructions then.
    pub(crate) points: Vec<(u32, f64)>,
}

impl Series {
    /// How much dearer the last point is than the first.
    pub(crate) fn growth(&self) -> f64 {
        match (self.points.first(), self.points.last()) {
            (Some((_, first)), Some((_, last))) => last / first,
            _ => f64::NAN,
        }
    }

    /// Instructions that one more costs, by the ends.
    pub(crate) fn slope(&self) -> f64 {
        match (self.points.first(), self.points.last()) {
            (Some((few, first)), Some((many, last))) if many > few => (last - first) / f64::from(many - few),
            _ => f64::NAN,
        }
    }
}

/// Counts every operation along every axis.
///
/// # Errors
/// If a workload fails.
pub(crate) fn measure(program: &Program) -> Result<Vec<Series>> {
    let mut series = Vec::new();
    for (axis, sizes) in AXES {
        for (operation, runs) in OPERATIONS {
            let workload = format!("{operation}-{axis}");
            let count = |size: &u32| program.count(&workload, runs, *size).map(|count| (*size, count));
            let points = sizes.iter().map(count).collect::<Result<_>>()?;
            series.push(Series { operation, axis, points });
        }
    }
    Ok(series)
}
