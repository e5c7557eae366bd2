//! Measures redaction on labelled log lines: recall, the share of sensitive spans that it finds,
//! and precision, the share of its matches that are sensitive.

use std::collections::HashSet;
use std::ops::Range;

use common::text::redact::{redact, spans};

const LINES: &str = include_str!("data/redaction.tsv");

/// The lowest acceptable precision and recall, over spans.
const FLOOR: f64 = 0.97;

struct Labelled {
    line: String,
    spans: HashSet<Range<usize>>,
}

/// Removes the marks from a labelled line and returns what they mark.
fn read(labelled: &str) -> Labelled {
    let (mut line, mut spans, mut start) = (String::new(), HashSet::new(), 0);
    for c in labelled.chars() {
        match c {
            '⟦' => start = line.len(),
            '⟧' => drop(spans.insert(start..line.len())),
            '¦' => {}
            _ => line.push(c),
        }
    }
    Labelled { line, spans }
}

fn labelled() -> Vec<Labelled> {
    let rows = LINES.lines().filter(|row| !row.starts_with('#'));
    rows.filter_map(|row| row.split_once('\t')).map(|(_, line)| read(line)).collect()
}

#[expect(clippy::cast_precision_loss, reason = "some hundreds of spans")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

#[test]
fn precision_and_recall_over_the_labelled_lines_are_high() {
    let (mut right, mut found, mut wanted) = (0, 0, 0);
    for Labelled { line, spans: labels } in labelled() {
        let shown = spans(&line).into_iter().collect::<HashSet<_>>();
        right += shown.intersection(&labels).count();
        found += shown.len();
        wanted += labels.len();
        if shown != labels {
            println!("differs: {line}\n      -> {}", redact(&line).text);
        }
    }
    let (precision, recall) = (share(right, found), share(right, wanted));
    println!("spans {wanted}, precision {precision:.4}, recall {recall:.4}");
    assert!(precision >= FLOOR && recall >= FLOOR, "precision {precision}, recall {recall}");
}

#[test]
fn the_labelled_set_is_large_and_has_lines_of_both_kinds() {
    let lines = labelled();
    let clean = lines.iter().filter(|labelled| labelled.spans.is_empty()).count();
    assert!(lines.len() >= 200 && clean >= 80 && lines.len() - clean >= 80);
}
