//! Checks for telephone numbers, which look like many other numbers in logs.

use std::ops::Range;

use super::numbered_things::{measured, numbers_a_thing};
use super::surroundings::{after_column, all_digits, begins, digit, ends, group_lengths, prefixes};

/// The length of four groups of four digits.
const ROW: usize = 19;
/// Total digits of phone numbers by country code, for countries where all numbers are equally long.
/// This keeps the next column out of a number that is written in groups.
const PHONE_DIGITS: &[(&str, usize)] = &[
    ("1", 11),
    ("7", 11),
    ("31", 11),
    ("33", 11),
    ("34", 11),
    ("41", 11),
    ("44", 12),
    ("45", 10),
    ("47", 10),
    ("48", 11),
    ("52", 12),
    ("61", 11),
    ("86", 13),
    ("91", 12),
    ("971", 12),
];

pub(crate) fn international_phone(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let number = &text[found.clone()];
    let is_other = time_zone(number) || is_round(number) || are_coordinates(number);
    if !begins(text, found.start) || is_other {
        return None;
    }
    let most = most_phone_digits(number.trim_start_matches(['+', '0']));
    let mut ends = prefixes(text, found).filter(|range| phone_free_after(text, range.end));
    ends.find(|range| reads_as_international(&text[range.clone()], most))
}

/// A number after 00. Columns of zero-padded numbers look like that too.
pub(crate) fn prefixed_phone(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let apart = !after_column(text, found.start) && phone_free_before(text, found.start);
    let number = &text[found.clone()];
    let is_dump = number.contains("  ") || is_row(text, &found);
    // Of the countries, only the one of North America begins with 1.
    let is_country = !matches!(number.as_bytes()[2..], [b'1', b'0'..=b'9', ..]);
    if apart && is_country && !is_dump { international_phone(text, found) } else { None }
}

/// Whether groups of four digits are a row of a dump: four or more, or beside another.
fn is_row(text: &str, found: &Range<usize>) -> bool {
    let is_group = |group: &&[u8]| group.len() == 4 && group.iter().all(u8::is_ascii_hexdigit);
    let bytes = text.as_bytes();
    let row = &bytes[found.start..(found.start + ROW).min(text.len())];
    let groups = row.split(|byte| *byte == b' ').take_while(is_group).count();
    let before = bytes[..found.start].strip_suffix(b" ").unwrap_or_default();
    let (head, last) = before.split_at(before.len().saturating_sub(4));
    let is_beside = is_group(&last) && !head.last().is_some_and(u8::is_ascii_alphanumeric);
    groups > 3 || (groups > 1 && is_beside)
}

/// A number of North America. A list of ranges with units looks like that too.
pub(crate) fn north_american(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let is_area = !text[found.clone()].starts_with("(1") && !text[found.clone()].starts_with("(0");
    if is_area { bracketed(text, found) } else { None }
}

/// A number whose area is in parentheses. What is measured is a range beside an index.
pub(crate) fn bracketed(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    if measured(text, found.end) { None } else { phone(text, found) }
}

pub(crate) fn phone(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let apart = phone_free_before(text, found.start) && phone_free_after(text, found.end);
    (apart && !numbers_a_thing(text, found.start)).then_some(found)
}

/// A local number of seven digits. Ranges (`500-1023/5000`, `200-1000 ms`) and the years of
/// standards look like that too; only the exchange 555 is never one.
pub(crate) fn local_phone(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let (exchange, line) = (&text[found.start..found.start + 3], &text[found.end - 4..found.end]);
    let is_round = line.ends_with("00") || line.starts_with("19") || line.starts_with("20");
    let is_round = is_round || exchange.ends_with("00") || among_ranges(text, &found);
    let is_range = matches!(text.as_bytes()[found.end..], [b'/', b'0'..=b'9', ..])
        || measured(text, found.end)
        || (is_round && exchange != "555");
    if is_range { None } else { phone(text, found) }
}

/// `from 101-1900 to 210-2911`: whether another range is right before or after this one.
fn among_ranges(text: &str, found: &Range<usize>) -> bool {
    let (before, after) = (&text[..found.start], &text[found.end..]);
    let is_part = |c: char| digit(c) || c == '-';
    let is_range = |range: &str| range.contains('-') && range.starts_with(digit);
    let last = |rest: &str| is_range(&rest[rest.trim_end_matches(is_part).len()..]);
    let next = |rest: &str| is_range(&rest[..rest.len() - rest.trim_start_matches(is_part).len()]);
    before.strip_suffix(" to ").is_some_and(last) || after.strip_prefix(" to ").is_some_and(next)
}

/// Groups with only spaces between them. Columns of numbers look like that too, so no other number
/// and no closing quote may be next to them.
pub(crate) fn spaced_phone(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let quoted = text[..found.start].ends_with("\" ");
    let next = text[found.end..].strip_prefix(' ').and_then(|rest| rest.split(' ').next());
    let column = next.is_some_and(all_digits) || after_column(text, found.start);
    if quoted || column { None } else { phone(text, found) }
}

