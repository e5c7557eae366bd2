//! The checks for IPv4 addresses and for host names that contain one.

use std::ops::Range;

use super::mail::names_a_file;
use super::surroundings::{begins, ends, ends_escape, word_before};
use super::versions::{may_follow, written_as_version};

/// The longest host name, in bytes.
const MAX_HOST: usize = 253;
/// The most labels that are looked at after an address.
const MAX_LABELS: usize = 6;
/// The longest label of a host name, in bytes.
const MAX_LABEL: usize = 63;
/// The length of an address without signs, each octet with three digits: `n219076184117`.
const PADDED: usize = 12;
/// Words that come right before an address, without a sign.
const GLUED: &[&str] = &[
    "ip", "ipv", "addr", "address", "host", "peer", "src", "dst", "client", "server", "node", "pod",
];
/// Words for a line of a provider, in the names of hosts.
const LINES: &[&str] = &["adsl", "cable", "dhcp", "dsl", "dyn", "dynamic", "pool", "ppp", "static"];
/// The least length of another word right before an address.
const LEAST_GLUED: usize = 3;

pub(crate) fn ipv4(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let octets = octets(&text[found.clone()])?;
    let is_free =
        begins_address(text, found.start, octets) && ends_address(text, found.end, octets);
    (is_free && !written_as_version(text, &found, octets)).then_some(found)
}

/// The address in six numbers, of which the last two are a port: `(192,168,1,100,19,136)`.
pub(crate) fn data_channel(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let shown = &text[found.clone()];
    let start = shown.find(|c: char| c.is_ascii_digit())?;
    let end = start + shown[start..].match_indices(',').nth(3)?.0;
    let is_address = octets(&shown[start..end].replace(',', ".")).is_some();
    (is_address && ends(text, found.end)).then_some(found.start + start..found.start + end)
}

/// A host name that contains the host's address, as the names that providers give often do. The
/// pattern takes the address, and a sign on one side of it that a name has.
pub(crate) fn named_host(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    // The pattern's other alternative has taken this one with its `ip-`.
    if bytes[found.start].is_ascii_digit() && follows_ip(&bytes[..found.start]) {
        return None;
    }
    let found = digits_of(text, &found)?;
    let is_cut = bytes[..found.start].last().is_some_and(u8::is_ascii_digit)
        || bytes.get(found.end).is_some_and(u8::is_ascii_alphanumeric)
        || goes_on(text, found.end)
        || after_group(text, found.start);
    if is_cut || octets(&text[found.clone()]).is_none() {
        return None;
    }
    let is_private = || follows_ip(&bytes[..found.start]).then_some(found.end);
    let end = end_of_domain(text, found.end).or_else(is_private)?;
    if text[found.clone()].contains('_') {
        return underscored(text, &found).map(|start| start..end);
    }
    Some(start_of_host(text, found.start)..end)
}

/// Where a host name begins whose address is written with underscores. Names of other things are
/// written like that more often, so a word for a host must be before it: `ip_10_20_30_40`.
fn underscored(text: &str, found: &Range<usize>) -> Option<usize> {
    let (word, start) = word_before(&text.as_bytes()[..found.start]);
    let goes_on = matches!(text.as_bytes()[found.end..], [b'_', b'0'..=b'9', ..]);
    let is_host = GLUED.contains(&word.as_str()) || LINES.contains(&word.as_str());
    (is_host && !goes_on && begins(text, start)).then_some(start)
}

/// Whether the host name begins with `ip-` or `ip_`, right before the address.
fn follows_ip(before: &[u8]) -> bool {
    let (host, ip) = before.split_at(before.len().saturating_sub(3));
    let is_ip = ip.eq_ignore_ascii_case(b"ip-") || ip.eq_ignore_ascii_case(b"ip_");
    is_ip && !host.last().is_some_and(|byte| in_host(*byte))
}

/// From the first digit to the last.
fn digits_of(text: &str, found: &Range<usize>) -> Option<Range<usize>> {
    let digit = |c: char| c.is_ascii_digit();
    let candidate = &text[found.clone()];
    Some(found.start + candidate.find(digit)?..found.start + candidate.rfind(digit)? + 1)
}

fn start_of_host(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes()[..at].iter().rev().take(MAX_HOST);
    let start = at - bytes.take_while(|byte| in_host(**byte)).count();
    let start = (start + usize::from(ends_escape(text, start))).min(at);
    at - text[start..at].trim_start_matches(['.', '-']).len()
}

/// Where the host name ends, if at least two labels follow, as in `-static.example.net`.
fn end_of_domain(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let label =
        |at: usize| bytes[at..].iter().take(MAX_LABEL).take_while(|b| in_label(**b)).count();
    let (mut at, mut labels) = (start + label(start), 0);
    while bytes.get(at) == Some(&b'.') && labels < MAX_LABELS {
        let length = label(at + 1);
        if !bytes[at + 1..at + 1 + length].iter().any(u8::is_ascii_alphabetic) {
            break;
        }
        (at, labels) = (at + 1 + length, labels + 1);
    }
    let top = text[start..at].rsplit('.').next().unwrap_or("");
    let is_top = top.len() > 1 && top.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_whole =
        !(bytes.get(at) == Some(&b'.') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit));
    (labels > 1 && is_top && is_whole && !names_a_file(top)).then_some(at)
}

/// Whether more digits follow after the sign that separates them.
fn goes_on(text: &str, end: usize) -> bool {
    matches!(text.as_bytes()[end..], [b'.' | b'-', next, ..] if next.is_ascii_digit())
}

/// Whether a number and a dot come before, so that the address is part of a longer chain.
fn after_group(text: &str, at: usize) -> bool {
    matches!(text.as_bytes()[..at], [.., before, b'.'] if before.is_ascii_digit())
}

fn in_host(byte: u8) -> bool {
    in_label(byte) || byte == b'.'
}

fn in_label(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

pub(crate) fn octets(text: &str) -> Option<[u8; 4]> {
    if text.len() == PADDED && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let octet = |at: usize| text[at..at + 3].parse().ok();
        return Some([octet(0)?, octet(3)?, octet(6)?, octet(9)?]);
    }
    let mut octets = text.split(['.', '-', '_']).map(|octet| octet.parse().ok());
    let octets = [octets.next()??, octets.next()??, octets.next()??, octets.next()??];
    let same = !(text.contains('.') && text.contains('-'));
    same.then_some(octets)
}

fn begins_address(text: &str, at: usize, octets: [u8; 4]) -> bool {
    let before = &text.as_bytes()[..at];
    match *before {
        [.., before, b'.'] => !before.is_ascii_alphanumeric(),
        [.., b'a'..=b'z' | b'A'..=b'Z'] => begins(text, at) || is_glued(before, octets),
        _ => begins(text, at),
    }
}

/// Whether the word right before an address is the name of a machine: `docker172.17.0.2`. The
/// version of a program or a library stands there too.
fn is_glued(before: &[u8], octets: [u8; 4]) -> bool {
    let (word, start) = word_before(before);
    let is_whole = start == 0 || !before[start - 1].is_ascii_digit();
    GLUED.contains(&word.as_str())
        || (is_whole && word.len() >= LEAST_GLUED && may_follow(&word, octets))
}

/// Whether an address ends at a position. A fifth number after a dot is a port only in the way that
/// tcpdump and netstat write one.
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
