//! The checks for keys and tokens that are known by their form.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::super::rule::token;
use super::surroundings::{after_byte, begins, digit, end_of_run};

/// How many bytes of a candidate decide whether it is a secret. Only a secret is followed to its end:
/// a candidate may begin every few bytes, and reading a long run for each would take forever.
const DECISIVE: usize = 64;

/// The least number of turns between letters and digits in what is no name.
const TURNS: usize = 5;

/// The length at which a run of token characters is a token, whatever it is. It is also how many
/// characters are read past the end of a part, to see whether a match crosses it: a forced cut
/// leaves this much of a long token to the next part, so that the token is found there.
pub(crate) const LOOKAHEAD: usize = 512;

/// A key with a known prefix, up to its end.
pub(crate) fn key(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let end = end_of_run(text, found.end, |c| c.is_ascii_alphanumeric() || "_-".contains(c));
    begins(text, found.start).then_some(found.start..end)
}

/// A key whose pattern takes all of it, with nothing after it.
pub(crate) fn exact_key(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let rest = text[found.end..].chars().next();
    let ended = !rest.is_some_and(|c| c.is_ascii_alphanumeric());
    (begins(text, found.start) && ended).then_some(found)
}

/// A key after a prefix that a name may have too: `key-` before 32 letters and digits.
pub(crate) fn service_key(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let body = text[found.clone()].strip_prefix("key-").unwrap_or_default().as_bytes();
    let is_hexadecimal = body.iter().all(u8::is_ascii_hexdigit);
    if is_hexadecimal || alternates(body) { exact_key(text, found) } else { None }
}

/// Whether letters and digits take turns, as by chance. In a name, digits are in one place or two.
fn alternates(word: &[u8]) -> bool {
    turns(word) >= TURNS
}

/// How often a digit follows a letter, or the other way round.
pub(crate) fn turns(word: &[u8]) -> usize {
    let is_pair = |one: u8, other: u8| one.is_ascii_digit() && other.is_ascii_alphabetic();
    let is_turn = |two: &&[u8]| is_pair(two[0], two[1]) || is_pair(two[1], two[0]);
    word.windows(2).filter(is_turn).count()
}

/// A key in several pieces, joined by dots or slashes.
pub(crate) fn jointed_key(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    if !begins(text, found.start) {
        return None;
    }
    let end = end_of_run(text, found.end, |c| c.is_ascii_alphanumeric() || "_-./=".contains(c));
    Some(found.start..found.start + text[found.start..end].trim_end_matches(['.', '/']).len())
}

/// A key with a prefix so short that a name may begin with it too. It is not searched for inside a
/// hyphenated name, so that such a name is read only once.
pub(crate) fn random_key(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    if after_byte(text, found.start, b'-') {
        return None;
    }
    let (mut digits, mut upper) = (0, false);
    for byte in text.as_bytes()[found.start..].iter().take(DECISIVE) {
        if !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
            break;
        }
        digits += u32::from(byte.is_ascii_digit());
        upper |= byte.is_ascii_uppercase();
        if digits > 3 || (digits > 0 && upper) {
            return key(text, found);
        }
    }
    None
}

/// The token of a bot, right after its number: `bot110201543:AA…`.
pub(crate) fn bot_token(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let end = end_of_run(text, found.end, |c| c.is_ascii_alphanumeric() || "_-".contains(c));
    let start = found.start + text[found.clone()].find(':')? + 1;
    (32..=40).contains(&(end - start)).then_some(start..end)
}

/// The path of a web hook, which is the secret part.
pub(crate) fn hook(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let names = ["/services/", "/workflows/", "/webhooks/", "/webhookb2/", "/webhook/"];
    let start = names.iter().find_map(|name| Some(text[found.clone()].find(name)? + name.len()))?;
    let own = found.start + start;
    // Teams has the ids of a group and of an organisation there, with an `@` between them.
    let end = end_of_run(text, found.end, |c| c.is_ascii_alphanumeric() || "_-./=@".contains(c));
    Some(own..own + text[own..end].trim_end_matches(['.', '/']).len())
}

/// A token after the word `bearer` alone, which may also be part of a sentence.
pub(crate) fn bearer(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    if !begins(text, found.start) {
        return None;
    }
    let start = found.end - 3;
    let near = text.as_bytes()[start..].iter().take(DECISIVE);
    let near = near.take_while(|byte| token(char::from(**byte))).count();
    if is_challenge(&text[start..start + near]) {
        return None;
    }
    let end = end_of_run(text, start + near, token);
    let own = start..start + text[start..end].trim_end_matches(['.', '/', '-']).len();
    let parameter = text[..own.end].ends_with('=') && text[own.end..].starts_with('"');
    (looks_random(&text[own.clone()]) && !parameter).then_some(own)
}

/// A token after the name of its header, with a blank in place of a colon: `Api-Token 9f86…`. What
/// is no token there is a word of a sentence, which has no such mix of letters and digits.
pub(crate) fn header_token(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let start = found.end - 16;
    let end = end_of_run(text, found.end, token);
    let own = start..start + text[start..end].trim_end_matches(['.', '/', '-']).len();
    let near = &text.as_bytes()[start..own.end.min(start + DECISIVE)];
    let is_drawn = alternates(near) || (is_mixed(near) && near.iter().all(|b| *b != b'-'));
    (begins(text, found.start) && is_drawn).then_some(own)
}

/// `Bearer realm="…"` asks for a token.
fn is_challenge(token: &str) -> bool {
    let (name, value) = token.trim_end_matches('=').split_once('=').unwrap_or_default();
    let is_name = name.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'-'));
    !value.is_empty() && is_name && name.len() < 24
}

/// The name and password of `Basic`, wherever they are: they are recognized by the colon between
/// the two.
pub(crate) fn basic(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    if !begins(text, found.start) {
        return None;
    }
    let start = found.end - 8;
    let end = end_of_run(text, found.end, |c| c.is_ascii_alphanumeric() || "+/=".contains(c));
    let encoded = text[start..end].trim_end_matches('=');
    let most = encoded.get(..LOOKAHEAD).unwrap_or(encoded);
    let decoded = STANDARD_NO_PAD.decode(&most[..most.len() / 4 * 4]).ok()?;
    decoded.contains(&b':').then_some(start..end)
}

/// Whether a word is long or mixed enough to be a token.
pub(crate) fn looks_random(word: &str) -> bool {
    let mixed = word.chars().any(digit)
        || word.bytes().skip(1).any(|byte| byte.is_ascii_uppercase())
        || word.matches('.').count() > 1;
    word.len() >= 16 || (word.len() >= 6 && mixed)
}

/// A run of token characters that is too long for a name, hash or number, such as the rest of a
/// token that was cut between two parts. It must mix upper case, lower case and digits.
pub(crate) fn opaque(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let start = found.start + text[found.clone()].find(token)?;
    let end = end_of_run(text, found.end, token);
    let run = &text.as_bytes()[start..end];
    (run.len() >= LOOKAHEAD && is_mixed(run)).then_some(start..end)
}

pub(crate) fn is_mixed(run: &[u8]) -> bool {
    run.iter().any(u8::is_ascii_digit)
        && run.iter().any(u8::is_ascii_uppercase)
        && run.iter().any(u8::is_ascii_lowercase)
}
