//! The time of a zip entry.

use std::fmt;

/// A civil time as MS-DOS writes it, taken as UTC: two-second steps from 1980 to 2107.
///
/// The order of two values is the order of the times. `Display` is RFC 3339 in UTC with seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DosTime {
    date: u16,
    time: u16,
}

impl DosTime {
    /// 1980-01-01T00:00:00Z: what writers put where they have no time.
    pub const EARLIEST: Self = Self {
        date: 0x0021,
        time: 0,
    };

    /// 2107-12-31T23:59:58Z.
    pub const LATEST: Self = Self {
        date: 0xff9f,
        time: 0xbf7d,
    };

    /// The time in the two fields of a header, or `None` where they are no valid time.
    pub fn from_fields(date: u16, time: u16) -> Option<Self> {
        let this = Self { date, time };
        let valid = (1..=12).contains(&this.month())
            && this.day() >= 1
            && this.day() <= days_in(this.year(), this.month())
            && this.hour() < 24
            && this.minute() < 60
            && this.second() < 60;
        valid.then_some(this)
    }

    /// The time at `seconds` since 1970-01-01T00:00:00Z, rounded down to an even second and moved
    /// to the nearest end of the range where it is outside.
    pub fn from_unix(seconds: i64) -> Self {
        const FIRST: i64 = 315_532_800;
        const LAST: i64 = 4_354_819_198;
        if seconds <= FIRST {
            return Self::EARLIEST;
        }
        if seconds >= LAST {
            return Self::LATEST;
        }
        // Below 86,400, so the conversion keeps the value.
        let of_day = (seconds % 86_400) as u32;
        let mut days = seconds / 86_400 - FIRST / 86_400;
        let mut year: u16 = 1980;
        while days >= year_length(year) {
            days -= year_length(year);
            year += 1;
        }
        let mut month: u16 = 1;
        while days >= i64::from(days_in(year, month)) {
            days -= i64::from(days_in(year, month));
            month += 1;
        }
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        Self {
            date: ((year - 1980) << 9) | (month << 5) | (days as u16 + 1),
            time: ((hour << 11) | (minute << 5) | (second / 2)) as u16,
        }
    }

    /// The date field of a header.
    pub fn date_field(self) -> u16 {
        self.date
    }

    /// The time field of a header.
    pub fn time_field(self) -> u16 {
        self.time
    }

    fn year(self) -> u16 {
        1980 + (self.date >> 9)
    }

    fn month(self) -> u16 {
        (self.date >> 5) & 0x0f
    }

    fn day(self) -> u16 {
        self.date & 0x1f
    }

    fn hour(self) -> u16 {
        self.time >> 11
    }

    fn minute(self) -> u16 {
        (self.time >> 5) & 0x3f
    }

    fn second(self) -> u16 {
        (self.time & 0x1f) * 2
    }
}

impl fmt::Display for DosTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            self.year(),
            self.month(),
            self.day(),
            self.hour(),
            self.minute(),
            self.second()
        )
    }
}

fn leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn year_length(year: u16) -> i64 {
    if leap(year) { 366 } else { 365 }
}

fn days_in(year: u16, month: u16) -> u16 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_unix_seconds_as_utc() {
        for (seconds, text) in [
            (0, "1980-01-01T00:00:00Z"),
            (315_532_800, "1980-01-01T00:00:00Z"),
            (315_532_802, "1980-01-01T00:00:02Z"),
            (951_782_399, "2000-02-28T23:59:58Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_767_323_045, "2026-01-02T03:04:04Z"),
            (1_709_251_199, "2024-02-29T23:59:58Z"),
            (4_354_819_199, "2107-12-31T23:59:58Z"),
            (i64::MAX, "2107-12-31T23:59:58Z"),
            (i64::MIN, "1980-01-01T00:00:00Z"),
        ] {
            let time = DosTime::from_unix(seconds);
            assert_eq!(time.to_string(), text);
            assert_eq!(
                DosTime::from_fields(time.date_field(), time.time_field()),
                Some(time)
            );
        }
    }

    #[test]
    fn refuses_fields_that_are_no_time() {
        for (name, date, time) in [
            ("no month", 0x0001, 0),
            ("no day", 0x0020, 0),
            ("month 13", (13 << 5) | 1, 0),
            ("30 February", (2 << 5) | 30, 0),
            ("29 February of 1981", (1 << 9) | (2 << 5) | 29, 0),
            ("hour 24", 0x0021, 24 << 11),
            ("minute 60", 0x0021, 60 << 5),
            ("second 60", 0x0021, 30),
        ] {
            assert_eq!(DosTime::from_fields(date, time), None, "{name}");
        }
    }
}
