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