/// The same with the areas and exchanges of North America, which no round numbers are.
pub(crate) fn spaced_north_american(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let (area, exchange) = (&text[found.start..found.start + 3], &text[found.start + 4..]);
    let is_round = area.ends_with("00") && !matches!(area, "800" | "900");
    let is_plausible = !is_round && &exchange[1..3] != "00";
    if is_plausible && !measured(text, found.end) { spaced_phone(text, found) } else { None }
}

/// A national number with a leading 0 and nine to eleven digits; a German mobile number may have twelve.
pub(crate) fn trunk_phone(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    if !phone_free_before(text, found.start) || after_column(text, found.start) {
        return None;
    }
    let own = prefixes(text, found.clone()).find(|range| {
        let groups = group_lengths(&text[range.clone()]);
        let wide = groups[0] >= 3 || groups[1..].iter().all(|length| *length >= 3);
        let pairs = groups.len() == 5 && groups.iter().all(|length| *length == 2);
        let pairs = pairs && !among_pairs(text, range);
        let is_mobile =
            ["015", "016", "017"].iter().any(|code| text[range.start..].starts_with(code));
        let most = if is_mobile && groups[0] == 4 { 12 } else { 11 };
        let digits = groups.iter().sum::<usize>();
        groups.len() > 1 && (9..=most).contains(&digits) && (wide || pairs)
    })?;
    // More than a column after it: a longer number, or a list.
    if group_lengths(&text[own.end..found.end]).len() > 1 {
        return None;
    }
    phone(text, own)
}

/// Whether more pairs of hexadecimal digits are before or after these: a list or a dump.
fn among_pairs(text: &str, own: &Range<usize>) -> bool {
    let is_pair = |pair: &[u8]| pair.len() == 2 && pair.iter().all(u8::is_ascii_hexdigit);
    let before = text.as_bytes()[..own.start].strip_suffix(b" ").unwrap_or_default();
    let (head, last) = before.split_at(before.len().saturating_sub(2));
    let next = text.as_bytes()[own.end..].strip_prefix(b" ").unwrap_or_default();
    let is_before = is_pair(last) && !head.last().is_some_and(u8::is_ascii_alphanumeric);
    let is_after = next.get(..2).is_some_and(is_pair) && ends(text, own.end + 3);
    is_before || is_after
}

/// A number in any form after a word for phone.
pub(crate) fn named_phone(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let start = start_of_number(text, &found)?;
    if !begins_word(text, found.start) || date(&text[start..]) {
        return None;
    }
    // In Portuguese, `cep` is a postal code of eight digits.
    let least = if starts_with_cep(&text[found.start..]) { 10 } else { 7 };
    let own = prefixes(text, start..found.end).find(|range| {
        let groups = group_lengths(&text[range.clone()]);
        let most = match &text.as_bytes()[start..] {
            _ if groups.len() == 1 => 15,
            [b'+', ..] => 15,
            [b'0', ..] | [b'(', b'0', ..] => 12,
            _ => 11,
        };
        phone_free_after(text, range.end) && (least..=most).contains(&groups.iter().sum::<usize>())
    })?;
    let end = end_of_list(text, &own);
    Some(own.start..end)
}

/// Where the last of several numbers ends that are equally long: `4155552671,4155552672`.
fn end_of_list(text: &str, first: &Range<usize>) -> usize {
    let length = first.len();
    let is_number = |number: &str| number.len() == length && number.chars().all(digit);
    let next = |end: usize| {
        let rest = text[end..].trim_start_matches('"').strip_prefix([',', ';'])?;
        let rest = rest.trim_start_matches([' ', '"', '+']);
        let end = text.len() - rest.len() + length;
        (rest.get(..length).is_some_and(is_number) && ends(text, end)).then_some(end)
    };
    let mut end = first.end;
    while length > 9
        && let Some(after) = next(end)
    {
        end = after;
    }
    end
}

/// A number in a path, after a word for phone: `/phones/4155552671/verify`.
pub(crate) fn path_phone(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let start = found.start + text[found.clone()].rfind('/')? + 1;
    phone_free_after(text, found.end).then_some(start..found.end)
}

/// The number in the name of a channel of a telephone system: `SIP/4155552671-0001`.
pub(crate) fn channel(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let end = found.end - usize::from(text[..found.end].ends_with('@'));
    let start = end - text[found.start..end].bytes().rev().take_while(u8::is_ascii_digit).count();
    let start = start - usize::from(text[..start].ends_with('+'));
    (begins(text, found.start) && ends(text, end)).then_some(start..end)
}

/// Words that stand before a number of anything, unless its name goes on.
const VERBS: &[&str] = &["from", "to", "source", "destination", "called", "calling", "connected"];

/// The number of who calls or is called: `ANI=4155552671`. An id, and seconds since 1970, which
/// begin with 1, may stand there too.
pub(crate) fn caller(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let digits = text[found.clone()].bytes().rev().take_while(u8::is_ascii_digit).count();
    let start = found.end - digits;
    let is_time = matches!(digits, 10 | 13) && text[start..].starts_with('1');
    let name = text[found.start..start].to_ascii_lowercase();
    let is_verb = VERBS.iter().any(|word| name.starts_with(word));
    let is_named = !is_verb || ["num", "party", "line"].iter().any(|word| name.contains(word));
    let apart = begins(text, found.start) && phone_free_after(text, found.end);
    (apart && is_named && !is_time).then_some(start..found.end)
}

