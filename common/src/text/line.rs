//! Finds the matches of all rules in one line.
//!
//! All rules are matched on the same text, and overlapping matches are merged, so the order of the
//! rules does not matter.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::rules::{RULES, Rule, Traits};

/// The text that replaces each match.
pub const MARK: &str = "[REDACTED]";

/// How often a line is read, each time with the matches so far replaced. A match can uncover
/// another one: a number right beside an address is recognized once the address is gone. Longer
/// chains than this do not occur in real logs, and following them would make the work quadratic.
const ROUNDS: usize = 8;

static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    RULES.iter().map(|rule| Regex::new(rule.pattern).expect("a pattern of the table")).collect()
});

/// The ranges that must not be cut: the matches, with the words that led to them (`Bearer`,
/// `phone:`). They do not overlap, but may touch.
pub(super) fn claimed(line: &str) -> Vec<Range<usize>> {
    united(read(line).claims, |end, start| start < end)
}

/// A match: the range to replace, and the range that was needed to find it.
struct Match {
    secret: Range<usize>,
    claim: Range<usize>,
}

/// All matches in a line: the ranges to replace, in order, and the ranges that were needed to find
/// them, in no order.
#[derive(Default)]
pub(super) struct Reading {
    pub(super) spans: Vec<Range<usize>>,
    claims: Vec<Range<usize>>,
}

pub(super) fn read(line: &str) -> Reading {
    let (mut reading, mut shown) = (Reading::default(), Cow::Borrowed(line));
    for _ in 0..ROUNDS {
        let fresh = matches(&shown);
        if fresh.is_empty() {
            break;
        }
        reading.take(&fresh);
        shown = Cow::Owned(replaced(line, &reading.spans));
    }
    reading
}

impl Reading {
    /// Adds the matches that were found with the spans so far replaced.
    fn take(&mut self, fresh: &[Match]) {
        let mut spans = self.spans.clone();
        for one in fresh {
            spans.push(original(&one.secret, &self.spans));
            self.claims.push(original(&one.claim, &self.spans));
        }
        self.spans = united(spans, |end, start| start <= end);
    }
}

/// The matches of all rules, in no order.
fn matches(line: &str) -> Vec<Match> {
    let traits = Traits::of(line);
    let mut found = Vec::new();
    for (rule, pattern) in RULES.iter().zip(PATTERNS.iter()) {
        if traits.meet(&rule.needs) {
            collect(rule, pattern, line, &mut found);
        }
    }
    found
}

/// Adds the matches of one rule. After a rejected candidate the search goes on one character later,
/// so it hides no match that begins inside it. After a match, the rest is read like a new line.
fn collect(rule: &Rule, pattern: &Regex, line: &str, found: &mut Vec<Match>) {
    let (mut floor, mut at) = (0, 0);
    while let Some(candidate) = pattern.find_at(&line[floor..], at) {
        let range = candidate.range();
        if let Some(secret) = (rule.check)(&line[floor..], range.clone()) {
            let claim = range.start.min(secret.start)..range.end.max(secret.end);
            let next = floor + secret.end.max(range.start + 1);
            found.push(Match { secret: shifted(&secret, floor), claim: shifted(&claim, floor) });
            (floor, at) = (next, 0);
        } else {
            at = range.start + candidate.as_str().chars().next().map_or(1, char::len_utf8);
        }
    }
}

/// Sorts ranges and merges neighbours for which `join` is true of the end of the first and the
/// start of the second.
fn united(mut ranges: Vec<Range<usize>>, join: fn(usize, usize) -> bool) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| range.start);
    let mut whole: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match whole.last_mut() {
            Some(last) if join(last.end, range.start) => last.end = last.end.max(range.end),
            _ => whole.push(range),
        }
    }
    whole
}

pub(super) fn replaced(text: &str, spans: &[Range<usize>]) -> String {
    let mut shown = String::with_capacity(text.len() + spans.len() * MARK.len());
    let mut at = 0;
    for span in spans {
        shown.push_str(&text[at..span.start]);
        shown.push_str(MARK);
        at = span.end;
    }
    shown.push_str(&text[at..]);
    shown
}

/// The range in the original text for a range in the replaced text. No match contains a bracket, so
/// no range reaches into a mark.
fn original(range: &Range<usize>, spans: &[Range<usize>]) -> Range<usize> {
    let mut start = range.start;
    for span in spans {
        if span.start + MARK.len() > start {
            break;
        }
        start = start - MARK.len() + span.len();
    }
    start..start + range.len()
}

pub(super) fn shifted(range: &Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}
