//! What all formats share: the raw fields of an entry, their checks, and the entry they make.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use common::access_log::Entry;
use common::event::MAX_PATH_BYTES;
use common::page::counted_path;

use super::user_agent::{Families, OTHER};
use crate::extractors::limits;

/// What is wrong with an entry, in words.
pub(crate) type Reason = Cow<'static, str>;

/// The names of each field, the preferred one first.
const NAMES: [&[&str]; 4] = [
    &["receivedAt", "timestamp", "time", "ts"],
    &["method"],
    &["path"],
    &["userAgent", "user_agent"],
];
/// The names of the fields that an entry must have.
pub(super) const REQUIRED: [&[&str]; 3] = [NAMES[0], NAMES[1], NAMES[2]];

/// Longest method, in bytes.
const MAX_METHOD_BYTES: usize = 32;
/// Epoch times below this are seconds (until the year 5138), others milliseconds (since 1973).
const FIRST_MILLISECONDS: f64 = 1e11;
const NCSA: &str = "%d/%b/%Y:%H:%M:%S %z";

const NO_TIME: &str =
    "must be an RFC 3339 time, epoch seconds or milliseconds, or a time as in a common log";
const NO_METHOD: &str = "must be 1 to 32 characters of A-Z, a-z, 0-9, !#$%&'*+.^_|~-";
const LINE_BREAK: &str = "must not contain line breaks";

/// A value as the format found it.
#[derive(Debug, Default)]
pub(super) enum Field<'a> {
    /// Absent, null, or blank.
    #[default]
    Missing,
    Text(Cow<'a, str>),
    Number(f64),
    /// A type that no field has, such as an array.
    Other,
}

impl<'a> Field<'a> {
    pub(super) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        let text = text.into();
        if text.trim().is_empty() { Self::Missing } else { Self::Text(text) }
    }

    /// The text, trimmed.
    fn as_text(&self) -> Result<Option<&str>, Reason> {
        match self {
            Self::Missing => Ok(None),
            Self::Text(text) => Ok(Some(text.trim())),
            Self::Number(_) | Self::Other => Err("must be a string".into()),
        }
    }

    fn required_text(&self) -> Result<&str, Reason> {
        self.as_text()?.ok_or_else(|| "is required".into())
    }
}

/// The fields of an entry as the format found them.
#[derive(Debug, Default)]
pub(super) struct Raw<'a> {
    fields: [Field<'a>; 4],
    /// The rank of the name that each field was found under.
    ranks: [usize; 4],
}

impl<'a> Raw<'a> {
    /// Sets the field that `name` means; an unknown name is ignored. If a field is sent under
    /// several names, the preferred one wins; under the same name, the last one.
    pub(super) fn set(&mut self, name: &str, value: Field<'a>) {
        let Some((field, rank)) = known(name) else {
            return;
        };
        let is_preferred =
            matches!(self.fields[field], Field::Missing) || rank <= self.ranks[field];
        if is_preferred && !matches!(value, Field::Missing) {
            self.fields[field] = value;
            self.ranks[field] = rank;
        }
    }

    /// The entry, or all of its errors, each with its field.
    pub(super) fn check(
        self,
        now: DateTime<Utc>,
        families: &mut Families,
    ) -> Result<Entry, Vec<(&'static str, Reason)>> {
        let [received_at, method, path, user_agent] = &self.fields;
        let at = check_time(received_at, now);
        let method = check_method(method);
        let path = check_path(path);
        match (at, method, path, check_user_agent(user_agent)) {
            (Ok(at), Ok(method), Ok(path), Ok(user_agent)) => {
                let family = user_agent.map_or(OTHER, |user_agent| families.of(user_agent));
                let request = format!("{method} {path}");
                Ok(Entry { at, request, user_agent: family.to_owned() })
            }
            (at, method, path, user_agent) => {
                let reasons = [at.err(), method.err(), path.err(), user_agent.err()];
                let named = NAMES.iter().zip(reasons);
                Err(named.filter_map(|(names, reason)| Some((names[0], reason?))).collect())
            }
        }
    }
}

/// Every name of every field.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().copied().flatten().copied()
}

/// The field that `name` means, and the rank of that name.
fn known(name: &str) -> Option<(usize, usize)> {
    NAMES.iter().enumerate().find_map(|(field, names)| {
        names.iter().position(|known| *known == name).map(|rank| (field, rank))
    })
}

