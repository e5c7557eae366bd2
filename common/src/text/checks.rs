//! Tells real matches from look-alikes, where a pattern alone cannot: check sums, and what stands
//! around a candidate.
//!
//! A check gets the text and the range the pattern matched, and answers with the range to be
//! replaced, which may be narrower (a greedy pattern took in the next column) or wider (a token
//! goes on past what the pattern needs to know it), or with nothing. It looks at no more than a
//! bounded stretch around the candidate, except that a token is followed to its end.

use std::net::Ipv6Addr;
use std::ops::Range;

/// How many characters past the limit are read to see whether a match crosses it. No pattern of
/// the rule table needs more to match; a forced cut leaves this much of a long token to the next
/// part, which is enough for the rule on opaque runs to know it again.
pub(super) const LOOKAHEAD: usize = 512;

/// How many bytes before a candidate are read for the word that introduces it.
const WORD_REACH: usize = 32;

/// Words that introduce the number of a thing, where one shaped like a phone number or a social
/// security number may follow. A plural is found by its singular.
const THINGS: &[&str] = &[
    "article",
    "auftrag",
    "batch",
    "bestellung",
    "bug",
    "bytes",
    "case",
    "chunk",
    "commande",
    "facture",
    "factura",
    "inv",
    "invoice",
    "issue",
    "item",
    "job",
    "lines",
    "lot",
    "model",
    "offset",
    "ord",
    "order",
    "pages",
    "part",
    "pedido",
    "ports",
    "product",
    "range",
    "rechnung",
    "ref",
    "reference",
    "rfc",
    "rows",
    "serial",
    "shipment",
    "sku",
    "sn",
    "ticket",
    "tracking",
    "vorgang",
];

/// Words that may stand between such a word and its number.
const FILLERS: &[&str] = &["id", "is", "nr", "no", "num", "number"];

/// Words that introduce a version.
const VERSIONS: &[&str] =
    &["build", "firmware", "rel", "release", "rev", "revision", "v", "ver", "version", "versions"];

/// Total digits of phone numbers by country code, for countries where they do not vary: keeps the
/// next column out of a number written in groups.
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

/// The length of an IBAN by country.
const IBAN_LENGTHS: &[(usize, &str)] = &[
    (15, "NO"),
    (16, "BE"),
    (18, "DK FI FO GL NL SD FK"),
    (19, "MK SI"),
    (20, "AT BA EE KZ LT LU XK MN"),
    (21, "CH HR LI LV"),
    (22, "BG BH CR DE GB GE IE ME RS VA"),
    (23, "AE GI IL IQ OM TL SO"),
    (24, "AD CZ ES MD PK RO SA SE SK TN VG"),
    (25, "LY PT ST"),
    (26, "IS TR"),
    (27, "BI DJ FR GR IT MC MR SM"),
    (28, "AL AZ BY CY DO GT HU LB NI PL SV"),
    (29, "BR EG PS QA UA"),
    (30, "JO KW MU YE"),
    (31, "MT SC"),
    (32, "LC"),
    (33, "RU"),
];

pub(super) fn email(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let domain = found.start + text[found.clone()].rfind(['@', '%'])?;
    let label = text[domain..].trim_start_matches("%40").trim_start_matches('@').as_bytes();
    // `package@1.2.3-beta.next` names a version.
    if matches!(label, [b'0'..=b'9', b'.', b'0'..=b'9', ..]) {
        return None;
    }
    let start = if text[found.clone()].starts_with('\'') {
        found.start + 1
    } else {
        start_of_run(text, found.start, mailbox)
    };
    let end = end_of_run(text, found.end, |c| c.is_alphanumeric() && c < '\u{500}');
    (start < domain).then_some(start..end)
}

pub(super) fn ipv4(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let apart = free_before(text, found.start, ".") && free_after(text, found.end, ".");
    let octets = text[found.clone()].split('.').all(|octet| octet.parse::<u8>().is_ok());
    (apart && octets && !written_as_version(text, &found)).then_some(found)
}

