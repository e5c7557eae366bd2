//! Tests of all formats.

mod damage;
mod detail_counts;
mod detail_hits;
mod detail_shapes;
mod same_counts;
mod shapes;
mod shippers;
mod window_counts;

use chrono::{TimeDelta, Utc};
use common::access_log::Entry;
use proptest::prelude::*;

use super::{Format, MAX_ERRORS, ReadEntries, decode};
use crate::problem::Problem;

const MEDIA_TYPES: [&str; 4] =
    ["application/json", "application/x-ndjson", "text/csv", "text/plain"];

pub(super) fn read(media_type: &str, body: &str) -> Result<ReadEntries, Problem> {
    read_bytes(media_type, body.as_bytes())
}

fn read_bytes(media_type: &str, body: &[u8]) -> Result<ReadEntries, Problem> {
    let format = match media_type {
        "text/csv" => Format::Csv,
        "text/plain" => Format::Lines(None),
        _ => Format::Json,
    };
    super::read(format, &decode(body.to_vec(), None).expect("UTF-8 is known"))
}

/// Request and family of each entry.
pub(super) fn counts(batch: &ReadEntries) -> Vec<String> {
    let count = |entry: &Entry| format!("{} {}", entry.request, entry.user_agent);
    batch.entries.iter().map(count).collect()
}

/// The errors, one per line.
pub(super) fn errors(batch: &ReadEntries) -> Vec<String> {
    let errors = batch.errors.iter();
    errors.map(|error| format!("{} {} {}", error.index, error.field, error.reason)).collect()
}

/// The same two entries in each format.
const SAME: [(&str, &str); 4] = [
    (
        "application/json",
        r#"[{"receivedAt": "2015-05-17T10:05:03Z", "method": "get", "path": "/a?b",
             "userAgent": "Mozilla/5.0 (X11; \"Linux\", x86_64; rv:121.0) Firefox/121.0",
             "status": 200, "bytes": 5, "referer": "https://r.example/?c=\"d\"",
             "vhost": "WWW.Example.com:80", "duration_ms": 4},
            {"timestamp": 1431857163, "method": "POST", "path": "/ü/\"d\"?e", "status": "201",
             "bytes": "-", "http_host": "www.example.com"}]"#,
    ),
    (
        "application/x-ndjson",
        r#"{"ts": 1431857103000, "path": "/a?b", "method": "GET", "user_agent": "Mozilla/5.0 (X11; \"Linux\", x86_64; rv:121.0) Firefox/121.0", "response": {"status_code": 200}, "size": 5, "http_referer": "https://r.example/?c=\"d\"", "request": {"host": "www.example.com"}, "duration": 0.004}
           {"time": "17/May/2015:12:06:03 +0200", "path": "/\u00fc/\"d\"", "query": "?e", "method": "Post", "sc-status": 201.0, "bytes": null, "remote_addr": "10.0.0.1", "host": "www.example.com"}"#,
    ),
    (
        "text/csv",
        "path,receivedAt,user_agent,method,bytes,status,Referer,http_host,time-taken\r\n\
         /a?b,1431857103,\"Mozilla/5.0 (X11; \"\"Linux\"\", x86_64; rv:121.0) Firefox/121.0\",GET,5,200,\"https://r.example/?c=\"\"d\"\"\",www.example.com,4\r\n\
         \"/ü/\"\"d\"\"?e\",2015-05-17T12:06:03+02:00,,POST,,201,-,www.example.com:443,-\r\n",
    ),
    (
        "text/plain",
        r#"www.example.com:80 ::1 - - [17/May/2015:10:05:03 +0000] "GET /a?b HTTP/1.1" 200 5 "https://r.example/?c=\"d\"" "Mozilla/5.0 (X11; \"Linux\", x86_64; rv:121.0) Firefox/121.0" 0.004

           www.example.com 10.0.0.1 - bob [17/May/2015:12:06:03 +0200] "POST /\xc3\xbc/\"d\"?e HTTP/2.0" 201 -"#,
    ),
];

fn body_of(media_type: &str) -> &'static str {
    SAME.into_iter().find(|(same, _)| *same == media_type).map_or("", |(_, body)| body)
}

#[test]
fn the_same_entries_are_equal_in_every_format() {
    let some = |text: &str| Some(text.to_owned());
    let entry = |at: &str, request: &str, user_agent: &str| Entry {
        at: at.parse().expect("it is a time"),
        request: request.to_owned(),
        user_agent: user_agent.to_owned(),
        host: some("www.example.com"),
        ..Entry::default()
    };
    let entries = vec![
        Entry {
            agent: some("Mozilla/5.0 (X11; \"Linux\", x86_64; rv:121.0) Firefox/121.0"),
            status: Some(200),
            bytes: Some(5),
            duration_us: Some(4_000),
            query: some("b"),
            referer: some("https://r.example/?c=\"d\""),
            ..entry("2015-05-17T10:05:03Z", "GET /a", "Firefox")
        },
        Entry {
            status: Some(201),
            query: some("e"),
            ..entry("2015-05-17T10:06:03Z", "POST /ü/\"d\"", "Other")
        },
    ];
    let expected = ReadEntries { entries, ..ReadEntries::default() };
    for (media_type, body) in SAME {
        assert_eq!(read(media_type, body).expect(media_type), expected, "{media_type}");
    }
}

