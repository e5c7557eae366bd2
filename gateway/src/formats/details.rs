//! Reads what an entry says besides its time, method, path and user agent. An uncertain detail is
//! left out; the entry still counts.

use common::access_log::MAX_BYTES;

/// The units of durations, in nanoseconds; the longer name first.
const UNITS: [(&str, f64); 6] =
    [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9)];
/// Nanoseconds in a microsecond.
const MICROSECOND: f64 = 1e3;
/// A duration that cannot be real: a year in microseconds.
const MAX_DURATION_US: f64 = 3.2e13;

/// A status such as `404`, `404.0` or `404 Not Found`.
pub(super) fn status(text: &str) -> Option<u16> {
    let code = text.split([' ', '.']).next()?;
    let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
    if is_code { code.parse().ok() } else { None }
}

/// A number of bytes.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let digits = text.strip_suffix(".0").unwrap_or(text);
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    digits.parse().ok().filter(|bytes| *bytes <= MAX_BYTES)
}

/// A duration in microseconds; its unit follows it, or is in the name of its field.
pub(super) fn duration_us(name: &str, text: &str) -> Option<u64> {
    let with_unit = UNITS.iter().find_map(|(unit, length)| {
        let number = text.strip_suffix(unit)?.trim_end();
        number.ends_with(|c: char| c.is_ascii_digit()).then_some((number, *length))
    });
    let (number, unit) = match with_unit {
        Some(with_unit) => with_unit,
        None => (text, unit_of(name, text)?),
    };
    let duration = number.parse::<f64>().ok()? * unit / MICROSECOND;
    (0.0..MAX_DURATION_US).contains(&duration).then(|| duration.round() as u64)
}

/// The unit of a number, in nanoseconds. nginx and CloudFront write seconds with a point, IIS
/// milliseconds without, and Azure seconds as `timeTaken`. Traefik's `Duration` is in nanoseconds, Caddy's
/// `duration` in seconds; others write milliseconds under the same name, so its unit is not certain.
fn unit_of(name: &str, number: &str) -> Option<f64> {
    let is_fraction = number.contains(['.', 'e']);
    let own = name.rsplit('.').next().unwrap_or(name);
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    match plain.to_ascii_lowercase().as_str() {
        "eventduration" => Some(1.0),
        "requesttime" if is_fraction => Some(1e9),
        "duration" if name == "Duration" && !is_fraction => Some(1.0),
        _ if own == "timeTaken" => is_fraction.then_some(1e9),
        "timetaken" => Some(if is_fraction { 1e9 } else { 1e6 }),
        "durationseconds" => Some(1e9),
        "responselatency" => Some(1e6),
        lower if lower.ends_with("ms") => Some(1e6),
        lower if lower.ends_with("us") => Some(1e3),
        lower if lower.ends_with("ns") => Some(1.0),
        _ => None,
    }
}

/// The query of a target or a URL.
pub(super) fn query(target: &str) -> Option<&str> {
    let (_, query) = target.split_once('?')?;
    let query = query.split('#').next()?;
    (!query.is_empty()).then_some(query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_three_digits() {
        for (text, code) in [("200", 200), ("404 Not Found", 404), ("204.0", 204), ("999", 999)] {
            assert_eq!(status(text), Some(code), "{text}");
        }
        for text in ["", "-", "0", "20", "2000", "-200", "ok", "success 200", "+20"] {
            assert_eq!(status(text), None, "{text}");
        }
    }

    #[test]
    fn a_size_is_a_number_that_an_answer_may_have() {
        for (text, size) in [("0", 0), ("5", 5), ("+187", 187), ("5.0", 5)] {
            assert_eq!(bytes(text), Some(size), "{text}");
        }
        for text in ["", "-", "-1", "5 kB", "1.5", "1099511627777", "99999999999999999999999"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }

    #[test]
    fn a_duration_needs_a_unit_that_is_certain() {
        for (name, text, duration) in [
            ("x", "0.004s", 4_000),
            ("x", "12ms", 12_000),
            ("x", "12 ms", 12_000),
            ("x", "1834us", 1_834),
            ("x", "1834µs", 1_834),
            ("x", "1500ns", 2),
            ("event.duration", "4000000", 4_000),
            ("request_time", "0.004", 4_000),
            ("durationseconds", "3.5e-5", 35),
            ("timeTaken", "0.123", 123_000),
            ("properties.timeTaken", "0.123", 123_000),
            ("TimeTaken", "15", 15_000),
            ("Duration", "1234000", 1_234),
            ("duration_ms", "12.5", 12_500),
            ("time-taken", "15", 15_000),
            ("time-taken", "0.015", 15_000),
            ("responseLatency", "7", 7_000),
        ] {
            assert_eq!(duration_us(name, text), Some(duration), "{name} {text}");
        }
        for (name, text) in [
            ("duration", "12"),
            ("duration", "12.3"),
            ("timeTaken", "12"),
            ("latency", "12"),
            ("request_time", "4"),
            ("duration_ms", "-1"),
            ("duration_ms", "-"),
            ("duration_ms", ""),
            ("duration_ms", "1e300"),
            ("x", "s"),
            ("x", "NaNs"),
            ("x", "soon"),
        ] {
            assert_eq!(duration_us(name, text), None, "{name} {text}");
        }
    }

    #[test]
    fn a_query_ends_before_the_fragment() {
        assert_eq!(query("/a?b=c?d#e"), Some("b=c?d"));
        assert_eq!(query("https://x.example?b"), Some("b"));
        for target in ["/a", "/a?", "/a?#b", "", "?"] {
            assert_eq!(query(target), None, "{target}");
        }
    }
}
