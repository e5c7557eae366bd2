//! Finds access-log entries among the records of log clients, which carry any kind of log.
//!
//! A door that takes both must be certain: a program's own log may name a path and a method too. So
//! an object is an entry if it has a method, a path, and a status or a user agent, or if its text is
//! a line of a known format.

use chrono::{DateTime, Utc};
use common::access_log::{Entry, UNREADABLE};

use super::detect::{Recognizer, whole_object};
use super::entry::Raw;
use super::field::Field;
use super::lines::trimmed;
use super::slot::Slot;
use super::user_agent::Families;

/// How many nested objects and lines are opened.
const MAX_LAYERS: usize = 4;
/// Records with more bytes are not access-log entries: a server bounds the lines of its log.
const MAX_BYTES: usize = 64 << 10;

/// Recognizes entries.
pub(crate) struct Requests {
    now: DateTime<Utc>,
    families: Families,
}

impl Requests {
    /// Times are checked against `now`.
    pub(crate) fn new(now: DateTime<Utc>) -> Self {
        Self { now, families: Families::default() }
    }

    /// The entry in a record: a JSON object, or a line. `time` is when it was written, if it does
    /// not say so itself.
    pub(crate) fn entry(&mut self, record: &str, time: Option<&str>) -> Option<Entry> {
        if record.len() > MAX_BYTES {
            return None;
        }
        let entry = request(record, MAX_LAYERS, &mut |raw| self.checked(raw, time))?;
        // A server writes unreadable requests as plain lines; an object with such a field may be
        // anything.
        let is_certain = entry.request != UNREADABLE || !record.contains('{');
        is_certain.then_some(entry)
    }

    fn checked<'a>(&mut self, mut raw: Raw<'a>, time: Option<&'a str>) -> Option<Entry> {
        if let Some(time) = time.filter(|_| !raw.has(Slot::Time)) {
            raw.put(Slot::Time, Field::text(time));
        }
        raw.check(self.now, &mut self.families).ok()
    }
}

/// What a request becomes.
type Check<'c> = dyn FnMut(Raw<'_>) -> Option<Entry> + 'c;

/// Checks the fields of a record that certainly describe a request. They borrow from the objects
/// around them, so they are checked before those are gone.
fn request(record: &str, layers: usize, check: &mut Check<'_>) -> Option<Entry> {
    let line = trimmed(record);
    if !line.starts_with('{') {
        let raw = Recognizer::default().line(line).ok()??;
        return if is_request(&raw) { check(raw) } else { None };
    }
    let object = whole_object(line).ok()?;
    if is_request(&object) {
        return check(object);
    }
    let (_, inner) = object.line_within()?;
    request(inner, layers.checked_sub(1)?, &mut |raw| check(raw.or_time_of(&object)))
}

/// Whether the fields certainly describe a request that was answered.
fn is_request(raw: &Raw<'_>) -> bool {
    let is_asked = raw.has(Slot::Line) || (raw.has(Slot::Method) && raw.has(Slot::Path));
    is_asked && (raw.has(Slot::Status) || raw.has(Slot::UserAgent))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(record: &str, time: Option<&str>) -> Option<String> {
        let now = "2026-01-15T12:00:00Z".parse().expect("it is a time");
        let entry = Requests::new(now).entry(record, time)?;
        Some(format!("{} {} {}", entry.at.timestamp(), entry.request, entry.user_agent))
    }

    const LINE: &str = r#"203.0.113.7 - - [17/May/2015:10:05:03 +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" \"curl/8.4.0\""#;

    #[test]
    fn a_line_of_a_known_format_is_an_entry_at_any_depth() {
        let line = LINE.replace('\\', "");
        let expected = Some("1431857103 GET /a curl".to_owned());
        let records = [
            line.clone(),
            format!("{line}\n"),
            format!("<134>May 17 10:05:03 web1 nginx: {line}"),
            format!(r#"{{"log":"{LINE}\n","stream":"stdout","time":"2025-05-01T10:00:00Z"}}"#),
            format!(r#"{{"message":"{LINE}","path":"/var/log/nginx/access.log","method":"tail"}}"#),
        ];
        for record in records {
            assert_eq!(counted(&record, None), expected, "{record}");
        }
    }

    #[test]
    fn an_object_is_an_entry_if_it_has_all_that_a_request_has() {
        let at = Some("1431857103");
        for (fields, is_entry) in [
            (r#""method":"GET","path":"/a","status":200"#, true),
            (r#""method":"GET","path":"/a","userAgent":"x""#, true),
            (
                r#""http.request.method":"GET","url.path":"/a","http.response.status_code":200"#,
                true,
            ),
            (r#""http.method":"GET","http.target":"/a","http.status_code":200"#, true),
            (r#""request":"GET /a HTTP/1.1","status":200"#, true),
            (r#""request":"a b c d","status":200"#, false),
            (r#""message":"failed","method":"GET","path":"/a""#, false),
            (r#""message":"tailing","path":"/var/log/syslog","status":"ok""#, false),
            (r#""message":"hello""#, false),
        ] {
            let record = format!("{{{fields}}}");
            assert_eq!(counted(&record, at).is_some(), is_entry, "{record}");
            assert_eq!(counted(&record, None), None, "an entry without a time: {record}");
        }
    }

    #[test]
    fn an_entry_keeps_its_own_time() {
        let own = r#"{"ts":1431857103,"method":"GET","path":"/a","status":200}"#;
        assert_eq!(counted(own, Some("1431857999")), Some("1431857103 GET /a Other".to_owned()));
        let line = LINE.replace('\\', "");
        assert_eq!(counted(&line, Some("5")), Some("1431857103 GET /a curl".to_owned()));
    }

    #[test]
    fn what_is_no_request_is_none() {
        let deep = format!("{}1{}", "{\"log\":".repeat(50_000), "}".repeat(50_000));
        let nested = (0..6)
            .fold(LINE.replace('\\', ""), |line, _| serde_json::json!({ "log": line }).to_string());
        let long = format!("{} {}", LINE.replace('\\', ""), "x".repeat(MAX_BYTES));
        for record in ["", "{", "{}", "#Fields: date time", "hello", &deep, &nested, &long] {
            assert_eq!(counted(record, Some("1431857103")), None, "{:.40}", record);
        }
    }
}