#[test]
fn real_lines_are_read() {
    let lines = include_str!("../sample.log");
    let batch = read("text/plain", lines).expect("it is text");
    assert_eq!((batch.entries.len(), batch.rejected), (lines.lines().count(), 0));
    let at = "2015-05-17T10:05:03Z".parse().expect("it is a time");
    let request = "GET /presentations/logstash-monitorama-2013/images/kibana-search.png".to_owned();
    let agent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_1) AppleWebKit/537.36 (KHTML, like \
        Gecko) Chrome/32.0.1700.77 Safari/537.36";
    let referer = "http://semicomplete.com/presentations/logstash-monitorama-2013/";
    let first = Entry {
        at,
        request,
        user_agent: "Chrome".to_owned(),
        agent: Some(agent.to_owned()),
        status: Some(200),
        bytes: Some(203_023),
        referer: Some(referer.to_owned()),
        ..Entry::default()
    };
    assert_eq!(batch.entries[0], first);
    let of = |family: &str| batch.entries.iter().filter(|e| e.user_agent == family).count();
    assert_eq!(["Chrome", "Firefox", "Other"].map(of), [82, 84, 38]);
}

#[test]
fn a_time_in_the_future_is_measured_by_the_clock() {
    for (hours, rejected) in [(23, 0), (25, 1)] {
        let at = (Utc::now() + TimeDelta::hours(hours)).to_rfc3339();
        let body = format!(r#"[{{"receivedAt": "{at}", "method": "GET", "path": "/"}}]"#);
        assert_eq!(read("application/json", &body).expect("it is read").rejected, rejected);
    }
}

#[test]
fn all_bad_entries_are_counted_and_the_first_errors_are_kept() {
    let bodies = ["{},".repeat(10_000), "{}\n".repeat(10_000), ",,\n".repeat(10_000)];
    let [json, ndjson, csv] = &bodies;
    let json = format!("[{}]", json.trim_end_matches(','));
    let csv = format!("receivedAt,method,path\n{csv}");
    let text = "?\n".repeat(10_000);
    for (media_type, body) in MEDIA_TYPES.into_iter().zip([&json, ndjson, &csv, &text]) {
        let batch = read(media_type, body).expect(media_type);
        assert_eq!((batch.entries.len(), batch.rejected), (0, 10_000), "{media_type}");
        assert_eq!(batch.errors.len(), MAX_ERRORS, "{media_type}");
    }
}

#[test]
fn one_byte_that_is_not_utf8_costs_nothing() {
    for (media_type, body) in SAME {
        let body = body.replace('ü', "\u{1}").into_bytes();
        let body: Vec<u8> =
            body.into_iter().map(|byte| if byte == 1 { 0xfc } else { byte }).collect();
        let batch = read_bytes(media_type, &body).expect(media_type);
        assert_eq!(batch, read(media_type, body_of(media_type)).expect(media_type));
    }
}

/// Pieces of all formats.
const PIECES: [&str; 39] = [
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "\"",
    "\\",
    "\n",
    "\r\n",
    " ",
    "-",
    "\u{feff}",
    "ü",
    "\0",
    "\"receivedAt\"",
    "\"ts\":",
    "\"method\"",
    "\"path\":",
    "\"userAgent\"",
    "null",
    "1e308",
    "-1",
    "receivedAt,method,path,userAgent\n",
    "1431857103",
    "99999999999999999999",
    "GET",
    "/a?b#c",
    "curl/8.4.0",
    "[17/May/2015:10:05:03 +0000] \"",
    "GET / HTTP/1.1\" 200 5",
    "\\x",
    "\\xc3",
    "\\u00",
    "2015-05-17T10:05:03Z",
    "+262142-12-31T23:59:59-23:59",
    "bot/1 ",
    "{\"ts\":1431857103,\"method\":\"GET\",\"path\":\"/\"}",
    "31/Dec/262142:23:59:60 -2359",
];

/// Random pieces, which now and then make a nearly valid body.
fn nearly() -> impl Strategy<Value = String> {
    let known = proptest::sample::select(&PIECES).prop_map(str::to_owned);
    let piece = prop_oneof![20 => known, 1 => any::<String>()];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn check(media_type: &str, body: &[u8]) {
    let Ok(batch) = read_bytes(media_type, body) else {
        return;
    };
    let entries = batch.entries.len() + batch.rejected;
    assert!(batch.errors.iter().all(|error| error.index < entries));
    assert!(batch.errors.len() >= batch.rejected.min(MAX_ERRORS));
    for entry in &batch.entries {
        assert!((1..=64).contains(&entry.user_agent.len()), "{entry:?}");
        assert!(entry.request.len() <= 32 + 1 + 1_024, "{entry:?}");
        assert!(!entry.request.contains(char::is_control), "{entry:?}");
        assert!(!entry.user_agent.contains(char::is_control), "{entry:?}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        for media_type in MEDIA_TYPES {
            check(media_type, &body);
        }
    }

    #[test]
    fn no_nearly_valid_body_panics(body in nearly()) {
        for media_type in MEDIA_TYPES {
            check(media_type, body.as_bytes());
            let csv = format!("receivedAt,method,path,userAgent\n{body}");
            check(media_type, csv.as_bytes());
        }
    }

    #[test]
    fn a_valid_body_cut_anywhere_loses_at_most_its_last_entry(at in 0.0..1.0) {
        for (media_type, body) in SAME {
            let cut = body.floor_char_boundary((body.len() as f64 * at) as usize);
            check(media_type, &body.as_bytes()[..cut]);
            check(media_type, &body.as_bytes()[cut..]);
            let whole = read(media_type, body).expect("it is valid");
            if let Ok(batch) = read(media_type, &body[..cut]) {
                let kept = batch.entries.len().saturating_sub(1);
                prop_assert_eq!(&batch.entries[..kept], &whole.entries[..kept]);
            }
        }
    }
}
