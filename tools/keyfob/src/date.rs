//! Times for people, in UTC.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use keyfob::UnixTime;

/// The system's time; not known if its clock stands before 1970.
pub(crate) fn now() -> UnixTime {
    u64::try_from(Timestamp::now().as_second()).map_or(UnixTime::UNKNOWN, UnixTime)
}

/// A time as people write it.
pub(crate) fn written(time: UnixTime) -> String {
    if time == UnixTime::UNKNOWN {
        return "not known".into();
    }
    let timestamp = i64::try_from(time.0).ok().and_then(|second| Timestamp::from_second(second).ok());
    match timestamp {
        Some(timestamp) => timestamp.to_zoned(TimeZone::UTC).strftime("%-d %b %Y %H:%M:%S UTC").to_string(),
        None => format!("after the year 9999 (second {})", time.0),
    }
}

/// When something is over, and how long that is from now.
pub(crate) fn expiry(time: UnixTime, now: UnixTime) -> String {
    format!("{} ({})", written(time), distance(time, now))
}

fn distance(time: UnixTime, now: UnixTime) -> String {
    let seconds = time.0.abs_diff(now.0);
    let (number, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7200 => (seconds / 60, "minute"),
        7200..172_800 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let s = if number == 1 { "" } else { "s" };
    if time.0 <= now.0 { format!("over for {number} {unit}{s}") } else { format!("{number} {unit}{s} left") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        assert_eq!(written(UnixTime(0)), "not known");
        assert_eq!(written(UnixTime(1_801_440_000)), "1 Feb 2027 00:00:00 UTC");
        assert_eq!(written(UnixTime(253_402_207_200)), "30 Dec 9999 22:00:00 UTC");
        assert_eq!(written(UnixTime(u64::MAX)), "after the year 9999 (second 18446744073709551615)");
    }

    #[test]
    fn distances() {
        let now = UnixTime(1_000_000);
        for (time, words) in [
            (1_000_001, "1 second left"),
            (1_000_000, "over for 0 seconds"),
            (1_000_119, "119 seconds left"),
            (1_000_120, "2 minutes left"),
            (1_172_799, "47 hours left"),
            (1_172_800, "2 days left"),
            (827_200, "over for 2 days"),
        ] {
            assert_eq!(distance(UnixTime(time), now), words);
        }
    }
}
