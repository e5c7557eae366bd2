//! What holds for a time and for a text wherever a client sends one.

use chrono::{DateTime, TimeDelta, Timelike as _, Utc};

/// How far ahead of the server's clock a client's may be.
const MAX_AHEAD: TimeDelta = TimeDelta::hours(24);
/// 2000-01-01T00:00:00Z.
const FIRST_SECOND: i64 = 946_684_800;

/// A time that the client's clock may have shown, or what is wrong with it.
pub(super) fn time(time: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), &'static str> {
    if time.timestamp() < FIRST_SECOND {
        Err("must be after the year 1999")
    } else if time > now + MAX_AHEAD {
        Err("must be at most 24 hours ahead")
    } else {
        Ok(())
    }
}

/// No store knows second 60: it is the end of the second before, and so of the same day.
pub(super) fn without_leap_second(time: DateTime<Utc>) -> DateTime<Utc> {
    time.with_nanosecond(time.nanosecond().min(999_999_999)).unwrap_or(time)
}

/// A printable text of 1 to `most` bytes, or what is wrong with it.
pub(crate) fn text(text: &str, most: usize) -> Result<(), String> {
    if text.is_empty() {
        Err("must not be empty".to_owned())
    } else if text.len() > most {
        Err(format!("must have at most {most} bytes"))
    } else if text.chars().any(char::is_control) {
        Err("must have no control characters".to_owned())
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leap_second_belongs_to_the_second_before() {
        let time = |text| DateTime::parse_from_rfc3339(text).expect("a time").with_timezone(&Utc);
        let leap = without_leap_second(time("2016-12-31T23:59:60.5Z"));
        assert_eq!(leap, time("2016-12-31T23:59:59.999999999Z"));
    }
}
