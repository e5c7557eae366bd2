//! Statuses, bytes, referers, hosts, queries and user agents are the same in every format that has
//! them.

use chrono::DateTime;
use common::access_log::Entry;
use proptest::prelude::*;
use serde_json::json;

use super::super::{Format, read};
use super::detail_hits::{Hit, hit};
use super::detail_shapes::Has::{Bytes, Duration, Host, Referer};
use super::detail_shapes::{SHAPES, Shape};
use super::shapes::LINES;

/// The entry that a format makes of a hit.
fn expected(hit: &Hit, shape: &Shape) -> Entry {
    let mut entry = Entry {
        at: hit.at,
        request: format!("{} {}", hit.method, hit.path),
        agent: hit.agent.clone().filter(|_| shape.name != "common"),
        status: Some(hit.status),
        query: hit.query.clone(),
        ..Entry::default()
    };
    for has in shape.has {
        match has {
            Bytes if shape.name == "haproxy" => entry.bytes = Some(hit.bytes.unwrap_or(0)),
            Bytes => entry.bytes = hit.bytes,
            Referer => entry.referer.clone_from(&hit.referer),
            Host => entry.host = Some(hit.host.to_owned()),
            Duration => entry.duration_us = Some(u64::from(hit.milliseconds) * 1_000),
        }
    }
    entry
}

/// Checks a format against the hits, apart from the families.
fn check(shape: &Shape, hits: &[Hit]) {
    let name = shape.name;
    let body: Vec<String> = hits.iter().map(shape.line).collect();
    let read = read(shape.format, &format!("{}{}\n", shape.head, body.join("\n"))).expect(name);
    assert_eq!((read.rejected, &read.errors[..]), (0, &[][..]), "{name}: {body:?}");
    let bare = |entry: &Entry| Entry { user_agent: String::new(), ..entry.clone() };
    let entries: Vec<Entry> = read.entries.iter().map(bare).collect();
    let expected: Vec<Entry> = hits.iter().map(|hit| expected(hit, shape)).collect();
    assert_eq!(entries, expected, "{name}");
    assert!(entries.iter().all(|entry| entry.status_class().is_some()), "{name}");
    assert!(!body.is_empty() && !format!("{entries:?}").contains("203.0.113"), "{name}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn what_a_format_has_is_the_same_in_all(hits in proptest::collection::vec(hit(), 1..20)) {
        for shape in &SHAPES {
            check(shape, &hits);
        }
    }
}

proptest! {
    #[test]
    fn every_rejected_entry_is_kept_with_its_reason_or_counted(
        hits in proptest::collection::vec(hit(), 1..6),
        which in 0_usize..100,
        damage in 0_usize..40,
    ) {
        let Shape { format, head, line, .. } = SHAPES[which % SHAPES.len()];
        let torn = |hit: &Hit| {
            let line = line(hit);
            line[..line.floor_char_boundary(line.len().saturating_sub(damage))].to_owned()
        };
        let body: Vec<String> = hits.iter().map(torn).collect();
        let read = read(format, &format!("{head}{}\n", body.join("\n"))).expect("it is read");
        prop_assert_eq!(read.rejects.kept.len() + read.rejects.left_out, read.rejected);
        let told: Vec<_> = read.errors.iter().map(|error| error.index).collect();
        for kept in &read.rejects.kept {
            prop_assert!(!kept.text.is_empty() && !kept.reason.is_empty());
            prop_assert!(told.contains(&kept.index) || read.errors.len() == 20);
            let is_end = |c: char| c.is_whitespace() || c == ',';
            // The cells of people are not kept.
            let (shown, _) = kept.text.split_once("[REDACTED]").unwrap_or((&kept.text, ""));
            let is_of = |line: &str| line.contains(shown) || kept.text.contains(line);
            let sent = body.iter().any(|line| is_of(line.trim_matches(is_end)));
            prop_assert!(sent, "{}", kept.text);
        }
    }
}

#[test]
fn what_is_of_no_use_costs_nothing() {
    let body = json!({"ts": 1_431_857_103, "path": "/a", "status": "ok", "bytes": -1,
        "referer": 5, "query": {"a": 1}, "host": true, "duration": "soon", "agent": false});
    let read = read(Format::Json, &body.to_string()).expect("it is read");
    let bare = Entry {
        at: DateTime::from_timestamp(1_431_857_103, 0).expect("a time"),
        request: "/a".to_owned(),
        user_agent: "Other".to_owned(),
        ..Entry::default()
    };
    assert_eq!(read.entries, [bare]);
}

#[test]
fn an_address_is_never_kept_as_a_host() {
    let lines = [
        r#"{"ts": 1431857103, "path": "/", "host": "203.0.113.7", "client": "x"}"#,
        r#"{"ts": 1431857103, "path": "/", "http_host": "203.0.113.7:80"}"#,
        r#"{"ts": 1431857103, "path": "/", "host": "client.example.net"}"#,
        r#"203.0.113.7 - a b [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5"#,
        r#"client.example.net - a b [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5"#,
        r#"[2001:db8::1]:443 2001:db8::2 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5"#,
        r#"203.0.113.7 10.0.0.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5"#,
    ];
    for line in lines {
        let read = read(LINES, line).expect("it is read");
        assert_eq!((read.entries.len(), read.entries[0].host.as_deref()), (1, None), "{line}");
    }
}
