//! Times as OSV writes them: RFC 3339 in UTC.

use std::fmt;
use std::str::FromStr;

use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// A moment in UTC, to the nanosecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(OffsetDateTime);

/// The text is no RFC 3339 time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time such as 2026-01-31T12:00:00Z")]
pub struct InvalidTimestamp;

impl Timestamp {
    /// The beginning of 1970.
    pub const EPOCH: Timestamp = Timestamp(OffsetDateTime::UNIX_EPOCH);

    /// The moment so many seconds after 1970 began; none outside the years 0 to 9999.
    pub fn from_unix(seconds: i64) -> Option<Timestamp> {
        let moment = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
        (0..=9999).contains(&moment.year()).then_some(Timestamp(moment))
    }

    /// Seconds since 1970 began, rounded down.
    pub fn unix(self) -> i64 {
        self.0.unix_timestamp()
    }

    /// The year.
    pub fn year(self) -> i32 {
        self.0.year()
    }

    /// The same without a fraction of a second: some readers take six digits of it at most, and a list sorted by
    /// text is sorted by time only without one.
    #[must_use]
    pub fn whole_seconds(self) -> Timestamp {
        Timestamp(self.0.replace_nanosecond(0).unwrap_or(self.0))
    }
}

/// Any offset is taken, but the letters must be capital, as the OSV schema has them.
impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Timestamp, InvalidTimestamp> {
        if text.as_bytes().get(10) != Some(&b'T') || text.ends_with('z') {
            return Err(InvalidTimestamp);
        }
        let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| InvalidTimestamp)?;
        let moment = moment.checked_to_offset(UtcOffset::UTC).ok_or(InvalidTimestamp)?;
        if (0..=9999).contains(&moment.year()) { Ok(Timestamp(moment)) } else { Err(InvalidTimestamp) }
    }
}

/// `Z` at the end, and only as many digits behind the second as there are.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}
