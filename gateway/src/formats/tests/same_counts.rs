//! The same requests have the same counts in every format, and whatever is damaged, no line
//! vanishes.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::lines::trimmed;
use super::super::{Format, ReadEntries, read};
use super::damage::{damage, damaged};
use super::shapes::{Hit, LINES, hits, hits_of_all_days, shapes};

/// Of the 6,997 plain lines, a thousand: each is read in every format, and in every shape of JSON.
const ONE_IN: usize = 7;

/// The counts of the lines as they are.
fn expected(hits: &[Hit]) -> BTreeMap<(i64, String, String), usize> {
    let lines: Vec<&str> = hits.iter().map(Hit::line).collect();
    let read = read(LINES, &lines.join("\n")).expect("it is read");
    assert_eq!((read.entries.len(), read.rejected), (hits.len(), 0));
    counts(&read)
}

/// How often each minute, request and family occurs.
fn counts(read: &ReadEntries) -> BTreeMap<(i64, String, String), usize> {
    let mut counts = BTreeMap::new();
    for entry in &read.entries {
        let key = (entry.at.timestamp(), entry.request.clone(), entry.user_agent.clone());
        *counts.entry(key).or_default() += 1;
    }
    counts
}

#[test]
fn the_same_requests_have_the_same_counts_in_every_format() {
    let hits = hits_of_all_days(ONE_IN);
    assert_eq!(hits.len(), 1_000);
    let expected = expected(&hits);
    for shape in shapes() {
        let read = read(shape.format, &shape.body(&hits)).expect(shape.name);
        assert_eq!((read.rejected, &read.errors[..]), (0, &[][..]), "{}", shape.name);
        let counts = counts(&read);
        let differs = counts.iter().find(|(key, count)| expected.get(key) != Some(count));
        assert_eq!(differs, None, "{}", shape.name);
        assert_eq!(counts, expected, "{}", shape.name);
    }
}

#[test]
fn the_same_requests_have_the_same_counts_in_every_shape_of_json() {
    let hits = hits_of_all_days(ONE_IN);
    let expected = expected(&hits);
    for shape in shapes().into_iter().filter(|shape| shape.format == Format::Json) {
        let (name, lines) = (shape.name, shape.lines(&hits));
        let bodies = [
            format!("[{}]", lines.join(",")),
            format!("[\n{}\n]\n", lines.join(",\n")),
            format!("{{\"logs\":[{}]}}", lines.join(",")),
            format!("{{\"records\": [\n{}\n]}}", lines.join(",\n")),
            format!("[{}]\n[{}]\n", lines[..9].join(","), lines[9..].join(",")),
        ];
        for body in bodies {
            let read = read(Format::Json, &body).expect(name);
            assert_eq!((read.rejected, counts(&read)), (0, expected.clone()), "{name}");
        }
    }
}

#[test]
fn a_batch_may_mix_all_formats_of_lines() {
    let hits = hits();
    let shapes = shapes();
    let lines = shapes.iter().filter(|shape| shape.format == LINES && shape.head.is_empty());
    let bodies: Vec<String> = lines.map(|shape| shape.body(&hits[..20])).collect();
    let mixed: Vec<String> = (0..20)
        .flat_map(|at| {
            bodies.iter().map(move |body| body.lines().nth(at).expect("a line").to_owned())
        })
        .collect();
    let read = read(LINES, &mixed.join("\n")).expect("it is read");
    assert_eq!((read.entries.len(), read.rejected), (20 * bodies.len(), 0));
}

#[test]
fn a_preset_reads_its_own_lines_only() {
    let hits = hits();
    for shape in shapes().iter().filter(|shape| shape.format == LINES) {
        for name in ["combined", "envoy", "haproxy", "alb", "s3", "w3c"] {
            let format = Format::named(name).expect("it is known");
            let read = read(format, &shape.body(&hits[..5])).expect(name);
            assert_eq!(read.entries.len() + read.rejected, 5, "{name} {}", shape.name);
            if shape.name == name {
                assert_eq!(read.rejected, 0, "{name}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_line_vanishes_whatever_is_damaged(
        wanted in 0_usize..1_000,
        from in 0_usize..280,
        damages in proptest::collection::vec((0_usize..12, damage()), 0..8),
    ) {
        let (hits, shapes) = (hits(), shapes());
        let shape = &shapes[wanted % shapes.len()];
        let mut lines: Vec<String> = shape.lines(&hits[from..from + 12]);
        for (at, damage) in &damages {
            lines[*at] = damaged(&lines[*at], damage);
        }
        // Blank lines do not count, and neither do commas between two lines of JSON.
        let is_json = shape.format == Format::Json;
        let is_line = |line: &&String| {
            !trimmed(line).trim_matches(|c| is_json && c == ',').is_empty()
        };
        let count = lines.iter().filter(is_line).count();
        let check = |body: String| {
            let read = read(shape.format, &body).expect(shape.name);
            let sum = read.entries.len() + read.rejected;
            prop_assert_eq!(sum, count, "{} {}", shape.name, body);
            prop_assert!(read.rejected <= damages.len(), "{} {} {:?}", shape.name, body, read.errors);
            Ok(())
        };
        check(format!("{}{}", shape.head, lines.join("\n")))?;
        if shape.format == Format::Json {
            check(format!("[\n{}\n]", lines.join(",\n")))?;
            check(format!("{{\"logs\": [\n{}\n]}}", lines.join(",\n")))?;
        }
    }
}