fn check_time(field: &Field<'_>, now: DateTime<Utc>) -> Result<DateTime<Utc>, Reason> {
    let time = match field {
        Field::Missing => return Err("is required".into()),
        Field::Text(text) => time(text.trim()),
        Field::Number(number) => epoch(*number),
        Field::Other => return Err("must be a string or a number".into()),
    };
    let time = time.ok_or(NO_TIME)?;
    limits::time(time, now)?;
    Ok(time)
}

fn time(text: &str) -> Option<DateTime<Utc>> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_number {
        return epoch(text.parse().ok()?);
    }
    let ncsa = || {
        let text = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        DateTime::parse_from_str(text, NCSA)
    };
    let time = DateTime::parse_from_rfc3339(text).or_else(|_| ncsa()).ok()?;
    Some(limits::without_leap_second(time.with_timezone(&Utc)))
}

/// Seconds or milliseconds since 1970, to the microsecond, which is as precise as a float is today.
fn epoch(number: f64) -> Option<DateTime<Utc>> {
    let unit = if number.abs() < FIRST_MILLISECONDS { 1e6 } else { 1e3 };
    DateTime::from_timestamp_micros((number * unit).round() as i64)
}

fn check_method(field: &Field<'_>) -> Result<String, Reason> {
    let method = field.required_text()?;
    let is_token = method
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+.^_|~-".contains(&byte));
    if method.len() > MAX_METHOD_BYTES || !is_token {
        return Err(NO_METHOD.into());
    }
    Ok(method.to_ascii_uppercase())
}

fn check_path(field: &Field<'_>) -> Result<String, Reason> {
    let path = counted_path(field.required_text()?).ok_or("must be the path of a page")?;
    limits::text(&path, MAX_PATH_BYTES)?;
    Ok(path)
}

