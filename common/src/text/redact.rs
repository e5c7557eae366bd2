//! Replaces sensitive data in log text, so that what is shown or sent on does not give it away.
//!
//! Every rule is matched on the same text and the spans found are united, so the order of the rules
//! has no say. Lines are read one by one and a line is read in parts of at most
//! [`MAX_CHARACTERS`](super::segment::MAX_CHARACTERS) characters: no match spans a line break, and
//! the work on each part is bounded, which makes the whole linear in the length of the text.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::rules::{RULES, Rule, Traits};
use super::segment::segment;

/// What stands in place of each match.
pub const MARK: &str = "[REDACTED]";

/// How often a line is read again with its matches replaced. A match can uncover another one (a
/// number glued to an address becomes free when the address goes); chains longer than this are made
/// up, and reading on for them would make the work quadratic.
const ROUNDS: usize = 8;

static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    RULES.iter().map(|rule| Regex::new(rule.pattern).expect("a pattern of the table")).collect()
});

/// A text without its sensitive data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted {
    /// The text with each match replaced by [`MARK`].
    pub text: String,
    /// The number of replacements.
    pub count: usize,
}

/// Replaces what the rules find in a text.
#[must_use]
pub fn redact(text: &str) -> Redacted {
    let found = spans(text);
    Redacted { text: replaced(text, &found), count: found.len() }
}

/// The byte ranges that [`redact`] replaces, in order and not overlapping.
///
/// Two of them touch only where a line longer than a part was cut between them.
#[must_use]
pub fn spans(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in segment(text).into_iter().flat_map(|part| part.split_inclusive('\n')) {
        found.extend(read(line).spans.into_iter().map(|span| shifted(&span, start)));
        start += line.len();
    }
    found
}

/// What the rules lay claim to in a line, with the words that led to a match (`Bearer`, `phone:`):
/// the ranges a cut has to stay out of. They do not overlap, but may touch.
pub(super) fn claimed(line: &str) -> Vec<Range<usize>> {
    united(read(line).claims, |end, start| start < end)
}

/// A match: the part to be replaced, and all that was read to find it.
struct Match {
    secret: Range<usize>,
    claim: Range<usize>,
}

/// What reading a line comes to: what is to be replaced, in order, and what led there, in none.
#[derive(Default)]
struct Reading {
    spans: Vec<Range<usize>>,
    claims: Vec<Range<usize>>,
}

fn read(line: &str) -> Reading {
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
    /// Adds what was found with the spans so far replaced.
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

/// The matches of one rule. A rejected candidate is taken up again one character on, so it hides
/// nothing that begins inside it; after a match the rest is read as if the line began there.
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

/// Puts ranges in order and makes one of those that `join`, told the end of one and the start of
/// the next.
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

fn replaced(text: &str, spans: &[Range<usize>]) -> String {
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

/// Where a range of the replaced text lies in the original. No match has a bracket in it, so a
/// range never reaches into a mark.
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

fn shifted(range: &Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        redact(text).text
    }

    #[test]
    fn a_match_is_replaced_and_counted() {
        let redacted = redact("User 555-0199 accessed 10.0.0.1");
        assert_eq!(redacted.text, "User [REDACTED] accessed [REDACTED]");
        assert_eq!(redacted.count, 2);
    }

    #[test]
    fn a_rejected_candidate_does_not_hide_the_match_inside_it() {
        assert_eq!(shown("id 6 4111 1111 1111 1111"), "id 6 [REDACTED]");
        assert_eq!(shown("source:fe80::1"), "source:[REDACTED]");
        assert_eq!(shown("at 2025 415-555-2671"), "at 2025 [REDACTED]");
    }

    #[test]
    fn a_greedy_candidate_gives_back_the_next_column() {
        assert_eq!(shown("4111 1111 1111 1111 123"), "[REDACTED] 123");
        assert_eq!(shown("+44 20 7946 0958 200"), "[REDACTED] 200");
    }

    #[test]
    fn overlapping_matches_of_different_rules_are_one_replacement() {
        assert_eq!(redact("sip:+14155552671@sip.example.com").count, 1);
        assert_eq!(redact("ip ::ffff:192.0.2.1").count, 1);
    }

    #[test]
    fn a_match_uncovered_by_another_is_replaced_too() {
        assert_eq!(shown("555-0199+442079460958"), "[REDACTED]");
    }

    #[test]
    fn no_match_spans_a_line_break() {
        for text in ["415-555-\n2671x", "4111 1111\r1111 1111", "Bearer\nabc123xyz", "a@b\n.co"] {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn a_long_token_leaves_no_tail_in_clear() {
        let text = format!("key AKIA{} end", "A1B2".repeat(900));
        assert_eq!(shown(&text), "key [REDACTED] end");
        let text = format!("to {}@example.com", "name".repeat(90));
        assert_eq!(shown(&text), "to [REDACTED]");
    }

    #[test]
    fn an_escape_before_a_value_does_not_hide_it() {
        for escape in [r"\n", r"\t", "\u{1b}[1;31m", "ip%3D", "%20"] {
            assert_eq!(shown(&format!("{escape}10.0.0.1")), format!("{escape}[REDACTED]"));
            assert_eq!(shown(&format!("{escape}555-0199")), format!("{escape}[REDACTED]"));
        }
    }
}