pub(super) fn ipv6(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let own = trimmed_ipv6(text, found)?;
    let address = &text[own.clone()];
    let follows = &text.as_bytes()[own.end..];
    let goes_on = follows.first().is_some_and(|byte| word(*byte))
        || matches!(follows, [b':' | b'.', next, ..] if next.is_ascii_hexdigit());
    let parsed = address.parse::<Ipv6Addr>().ok()?;
    (!goes_on && !parsed.is_unspecified() && reads_as_ipv6(address)).then_some(own)
}

pub(super) fn card(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    if !free_before(text, found.start, ".-") {
        return None;
    }
    let all = digits(&text[found.clone()]);
    prefixes(text, found).find(|range| {
        let count = text[range.clone()].bytes().filter(u8::is_ascii_digit).count();
        let apart = free_after(text, range.end, ".") && !joined_by_hyphen(text, range.end);
        apart && issued(&all[..count]) && luhn(&all[..count])
    })
}

pub(super) fn iban(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let country = text[found.start..found.start + 2].to_ascii_uppercase();
    let length = IBAN_LENGTHS.iter().find(|(_, names)| names.contains(&country))?.0;
    let marks = text[found.clone()].char_indices().filter(|(_, c)| c.is_ascii_alphanumeric());
    let end = found.start + marks.map(|(at, _)| at + 1).nth(length - 1)?;
    let own = found.start..end;
    let apart = !after_word(text, own.start) && !before_word(text, own.end);
    (apart && remainder_97(&text[own.clone()]) == 1).then_some(own)
}

pub(super) fn social_security(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let apart = free_before(text, found.start, ".-/:#") && free_after(text, found.end, ".-/");
    let issued = issued_social_security(&digits(&text[found.clone()]));
    (apart && issued && !numbers_a_thing(text, found.start)).then_some(found)
}

pub(super) fn named_social_security(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let start = found.start + text[found.clone()].find(|c: char| c.is_ascii_digit())?;
    let apart = !after_word(text, found.start) && free_after(text, found.end, ".-");
    let issued = issued_social_security(&digits(&text[start..found.end]));
    (apart && issued).then_some(start..found.end)
}

pub(super) fn international_phone(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    if after_word(text, found.start) || time_zone(&text[found.clone()]) {
        return None;
    }
    let number = text[found.clone()].trim_start_matches("%2B").trim_start_matches("%2b");
    let most = most_phone_digits(number.trim_start_matches(['+', '0']));
    prefixes(text, found).find(|range| {
        let number = &text[range.clone()];
        phone_free_after(text, range.end) && reads_as_international(number, most)
    })
}

/// A number after 00, which columns of zero-padded numbers look like.
pub(super) fn prefixed_phone(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let apart = !after_column(text, found.start) && phone_free_before(text, found.start);
    if apart { international_phone(text, found) } else { None }
}

pub(super) fn phone(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let apart = phone_free_before(text, found.start) && phone_free_after(text, found.end);
    (apart && !numbers_a_thing(text, found.start)).then_some(found)
}

/// A local number of seven digits, which a range (`500-1023/5000`, `200-1000 ms`) looks like.
pub(super) fn local_phone(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let range = matches!(text.as_bytes()[found.end..], [b'/', b'0'..=b'9', ..]);
    if range { None } else { phone(text, found) }
}

/// Groups parted by spaces only, which columns of numbers look like: no other number and no closing
/// quote may stand beside them.
pub(super) fn spaced_phone(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let quoted = text[..found.start].ends_with("\" ");
    let next = text[found.end..].strip_prefix(' ').and_then(|rest| rest.split(' ').next());
    let column = next.is_some_and(all_digits) || after_column(text, found.start);
    if quoted || column { None } else { phone(text, found) }
}