/// A header cannot contain a line break: if there is one, a CSV quote was never closed.
fn check_user_agent<'a>(field: &'a Field<'_>) -> Result<Option<&'a str>, Reason> {
    let text = field.as_text()?;
    if text.is_some_and(|text| text.contains(['\n', '\r'])) {
        return Err(LINE_BREAK.into());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-01-15T12:00:00Z".parse().expect("it is a time")
    }

    fn checked(fields: &[(&str, &str)]) -> Result<Entry, Vec<(&'static str, Reason)>> {
        let mut raw = Raw::default();
        for (name, text) in fields {
            raw.set(name, Field::text(*text));
        }
        raw.check(now(), &mut Families::default())
    }

    fn valid_but(name: &str, text: &str) -> Result<Entry, Vec<(&'static str, Reason)>> {
        let fields = [("receivedAt", "2026-01-15T11:00:00Z"), ("method", "GET"), ("path", "/")];
        let fields = fields.map(|(field, valid)| (field, if field == name { text } else { valid }));
        checked(&fields)
    }

    #[test]
    fn a_time_is_read_in_every_form() {
        let cases = [
            ("2015-05-17T10:05:03Z", "2015-05-17T10:05:03Z"),
            ("2015-05-17T10:05:03.123456789Z", "2015-05-17T10:05:03.123456789Z"),
            ("2015-05-17t12:05:03+02:00", "2015-05-17T10:05:03Z"),
            ("2015-05-17 10:05:03Z", "2015-05-17T10:05:03Z"),
            (" 2015-05-17T10:05:03Z ", "2015-05-17T10:05:03Z"),
            ("1431857103", "2015-05-17T10:05:03Z"),
            ("1431857103.25", "2015-05-17T10:05:03.25Z"),
            ("1431857103250", "2015-05-17T10:05:03.25Z"),
            ("1431857103250.5", "2015-05-17T10:05:03.2505Z"),
            ("17/May/2015:10:05:03 +0000", "2015-05-17T10:05:03Z"),
            ("[17/May/2015:12:05:03 +0200]", "2015-05-17T10:05:03Z"),
            ("[17/May/2015:02:35:03 -0730]", "2015-05-17T10:05:03Z"),
        ];
        for (text, time) in cases {
            let entry = valid_but("receivedAt", text).expect(text);
            assert_eq!(entry.at, time.parse::<DateTime<Utc>>().expect("it is a time"), "{text}");
        }
    }

    #[test]
    fn a_number_is_the_same_time_as_its_digits() {
        for number in [1_431_857_103.0, 1_431_857_103.25, 1_431_857_103_250.0, 946_684_800.0] {
            let time = check_time(&Field::Number(number), now());
            let digits = check_time(&Field::text(number.to_string()), now());
            assert!(time.is_ok(), "{number}");
            assert_eq!(time, digits, "{number}");
        }
    }

    #[test]
    fn a_time_out_of_range_or_in_another_form_is_refused() {
        let (past, ahead) =
            ("must not be before the year 2000", "must not be more than 24 hours in the future");
        let cases = [
            ("1999-12-31T23:59:59Z", past),
            ("20150517", past),
            ("31/Dec/1999:23:59:59 +0000", past),
            ("2026-01-16T12:00:01Z", ahead),
            ("99999999999", ahead),
            ("1431857103250000", ahead),
            ("9999999999999999999999999999", NO_TIME),
            ("2015-05-17T10:05:03", NO_TIME),
            ("2015-05-17", NO_TIME),
            ("17/Mai/2015:10:05:03 +0000", NO_TIME),
            ("17/May/2015:10:05:03", NO_TIME),
            ("1.2.3", NO_TIME),
            (".", NO_TIME),
            ("yesterday", NO_TIME),
            ("", "is required"),
        ];
        for (text, reason) in cases {
            assert_eq!(valid_but("receivedAt", text), Err(vec![("receivedAt", reason.into())]));
        }
    }

    #[test]
    fn the_earliest_and_the_latest_time_are_valid() {
        let last = now() + TimeDelta::hours(24);
        for time in ["2000-01-01T00:00:00Z", &last.to_rfc3339()] {
            assert!(valid_but("receivedAt", time).is_ok(), "{time}");
        }
    }

    #[test]
    fn a_method_is_an_upper_case_token() {
        let longest = "m".repeat(MAX_METHOD_BYTES);
        for (method, counted) in [
            ("GET", "GET"),
            ("post", "POST"),
            (" Head ", "HEAD"),
            ("M-SEARCH", "M-SEARCH"),
            ("!#$%&'*+.^_|~-", "!#$%&'*+.^_|~-"),
            (&longest, &longest.to_uppercase()),
        ] {
            let entry = valid_but("method", method).expect(method);
            assert_eq!(entry.request, format!("{counted} /"));
        }
        for method in ["G T", "GET/", "GÊT", "\\x16\\x03", "(GET)", &"m".repeat(33)] {
            assert_eq!(valid_but("method", method), Err(vec![("method", NO_METHOD.into())]));
        }
    }

    #[test]
    fn a_path_is_short_printable_and_without_query() {
        let longest = format!("/{}", "p".repeat(MAX_PATH_BYTES - 1));
        for (path, counted) in [
            ("/pricing?plan=pro#top", "/pricing"),
            ("https://example.com/a?b", "/a"),
            ("?utm=1", "/"),
            ("*", "*"),
            (&longest, &longest),
            (&format!("{longest}?{longest}"), &longest),
        ] {
            let entry = valid_but("path", path).expect(path);
            assert_eq!(entry.request, format!("GET {counted}"));
        }
        let too_long = ("path", "must be at most 1024 bytes long".into());
        assert_eq!(valid_but("path", &format!("{longest}p")), Err(vec![too_long]));
        let entry = valid_but("path", "/a\u{0}b").expect("it is escaped");
        assert_eq!(entry.request, "GET /a%00b");
        assert_eq!(valid_but("path", " "), Err(vec![("path", "is required".into())]));
    }

    #[test]
    fn every_error_is_reported() {
        let wrong = checked(&[("ts", "now"), ("method", "("), ("userAgent", "a\nb")]);
        let expected = [
            ("receivedAt", NO_TIME.into()),
            ("method", NO_METHOD.into()),
            ("path", "is required".into()),
            ("userAgent", LINE_BREAK.into()),
        ];
        assert_eq!(wrong, Err(expected.to_vec()));
    }

    #[test]
    fn the_preferred_name_wins_then_the_last_value() {
        let [first, second, third] = [1, 2, 3].map(|n| format!("2026-01-15T00:00:0{n}Z"));
        let rest = [("method", "GET"), ("path", "/")];
        let at = |fields: &[(&str, &str)]| {
            let entry = checked(&[fields, &rest[..]].concat()).expect("it is valid");
            entry.at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
        };
        assert_eq!(at(&[("ts", &first)]), first);
        assert_eq!(at(&[("ts", &first), ("time", &second), ("timestamp", &third)]), third);
        assert_eq!(at(&[("receivedAt", &first), ("timestamp", &second)]), first);
        assert_eq!(at(&[("receivedAt", &first), ("receivedAt", &second)]), second);
        assert_eq!(at(&[("receivedAt", ""), ("ts", &second)]), second);
    }
}
