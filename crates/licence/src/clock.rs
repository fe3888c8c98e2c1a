//! By which time a request is judged, and whether the PC's clock can be right. `docs/spec.md`, §8.4.

use keyfob_wire::UnixTime;

/// How many seconds the PC's clock may be behind the token's estimate: a day, and whatever daylight saving and zones do.
pub const CLOCK_TOLERANCE: u64 = 26 * 60 * 60;

/// How far a time can be relied upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Quality {
    /// Nobody knows the time.
    Unknown = 0,
    /// The app's claim.
    Claimed = 1,
    /// The token's estimate.
    Estimated = 2,
    /// A vendor signed it.
    Signed = 3,
}

impl Quality {
    /// The quality's number on the wire.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// Finds the quality of a number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Unknown, Self::Claimed, Self::Estimated, Self::Signed].into_iter().find(|other| other.number() == number)
    }
}

/// What the token's estimate says of the PC's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Clock {
    /// It can be right.
    Right,
    /// It is behind; a grace start lets the estimate count in its place.
    Behind,
    /// It is behind, and nothing counts in its place: what is limited in time is refused.
    SetBack,
}

/// The time of a judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The time.
    pub time: UnixTime,
    /// How far it can be relied upon.
    pub quality: Quality,
    /// Whether the PC's clock can be right.
    pub clock: Clock,
}

impl From<UnixTime> for Now {
    /// The time as somebody claims it, taken for right.
    fn from(time: UnixTime) -> Self {
        let quality = if time == UnixTime::UNKNOWN { Quality::Unknown } else { Quality::Claimed };
        Self { time, quality, clock: Clock::Right }
    }
}

/// What is known of the time when a request comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// What the app claims; 0 if it doesn't know.
    pub claimed: UnixTime,
    /// The mark and what has passed since it was set; 0 if there is none.
    pub signed: UnixTime,
    /// The token's estimate; 0 if there is none.
    pub estimate: UnixTime,
    /// Whether a grace start was taken in this power-up.
    pub grace: bool,
}

impl Times {
    /// The time to judge by.
    #[must_use]
    pub fn now(&self) -> Now {
        let time = self.claimed.max(self.signed);
        let quality = match time {
            UnixTime::UNKNOWN => Quality::Unknown,
            _ if self.signed >= self.claimed => Quality::Signed,
            _ => Quality::Claimed,
        };
        let behind = time != UnixTime::UNKNOWN && self.estimate.0 > time.0.saturating_add(CLOCK_TOLERANCE);
        match (behind, self.grace) {
            (false, _) => Now { time, quality, clock: Clock::Right },
            (true, true) => Now { time: self.estimate, quality: Quality::Estimated, clock: Clock::Behind },
            (true, false) => Now { time, quality, clock: Clock::SetBack },
        }
    }
}