/// A national number with the leading 0: nine to eleven digits.
pub(super) fn trunk_phone(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let own = prefixes(text, found).find(|range| {
        let groups = group_lengths(&text[range.clone()]);
        let wide = groups[0] >= 3 || groups[1..].iter().all(|length| *length >= 3);
        let pairs = groups.len() == 5 && groups.iter().all(|length| *length == 2);
        let digits = groups.iter().sum::<usize>();
        groups.len() > 1 && (9..=11).contains(&digits) && (wide || pairs)
    })?;
    if after_column(text, own.start) { None } else { phone(text, own) }
}

/// A number after a word for phone, in whatever form.
pub(super) fn named_phone(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let start = found.start + text[found.clone()].find(|c: char| "+(".contains(c) || digit(c))?;
    if after_word(text, found.start) || date(&text[start..]) {
        return None;
    }
    prefixes(text, start..found.end).find(|range| {
        let groups = group_lengths(&text[range.clone()]);
        let most = if groups.len() == 1 || text[start..].starts_with('+') { 15 } else { 11 };
        phone_free_after(text, range.end) && (7..=most).contains(&groups.iter().sum::<usize>())
    })
}

/// A key known by its prefix, followed to its end.
pub(super) fn key(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    if after_word(text, found.start) {
        return None;
    }
    let end = end_of_run(text, found.end, |c| c.is_ascii_alphanumeric() || "_-".contains(c));
    Some(found.start..end)
}

/// A key of several pieces, joined by dots or slashes.
pub(super) fn jointed_key(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    if after_word(text, found.start) {
        return None;
    }
    let end = end_of_run(text, found.end, |c| c.is_ascii_alphanumeric() || "_-./=".contains(c));
    Some(found.start..found.start + text[found.start..end].trim_end_matches(['.', '/']).len())
}

/// A key whose prefix is short enough to begin a name made of words too. It is not looked for
/// inside a hyphenated name, so that such a name is followed to its end once only.
pub(super) fn random_key(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    if after_byte(text, found.start, b'-') {
        return None;
    }
    let own = key(text, found)?;
    let digits = digits(&text[own.clone()]).len();
    let upper = text[own.clone()].bytes().any(|byte| byte.is_ascii_uppercase());
    (digits > 3 || (digits > 0 && upper)).then_some(own)
}

/// The path of a Slack web hook, which is its secret.
pub(super) fn hook(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let start = found.start + text[found.clone()].find("/services/")? + "/services/".len();
    jointed_key(text, start..found.end)
}

/// The token of an `Authorization` header: the pattern ends with its first three characters.
pub(super) fn credentials(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    if after_word(text, found.start) {
        return None;
    }
    let start = found.end - 3;
    let end = end_of_run(text, found.end, token);
    let end = start + text[start..end].trim_end_matches(['.', '/', '-']).len();
    (start < end).then_some(start..end)
}

/// A token after the mere word `bearer`, which a word of prose may follow as well.
pub(super) fn bearer(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let own = credentials(text, found)?;
    let token = &text[own.clone()];
    let mixed = token.chars().any(digit)
        || token.bytes().skip(1).any(|byte| byte.is_ascii_uppercase())
        || token.matches('.').count() > 1;
    let long = token.len() >= 16 || (token.len() >= 6 && mixed);
    // `Bearer realm="…"` asks for a token.
    let parameter = token.ends_with('=') && text[own.end..].starts_with('"');
    (long && !parameter).then_some(own)
}

/// A run of token characters so long that it is no name, hash or number: what a token longer than
/// a part of the text leaves to the next one. Text without upper case, lower case and digits all
/// together is left alone.
pub(super) fn opaque(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let start = found.start + text[found.clone()].find(token)?;
    let end = end_of_run(text, found.end, token);
    let run = &text.as_bytes()[start..end];
    let mixed = run.iter().any(u8::is_ascii_digit)
        && run.iter().any(u8::is_ascii_uppercase)
        && run.iter().any(u8::is_ascii_lowercase);
    (run.len() >= LOOKAHEAD && mixed).then_some(start..end)
}

