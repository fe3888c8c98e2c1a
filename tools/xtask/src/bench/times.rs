//! Times, which are reported and never held to anything.

use serde::{Deserialize, Serialize};

/// Something of ours beside its floor, or beside what others do instead, in the same run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Time {
    pub(crate) name: String,
    /// Nanoseconds, the median.
    pub(crate) ours: f64,
    /// Nanoseconds, the median.
    pub(crate) floor: f64,
    /// The median of the ratios of neighbouring rounds.
    pub(crate) ratio: f64,
}