/// A number that something was sent to: `SMS sent to 4155552671`.
pub(crate) fn sent_to(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let start = found.start + text[found.clone()].rfind(' ')? + 1;
    let is_other = date(&text[start..]) || !phone_free_after(text, found.end);
    (begins(text, found.start) && !is_other).then_some(start..found.end)
}

fn starts_with_cep(text: &str) -> bool {
    text.get(..3).is_some_and(|word| word.eq_ignore_ascii_case("cep"))
}

/// Where the number begins that a match ends with. The name before it may have a digit too: `phone1: `.
fn start_of_number(text: &str, found: &Range<usize>) -> Option<usize> {
    let in_number = |c: char| digit(c) || " +().-/".contains(c);
    let name = text[found.clone()].trim_end_matches(in_number).len();
    let begins = |c: char| digit(c) || "+(".contains(c);
    let start = found.start + name + text[found.start + name..found.end].find(begins)?;
    // A parenthesis before all digits belongs to a call or a column: `Some(4155552671)`.
    let whole = text[start..].strip_prefix('(').map_or(0, digits_before);
    Some(start + usize::from(whole > 6))
}

fn digits_before(text: &str) -> usize {
    text.bytes().take(16).take_while(u8::is_ascii_digit).count()
}

/// Whether a word for phone begins here, also as the end of a name: `userPhone`, `cell_phone`.
fn begins_word(text: &str, at: usize) -> bool {
    begins(text, at) || text[at..].starts_with(|c: char| c.is_ascii_uppercase())
}

/// `+1000000000`: a limit, not a number that somebody has.
fn is_round(number: &str) -> bool {
    number.ends_with("000000")
}

/// `+37.7749 -122.4194`
fn are_coordinates(number: &str) -> bool {
    let is_decimal = |part: &str| {
        let (whole, fraction) = part.split_once('.').unwrap_or_default();
        (1..=3).contains(&whole.len())
            && fraction.len() > 2
            && fraction.bytes().all(|b| b.is_ascii_digit())
    };
    let mut parts = number.split(['+', '-', ' ']).filter(|part| !part.is_empty());
    parts.next().is_some_and(is_decimal) && parts.next().is_some_and(is_decimal)
}

fn phone_free_before(text: &str, at: usize) -> bool {
    let bytes = &text.as_bytes()[..at];
    let tied = match *bytes {
        [.., before, b'-'] => before.is_ascii_alphanumeric(),
        [.., before, b'.' | b'/' | b':'] => before.is_ascii_digit(),
        _ => false,
    };
    let marked = bytes.last().is_some_and(|byte| b"#$+(".contains(byte));
    let priced = text[..at].ends_with(['€', '£', '¥', '№']);
    !tied && !marked && !priced && begins(text, at)
}

fn phone_free_after(text: &str, at: usize) -> bool {
    match text.as_bytes()[at..] {
        [b'x' | b'X', next, ..] => next.is_ascii_digit(),
        [b'-', next, ..] => !next.is_ascii_alphanumeric(),
        [b'.' | b':', next, ..] => !next.is_ascii_digit(),
        [first, ..] => !first.is_ascii_alphanumeric(),
        [] => true,
    }
}

fn most_phone_digits(number: &str) -> usize {
    PHONE_DIGITS.iter().find(|(code, _)| number.starts_with(code)).map_or(13, |(_, most)| *most)
}

/// `+1000 2025`: the offset of a time zone before the year.
fn time_zone(number: &str) -> bool {
    matches!(number.as_bytes(), [b'+', b'0' | b'1', _, b'0' | b'3' | b'4', b'0' | b'5', next, ..]
        if !next.is_ascii_digit())
}

fn date(text: &str) -> bool {
    matches!(text.as_bytes(), [b'1' | b'2', b'0' | b'9', c, d, b'-' | b'/' | b'.', ..]
        if c.is_ascii_digit() && d.is_ascii_digit())
}

fn reads_as_international(number: &str, most: usize) -> bool {
    let (groups, digits) = counted(number.strip_prefix("00").unwrap_or(number).as_bytes());
    let trunk = usize::from(number.contains("(0)"));
    match groups {
        1 if number.starts_with("+1") || number.starts_with("+7") => digits == 11,
        1 => (10..=15).contains(&digits) && !number.starts_with('0'),
        // `+52.520008` is a coordinate.
        2 => (9..=most).contains(&digits) && !number.contains('.'),
        _ => (8..=most + trunk).contains(&digits),
    }
}

/// The number of groups of digits, and of digits.
fn counted(number: &[u8]) -> (usize, usize) {
    let (mut groups, mut digits, mut inside) = (0, 0, false);
    for byte in number {
        let is_digit = byte.is_ascii_digit();
        groups += usize::from(is_digit && !inside);
        digits += usize::from(is_digit);
        inside = is_digit;
    }
    (groups, digits)
}
