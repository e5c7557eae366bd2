//! Times in every form that people's tools write them: the one parser of all routes.
//!
//! A date with a time of day, or a number of seconds, milliseconds, microseconds or nanoseconds
//! since 1970, told apart by size. A time without a zone is in UTC. `extractors::limits` decides
//! whether a time is plausible.

use chrono::{
    DateTime, Datelike as _, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset as _,
    TimeDelta, Utc, Weekday,
};
use serde_json::{Map, Number, Value};

use crate::extractors::limits::without_leap_second;

/// What to tell a client if its time is in no known form.
pub(crate) const FORMS: &str =
    "must be a time such as 2025-05-01T10:00:00Z, or seconds or milliseconds since 1970";

/// Numbers of seconds are below this, until the year 5138. Each smaller unit begins here times
/// 1,000.
const FIRST_MILLISECONDS: u128 = 100_000_000_000;
const NANOSECONDS: u128 = 1_000_000_000;
/// The names of seconds since 1970 in an object, and of the nanoseconds beside them.
const SECONDS: [&str; 4] = ["seconds", "_seconds", "epochSecond", "secs_since_epoch"];
const NANOS: [&str; 5] =
    ["nanos", "_nanoseconds", "nanoseconds", "nanoOfSecond", "nanos_since_epoch"];
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// The instant that a text names; `None` if it is in no known form.
///
/// The forms are those of RFC 3339 and ISO 8601 (also with a blank or `_` for the `T`, without
/// seconds or zone, with `+0000` or `+02`, with a comma before the fraction), those of access logs
/// (`17/May/2025:10:05:03 +0000`, with or without brackets), of RFC 2822 (`Sat, 17 May 2025
/// 10:05:03 GMT`), of JavaScript (`Sat May 17 2025 12:05:03 GMT+0200 (CEST)`), of Kibana
/// (`May 17, 2025 @ 10:05:03.000`), of C (`Sat May 17 10:05:03 2025`), all digits
/// (`20250517T100503Z`), and numbers.
pub(crate) fn instant(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit() || b".,".contains(&byte)) {
        return since_1970(text);
    }
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let mail = || DateTime::parse_from_rfc2822(bare).ok().map(|mail| mail.with_timezone(&Utc));
    let named = || of_script(bare).or_else(|| of_kibana(bare)).or_else(|| of_c(bare));
    let rare = || compact(bare).or_else(|| with_exponent(bare));
    let time = spelled(bare).or_else(mail).or_else(named).or_else(rare)?;
    Some(without_leap_second(time))
}

/// The instant that a query parameter names. An unescaped plus sign of an offset arrives as a
/// blank.
pub(crate) fn instant_in_query(text: &str) -> Option<DateTime<Utc>> {
    let with_plus = || {
        let (time, offset) = text.trim().rsplit_once(' ')?;
        instant(&format!("{time}+{offset}"))
    };
    instant(text).or_else(with_plus)
}

/// The instant that a JSON number stands for.
pub(crate) fn instant_of(number: &Number) -> Option<DateTime<Utc>> {
    match number.as_u64() {
        Some(whole) => since_1970(&whole.to_string()),
        None => epoch(number.as_f64()?),
    }
}

/// The instant that a JSON value stands for.
pub(crate) fn instant_in(value: &Value) -> Option<DateTime<Utc>> {
    match value {
        Value::String(text) => instant(text),
        Value::Number(number) => instant_of(number),
        Value::Object(members) => of_object(members),
        Value::Null | Value::Bool(_) | Value::Array(_) => None,
    }
}

