//! Why a body is not JSON, in the words of a client and not in those of the parser.

use serde_json::Error;
use serde_json::error::Category;

/// What data in gzip begin with.
const GZIP: &[u8] = b"\x1F\x8B";
/// What the parser says, as a part of a body that is not JSON.
const PARTS: [(&str, &str); 5] = [
    ("trailing comma", "nothing follows a comma"),
    ("key must be a string", "a name is not in double quotes"),
    ("control character", "a text has a control character that is not escaped"),
    ("invalid escape", "a text has an unknown escape"),
    ("number out of range", "a number is too large"),
];

/// What is wrong with a body, without its byte order mark, for which the parser has an error.
pub(super) fn of_body(body: &[u8], error: &Error) -> String {
    of_bytes(body).unwrap_or_else(|| of_json(error))
}

/// What is wrong with bytes that cannot be JSON whatever they say, if that is so.
pub(super) fn of_bytes(body: &[u8]) -> Option<String> {
    if body.trim_ascii().is_empty() {
        return Some("The body is empty.".to_owned());
    }
    if body.starts_with(GZIP) {
        let words = "The body is compressed with gzip. Add the header Content-Encoding: gzip.";
        return Some(words.to_owned());
    }
    let wrong = std::str::from_utf8(body).err()?;
    Some(format!("The body is not UTF-8: see byte {}.", wrong.valid_up_to()))
}

fn of_json(error: &Error) -> String {
    let (said, place) = (error.to_string(), (error.line(), error.column()));
    let at = format!("line {} column {}", place.0, place.1);
    match error.classify() {
        Category::Eof => format!("The body ends within its JSON, at {at}."),
        Category::Data => format!("{}.", beginning_large(&said)),
        _ if said.starts_with("trailing characters") => {
            "The body has more than one JSON value.".to_owned()
        }
        _ if said.starts_with("recursion limit") => {
            format!("The JSON in the body is nested too deep, at {at}.")
        }
        _ => match PARTS.iter().find(|(begin, _)| said.starts_with(begin)) {
            Some((_, words)) => format!("The body is not JSON: {words}, at {at}."),
            None => format!("The body is not JSON: see {at}."),
        },
    }
}

/// The words as the beginning of a sentence.
fn beginning_large(words: &str) -> String {
    let mut rest = words.chars();
    rest.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_body_that_is_no_json_is_told_why_in_plain_words() {
        let deep = "[".repeat(200);
        let cases: [(&[u8], &str); 15] = [
            (b"", "The body is empty."),
            (b" \n", "The body is empty."),
            (
                b"\x1F\x8B\x08\x00",
                "The body is compressed with gzip. Add the header Content-Encoding: gzip.",
            ),
            (b"{\"a\":\"\xFF\"}", "The body is not UTF-8: see byte 6."),
            (b"{\"a\":1", "The body ends within its JSON, at line 1 column 6."),
            (b"{\"a\":1,\n", "The body ends within its JSON, at line 2 column 0."),
            (b"{}{}", "The body has more than one JSON value."),
            (b"{} x", "The body has more than one JSON value."),
            (deep.as_bytes(), "The JSON in the body is nested too deep, at line 1 column 128."),
            (b"site=a", "The body is not JSON: see line 1 column 1."),
            (b"{\"a\":}", "The body is not JSON: see line 1 column 6."),
            (
                b"{'a':1}",
                "The body is not JSON: a name is not in double quotes, at line 1 column 2.",
            ),
            (b"{\"a\":1,}", "The body is not JSON: nothing follows a comma, at line 1 column 8."),
            (
                b"[\"a\tb\"]",
                "The body is not JSON: a text has a control character that is not escaped, at line 1 column 4.",
            ),
            (
                b"[\"\\x\"]",
                "The body is not JSON: a text has an unknown escape, at line 1 column 4.",
            ),
        ];
        for (body, expected) in cases {
            let error = serde_json::from_slice::<Value>(body).expect_err(expected);
            assert_eq!(of_body(body, &error), expected);
        }
    }
}
