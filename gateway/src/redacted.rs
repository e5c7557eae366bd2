//! Redacts the texts of events and access logs: paths, queries, referers, titles and user agents.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashSet;

use common::text::redact::redact_path;

/// The longest text that is remembered, in bytes.
const MAX_BYTES: usize = 256;
/// How many texts each thread remembers: at most 1 MiB of them.
const MOST: usize = 4_096;

thread_local! {
    /// Texts that hold nothing to take out. Most texts are such ones and occur often, and to know one
    /// costs a hundredth of reading it. A text with personal data is never kept here.
    static CLEAN: RefCell<HashSet<Box<str>>> = RefCell::default();
}

/// The text without personal data and secrets.
pub(crate) fn redacted(text: &str) -> Cow<'_, str> {
    if text.len() > MAX_BYTES {
        return redact_path(text);
    }
    if CLEAN.with_borrow(|clean| clean.contains(text)) {
        return Cow::Borrowed(text);
    }
    let shown = redact_path(text);
    if matches!(shown, Cow::Borrowed(_)) {
        CLEAN.with_borrow_mut(|clean| remember(clean, text));
    }
    shown
}

/// Remembers a text. If there are too many, all others are forgotten: what is frequent comes back.
fn remember(clean: &mut HashSet<Box<str>>, text: &str) {
    if clean.len() >= MOST {
        clean.clear();
    }
    clean.insert(text.into());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_redacted_the_same_each_time_and_kept_only_if_it_is_clean() {
        let cases = [("/shop", "/shop"), ("/u/ann@example.com", "/u/[REDACTED]")];
        for (text, shown) in cases.into_iter().cycle().take(6) {
            assert_eq!(redacted(text), shown);
        }
        CLEAN.with_borrow(|clean| {
            assert!(clean.contains("/shop") && !clean.contains("/u/ann@example.com"));
        });
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let long = format!("/{}", "a".repeat(MAX_BYTES));
        assert_eq!(redacted(&long), long);
        CLEAN.with_borrow(|clean| assert!(!clean.contains(&*long)));
        for n in 0..=MOST {
            redacted(&format!("/page-{n}x"));
            CLEAN.with_borrow(|clean| assert!((1..=MOST).contains(&clean.len())));
        }
    }
}