/// Whether a character can stand in a token as HTTP headers carry it.
pub(super) fn token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-.~+/=".contains(c)
}

fn digit(c: char) -> bool {
    c.is_ascii_digit()
}

fn mailbox(c: char) -> bool {
    (c.is_alphanumeric() && c < '\u{500}') || "_+.-".contains(c)
}

fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn after_byte(text: &str, at: usize, byte: u8) -> bool {
    text.as_bytes()[..at].last() == Some(&byte)
}

/// Whether a word runs up to a place.
fn after_word(text: &str, at: usize) -> bool {
    let before = &text.as_bytes()[..at];
    before.last().is_some_and(|byte| word(*byte)) && !after_escape(before)
}

/// Whether what looks like the end of a word is an escape: `\n` in quoted text, `%3D` in a URL, or
/// the code of a terminal colour.
fn after_escape(before: &[u8]) -> bool {
    match before {
        [.., b'\\', b'n' | b'r' | b't'] => true,
        [.., b'%', high, low] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
        [code @ .., b'm'] => {
            let code = &code[code.len().saturating_sub(WORD_REACH)..];
            let sign = code.iter().rposition(|byte| !byte.is_ascii_digit() && *byte != b';');
            sign.is_some_and(|at| code[..=at].ends_with(b"\x1b["))
        }
        _ => false,
    }
}

fn before_word(text: &str, at: usize) -> bool {
    text.as_bytes()[at..].first().is_some_and(|byte| word(*byte))
}

/// Whether no word runs into a candidate, and none that one of the `joints` ties to it.
fn free_before(text: &str, at: usize, joints: &str) -> bool {
    match text.as_bytes()[..at] {
        [.., before, last] if joints.as_bytes().contains(&last) => !word(before),
        _ => !after_word(text, at),
    }
}

/// The same for what comes after a candidate.
fn free_after(text: &str, at: usize, joints: &str) -> bool {
    match text.as_bytes()[at..] {
        [first, after, ..] if joints.as_bytes().contains(&first) => !after.is_ascii_digit(),
        [first, ..] => !word(first),
        [] => true,
    }
}

fn joined_by_hyphen(text: &str, at: usize) -> bool {
    matches!(text.as_bytes()[at..], [b'-', next, ..] if word(next))
}

/// Whether the word before is a number of three digits or more, as in columns and in the groups of
/// longer numbers.
fn after_column(text: &str, at: usize) -> bool {
    let before = &text.as_bytes()[at.saturating_sub(WORD_REACH)..at];
    let Some(before) = before.strip_suffix(b" ") else {
        return false;
    };
    let digits = before.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let head = before.len() - digits;
    digits > 2 && (head == 0 || before[head - 1] == b' ' || word(before[head - 1]))
}

