//! Texts like real log lines, most of them with invented personal data.

use rand::Rng;
use rand::seq::IndexedRandom as _;

/// Lines with the names of values in braces. They contain quotes, tabs and non-ASCII letters
/// because JSON escapes these and plain text does not, and both must come out the same.
const TEMPLATES: &[&str] = &[
    "INFO  auth: user {user} logged in from {ip} in {number} ms",
    "User {user} accessed {path} from {ip}, contact 555-{digits}",
    "WARN  billing: order {number} declined, customer asked for a call at 555-{digits}",
    "ERROR mail: {user}@example.com bounced after {number} tries: \"mailbox full\"",
    "{ip} - {user} \"GET {path} HTTP/1.1\" 200 {number} \"Mozilla/5.0 (X11; Linux x86_64)\"",
    "DEBUG cache: miss for {path}\tshard={number}\tpeer={ip}",
    "support: Zoë Müller <{user}@example.org> wrote: “please call +1 (415) 555-{digits}”",
    "注文 {number} を確認しました: {user}@example.jp",
    "panic at {path}: index {number} out of range, request of {user} from {ip}",
    "INFO  signup: {user}@example.net confirmed, phone 206-555-{digits}, plan {number}",
    "job {number} done: C:\\logs\\{user}\\{number}.txt, 100% ✓",
];

const USERS: &[&str] = &["alice", "bob", "carol.jones", "d.okafor", "erin", "søren", "wei"];
const PATHS: &[&str] = &["/", "/pricing", "/api/v1/orders?id=7", "/login", "/docs/setup", "/cart"];

/// A text of exactly this many characters: lines joined by `between`.
pub(super) fn lines(dice: &mut impl Rng, characters: usize, between: &str) -> String {
    let mut text = line(dice);
    let mut length = text.chars().count();
    while length < characters {
        let next = line(dice);
        length += between.chars().count() + next.chars().count();
        text.push_str(between);
        text.push_str(&next);
    }
    cut(&text, characters)
}

/// The first `characters` of `text`. The last one is never a blank: a flood does not test whether a
/// server keeps trailing blanks.
fn cut(text: &str, characters: usize) -> String {
    let mut kept: String = text.chars().take(characters).collect();
    if let Some(last) = kept.pop() {
        kept.push(if last.is_whitespace() { '.' } else { last });
    }
    kept
}

fn line(dice: &mut impl Rng) -> String {
    let template = TEMPLATES.choose(dice).copied().unwrap_or_default();
    let mut line = String::new();
    for piece in template.split('}') {
        let (plain, name) = piece.split_once('{').unwrap_or((piece, ""));
        line.push_str(plain);
        line.push_str(&value(dice, name));
    }
    line
}

fn one_of(dice: &mut impl Rng, all: &[&str]) -> String {
    all.choose(dice).copied().unwrap_or_default().to_owned()
}

fn value(dice: &mut impl Rng, name: &str) -> String {
    match name {
        "user" => one_of(dice, USERS),
        "path" => one_of(dice, PATHS),
        "digits" => format!("{:04}", dice.random_range(100..200)),
        "number" => dice.random_range(1..100_000).to_string(),
        // A documentation network (RFC 5737), so nobody's address.
        "ip" => format!("203.0.113.{}", dice.random_range(1..255)),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn a_text_has_exactly_the_requested_length() {
        let mut dice = StdRng::seed_from_u64(1);
        for characters in [1, 2, 30, 120, 5_000] {
            let text = lines(&mut dice, characters, "\n");
            assert_eq!(text.chars().count(), characters);
            assert_eq!(text.trim_end(), text);
        }
    }

    #[test]
    fn every_value_is_filled_in() {
        let mut dice = StdRng::seed_from_u64(2);
        let text = lines(&mut dice, 50_000, "\n");
        assert!(!text.contains(['{', '}']));
        for expected in ["555-01", "@example.", "203.0.113.", "Müller", "\t", "\""] {
            assert!(text.contains(expected), "{expected}");
        }
    }
}
