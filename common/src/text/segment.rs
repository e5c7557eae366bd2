//! Cuts a text into parts of bounded size, so that each can be redacted and stored on its own.
//!
//! [`redact`](super::redact::redact) cuts a text into the same parts, and a part is never cut
//! again, so the redacted parts joined are the redacted text, wherever the cuts are. A line longer
//! than a part is cut where there is no match, so that every match is found.

use std::ops::Range;

use super::checks::keys::LOOKAHEAD;
use super::checks::pem::open_block;
use super::line::claimed;

/// Most characters (not bytes) in a part.
pub const MAX_CHARACTERS: usize = 4_000;

/// How far before the limit a separator is preferred for a cut, in bytes.
const SEPARATOR_REACH: usize = 512;

/// Cuts a text into parts of at most [`MAX_CHARACTERS`] characters. Joined, they are the text.
///
/// A part ends after its last line end; only a line longer than a part is cut inside. A text that
/// fits, even an empty one, is one part.
#[must_use]
pub fn segment(text: &str) -> Vec<&str> {
    let mut parts = Vec::with_capacity(1 + text.len() / MAX_CHARACTERS);
    let (mut rest, mut least) = (text, 0);
    while let Some(limit) = offset_of(rest, MAX_CHARACTERS) {
        let (part, after) = rest.split_at(cut(rest, least..limit));
        // Two short parts in a row would let a text be read as often as it has matches.
        least = if part.len() < limit / 2 { limit / 4 * 3 } else { 0 };
        parts.push(part);
        rest = after;
    }
    if !rest.is_empty() || parts.is_empty() {
        parts.push(rest);
    }
    parts
}

/// Where the first part ends, in bytes: more than 0 and at most `within.end`. A line is cut after
/// `within.start`.
fn cut(text: &str, within: Range<usize>) -> usize {
    match text[..within.end].rfind('\n') {
        Some(line_end) => outside_key(text, line_end + 1),
        None => cut_in_line(text, within),
    }
}

/// A cut before a private key that would otherwise be divided, unless the key fills the part.
fn outside_key(text: &str, cut: usize) -> usize {
    open_block(text, cut).filter(|start| *start > 0).unwrap_or(cut)
}

/// The byte offset of the character at an index; `None` if the text is not that long.
fn offset_of(text: &str, character: usize) -> Option<usize> {
    if text.len() <= character {
        return None;
    }
    text.char_indices().nth(character).map(|(offset, _)| offset)
}

/// Where to cut a line longer than a part: outside every match, close to the limit.
fn cut_in_line(text: &str, within: Range<usize>) -> usize {
    let limit = within.end;
    let ahead = offset_of(&text[limit..], LOOKAHEAD).unwrap_or(text.len() - limit);
    let seen = &text[..limit + ahead];
    let seen = seen.split('\n').next().unwrap_or(seen);
    cut_at_separator(seen, limit).unwrap_or_else(|| cut_in_run(seen, within))
}

/// A cut at white space or another separator shortly before the limit. A match can contain a
/// separator only within the stretch that its pattern needs, so no earlier text is read.
fn cut_at_separator(text: &str, limit: usize) -> Option<usize> {
    let near = text.floor_char_boundary(limit.saturating_sub(SEPARATOR_REACH));
    last_free(text, near..limit, &[], at_separator)?;
    let from = text.floor_char_boundary(near.saturating_sub(LOOKAHEAD));
    let ranges = claimed(&text[from..]).into_iter();
    let taken = ranges.map(|range| range.start + from..range.end + from).collect::<Vec<_>>();
    last_free(text, near..limit, &taken, after_space)
        .or_else(|| last_free(text, near..limit, &taken, at_separator))
        // A token that began before the stretch that was read would have ended at a separator.
        .or_else(|| {
            last_free(text, from..near, &[], at_separator)?;
            last_free(text, near..limit, &taken, outside_line_end)
        })
}

/// A cut in a run without separators, in which a token may begin anywhere.
fn cut_in_run(text: &str, within: Range<usize>) -> usize {
    let (limit, taken) = (within.end, claimed(text));
    last_free(text, within, &taken, outside_line_end)
        .unwrap_or_else(|| forced_cut(text, limit, &taken))
}

type Fitness = fn(before: char, after: char) -> bool;

fn after_space(before: char, after: char) -> bool {
    before.is_whitespace() && outside_line_end(before, after)
}

/// Whether one of the two characters ends every token.
fn at_separator(before: char, after: char) -> bool {
    let joins = |c: char| c.is_alphanumeric() || "_.:@+-/%()=#$~'".contains(c);
    (!joins(before) || !joins(after)) && outside_line_end(before, after)
}

/// Keeps `\r\n` together.
fn outside_line_end(before: char, after: char) -> bool {
    !(before == '\r' && after == '\n')
}

/// The last position after `within.start`, up to `within.end`, that fits and is not inside a taken
/// range.
fn last_free(
    text: &str,
    within: Range<usize>,
    taken: &[Range<usize>],
    fits: Fitness,
) -> Option<usize> {
    let mut taken = taken.iter().rev().peekable();
    let mut after = text[within.end..].chars().next().unwrap_or('\n');
    for (at, before) in text[..within.end].char_indices().rev() {
        let place = at + before.len_utf8();
        if place <= within.start {
            break;
        }
        while taken.next_if(|range| range.start >= place).is_some() {}
        if taken.peek().is_none_or(|range| range.end <= place) && fits(before, after) {
            return Some(place);
        }
        after = before;
    }
    None
}

/// A cut inside a match, where matches fill the whole part. It is early enough that the next part
/// gets enough of the match to recognize it too.
fn forced_cut(text: &str, limit: usize, taken: &[Range<usize>]) -> usize {
    let end = taken.iter().map(|range| range.end).find(|end| *end > limit).unwrap_or(limit);
    let left = text[..end].char_indices().rev().nth(LOOKAHEAD - 1).map_or(limit, |(at, _)| at);
    if left == 0 { limit } else { left.min(limit) }
}
