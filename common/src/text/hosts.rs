//! The checks for IPv4 addresses and for host names that contain one.

use std::ops::Range;

use super::mail::names_a_file;
use super::surroundings::{begins, end_of_run, ends, start_of_run, word_before};
use super::versions::written_as_version;

/// The longest host name, in bytes.
const MAX_HOST: usize = 253;
/// The length of an address without signs, each octet with three digits: `n219076184117`.
const PADDED: usize = 12;
/// Words that stand right before an address, without a sign.
const GLUED: &[&str] = &[
    "ip", "ipv", "addr", "address", "host", "peer", "src", "dst", "client", "server", "node", "pod",
];

pub(super) fn ipv4(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let octets = octets(&text[found.clone()])?;
    let is_free = begins_address(text, found.start) && ends_address(text, found.end, octets);
    (is_free && !written_as_version(text, &found, octets)).then_some(found)
}

/// A host name that contains the address of the host, such as the names that providers give.
pub(super) fn named_host(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    octets(&text[found.clone()])?;
    let is_cut = text.as_bytes()[..found.start].last().is_some_and(u8::is_ascii_digit)
        || text.as_bytes().get(found.end).is_some_and(u8::is_ascii_alphanumeric)
        || goes_on(text, found.end)
        || after_group(text, found.start);
    if is_cut {
        return None;
    }
    let floor = text.floor_char_boundary(found.start.saturating_sub(MAX_HOST));
    let ceiling = text.ceil_char_boundary((found.end + MAX_HOST).min(text.len()));
    let start = floor + start_of_run(&text[floor..], found.start - floor, in_host);
    let end = end_of_run(&text[..ceiling], found.end, in_host);
    let end = start + text[start..end].trim_end_matches(['.', '-']).len();
    let start = end - text[start..end].trim_start_matches(['.', '-']).len();
    let (head, tail) = (&text[start..found.start], text.get(found.end..end).unwrap_or(""));
    let is_host = is_domain(tail) || (is_private_name(head) && tail.is_empty());
    is_host.then_some(start..end)
}

/// Whether the digits go on with the sign that separates them.
fn goes_on(text: &str, end: usize) -> bool {
    matches!(text.as_bytes()[end..], [b'.' | b'-', next, ..] if next.is_ascii_digit())
}

/// Whether a number and a dot are before, so that the address is part of a longer chain.
fn after_group(text: &str, at: usize) -> bool {
    matches!(text.as_bytes()[..at], [.., before, b'.'] if before.is_ascii_digit())
}

fn in_host(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '.' || c == '-'
}

/// Whether at least two labels follow, as in `-static.example.net`.
fn is_domain(tail: &str) -> bool {
    let mut labels = tail.split('.').skip(1).collect::<Vec<_>>();
    let Some(top) = labels.pop() else {
        return false;
    };
    let is_top = top.len() > 1 && top.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_name = labels.iter().all(|label| label.bytes().any(|b| b.is_ascii_alphabetic()));
    is_top && !names_a_file(top) && is_name && !labels.is_empty()
}

/// `ip-10-0-0-1`, the name of a machine in a private network.
fn is_private_name(head: &str) -> bool {
    head.eq_ignore_ascii_case("ip-")
}

pub(super) fn octets(text: &str) -> Option<[u8; 4]> {
    if text.len() == PADDED && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let octet = |at: usize| text[at..at + 3].parse().ok();
        return Some([octet(0)?, octet(3)?, octet(6)?, octet(9)?]);
    }
    let mut octets = text.split(['.', '-']).map(|octet| octet.parse().ok());
    let octets = [octets.next()??, octets.next()??, octets.next()??, octets.next()??];
    let same = !(text.contains('.') && text.contains('-'));
    same.then_some(octets)
}

fn begins_address(text: &str, at: usize) -> bool {
    match text.as_bytes()[..at] {
        [.., before, b'.'] => !before.is_ascii_alphanumeric(),
        _ => begins(text, at) || GLUED.contains(&word_before(&text.as_bytes()[..at]).0.as_str()),
    }
}

/// Whether an address ends at a position. A fifth number is a port where only ports are written so:
/// by tcpdump and netstat.
fn ends_address(text: &str, at: usize, octets: [u8; 4]) -> bool {
    let rest = &text.as_bytes()[at..];
    let [b'.', rest @ ..] = rest else {
        return ends(text, at);
    };
    let port = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let after = &rest[port..];
    let is_apart = !matches!(after, [b'.', next, ..] if next.is_ascii_digit())
        && !after.first().is_some_and(u8::is_ascii_alphanumeric);
    let is_routed = octets[0] >= 20 || octets[0] == 10;
    port == 0 || ((2..=5).contains(&port) && is_apart && is_routed)
}
