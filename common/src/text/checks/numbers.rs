//! The checks for numbers with a check digit or a known form: payment cards, bank accounts, social
//! security numbers.

use std::ops::Range;

use super::numbered_things::{FILLERS, identifies, measured, numbers_a_thing};
use super::surroundings::{
    begins, digits, ends, free_after, free_before, joined_by_hyphen, word_before,
};

/// The groups of digits in which the networks write card numbers.
const GROUPINGS: &[&[usize]] = &[
    &[4, 4, 4, 4, 3],
    &[4, 4, 4, 4],
    &[4, 6, 5],
    &[4, 6, 4],
    &[4, 4, 4, 1],
    &[16],
    &[15],
    &[14],
    &[13],
    &[17],
    &[18],
    &[19],
];
/// Words that end the name of a card's number.
const CARD_WORDS: &[&str] = &[
    "amex",
    "card",
    "carte",
    "cc",
    "ccn",
    "diners",
    "discover",
    "jcb",
    "karte",
    "maestro",
    "mastercard",
    "mir",
    "pan",
    "tarjeta",
    "unionpay",
    "visa",
];
/// The longest list of numbers that is looked at, in bytes.
const LONGEST_LIST: usize = 160;
/// Folders whose parts are numbered like a person.
const FOLDERS: &[&str] =
    &["assets", "docs", "download", "downloads", "file", "files", "images", "img", "p", "static"];
/// The longest account number with its separators, in characters.
const MAX_IBAN: usize = 48;

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

/// A payment card among the groups of a run of digits. Columns and lists of numbers are such runs
/// too, so the groups must be those that cards have.
pub(crate) fn card(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let groups = groups(&text[found.clone()], found.start);
    (0..groups.len()).find_map(|first| card_from(text, &groups[first..], first > 0))
}

fn card_from(text: &str, groups: &[Range<usize>], inner: bool) -> Option<Range<usize>> {
    if !may_begin_card(groups) || is_tied(text, groups[0].start, inner) {
        return None;
    }
    let fits = |lengths: &&&[usize]| {
        let own = groups.iter().map(Range::len).take(lengths.len());
        own.eq(lengths.iter().copied())
    };
    let own = |lengths: &&[usize]| card_in(text, &groups[..lengths.len()]);
    GROUPINGS.iter().filter(fits).find_map(own)
}

fn may_begin_card(groups: &[Range<usize>]) -> bool {
    match groups {
        [one, two, ..] if one.len() == 4 => matches!(two.len(), 4 | 6),
        [one, ..] => one.len() > 12,
        [] => false,
    }
}

/// Whether the digits at a position belong to something longer. An inner group has other digits
/// before it.
fn is_tied(text: &str, start: usize, inner: bool) -> bool {
    if inner {
        return !matches!(text.as_bytes().get(start - 1), Some(b' ' | b'+'));
    }
    !free_before(text, start, ".-") && !after_card_word(text, start) && !is_track(text, start)
}

/// Whether a number is the first field of a magnetic stripe, without the `%`: `B4012888888881881^`.
fn is_track(text: &str, start: usize) -> bool {
    let digits = text[start..].bytes().take(20).take_while(u8::is_ascii_digit).count();
    let begins_track = text[..start].ends_with('B') && begins(text, start - 1);
    begins_track && text[start + digits..].starts_with('^')
}

/// The card that these groups are, if the same sign divides all of them and nothing follows.
fn card_in(text: &str, groups: &[Range<usize>]) -> Option<Range<usize>> {
    let (first, last) = (groups.first()?, groups.last()?);
    let range = first.start..last.end;
    let mut signs = groups.windows(2).map(|pair| text.as_bytes().get(pair[0].end));
    let sign = signs.clone().next();
    let apart = free_after(text, range.end, ".") && !joined_by_hyphen(text, range.end);
    let is_path = sign == Some(Some(&b'/')) && is_within_path(text, &range);
    let is_card = apart && !is_path && signs.all(|other| Some(other) == sign);
    let is_card = is_card && is_card_number(text, &range, groups.len() == 1);
    (is_card && (groups.len() != 4 || !is_listed(text, &range))).then_some(range)
}

fn is_within_path(text: &str, range: &Range<usize>) -> bool {
    text[..range.start].ends_with('/') || text[range.end..].starts_with('/')
}

/// Whether four groups belong to a list of numbers, such as frequencies: more than four that rise, six
/// or more, or four with the same step between them. Several cards in a row are not such a list, and
/// neither is a card after a word for it.
fn is_listed(text: &str, range: &Range<usize>) -> bool {
    if !(range.len() == 19 && text.is_char_boundary(range.start + 4)) {
        return false;
    }
    let (list, whole) = around(text, range);
    let steps = list.windows(2).map(|two| two[1].saturating_sub(two[0])).collect::<Vec<_>>();
    let rises = steps.iter().all(|step| *step > 0);
    let is_even = rises && steps.windows(2).all(|two| two[0] == two[1]);
    let is_list = is_even || (list.len() > 4 && rises) || (list.len() > 5 && !are_cards(&whole));
    is_list && !after_card_word(text, range.start)
}

