//! Checks that tell a match from a look-alike where the pattern alone cannot: by check digits, and
//! by the text around the candidate.
//!
//! A check takes the text and the range that the pattern matched. It returns the range to replace,
//! or `None`. That range may be narrower, if a greedy pattern took the next column in, or wider, if
//! a token goes on after the part that identifies it. A check reads a bounded stretch around the
//! candidate, except that it follows a token to its end.

use std::net::Ipv6Addr;
use std::ops::Range;

use super::surroundings::{
    after_byte, after_word, before_word, digit, digits, end_of_run, free_after, free_before,
    joined_by_hyphen, numbers_a_thing, prefixes, start_of_run, word, word_before,
};

/// How many characters are read past the end of a part, to see whether a match crosses it. No
/// pattern needs more to match. A forced cut leaves this much of a long token to the next part,
/// enough for the rule about opaque runs to find it there.
pub(super) const LOOKAHEAD: usize = 512;

/// Words that introduce a version.
const VERSIONS: &[&str] =
    &["build", "firmware", "rel", "release", "rev", "revision", "v", "ver", "version", "versions"];

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

/// A key with a known prefix, up to its end.
pub(super) fn key(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    if after_word(text, found.start) {
        return None;
    }
    let end = end_of_run(text, found.end, |c| c.is_ascii_alphanumeric() || "_-".contains(c));
    Some(found.start..end)
}

/// A key in several pieces, joined by dots or slashes.
pub(super) fn jointed_key(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    if after_word(text, found.start) {
        return None;
    }
    let end = end_of_run(text, found.end, |c| c.is_ascii_alphanumeric() || "_-./=".contains(c));
    Some(found.start..found.start + text[found.start..end].trim_end_matches(['.', '/']).len())
}

/// A key whose prefix is so short that a name may begin with it too. It is not searched for inside
/// a hyphenated name, so that such a name is read only once.
pub(super) fn random_key(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    if after_byte(text, found.start, b'-') {
        return None;
    }
    let own = key(text, found)?;
    let digits = digits(&text[own.clone()]).len();
    let upper = text[own.clone()].bytes().any(|byte| byte.is_ascii_uppercase());
    (digits > 3 || (digits > 0 && upper)).then_some(own)
}

/// The path of a Slack web hook, which is the secret part.
pub(super) fn hook(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let start = found.start + text[found.clone()].find("/services/")? + "/services/".len();
    jointed_key(text, start..found.end)
}

/// The token of an `Authorization` header. The pattern ends with the token's first three
/// characters.
pub(super) fn credentials(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    if after_word(text, found.start) {
        return None;
    }
    let start = found.end - 3;
    let end = end_of_run(text, found.end, token);
    let end = start + text[start..end].trim_end_matches(['.', '/', '-']).len();
    (start < end).then_some(start..end)
}

/// A token after the word `bearer` alone, which may also be part of a sentence.
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

/// A run of token characters that is too long for a name, hash or number, such as the rest of a
/// token that was cut between two parts. It must mix upper case, lower case and digits.
pub(super) fn opaque(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let start = found.start + text[found.clone()].find(token)?;
    let end = end_of_run(text, found.end, token);
    let run = &text.as_bytes()[start..end];
    let mixed = run.iter().any(u8::is_ascii_digit)
        && run.iter().any(u8::is_ascii_uppercase)
        && run.iter().any(u8::is_ascii_lowercase);
    (run.len() >= LOOKAHEAD && mixed).then_some(start..end)
}

/// Whether a token in an HTTP header may contain the character.
pub(super) fn token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-.~+/=".contains(c)
}

fn mailbox(c: char) -> bool {
    (c.is_alphanumeric() && c < '\u{500}') || "_+.-".contains(c)
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

/// Whether the text ends with a product name like `Chrome/`, which a version follows.
fn product_token(before: &[u8]) -> bool {
    let Some(name) = before.strip_suffix(b"/") else {
        return false;
    };
    let (_, start) = word_before(name);
    let named =
        name.last().is_some_and(u8::is_ascii_alphabetic) && name[start].is_ascii_uppercase();
    named && (start == 0 || b" \"'(".contains(&name[start - 1]))
}

/// The candidate without the punctuation of the sentence around it; `None` if it begins inside a
/// word or a longer chain of groups.
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

/// Whether the text ends with a possible group of an address.
fn after_group(before: &[u8]) -> bool {
    let length = before.iter().rev().take(6).take_while(|byte| word(**byte)).count();
    let group = &before[before.len() - length..];
    (1..=4).contains(&length) && group.iter().all(u8::is_ascii_hexdigit)
}

/// Whether a text that parses as an address really is one, and not a path in code (`cafe::babe`) or
/// a hardware address of eight pairs.
fn reads_as_ipv6(address: &str) -> bool {
    let colons = address.matches(':').count();
    let pairs = address.split(':').all(|group| group.len() == 2);
    (address.chars().any(digit) || colons > 4) && !pairs
}

/// Whether a card network issues numbers with this prefix and length. The check digit alone is not
/// enough: one id in ten passes it.
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

/// An account number modulo 97 by ISO 13616: the first four characters go last, and letters count
/// as 10 to 35.
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
}
