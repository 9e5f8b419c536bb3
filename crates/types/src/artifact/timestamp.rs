//! Times in annotations.

use std::fmt;
use std::str::FromStr;

use crate::{Noun, ParseError};

/// A moment in whole seconds; printed as RFC 3339 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// From seconds since 1970-01-01T00:00:00Z, or `None` outside the years -9999 to 9999.
    pub fn from_unix(seconds: i64) -> Option<Self> {
        jiff::Timestamp::from_second(seconds).ok().map(Self)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub fn unix(self) -> i64 {
        self.0.as_second()
    }
}

impl From<u32> for Timestamp {
    /// From seconds since 1970-01-01T00:00:00Z, as OpenPGP counts them: until the year 2106.
    fn from(seconds: u32) -> Self {
        let time = jiff::Timestamp::from_second(i64::from(seconds));
        // Every one of them is in range.
        Self(time.unwrap_or(jiff::Timestamp::UNIX_EPOCH))
    }
}

impl FromStr for Timestamp {
    type Err = ParseError;

    /// Reads RFC 3339 with any offset, or seconds since 1970.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse = || {
            ParseError::new(
                Noun::Timestamp,
                text,
                "the form is 2026-01-02T03:04:05Z, or seconds since 1970",
            )
        };
        if let Ok(seconds) = text.parse::<i64>() {
            return Self::from_unix(seconds).ok_or_else(refuse);
        }
        let time: jiff::Timestamp = text.parse().map_err(|_| refuse())?;
        Self::from_unix(time.as_second()).ok_or_else(refuse)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_utc_seconds() {
        for (text, printed) in [
            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
            ("2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05Z"),
            ("2026-01-02T05:04:05+02:00", "2026-01-02T03:04:05Z"),
            ("315532800", "1980-01-01T00:00:00Z"),
            ("0", "1970-01-01T00:00:00Z"),
        ] {
            let time: Timestamp = text.parse().unwrap();
            assert_eq!(time.to_string(), printed);
            assert_eq!(printed.parse::<Timestamp>().unwrap(), time);
        }
        for text in [
            "",
            "yesterday",
            "2026-01-02",
            "2026-01-02T03:04:05",
            "99999999999999999",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text:?}");
        }
    }
}
