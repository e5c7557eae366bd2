//! The parameters of an address that tell pages of a site apart, as the end of a page's path.

use std::fmt::Write as _;

use unicode_normalization::UnicodeNormalization as _;

/// What is escaped in a value, besides blanks and control characters: it would end the value, or be
/// read as something else.
const ESCAPED: [char; 4] = ['%', '&', '+', '#'];

/// Writes these names and decoded values as `?a=1&b=2`; an empty text if no value is left. The same page
/// always gives the same text: names are in order, the values of a name in the order in which they were sent, and a value is
/// in NFC, with few escapes. An empty value says nothing, and is left out.
pub fn page_query<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut pairs: Vec<_> = pairs.filter(|(_, value)| !value.trim().is_empty()).collect();
    pairs.sort_by_key(|(name, _)| *name);
    let pairs = pairs.iter().map(|(name, value)| format!("{name}={}", shown(value.trim())));
    let joined = pairs.collect::<Vec<_>>().join("&");
    if joined.is_empty() { joined } else { format!("?{joined}") }
}

fn shown(value: &str) -> String {
    let mut shown = String::with_capacity(value.len());
    for character in value.nfc() {
        if ESCAPED.contains(&character) || character.is_whitespace() || character.is_control() {
            escape(character, &mut shown);
        } else {
            shown.push(character);
        }
    }
    shown
}

fn escape(character: char, shown: &mut String) {
    let mut bytes = [0; 4];
    for byte in character.encode_utf8(&mut bytes).bytes() {
        // Writing to a text cannot fail.
        _ = write!(shown, "%{byte:02X}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(pairs: &[(&str, &str)]) -> String {
        page_query(pairs.iter().copied())
    }

    #[test]
    fn one_page_is_one_text() {
        assert_eq!(query(&[]), "");
        assert_eq!(query(&[("id", "7")]), "?id=7");
        let both = query(&[("lang", "de"), ("id", "7")]);
        assert_eq!(both, "?id=7&lang=de");
        assert_eq!(both, query(&[("id", "7"), ("lang", "de")]));
        assert_eq!(query(&[("id", "2"), ("id", "1")]), "?id=2&id=1");
        assert_eq!(query(&[("id", ""), ("q", " ")]), "");
        assert_eq!(query(&[("q", "u\u{308}")]), query(&[("q", "ü")]));
    }

    #[test]
    fn a_value_cannot_end_itself() {
        assert_eq!(query(&[("q", "a b&c=d+50%#x")]), "?q=a%20b%26c=d%2B50%25%23x");
        assert_eq!(query(&[("q", "a\n\u{2028}b")]), "?q=a%0A%E2%80%A8b");
        assert_eq!(query(&[("q", "Wien/Ö")]), "?q=Wien/Ö");
    }
}