/// The numbers of four digits before, in and after a card, as far as one sign divides them, and
/// their digits.
fn around(text: &str, range: &Range<usize>) -> (Vec<u32>, Vec<u8>) {
    let bytes = text.as_bytes();
    let sign = bytes[range.start + 4];
    let is_group = |at: usize| {
        let group = bytes.get(at..at + 4);
        group.is_some_and(|group| group.iter().all(u8::is_ascii_digit))
    };
    let (mut start, mut end) = (range.start, range.end);
    while start >= 5
        && end - start < LONGEST_LIST
        && bytes[start - 1] == sign
        && is_group(start - 5)
    {
        start -= 5;
    }
    while end - start < LONGEST_LIST && bytes.get(end) == Some(&sign) && is_group(end + 1) {
        end += 5;
    }
    let groups = text[start..end].split(char::from(sign)).filter_map(|group| group.parse().ok());
    (groups.collect(), digits(&text[start..end]))
}

/// Whether digits are the numbers of cards, one after the other.
fn are_cards(digits: &[u8]) -> bool {
    digits.len().is_multiple_of(16) && digits.chunks(16).all(|card| issued(card) && luhn(card))
}

/// Whether a card with this number may exist. In one piece, it may also be the id of a record.
fn is_card_number(text: &str, range: &Range<usize>, one_piece: bool) -> bool {
    let number = digits(&text[range.clone()]);
    let named = after_card_word(text, range.start);
    let rare = one_piece && !matches!(number.len(), 14..=16);
    let is_id = one_piece && (identifies(text, range.start) || measured(text, range.end));
    (named || !(rare && !(number.len() == 13 && quoted(text, range))) && !is_id)
        && issued(&number)
        && luhn(&number)
}

fn quoted(text: &str, range: &Range<usize>) -> bool {
    text[..range.start].ends_with('"') && text[range.end..].starts_with('"')
}

/// Whether a word for a card comes before: `"card_number": "`, `visa `, or the `%B` of a magnetic
/// stripe.
fn after_card_word(text: &str, at: usize) -> bool {
    let before = &text.as_bytes()[..at];
    let (word, start) = word_before(before);
    let (word, _) =
        if FILLERS.contains(&word.as_str()) { word_before(&before[..start]) } else { (word, 0) };
    before.ends_with(b"%B") || CARD_WORDS.iter().any(|card| names_card(&word, card))
}

/// Whether a word is one for a card, or ends with it. The short ones end other words too: `span`.
fn names_card(word: &str, card: &str) -> bool {
    word == card || (card.len() > 3 && word.ends_with(card))
}

/// The groups of digits in a text, as ranges of a longer text in which it begins at `offset`.
fn groups(text: &str, offset: usize) -> Vec<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    for (at, _) in text.bytes().enumerate().filter(|(_, byte)| byte.is_ascii_digit()) {
        match groups.last_mut() {
            Some(last) if last.end == at + offset => last.end += 1,
            _ => groups.push(at + offset..at + offset + 1),
        }
    }
    groups
}

pub(crate) fn iban(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    if !begins(text, found.start) {
        return None;
    }
    let country = text[found.start..found.start + 2].to_ascii_uppercase();
    let length = IBAN_LENGTHS.iter().find(|(_, names)| names.contains(&country))?.0;
    let joined = |c: &char| c.is_ascii_alphanumeric() || " -+._".contains(*c);
    let run = text[found.start..].chars().take(MAX_IBAN).take_while(joined);
    let marks = run.enumerate().filter(|(_, c)| c.is_ascii_alphanumeric());
    let own = found.start..found.start + marks.map(|(at, _)| at + 1).nth(length - 1)?;
    (ends(text, own.end) && remainder_97(&text[own.clone()]) == 1).then_some(own)
}

pub(crate) fn social_security(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let apart = free_before(text, found.start, ".-:#") && free_after(text, found.end, ".-/");
    let issued = issued_social_security(&digits(&text[found.clone()]));
    let is_part = is_part_of_path(&text[..found.start]);
    (apart && issued && !is_part && !numbers_a_thing(text, found.start)).then_some(found)
}

/// Whether a slash joins the next number to another one, or to a folder of files.
fn is_part_of_path(before: &str) -> bool {
    let folder = before.strip_suffix('/').unwrap_or_default();
    let name = folder.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    name.ends_with(|c: char| c.is_ascii_digit()) || FOLDERS.contains(&name)
}

pub(crate) fn named_social_security(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let start = found.start + text[found.clone()].find(|c: char| c.is_ascii_digit())?;
    let apart = begins(text, found.start) && free_after(text, found.end, ".-");
    let issued = issued_social_security(&digits(&text[start..found.end]));
    (apart && issued).then_some(start..found.end)
}

/// Whether a card network issues numbers with this prefix and length. The check digit alone is not
/// enough: one id in ten passes it.
fn issued(digits: &[u8]) -> bool {
    let head = digits.iter().take(4).fold(0, |sum, digit| sum * 10 + u32::from(*digit));
    match head {
        4000..=4999 => matches!(digits.len(), 13 | 16 | 19),
        5100..=5599 | 2200..=2204 | 2221..=2720 | 9792 => digits.len() == 16,
        3400..=3499 | 3700..=3799 => digits.len() == 15,
        3000..=3059 | 3600..=3699 | 3800..=3999 => matches!(digits.len(), 14 | 16 | 19),
        3528..=3589 | 6000..=6099 | 6200..=6299 | 6440..=6599 | 8100..=8299 => {
            (16..=19).contains(&digits.len())
        }
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
