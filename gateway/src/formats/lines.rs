//! What the formats of log lines share.

use super::request_line::{RequestLine, request_line};
use super::tokens::Token;
use crate::times;

/// The byte order mark.
pub(super) const MARK: char = '\u{feff}';

/// The lines of a text that are not blank, trimmed. A log that was cut while its server wrote has
/// zero bytes, which are blank too.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').map(trimmed).filter(|line| !line.is_empty())
}

/// A line without the blanks around it. The mark at the start of a file stands within the text where
/// files were put together, and is blank too.
pub(super) fn trimmed(line: &str) -> &str {
    line.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\0' | MARK))
}

/// Removes this many words from the start of a line.
pub(super) fn words<const N: usize>(line: &str) -> Option<([&str; N], &str)> {
    let mut words = [""; N];
    let mut rest = line;
    for word in &mut words {
        (*word, rest) = rest.split_once(' ')?;
        rest = rest.trim_start();
    }
    words.iter().all(|word| !word.is_empty()).then_some((words, rest))
}

/// Whether each bracket and each quote at the start of a line is closed: an open one means that the
/// line was torn there.
pub(super) fn is_balanced(text: &str) -> bool {
    let mut depth = 0_usize;
    for byte in text.bytes() {
        match byte {
            b'[' => depth += 1,
            b']' if depth == 0 => return false,
            b']' => depth -= 1,
            _ => {}
        }
    }
    depth == 0 && text.bytes().filter(|byte| *byte == b'"').count() % 2 == 0
}

/// Whether the fields after those of a format contain another line, which was glued on.
pub(super) fn is_glued(rest: &[Token<'_>]) -> bool {
    rest.iter().any(|token| match token {
        Token::Word(word) => {
            word.strip_prefix('[').is_some_and(|time| times::instant(time).is_some())
        }
        Token::Quoted(text) => {
            text.contains(" HTTP/") && matches!(request_line(text), RequestLine::Request(..))
        }
    })
}
