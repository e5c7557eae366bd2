//! Finds the matches of all rules in one line.
//!
//! All rules are matched on the same text, and overlapping matches are merged, so the order of the
//! rules does not matter.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::checks::surroundings::begins;
use super::rule::{Reach, Rule, Traits};
use super::rules::RULES;
use super::view::View;

pub use super::checks::values::MARK;

/// How often a line is read, each time with the matches so far replaced. A match can uncover
/// another one: a number right beside an address is recognized once the address is gone. Longer
/// chains do not occur in real logs, but an attacker can write a text full of them: each link would
/// cost another reading.
const ROUNDS: usize = 3;

static PATTERNS: LazyLock<Vec<(&'static Rule, Regex)>> = LazyLock::new(|| {
    let pattern = |rule: &Rule| Regex::new(rule.pattern).expect("a pattern of the table");
    RULES.iter().copied().flatten().map(|rule| (rule, pattern(rule))).collect()
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
        let marks = marks(&self.spans);
        let mut spans = self.spans.clone();
        for one in fresh {
            spans.push(original(&one.secret, &marks));
            self.claims.push(original(&one.claim, &marks));
        }
        self.spans = united(spans, |end, start| start <= end);
    }
}

/// The matches of all rules, in no order.
fn matches(line: &str) -> Vec<Match> {
    let view = View::of(line);
    let traits = Traits::of(&view.text);
    let mut found = Vec::new();
    for (rule, pattern) in PATTERNS.iter() {
        if traits.meet(&rule.needs) {
            let first = found.len();
            collect(rule, pattern, &view.text, &mut found);
            found[first..].iter_mut().for_each(|one| *one = placed(rule, one, &view, line));
        }
    }
    found
}

/// A match in the view as a match in the line.
fn placed(rule: &Rule, found: &Match, view: &View<'_>, line: &str) -> Match {
    let (mut secret, mut claim) = (view.place(&found.secret), view.place(&found.claim));
    let in_query = rule.takes_in == Reach::Name && line[..secret.start].ends_with('=');
    if in_query && line[secret.end..].starts_with('%') {
        let is_end = |c: char| c.is_whitespace() || "&;#\"'<>".contains(c);
        secret.end = line[secret.end..].find(is_end).map_or(line.len(), |end| secret.end + end);
        claim.end = claim.end.max(secret.end);
    }
    Match { secret, claim }
}

/// Adds the matches of one rule. After a match, the rest is read like a new line.
fn collect(rule: &Rule, pattern: &Regex, line: &str, found: &mut Vec<Match>) {
    let (mut floor, mut at) = (0, 0);
    while let Some(candidate) = pattern.find_at(&line[floor..], at) {
        let range = candidate.range();
        if rule.takes_in == Reach::Word && !begins(&line[floor..], range.start) {
            at = next_word(&line[floor..], range.start);
            continue;
        }
        let secret = (rule.check)(&line[floor..], range.clone());
        if let Some(secret) = secret.filter(|secret| !in_mark(&line[floor..], secret)) {
            let claim = claim(rule, &range, &secret);
            let next = floor + secret.end.max(range.start + 1);
            found.push(Match { secret: shifted(&secret, floor), claim: shifted(&claim, floor) });
            (floor, at) = (line.ceil_char_boundary(next), 0);
        } else {
            at = match rule.takes_in {
                Reach::Run(again) => (range.start + 1).max(range.end.saturating_sub(again)),
                Reach::Beginning | Reach::Word | Reach::Name => {
                    line[floor..].ceil_char_boundary(range.start + 1)
                }
            };
        }
    }
}

/// Whether a range lies within a mark: what an earlier redaction left is not a secret.
fn in_mark(line: &str, secret: &Range<usize>) -> bool {
    let places = secret.end.saturating_sub(MARK.len())..=secret.start;
    places.into_iter().any(|at| line.as_bytes()[at..].starts_with(MARK.as_bytes()))
}

/// The next place after `at` where a word begins.
fn next_word(text: &str, at: usize) -> usize {
    let places = at + 1..text.len();
    let mut words = places.filter(|place| text.is_char_boundary(*place) && begins(text, *place));
    words.next().unwrap_or(text.len())
}

fn claim(rule: &Rule, range: &Range<usize>, secret: &Range<usize>) -> Range<usize> {
    match rule.takes_in {
        Reach::Run(_) => secret.clone(),
        Reach::Beginning | Reach::Word | Reach::Name => {
            range.start.min(secret.start)..range.end.max(secret.end)
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

/// A mark in the replaced text: where it starts, and what it stands for.
struct Mark {
    start: usize,
    span: Range<usize>,
}

fn marks(spans: &[Range<usize>]) -> Vec<Mark> {
    let (mut start, mut end) = (0, 0);
    let mut marks = Vec::with_capacity(spans.len());
    for span in spans {
        start += span.start - end;
        marks.push(Mark { start, span: span.clone() });
        (start, end) = (start + MARK.len(), span.end);
    }
    marks
}

/// The range in the original text for a range in the replaced text. A range that reaches into a
/// mark takes in all that the mark stands for.
fn original(range: &Range<usize>, marks: &[Mark]) -> Range<usize> {
    let before = |at: usize| marks[..marks.partition_point(|mark| mark.start < at)].last();
    let after = |mark: &Mark, at: usize| {
        (mark.start + MARK.len() <= at).then(|| mark.span.end + at - mark.start - MARK.len())
    };
    let start = before(range.start)
        .map_or(range.start, |mark| after(mark, range.start).unwrap_or(mark.span.start));
    let end =
        before(range.end).map_or(range.end, |mark| after(mark, range.end).unwrap_or(mark.span.end));
    start..end
}

pub(super) fn shifted(range: &Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}