/// The instant that a JSON object stands for: MongoDB's `{"$date": …}`, or seconds and nanoseconds, as
/// Protocol Buffers, Firestore, Java and Rust write them.
pub(crate) fn of_object(members: &Map<String, Value>) -> Option<DateTime<Utc>> {
    if let Some(date) = members.get("$date") {
        return instant_in(date.get("$numberLong").unwrap_or(date));
    }
    let whole = |names: &[&str]| names.iter().find_map(|name| whole_number(members.get(*name)?));
    let seconds = DateTime::from_timestamp(whole(&SECONDS)?, 0)?;
    let nanos = whole(&NANOS).unwrap_or(0);
    let is_fraction = (0..1_000_000_000).contains(&nanos);
    is_fraction.then(|| seconds.checked_add_signed(TimeDelta::nanoseconds(nanos)))?
}

/// A whole number, or the digits of one: Protocol Buffers write long ones as texts.
fn whole_number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// The instant that a floating-point number stands for, to the last digit that it needs.
pub(crate) fn epoch(number: f64) -> Option<DateTime<Utc>> {
    since_1970(&number.to_string())
}

/// The day that a text names as `2025-05-01`; `None` if it is in another form.
pub(crate) fn day(text: &str) -> Option<NaiveDate> {
    // The parser also accepts spaces, signs and fewer digits. Stores have these years only.
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    let is_known = (1..=9_999).contains(&day.year());
    (day.to_string() == text && is_known).then_some(day)
}

/// A number without a sign, perhaps with a fraction.
fn since_1970(text: &str) -> Option<DateTime<Utc>> {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    if whole.is_empty() || whole.len() > 20 {
        return None;
    }
    let (whole, fraction) = (digits(whole)?, nanoseconds(fraction)?);
    let mut unit = NANOSECONDS;
    let mut first = FIRST_MILLISECONDS;
    while whole >= first && unit > 1 {
        unit /= 1_000;
        first *= 1_000;
    }
    let since = whole * unit + fraction * unit / NANOSECONDS;
    let seconds = i64::try_from(since / NANOSECONDS).ok()?;
    DateTime::from_timestamp(seconds, u32::try_from(since % NANOSECONDS).ok()?)
}

/// `May 7, 2025 @ 10:05:03.000`.
fn of_kibana(text: &str) -> Option<DateTime<Utc>> {
    let (date, time) = text.split_once(" @ ")?;
    let (date, year) = date.split_once(", ")?;
    let (month, day) = date.split_once(' ')?;
    spelled(&format!("{day:0>2}/{month}/{year} {time}"))
}

/// A date, a time of day, and perhaps a zone.
fn spelled(text: &str) -> Option<DateTime<Utc>> {
    let (date, rest) = date(text)?;
    let rest = rest.strip_prefix(['T', 't', ' ', ':', '_'])?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && !":.,".contains(c)).unwrap_or(rest.len());
    let (time, zone) = rest.split_at(end);
    let offset = offset(zone.trim())?;
    let local = NaiveDateTime::new(date, time_of_day(time)?);
    Some(local.checked_sub_offset(offset)?.and_utc())
}

/// `2025-05-17`, `2025/05/17` or `17/May/2025`, and what follows it.
fn date(text: &str) -> Option<(NaiveDate, &str)> {
    let by_name = || {
        let (date, rest) = text.split_at_checked(11)?;
        let [day, month, year] = fields(date, ['/', '-', ' '])?;
        Some((ymd(year, month_named(month)?, day)?, rest))
    };
    let by_number = || {
        let (date, rest) = text.split_at_checked(10)?;
        let [year, month, day] = fields(date, ['-', '/', '-'])?;
        Some((ymd(year, number(month, 2)?, day)?, rest))
    };
    by_number().or_else(by_name)
}

/// `Sat May 17 2025 12:05:03 GMT+0200 (CEST)`, as JavaScript writes a date as a text.
fn of_script(text: &str) -> Option<DateTime<Utc>> {
    let (weekday, rest) = text.split_once(' ')?;
    let (date, rest) = rest.split_at_checked(11)?;
    let [month, day, year] = fields(date, [' '; 3])?;
    let (time, zone) = rest.strip_prefix(' ')?.split_once(' ')?;
    let offset = offset(zone.split(" (").next()?.strip_prefix("GMT")?)?;
    let date = ymd(year, month_named(month)?, day).filter(|_| weekday.len() == 3)?;
    let local = NaiveDateTime::new(date, time_of_day(time)?);
    Some(local.checked_sub_offset(offset)?.and_utc())
}

