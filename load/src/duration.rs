//! Durations as people write them: `90s`, `5m`, `1h30m`, `250ms`.

use std::time::Duration;

use thiserror::Error;

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum DurationError {
    /// A number is missing.
    #[error("must be numbers with units, such as 90s, 5m or 1h30m")]
    NoNumber,
    /// A number has no unit.
    #[error("must have a unit after each number: ms, s, m or h, such as 90s or 5m")]
    NoUnit,
    /// The unit is not known.
    #[error("{0:?} is not a unit; use ms, s, m or h, such as 90s or 5m")]
    UnknownUnit(String),
    /// It is zero, or longer than a year.
    #[error("must be more than zero and at most a year")]
    OutOfRange,
}

const YEAR: Duration = Duration::from_hours(365 * 24);

/// Reads a duration: one or more whole numbers, each with a unit.
pub(crate) fn parse(text: &str) -> Result<Duration, DurationError> {
    let mut total = Duration::ZERO;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (step, after) = first_step(rest)?;
        total = total.checked_add(step).ok_or(DurationError::OutOfRange)?;
        rest = after;
    }
    if total.is_zero() || total > YEAR {
        return Err(DurationError::OutOfRange);
    }
    Ok(total)
}

/// The first number and unit of `text` as a duration, and what follows them.
fn first_step(text: &str) -> Result<(Duration, &str), DurationError> {
    let (number, rest) = split_where(text, |c| !c.is_ascii_digit());
    let (unit, rest) = split_where(rest, |c| c.is_ascii_digit());
    if number.is_empty() {
        return Err(DurationError::NoNumber);
    }
    let millis = match unit.trim() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "" => return Err(DurationError::NoUnit),
        other => return Err(DurationError::UnknownUnit(other.to_owned())),
    };
    let number: u64 = number.parse().map_err(|_| DurationError::OutOfRange)?;
    let total = number.checked_mul(millis).ok_or(DurationError::OutOfRange)?;
    Ok((Duration::from_millis(total), rest))
}

fn split_where(text: &str, ends: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(ends).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_with_units_are_read() {
        let cases = [
            ("90s", 90_000),
            ("5m", 300_000),
            ("250ms", 250),
            ("1h30m", 5_400_000),
            ("1m 30s", 90_000),
        ];
        for (text, millis) in cases {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_reason() {
        let cases = [
            ("", DurationError::OutOfRange),
            ("0s", DurationError::OutOfRange),
            ("99999999h", DurationError::OutOfRange),
            ("99999999999999999999s", DurationError::OutOfRange),
            ("s", DurationError::NoNumber),
            ("-5s", DurationError::NoNumber),
            ("60", DurationError::NoUnit),
            ("5 days", DurationError::UnknownUnit("days".to_owned())),
        ];
        for (text, reason) in cases {
            assert_eq!(parse(text), Err(reason), "{text}");
        }
    }
}
