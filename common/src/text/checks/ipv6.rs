//! The check for IPv6 addresses.

use std::iter::once;
use std::net::Ipv6Addr;
use std::ops::Range;

use super::surroundings::begins;

/// The longest run that is looked at: an address of eight groups, with a word before it and a port
/// after it.
const MAX_RUN: usize = 64;
/// An address may begin after this many colons of a run, which belong to a label before it.
const MAX_LABELS: usize = 3;

/// An address in a run of hexadecimal digits and colons. A label may be before it (`source:`), and
/// the sentence's punctuation or a port after it.
pub(crate) fn ipv6(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    if found.len() > MAX_RUN {
        return None;
    }
    let run = &text[found.clone()];
    let colons = run.match_indices(':').map(|(at, _)| found.start + at + 1);
    let starts = once(found.start).chain(colons.take(MAX_LABELS));
    starts
        .filter(|start| begins_address(text, &found, *start))
        .find_map(|start| ended(text, start, found.end))
}

fn begins_address(text: &str, found: &Range<usize>, at: usize) -> bool {
    let before = &text.as_bytes()[..at];
    if at == found.start {
        let is_path = before.last() == Some(&b':');
        return begins(text, at) && !is_path;
    }
    !text[at..].starts_with(':')
        && !before.ends_with(b"::")
        && !after_group(&before[..before.len() - 1])
}

/// Whether the text ends with a possible group of an address.
fn after_group(before: &[u8]) -> bool {
    let length =
        before.iter().rev().take(6).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let group = &before[before.len() - length..];
    (1..=4).contains(&length) && group.iter().all(u8::is_ascii_hexdigit)
}

/// The address from a start to one of the places where it may end.
fn ended(text: &str, start: usize, end: usize) -> Option<Range<usize>> {
    let run = &text[start..end];
    let hexadecimal = start + run.find('.').unwrap_or(run.len());
    let ends = [end, hexadecimal].into_iter();
    ends.flat_map(|end| [end, end - usize::from(text[start..end].ends_with(':'))])
        .map(|end| start..end)
        .find(|own| is_address(text, own))
}

fn is_address(text: &str, own: &Range<usize>) -> bool {
    let goes_on = match text.as_bytes()[own.end..] {
        [b':', next, ..] => next.is_ascii_hexdigit(),
        [b'.', next, ..] => !next.is_ascii_digit() && next.is_ascii_hexdigit(),
        [next, ..] => next.is_ascii_alphanumeric(),
        [] => false,
    };
    let address = &text[own.clone()];
    let parsed = address.parse::<Ipv6Addr>();
    !goes_on && parsed.is_ok_and(|it| !it.is_unspecified()) && reads_as_ipv6(address)
}

/// Whether a text that parses as an address really is one, and not a path in code (`cafe::babe`), a
/// time (`10::5`) or a hardware address of eight pairs.
fn reads_as_ipv6(address: &str) -> bool {
    let groups = address.split(':').filter(|group| !group.is_empty()).collect::<Vec<_>>();
    let digits = address.bytes().any(|byte| byte.is_ascii_digit());
    let letters = address.bytes().any(|byte| byte.is_ascii_alphabetic());
    let longest = groups.iter().map(|group| group.len()).max().unwrap_or(0);
    let pairs = address.split(':').all(|group| group.len() == 2);
    match groups.len() {
        1 if address.starts_with("::") => digits && (address == "::1" || longest > 2),
        1 | 2 => digits && longest > 3,
        3 => digits && (letters || longest > 2),
        _ => !pairs && (letters || longest > 3 || address.contains('.')),
    }
}