/// `Sat May 17 10:05:03 2025`, as C writes it; `date` has a zone before the year, git behind it.
fn of_c(text: &str) -> Option<DateTime<Utc>> {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let (weekday, month, day, time, zone, year) = match words[..] {
        [weekday, month, day, time, year] => (weekday, month, day, time, "", year),
        [weekday, month, day, time, year, zone] if year.len() == 4 && digits(year).is_some() => {
            (weekday, month, day, time, zone, year)
        }
        [weekday, month, day, time, zone, year] => (weekday, month, day, time, zone, year),
        _ => return None,
    };
    let date = ymd(year, month_named(month)?, &format!("{day:0>2}"));
    let local = NaiveDateTime::new(date.filter(|_| is_weekday(weekday))?, time_of_day(time)?);
    Some(local.checked_sub_offset(offset(zone)?)?.and_utc())
}

fn is_weekday(name: &str) -> bool {
    name.len() == 3 && name.parse::<Weekday>().is_ok()
}

/// `1.747476303e9`, as programs write large numbers of seconds.
fn with_exponent(text: &str) -> Option<DateTime<Utc>> {
    let (number, exponent) = text.split_once(['e', 'E'])?;
    let is_number = number.starts_with(|c: char| c.is_ascii_digit())
        && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let is_power = number_of_digits(exponent.strip_prefix('+').unwrap_or(exponent), 2);
    if is_number && is_power { epoch(text.parse().ok()?) } else { None }
}

