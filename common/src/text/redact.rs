//! Replaces personal data and secrets in log text.
//!
//! Lines are read one by one, and long lines in parts of at most
//! [`MAX_CHARACTERS`](super::segment::MAX_CHARACTERS) characters. No match spans a line break (a
//! private key is one match for each line), and the work on a part is bounded, so the total is
//! linear in the length of the text.

use std::borrow::Cow;
use std::ops::Range;

use super::checks::pem;
pub use super::line::MARK;
use super::line::{read, replaced, shifted};
use super::segment::segment;

/// A redacted text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted {
    /// The text with each match replaced by [`MARK`].
    pub text: String,
    /// The number of replacements.
    pub count: usize,
}

/// Replaces every match of a rule in `text`.
#[must_use]
pub fn redact(text: &str) -> Redacted {
    let found = spans(text);
    Redacted { text: replaced(text, &found), count: found.len() }
}

/// Replaces every match in a path, a query or a referer. A text without a match is borrowed.
#[must_use]
pub fn redact_path(path: &str) -> Cow<'_, str> {
    let found = spans(path);
    if found.is_empty() { Cow::Borrowed(path) } else { Cow::Owned(replaced(path, &found)) }
}

/// The byte ranges that [`redact`] replaces, in order and without overlap. Two of them touch only
/// where a long line was cut between them.
#[must_use]
pub fn spans(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for part in segment(text) {
        let lines = part.split_inclusive('\n').collect::<Vec<_>>();
        for (line, in_key) in lines.iter().zip(pem::body_lines(&lines)) {
            let spans = spans_of_line(line, in_key);
            found.extend(spans.into_iter().map(|span| shifted(&span, start)));
            start += line.len();
        }
    }
    found
}

fn spans_of_line(line: &str, in_key: bool) -> Vec<Range<usize>> {
    if in_key || pem::is_full_line(line) {
        pem::secret(line).into_iter().collect()
    } else {
        read(line).spans
    }
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
    fn a_match_does_not_include_the_next_column() {
        assert_eq!(shown("4111 1111 1111 1111 123"), "[REDACTED] 123");
        assert_eq!(shown("+44 20 7946 0958 200"), "[REDACTED] 200");
    }

    #[test]
    fn overlapping_matches_of_different_rules_are_replaced_once() {
        assert_eq!(redact("sip:+14155552671@sip.example.com").count, 1);
        assert_eq!(redact("ip ::ffff:192.0.2.1").count, 1);
    }

    #[test]
    fn a_match_that_another_one_uncovers_is_replaced_too() {
        assert_eq!(shown("555-0199+442079460958"), "[REDACTED]");
    }

    #[test]
    fn no_match_spans_a_line_break() {
        for text in ["415-555-\n2671x", "4111 1111\r1111 1111", "Bearer\nabc123xyz", "a@b\n.co"] {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn a_quote_that_is_never_closed_ends_with_its_line() {
        let text = "Authorization: Bearer abc.def=\"x\r\nthe next line";
        assert_eq!(shown(text), "Authorization: Bearer [REDACTED]\r\nthe next line");
    }

    #[test]
    fn a_mark_is_not_redacted_again() {
        for text in ["Authorization:555-0199", "Authorization: [AKIAIOSFODNN7EXAMPLE]"] {
            let once = shown(text);
            assert_eq!(shown(&once), once);
        }
    }

    #[test]
    fn no_end_of_a_long_token_stays_readable() {
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
