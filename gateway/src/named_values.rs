//! The values of named fields in a text of any form: JSON, also within a text of JSON, whole or broken,
//! and `name=value`.

use std::borrow::Cow;
use std::ops::Range;

use crate::personal_names::{HIDDEN, is_personal};

/// The text without the values that tell a user or a client.
pub(crate) fn without_people(text: &str) -> Cow<'_, str> {
    let (mut shown, mut at) = (String::new(), 0);
    for (place, hidden) in people(text) {
        shown.push_str(&text[at..place.start]);
        shown.push_str(&hidden);
        at = place.end;
    }
    if at == 0 {
        return text.into();
    }
    shown.push_str(&text[at..]);
    shown.into()
}

/// The places of the values that tell a user or a client, and what stands for each.
fn people(text: &str) -> Vec<(Range<usize>, String)> {
    let (mut people, mut at) = (Vec::new(), 0);
    while let Some(offset) = text[at..].find([':', '=']) {
        let sign = at + offset;
        let name = Name::before(&text[at..sign]);
        at = sign + 1;
        let Some((name, place)) = name.and_then(|name| Some((name, name.value(text, sign)?)))
        else {
            continue;
        };
        if is_personal(name.text) {
            at = place.end;
            people.push((place.clone(), name.hidden(&text[place], &text[sign..=sign])));
        }
    }
    people
}

/// The name before a colon or an equals sign.
#[derive(Clone, Copy)]
struct Name<'t> {
    text: &'t str,
    /// The quote that closes it, with its backslashes; empty if it is not quoted.
    quote: &'t str,
    /// Whether there are blanks between it and the sign.
    is_apart: bool,
}

impl<'t> Name<'t> {
    /// The name at the end of a text.
    fn before(head: &'t str) -> Option<Self> {
        let bare = head.trim_end();
        let is_apart = bare.len() < head.len();
        let Some(mark) = bare.chars().next_back().filter(|c| is_quote(*c)) else {
            let start = bare.rfind(|c| !is_of_name(c)).map_or(0, |at| at + width(bare, at));
            return Some(Self { text: &bare[start..], quote: "", is_apart });
        };
        let inner = bare[..bare.len() - 1].trim_end_matches('\\');
        let start = inner.rfind(mark).map_or(0, |at| at + 1);
        Some(Self { text: &inner[start..], quote: &bare[inner.len()..], is_apart })
    }

    /// The place of the value behind the sign; `None` if no value follows.
    fn value(self, text: &str, sign: usize) -> Option<Range<usize>> {
        let is_equal = text[sign..].starts_with('=');
        let rest = &text[sign + 1..];
        let rest = if is_equal { rest.strip_prefix('>').unwrap_or(rest) } else { rest };
        let has_blanks = !is_equal || self.is_apart || !self.quote.is_empty();
        let value = if has_blanks { rest.trim_start() } else { rest };
        // In prose, a word and a colon are no name.
        let is_named = is_equal || !self.quote.is_empty() || opening(value).is_some();
        let start = text.len() - value.len();
        let length = if is_named { length(value, is_equal) } else { 0 };
        (length > 0).then(|| start..start + length)
    }

    /// What stands for the value.
    fn hidden(self, value: &str, sign: &str) -> String {
        let quote = match opening(value) {
            Some(quote) => quote,
            None if sign == ":" => self.quote,
            None => "",
        };
        format!("{quote}{HIDDEN}{quote}")
    }
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'')
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || "._-".contains(c)
}

/// The length of the character at a place.
fn width(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(0, char::len_utf8)
}

/// The quote that a value begins with, and the backslashes before it.
fn opening(value: &str) -> Option<&str> {
    let slashes = value.len() - value.trim_start_matches('\\').len();
    value[slashes..].starts_with(is_quote).then(|| &value[..=slashes])
}

/// How long a value is, with its quotes or brackets.
fn length(value: &str, is_equal: bool) -> usize {
    if let Some(quote) = opening(value) {
        return quoted(value, quote);
    }
    if value.starts_with(['{', '[']) {
        return nested(value);
    }
    let is_end = |c: char| match is_equal {
        true => c.is_whitespace() || ",;&|\")]}<>".contains(c),
        false => matches!(c, ',' | ']' | '}'),
    };
    let plain = &value[..value.find(is_end).unwrap_or(value.len())];
    if is_equal { plain.trim_end_matches('\\').len() } else { plain.len() }
}

