//! Changes of a body's bytes. They leave the event's type alone, so that it is known what a changed
//! event must count as.

use std::ops::Range;

use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use serde_json::Value;

use crate::draft::{ByteMutation, Draft};

const MUTATIONS: [ByteMutation; 10] =
    [cut, flip, flip, flip, insert, remove, repeat, mark, wrap, deepen];

pub(crate) fn mutate(draft: &mut Draft, chance: &mut StdRng) {
    // A changed letter would name a tenant that nobody knows.
    if let Some(Value::String(site)) = draft.event.remove("site_id") {
        draft.header("x-tenant-id", site);
    }
    draft.bytes.push(*MUTATIONS.choose(chance).expect("a mutation"));
}

/// A place outside of the event's type; `None` if the chosen one is within.
fn place(body: &[u8], chance: &mut StdRng) -> Option<usize> {
    let at = chance.random_range(0..body.len().max(1));
    (at < body.len() && !overlap(&kept(body), &(at..at + 1))).then_some(at)
}

/// Some bytes in a row, outside of the event's type.
fn stretch(body: &[u8], chance: &mut StdRng) -> Option<Range<usize>> {
    let start = place(body, chance)?;
    let range = start..body.len().min(start + chance.random_range(1..40));
    (!overlap(&kept(body), &range)).then_some(range)
}

/// Where the event's type is.
fn kept(body: &[u8]) -> Range<usize> {
    let name = b"\"event_type\":";
    let start = body.windows(name.len()).position(|window| window == name);
    let Some(start) = start else { return 0..0 };
    let value = &body[start + name.len()..];
    let end = value.iter().skip(1).position(|byte| *byte == b'"' || *byte == b',');
    start..start + name.len() + end.unwrap_or(value.len()) + 2
}

fn overlap(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

fn cut(body: &mut Vec<u8>, chance: &mut StdRng) {
    body.truncate(chance.random_range(0..body.len().max(1)));
}

#[expect(clippy::ptr_arg, reason = "all mutations have one type")]
fn flip(body: &mut Vec<u8>, chance: &mut StdRng) {
    if let Some(at) = place(body, chance) {
        body[at] ^= 1 << chance.random_range(0..8);
    }
}

fn insert(body: &mut Vec<u8>, chance: &mut StdRng) {
    let pieces: [&[u8]; 9] =
        [b"\xff", b"\xc0\xaf", b"\0", b"\"", b",", b" \r\n\t", b"\\u0000", b"\\ud800", b"null"];
    if let Some(at) = place(body, chance) {
        let piece = *pieces.choose(chance).expect("a piece");
        body.splice(at..at, piece.iter().copied());
    }
}

fn remove(body: &mut Vec<u8>, chance: &mut StdRng) {
    if let Some(range) = stretch(body, chance) {
        body.drain(range);
    }
}

fn repeat(body: &mut Vec<u8>, chance: &mut StdRng) {
    if let Some(range) = stretch(body, chance) {
        let piece = body[range.clone()].to_vec();
        body.splice(range.end..range.end, piece);
    }
}

/// Marks and blanks before and behind.
fn mark(body: &mut Vec<u8>, chance: &mut StdRng) {
    let pieces: [&[u8]; 5] =
        [b"\xef\xbb\xbf", b" \r\n", b"\xff\xfe", b"\xef\xbb\xbf\xef\xbb\xbf", b"\0"];
    let piece = *pieces.choose(chance).expect("a piece");
    let at = if chance.random_ratio(3, 4) { 0 } else { body.len() };
    body.splice(at..at, piece.iter().copied());
}

/// Not one object.
fn wrap(body: &mut Vec<u8>, chance: &mut StdRng) {
    let wrapped = match chance.random_range(0..4) {
        0 => [&b"["[..], body, b"]"].concat(),
        1 => [&body[..], b"{}"].concat(),
        2 => [&b"\""[..], body, b"\""].concat(),
        _ => Vec::new(),
    };
    *body = wrapped;
}

fn deepen(body: &mut Vec<u8>, chance: &mut StdRng) {
    let open = chance.random_range(1..50_000);
    let start = [&b"{\"deep\":"[..], &b"[".repeat(open)[..], &b"]".repeat(open)[..], b","].concat();
    if body.first() == Some(&b'{') {
        body.splice(0..1, start);
    }
}
