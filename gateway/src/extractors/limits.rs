//! The limits of times and texts that clients send, the same on every route.

use chrono::{DateTime, TimeDelta, Timelike as _, Utc};

/// How far a client's clock may be ahead of the server's.
const MAX_AHEAD: TimeDelta = TimeDelta::hours(24);
/// 2000-01-01T00:00:00Z.
const FIRST_SECOND: i64 = 946_684_800;

/// What is wrong with a text that is not printable.
pub(crate) const CONTROL: &str = "must not contain control characters";

/// Checks a time that the client gave, or says what is wrong with it.
pub(crate) fn time(time: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), &'static str> {
    if time.timestamp() < FIRST_SECOND {
        Err("must not be before the year 2000")
    } else if time > now + MAX_AHEAD {
        Err("must not be more than 24 hours in the future")
    } else {
        Ok(())
    }
}

/// Stores have no second 60: a leap second becomes the end of the second before, on the same day.
pub(crate) fn without_leap_second(time: DateTime<Utc>) -> DateTime<Utc> {
    time.with_nanosecond(time.nanosecond().min(999_999_999)).unwrap_or(time)
}

/// Checks that a text is printable and 1 to `most` bytes long, or says what is wrong with it.
pub(crate) fn text(text: &str, most: usize) -> Result<(), String> {
    if text.is_empty() {
        Err("must not be empty".to_owned())
    } else if text.len() > most {
        Err(format!("must be at most {most} bytes long"))
    } else if text.chars().any(char::is_control) {
        Err(CONTROL.to_owned())
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