/// How long a text in quotes is. Within a text of JSON, quotes have backslashes, and those in such a
/// text have more.
fn quoted(value: &str, quote: &str) -> usize {
    let (mark, outer) = (&quote[quote.len() - 1..], quote.len() - 1);
    let mut marks = value.match_indices(mark).map(|(at, _)| at).skip(1);
    let is_closing = |at: &usize| {
        let head = &value[quote.len()..*at];
        let slashes = head.len() - head.trim_end_matches('\\').len();
        slashes % (2 * quote.len()) == outer
    };
    marks.find(is_closing).map_or(value.len(), |at| at + 1)
}

/// How long an array or an object is.
fn nested(value: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(byte) = value.as_bytes().get(at) {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' if depth == 1 => return at + 1,
            b']' | b'}' => depth -= 1,
            b'"' | b'\\' => {
                if let Some(quote) = opening(&value[at..]) {
                    at += quoted(&value[at..], quote);
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    value.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_value_is_hidden_by_its_name_in_every_form() {
        for (text, expected) in [
            ("user=annuser status=5", "user=[REDACTED] status=5"),
            (r#"a=1 user="ann \"u\" ser" b=2"#, r#"a=1 user="[REDACTED]" b=2"#),
            ("user='ann user',b", "user='[REDACTED]',b"),
            ("remote.user = annuser x", "remote.user = [REDACTED] x"),
            ("GET /a?x=1&user_name=annuser&y=2 x", "GET /a?x=1&user_name=[REDACTED]&y=2 x"),
            (r"user=CONTOSO\annuser x", "user=[REDACTED] x"),
            (r#""user"=>"annuser", "b"=>"c""#, r#""user"=>"[REDACTED]", "b"=>"c""#),
            (r#"{"usr.name":"annuser","b":1}"#, r#"{"usr.name":"[REDACTED]","b":1}"#),
            (r#"{"usr":{"name":"ann]u"},"b":1}"#, r#"{"usr":"[REDACTED]","b":1}"#),
            (r#"{"account":"annuser\\","b":1}"#, r#"{"account":"[REDACTED]","b":1}"#),
            (r#"{"log":"user=annuser\n"}"#, r#"{"log":"user=[REDACTED]"}"#),
            (r#"{"log":"user=\"ann user\" b"}"#, r#"{"log":"user=\"[REDACTED]\" b"}"#),
            (
                r#"{"log":"{\"user\":\"ann \\\"u\",\"id\":5}"}"#,
                r#"{"log":"{\"user\":\"[REDACTED]\",\"id\":5}"}"#,
            ),
            (
                r#"{"log":"{\"usr\":{\"name\":\"annuser\"},\"user_id\":5}"}"#,
                r#"{"log":"{\"usr\":\"[REDACTED]\",\"user_id\":\"[REDACTED]\"}"}"#,
            ),
            (r#"{user: "annuser", b: 1}"#, r#"{user: "[REDACTED]", b: 1}"#),
            ("{'user': 'annuser', 'b': 1}", "{'user': '[REDACTED]', 'b': 1}"),
            (r#"{"cognito:username":"annuser"}"#, r#"{"cognito:username":"[REDACTED]"}"#),
            (r#"{"user":"ann"#, r#"{"user":"[REDACTED]""#),
            (r#"user="ann"#, r#"user="[REDACTED]""#),
        ] {
            assert_eq!(without_people(text), expected);
        }
    }

    #[test]
    fn other_values_stay() {
        for text in [
            "user= status=5",
            "user: ann",
            "=",
            ":",
            "a==b",
            "10:05:03 browser=x",
            r#""=":="#,
            r#"{"user_agent":"x","note":"user: x"}"#,
        ] {
            assert_eq!(without_people(text), text);
        }
    }

    proptest! {
        #[test]
        fn no_text_is_a_panic(text in "(user|usr|[=:\"'\\\\{}\\[\\] ,aé>])*") {
            let _ = without_people(&text);
        }

        #[test]
        fn no_name_of_a_user_stays(
            name in "user|usr\\.name|account|cs-username|remote_user|login",
            before in "(a=b |x: \"y\" |\"k\":\"v\", )?",
        ) {
            for text in [
                format!("{before}{name}=zorro b=c"),
                format!("{before}{name}=\"zorro the fox\""),
                format!("{{{before}\"{name}\":\"zorro\",\"b\":1}}"),
                format!("{{{before}\"{name}\":{{\"id\":\"zorro\"}}}}"),
            ] {
                let shown = without_people(&text).into_owned();
                prop_assert!(!shown.contains("zorro"), "{} {}", text, shown);
            }
        }
    }
}