/// Whether the text is digits, and not more than these.
fn number_of_digits(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `20250517T100503Z`.
fn compact(text: &str) -> Option<DateTime<Utc>> {
    let (date, rest) = text.split_at_checked(8)?;
    let (time, zone) = rest.strip_prefix(['T', 't'])?.split_at_checked(6)?;
    if !date.bytes().chain(time.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let date = ymd(&date[..4], number(&date[4..6], 2)?, &date[6..])?;
    let time = time_of_day(&format!("{}:{}:{}", &time[..2], &time[2..4], &time[4..]))?;
    let local = NaiveDateTime::new(date, time);
    Some(local.checked_sub_offset(offset(zone.trim())?)?.and_utc())
}

fn month_named(name: &str) -> Option<u32> {
    let month = MONTHS.iter().position(|known| known.eq_ignore_ascii_case(name))?;
    Some(u32::try_from(month).ok()? + 1)
}

/// The three fields of a date, which one of the separators divides.
fn fields(date: &str, separators: [char; 3]) -> Option<[&str; 3]> {
    separators.into_iter().find_map(|separator| {
        let fields: Vec<_> = date.split(separator).collect();
        fields.try_into().ok()
    })
}

fn ymd(year: &str, month: u32, day: &str) -> Option<NaiveDate> {
    let year = i32::try_from(number(year, 4)?).ok()?;
    NaiveDate::from_ymd_opt(year, month, number(day, 2)?)
}

/// `10:05:03`, `10:05:03.25`, `10:05:03,25` or `10:05`. Second 60 is a leap second.
fn time_of_day(text: &str) -> Option<NaiveTime> {
    let (time, fraction) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let mut fields = time.split(':');
    let (hour, minute) = (number(fields.next()?, 2)?, number(fields.next()?, 2)?);
    let second = fields.next().map_or(Some(0), |second| number(second, 2))?;
    if fields.next().is_some() {
        return None;
    }
    let (second, leap) = if second == 60 { (59, 1_000_000_000) } else { (second, 0) };
    let nanosecond = u32::try_from(nanoseconds(fraction)?).ok()? + leap;
    NaiveTime::from_hms_nano_opt(hour, minute, second, nanosecond)
}

/// Nothing, `Z`, `UTC`, `+02:00`, `+0200` or `+02`; a zone's name in brackets or `UTC` may follow.
fn offset(zone: &str) -> Option<FixedOffset> {
    let zone = match zone.split_once('[') {
        Some((offset, name)) if name.ends_with(']') && !offset.is_empty() => offset,
        _ => zone,
    };
    if ["", "z", "utc", "gmt"].iter().any(|name| zone.eq_ignore_ascii_case(name)) {
        return Some(Utc.fix());
    }
    let zone = zone.strip_suffix(" UTC").unwrap_or(zone);
    let (sign, digits) = zone.split_at_checked(1)?;
    let sign = [("+", 1), ("-", -1)].into_iter().find(|(text, _)| *text == sign)?.1;
    let (hours, minutes) = match digits.len() {
        2 => (digits, "00"),
        4 => digits.split_at(2),
        _ => digits.split_once(':')?,
    };
    let (hours, minutes) = (number(hours, 2)?, number(minutes, 2).filter(|minutes| *minutes < 60)?);
    FixedOffset::east_opt(sign * i32::try_from(hours * 3_600 + minutes * 60).ok()?)
}

/// A number of exactly this many digits.
fn number(text: &str, length: usize) -> Option<u32> {
    if text.len() != length {
        return None;
    }
    u32::try_from(digits(text)?).ok()
}

fn digits(text: &str) -> Option<u128> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// The nanoseconds of a fraction's digits. Anything finer is cut off.
fn nanoseconds(fraction: &str) -> Option<u128> {
    digits(fraction.get(..1)?)?;
    let is_digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then(|| format!("{fraction:0<9.9}").parse().ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).expect("a time").with_timezone(&Utc)
    }

    #[test]
    fn a_time_is_read_in_every_form() {
        let cases = [
            "2015-05-17T10:05:03Z",
            "2015-05-17t10:05:03z",
            "2015-05-17T10:05:03",
            "2015-05-17 10:05:03",
            "2015-05-17_10:05:03",
            " 2015-05-17 10:05:03Z ",
            "2015-05-17 10:05:03 UTC",
            "2015-05-17 10:05:03 +0000 UTC",
            "2015-05-17T10:05:03+00:00",
            "2015-05-17T10:05:03-00:00",
            "2015-05-17T10:05:03+0000",
            "2015-05-17T12:05:03+02",
            "2015-05-17T12:05:03+0200",
            "2015-05-17T12:05:03 +02:00",
            "2015-05-17T15:35:03+05:30",
            "2015-05-17T02:35:03-0730",
            "2015-05-17T12:05:03+02:00[Europe/Vienna]",
            "2015/05/17 10:05:03",
            "1431857103",
            "1431857103000",
            "1431857103000000",
            "1431857103000000000",
            "17/May/2015:10:05:03 +0000",
            "[17/May/2015:12:05:03 +0200]",
            "[17/may/2015:02:35:03 -0730]",
            "17/May/2015:10:05:03",
            "17/May/2015 10:05:03",
            "Sun, 17 May 2015 10:05:03 GMT",
            "Sun, 17 May 2015 12:05:03 +0200",
            "May 17, 2015 @ 10:05:03.000",
            "May 17, 2015 @ 10:05:03",
            "Sun May 17 2015 12:05:03 GMT+0200 (Central European Summer Time)",
            "Sun May 17 2015 10:05:03 GMT+0000",
            "Sun May 17 2015 02:35:03 GMT-0730 (CET)",
            "20150517T100503Z",
            "20150517T120503+0200",
            "Sun May 17 10:05:03 2015",
            "[Sun May 17 10:05:03.000000 2015]",
            "Sun May 17 10:05:03 UTC 2015",
            "Sun May 17 12:05:03 2015 +0200",
            "1.431857103e9",
            "1.431857103E+09",
            "1431857103e3",
        ];
        for text in cases {
            assert_eq!(instant(text), Some(utc("2015-05-17T10:05:03Z")), "{text}");
        }
        assert_eq!(instant("Feb 7, 2015 @ 10:05:03"), instant("2015-02-07T10:05:03Z"));
        assert_eq!(instant("Sat Feb  7 10:05:03 2015"), instant("2015-02-07T10:05:03Z"));
        assert_eq!(instant("2015-05-17T10:05"), Some(utc("2015-05-17T10:05:00Z")));
    }

    #[test]
    fn a_fraction_is_read_to_the_nanosecond() {
        let cases = [
            ("2015-05-17T10:05:03.25Z", "2015-05-17T10:05:03.25Z"),
            ("2015-05-17T10:05:03,25", "2015-05-17T10:05:03.25Z"),
            ("2015-05-17T10:05:03.1234567891234Z", "2015-05-17T10:05:03.123456789Z"),
            ("17/May/2015:10:05:03.250 +0000", "2015-05-17T10:05:03.25Z"),
            ("1431857103.25", "2015-05-17T10:05:03.25Z"),
            ("1431857103,25", "2015-05-17T10:05:03.25Z"),
            ("1431857103.123456789", "2015-05-17T10:05:03.123456789Z"),
            ("1431857103250", "2015-05-17T10:05:03.25Z"),
            ("1431857103250.5", "2015-05-17T10:05:03.2505Z"),
            ("1431857103250500", "2015-05-17T10:05:03.2505Z"),
            ("1431857103123456789", "2015-05-17T10:05:03.123456789Z"),
            ("2016-12-31T23:59:60.5Z", "2016-12-31T23:59:59.999999999Z"),
        ];
        for (text, time) in cases {
            assert_eq!(instant(text), Some(utc(time)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_time() {
        let cases = ["", " ", ".", ",", "1.", ".5", "1.2.3", "-1", "-1431857103", "+1431857103"]
            .into_iter()
            .chain([
                "1e",
                "e9",
                "1e999",
                "1.2.3e9",
                "-1e9",
                "1e-9",
                "0x10",
                "NaN",
                "now",
                "yesterday",
                "2015-05-17",
                "2015-05-17T",
                "T10",
            ])
            .chain(["2015-02-29T00:00:00Z", "2015-13-01T00:00:00Z", "2015-05-17T24:00:00Z"])
            .chain(["2015-05-17T10:60:00Z", "2015-05-17T10:05:61Z", "2015-05-17T10:05:03+25:00"])
            .chain([
                "2015-05-17T10:05:03+2",
                "2015-05-17T10:05:03+020",
                "2015-05-17T10:05:03+00:60",
            ])
            .chain(["2015-05-17T10:05:03CEST", "2015-05-17T10:05:03[UTC]", "2015-05-17T10:05:03.Z"])
            .chain(["15-05-17T10:05:03Z", "2015-5-7T10:05:03Z", "12015-05-17T10:05:03Z"])
            .chain(["-0001-01-01T00:00:00Z", "+12025-01-01T00:00:00Z", "2015-05-17T1:05:03Z"])
            .chain([
                "17/Mai/2015:10:05:03 +0000",
                "17/05/2015:10:05:03 +0000",
                "٢015-05-17T10:05:03Z",
            ])
            .chain([
                "May 17 2015 @ 10:05:03",
                "Mai 17, 2015 @ 10:05:03",
                "May 17, 2015 @ ",
                " @ ",
                ",  @ ",
            ])
            .chain(["Sun May 17 2015", "Sun Mai 17 2015 10:05:03 GMT+0000", "20150517T10050Z"])
            .chain([
                "Xyz May 17 10:05:03 2015",
                "Sun May 17 10:05:03",
                "Sun May 17 10:05:03 CEST 2015",
            ])
            .chain(["20151317T100503Z", "20150517T٢٢٢", "Sun May 17 2015 10:05:03 +0000 x"])
            .chain(["2015-05-17T10:05:03Z2015-05-17T10:05:03Z", "999999999999999999999999999999"]);
        for text in cases {
            assert_eq!(instant(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_number_is_the_same_time_as_its_digits() {
        let numbers = ["0", "1431857103", "1431857103.25", "1431857103250", "1431857103250.5"];
        for digits in numbers.into_iter().chain(["1431857103123456", "1431857103123456789"]) {
            let number: Number = serde_json::from_str(digits).expect("a number");
            assert!(instant(digits).is_some(), "{digits}");
            assert_eq!(instant_of(&number), instant(digits), "{digits}");
        }
        for digits in ["-1", "-0.5", "1e300", "-1762975801"] {
            let number: Number = serde_json::from_str(digits).expect("a number");
            assert_eq!(instant_of(&number), None, "{digits}");
        }
        assert_eq!(epoch(1.762975801e9), instant("1762975801"));
        assert_eq!([f64::NAN, f64::INFINITY, -1.0].map(epoch), [None; 3]);
    }

    #[test]
    fn an_object_may_be_a_time() {
        let read = |json: &str| instant_in(&serde_json::from_str(json).expect("JSON"));
        for json in [
            r#"{"$date":"2015-05-17T10:05:03.5Z"}"#,
            r#"{"$date":1431857103500}"#,
            r#"{"$date":{"$numberLong":"1431857103500"}}"#,
            r#"{"seconds":1431857103,"nanos":500000000}"#,
            r#"{"seconds":"1431857103","nanos":500000000}"#,
            r#"{"_seconds":1431857103,"_nanoseconds":500000000}"#,
            r#"{"epochSecond":1431857103,"nanoOfSecond":500000000}"#,
        ] {
            assert_eq!(read(json), Some(utc("2015-05-17T10:05:03.5Z")), "{json}");
        }
        assert_eq!(read(r#"{"seconds":1431857103}"#), instant("1431857103"));
        for json in [
            "{}",
            r#"{"x":1}"#,
            r#"{"$date":true}"#,
            r#"{"$date":{"$date":{"$date":{}}}}"#,
            r#"{"seconds":"soon"}"#,
            r#"{"seconds":1431857103,"nanos":1000000000}"#,
            r#"{"seconds":9223372036854775807}"#,
            r#"{"nanos":5}"#,
        ] {
            assert_eq!(read(json), None, "{json}");
        }
    }

    #[test]
    fn an_unescaped_plus_sign_is_understood_in_a_query() {
        for text in ["2015-05-17T12:05:03 02:00", "2015-05-17 12:05:03 0200", "1431857103"] {
            assert_eq!(instant_in_query(text), Some(utc("2015-05-17T10:05:03Z")), "{text}");
        }
        assert_eq!(instant_in_query("2015-05-17T12:05:03 x"), None);
    }

    #[test]
    fn a_day_has_one_form() {
        assert_eq!(day("2015-05-17"), NaiveDate::from_ymd_opt(2015, 5, 17));
        for text in
            ["2015-5-17", "20150517", " 2015-05-17", "2015/05/17", "0000-01-01", "-2015-05-17"]
        {
            assert_eq!(day(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_instant_is_read_back(seconds in 0_i64..4_102_444_800, nano in 0_u32..1_000_000_000) {
            let time = DateTime::from_timestamp(seconds, nano).expect("an instant");
            let forms = ["%Y-%m-%dT%H:%M:%S%.fZ", "%d/%b/%Y:%H:%M:%S%.f +0000", "%s%.f", "%Y/%m/%d %H:%M:%S%.f"];
            for form in forms {
                let text = time.format(form).to_string();
                prop_assert_eq!(instant(&text), Some(time), "{}", text);
            }
            if seconds >= 946_684_800 {
                let text = format!("{seconds}{nano:09}");
                prop_assert_eq!(instant(&text), Some(time), "{}", text);
            }
        }

        #[test]
        fn no_text_is_a_panic(text in "\\PC{0,40}", digits in "[0-9:/TZ+., -]{0,40}") {
            let _ = (instant(&text), instant(&digits), instant_in_query(&text), day(&text));
        }
    }
}