fn all_digits(text: &str) -> bool {
    text.len() > 2 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn phone_free_before(text: &str, at: usize) -> bool {
    let bytes = &text.as_bytes()[..at];
    let tied = match *bytes {
        [.., before, b'-'] => word(before),
        [.., before, b'.' | b'/' | b':'] => before.is_ascii_digit(),
        _ => false,
    };
    let marked = bytes.last().is_some_and(|byte| b"#$+(".contains(byte));
    let priced = text[..at].ends_with(['€', '£', '¥', '№']);
    !tied && !marked && !priced && !after_word(text, at)
}

fn phone_free_after(text: &str, at: usize) -> bool {
    match text.as_bytes()[at..] {
        [b'x' | b'X', next, ..] => next.is_ascii_digit(),
        [b'-', next, ..] => !word(next),
        [b'.' | b':', next, ..] => !next.is_ascii_digit(),
        [first, ..] => !word(first),
        [] => true,
    }
}

fn start_of_run(text: &str, at: usize, part: fn(char) -> bool) -> usize {
    at - text[..at].chars().rev().take_while(|c| part(*c)).map(char::len_utf8).sum::<usize>()
}

fn end_of_run(text: &str, at: usize, part: impl Fn(char) -> bool) -> usize {
    at + text[at..].chars().take_while(|c| part(*c)).map(char::len_utf8).sum::<usize>()
}

fn digits(text: &str) -> Vec<u8> {
    text.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect()
}

fn group_lengths(text: &str) -> Vec<usize> {
    text.split(|c: char| !digit(c)).map(str::len).filter(|length| *length > 0).collect()
}

/// The candidate, then what is left of it as group after group of digits is dropped from its end.
fn prefixes(text: &str, found: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let Range { start, end } = found;
    (start + 1..=end)
        .rev()
        .filter(move |at| {
            let bytes = text.as_bytes();
            bytes[at - 1].is_ascii_digit() && !bytes.get(*at).is_some_and(u8::is_ascii_digit)
        })
        .map(move |at| start..at)
}

/// The last word before a place, in lower case, and where it starts. Signs that may stand between
/// a word and its number are passed over.
fn word_before(text: &[u8]) -> (String, usize) {
    let reach = text.len().saturating_sub(WORD_REACH);
    let is_sign = |byte: &u8| !b" :=#\"'.([/".contains(byte);
    let end = text[reach..].iter().rposition(is_sign).map_or(reach, |at| reach + at + 1);
    let start = text[reach..end].iter().rposition(|byte| !byte.is_ascii_alphabetic());
    let start = start.map_or(reach, |at| reach + at + 1);
    (String::from_utf8_lossy(&text[start..end]).to_ascii_lowercase(), start)
}

fn numbers_a_thing(text: &str, at: usize) -> bool {
    let (mut name, start) = word_before(&text.as_bytes()[..at]);
    if FILLERS.contains(&name.as_str()) {
        let before = text.as_bytes()[..start].trim_ascii_end();
        (name, _) = word_before(before.strip_suffix(b"_").unwrap_or(before));
    }
    THINGS.contains(&name.as_str()) || name.strip_suffix('s').is_some_and(|n| THINGS.contains(&n))
}

fn written_as_version(text: &str, found: &Range<usize>) -> bool {
    let before = &text.as_bytes()[..found.start];
    let after = &text.as_bytes()[found.end..];
    let packaged = matches!(before, [.., b'a'..=b'z' | b'A'..=b'Z', b'-'])
        && matches!(after, [b'.' | b'-', next, ..] if next.is_ascii_alphabetic());
    let released = ["-alpha", "-beta", "-dev", "-pre", "-rc", "-SNAPSHOT", "+"];
    let tagged = released.iter().any(|tag| after.starts_with(tag.as_bytes()));
    let (name, _) = word_before(before);
    let named = VERSIONS.contains(&name.as_str()) || name.ends_with("version");
    named || packaged || tagged || product_token(before)
}

/// Whether a text ends like `Chrome/`, by which user agents introduce a version.
fn product_token(before: &[u8]) -> bool {
    let Some(name) = before.strip_suffix(b"/") else {
        return false;
    };
    let (_, start) = word_before(name);
    let named =
        name.last().is_some_and(u8::is_ascii_alphabetic) && name[start].is_ascii_uppercase();
    named && (start == 0 || b" \"'(".contains(&name[start - 1]))
}

/// The candidate without a sign of punctuation that belongs to the sentence, or nothing where it
/// begins inside a word or a longer chain of groups.
fn trimmed_ipv6(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let candidate = &text[found.clone()];
    let single = |sign: &str, pair: &str| sign == ":" && pair != "::";
    let mut own = found.clone();
    if single(&candidate[..1], &candidate[..2]) {
        own.start += 1;
    }
    if single(&candidate[candidate.len() - 1..], &candidate[candidate.len() - 2..]) {
        own.end -= 1;
    }
    let inside = after_word(text, found.start) || after_byte(text, found.start, b':');
    let chained = own.start > found.start && after_group(&text.as_bytes()[..found.start]);
    let bare = candidate.starts_with("::") && inside;
    let start_is_free = if own.start > found.start { !chained } else { !inside };
    (start_is_free && !bare && own.len() > 2).then_some(own)
}

/// Whether a text ends in what could be a group of an address.
fn after_group(before: &[u8]) -> bool {
    let length = before.iter().rev().take(6).take_while(|byte| word(**byte)).count();
    let group = &before[before.len() - length..];
    (1..=4).contains(&length) && group.iter().all(u8::is_ascii_hexdigit)
}

/// Whether an address that parses is not rather a path of code (`cafe::babe`) or a hardware
/// address of eight pairs.
fn reads_as_ipv6(address: &str) -> bool {
    let colons = address.matches(':').count();
    let pairs = address.split(':').all(|group| group.len() == 2);
    (address.chars().any(digit) || colons > 4) && !pairs
}

/// Whether a card network issues numbers that begin and are as long as this one: an unmarked id
/// passes the check sum one time in ten.
fn issued(digits: &[u8]) -> bool {
    let head = digits.iter().take(4).fold(0, |sum, digit| sum * 10 + u32::from(*digit));
    match head {
        4000..=4999 => matches!(digits.len(), 13 | 16 | 19),
        5100..=5599 | 2221..=2720 => digits.len() == 16,
        3400..=3499 | 3700..=3799 => digits.len() == 15,
        3000..=3059 | 3600..=3699 | 3800..=3999 => (14..=19).contains(&digits.len()),
        3528..=3589 | 6011 | 6200..=6299 | 6440..=6599 => (16..=19).contains(&digits.len()),
        5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763 => (13..=19).contains(&digits.len()),
        _ => false,
    }
}

fn luhn(digits: &[u8]) -> bool {
    let double = |digit: u8| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let weighed = |(place, digit): (usize, &u8)| {
        u32::from(if place % 2 == 1 { double(*digit) } else { *digit })
    };
    digits.iter().rev().enumerate().map(weighed).sum::<u32>() % 10 == 0
}

/// The remainder by 97 of an account number as ISO 13616 reads it: the first four characters last,
/// letters as 10 to 35.
fn remainder_97(number: &str) -> u32 {
    let marks = number.chars().filter(char::is_ascii_alphanumeric).collect::<Vec<_>>();
    let turned = marks[4..].iter().chain(&marks[..4]);
    turned
        .filter_map(|c| c.to_digit(36))
        .fold(0, |rest, value| (rest * if value > 9 { 100 } else { 10 } + value) % 97)
}

fn issued_social_security(digits: &[u8]) -> bool {
    let (area, group, serial) = (&digits[..3], &digits[3..5], &digits[5..]);
    let area_is_used = area != [0, 0, 0] && area != [6, 6, 6] && area[0] != 9;
    area_is_used && group != [0, 0] && serial != [0, 0, 0, 0]
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
    let number = number.trim_start_matches("%2B").trim_start_matches("%2b");
    let groups = group_lengths(number.strip_prefix("00").unwrap_or(number));
    let digits = groups.iter().sum::<usize>();
    let trunk = usize::from(number.contains("(0)"));
    match groups.len() {
        1 => (10..=15).contains(&digits) && !number.starts_with('0'),
        // `+52.520008` is a coordinate.
        2 => (9..=most).contains(&digits) && !number.contains('.'),
        _ => (8..=most + trunk).contains(&digits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_of_a_card_is_checked() {
        assert!(luhn(&digits("4111111111111111")));
        assert!(!luhn(&digits("4111111111111112")));
    }

    #[test]
    fn the_check_digits_of_an_account_number_are_checked() {
        assert_eq!(remainder_97("GB82 WEST 1234 5698 7654 32"), 1);
        assert_ne!(remainder_97("GB82 WEST 1234 5698 7654 33"), 1);
    }

    #[test]
    fn a_word_is_found_across_signs_and_fillers() {
        assert!(numbers_a_thing("part no. 555-0199", 9));
        assert!(!numbers_a_thing("user id 555-0199", 8));
    }
}
