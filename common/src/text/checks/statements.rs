//! The checks for passwords that are known by the words or the command around them.

use std::ops::Range;

use super::keys::looks_random;
use super::values::{MARK, is_secret_word, value};

/// Words that say that a program made the password, and so shows it.
const MADE: &[&str] = &["generated", "temporary", "initial", "default"];

/// `The generated password for the user is: …`
pub(crate) fn sentence(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let words = text[found.clone()].to_ascii_lowercase();
    if !MADE.iter().any(|word| words.contains(word)) {
        return None;
    }
    // `for the user: ann`
    let last = words.trim_end_matches([' ', ':']).rsplit(' ').next().unwrap_or("");
    if ["user", "username", "account", "login", "host", "email"].contains(&last) {
        return None;
    }
    let rest = &text[found.end..];
    let own = found.end..found.end + rest.find(char::is_whitespace).unwrap_or(rest.len());
    (looks_random(&text[own.clone()]) && is_secret_word(&text[own.clone()])).then_some(own)
}

/// The cookies that curl is to send: `-b 'session=…'`.
pub(crate) fn curl_cookies(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let own = value(text, found.end)?;
    let (name, cookie) = text[own.clone()].split_once('=')?;
    let is_pair = !name.is_empty() && !cookie.is_empty() && !cookie.starts_with(MARK);
    is_pair.then_some(own)
}
