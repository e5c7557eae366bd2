//! What holds for a time and for a text wherever a client sends one.

use chrono::{DateTime, TimeDelta, Utc};

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

/// A printable text of 1 to `most` bytes, or what is wrong with it.
pub(super) fn text(text: &str, most: usize) -> Result<(), String> {
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
