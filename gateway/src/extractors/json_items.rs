//! Finds the items of a batch in a JSON body by commas, brackets and quotes alone, so that a broken
//! item does not affect the others.

use memchr::memchr2;

use super::json::BYTE_ORDER_MARK;

/// How often a body may be read again to find the end of broken items.
const MAX_READS: usize = 4;

/// The items of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Items<'b> {
    /// The JSON of each.
    pub(crate) items: Vec<&'b [u8]>,
    /// The members beside their array, as an object.
    pub(crate) beside: Option<Vec<u8>>,
}

/// The items of a body that is one JSON value: an array, or an object with an array named `envelope`,
/// unless it has one of `fields`, and so is an item itself. `None` if it is not a batch.
pub(crate) fn of_value<'b>(body: &'b [u8], envelope: &str, fields: &[&str]) -> Option<Items<'b>> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body).trim_ascii();
    if body.first() == Some(&b'[') {
        return Some(Items { items: pieces(body)?, beside: None });
    }
    let mut members = pieces(body).filter(|_| body.first() == Some(&b'{'))?;
    let is_item =
        members.iter().any(|member| fields.iter().any(|field| value(member, field).is_some()));
    let at = members.iter().position(|member| {
        value(member, envelope).is_some_and(|value| value.first() == Some(&b'['))
    })?;
    let items = pieces(value(members.remove(at), envelope)?).filter(|_| !is_item)?;
    let beside = [&b"{"[..], &members.join(&b','), b"}"].concat();
    Some(Items { items, beside: Some(beside) })
}

/// The lines of a body that are not blank.
pub(crate) fn of_lines(body: &[u8]) -> Items<'_> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    let lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    Items { items: lines.filter(|line| !line.is_empty()).collect(), beside: None }
}

/// Values one after the other, whatever is between them: on a line each, with commas, or nothing.
/// Anything outside brackets is an item up to the end of its line.
pub(crate) fn of_stream(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    // How many bytes may be looked at in vain for brackets that are never closed.
    let mut budget = MAX_READS * body.len();
    std::iter::from_fn(move || {
        let is_between = |byte: &u8| byte.is_ascii_whitespace() || *byte == b',';
        let start = rest.iter().position(|byte| !is_between(byte))?;
        rest = &rest[start..];
        let line = || rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let is_nested = matches!(rest.first(), Some(b'{' | b'['));
        let closed = if is_nested && budget >= rest.len() { closing_bracket(rest) } else { None };
        if is_nested && closed.is_none() {
            budget = budget.saturating_sub(rest.len());
        }
        let end = closed.unwrap_or_else(line);
        let (item, behind) = rest.split_at(end);
        rest = behind;
        Some(item.trim_ascii_end())
    })
}

/// The place after the bracket that closes the first one.
fn closing_bracket(json: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0, 0);
    loop {
        match json.get(at)? {
            b'"' => at = closing_quote(json, at)?,
            b'[' | b'{' => depth += 1,
            b']' | b'}' if depth == 1 => return Some(at + 1),
            b']' | b'}' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
}

/// Whether each of several items begins like an object.
pub(crate) fn look_like_objects(items: &Items<'_>) -> bool {
    items.items.len() > 1 && items.items.iter().all(|item| item.first() == Some(&b'{'))
}

/// The pieces between the commas of an array or an object; `None` if it is not closed, or if
/// something follows it.
pub(crate) fn pieces(json: &[u8]) -> Option<Vec<&[u8]>> {
    let (mut pieces, mut start, mut depth, mut at) = (Vec::new(), 1, 0, 0);
    loop {
        match json.get(at)? {
            b'"' => at = closing_quote(json, at)?,
            b'[' | b'{' => depth += 1,
            b',' if depth == 1 => {
                pieces.push(json[start..at].trim_ascii());
                start = at + 1;
            }
            b']' | b'}' if depth == 1 => break,
            b']' | b'}' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    let last = json[start..at].trim_ascii();
    if !last.is_empty() || !pieces.is_empty() {
        pieces.push(last);
    }
    let is_closed = matches!((json[0], json[at]), (b'[', b']') | (b'{', b'}'));
    (is_closed && at + 1 == json.len()).then_some(pieces)
}

/// The place of the quote that closes the one at `opening`.
fn closing_quote(json: &[u8], opening: usize) -> Option<usize> {
    let mut at = opening + 1;
    loop {
        at += memchr2(b'"', b'\\', json.get(at..)?)?;
        if json[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// The value of a member of an object, if it has this name and is not null.
pub(crate) fn value<'b>(member: &'b [u8], name: &str) -> Option<&'b [u8]> {
    let rest = member.strip_prefix(b"\"")?.strip_prefix(name.as_bytes())?.strip_prefix(b"\"")?;
    let value = rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    (value != b"null").then_some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn shown(json: &str) -> Option<(Vec<String>, Option<String>)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let Items { items, beside } = of_value(json.as_bytes(), "logs", &["text"])?;
        Some((items.into_iter().map(text).collect(), beside.as_deref().map(text)))
    }

    #[test]
    fn the_items_of_an_array_are_found_whatever_is_wrong_with_them() {
        let json = "\u{feff} [ {\"a\":[1,2]} , \"x,]\\\"\", {'a':1}, nul,\n1e999 ] ";
        let items = ["{\"a\":[1,2]}", "\"x,]\\\"\"", "{'a':1}", "nul", "1e999"];
        assert_eq!(shown(json), Some((items.map(str::to_owned).to_vec(), None)));
        assert_eq!(shown("[]"), Some((Vec::new(), None)));
        assert_eq!(shown("[1,]"), Some((vec!["1".to_owned(), String::new()], None)));
        for json in ["[", "[1", "[\"a]", "[1]]", "[1] 2", "[1}", "[{]", "1", "\"[]\"", ""] {
            assert_eq!(shown(json), None, "{json}");
        }
    }

    #[test]
    fn values_are_found_one_after_the_other_whatever_is_between_them() {
        let found = |body: &str| {
            of_stream(body.as_bytes()).map(String::from_utf8_lossy).collect::<Vec<_>>().join("|")
        };
        for between in ["", " ", "\n", ",", "\r\n\r\n", ",\n"] {
            let body = [r#"{"a":"}{"}"#, r#"[{"b":1}]"#, "{}"].join(between);
            assert_eq!(found(&body), r#"{"a":"}{"}|[{"b":1}]|{}"#, "{body}");
        }
        assert_eq!(found("a b\n{\"a\"\n{\"b\":1}\n\"x\""), "a b|{\"a\"|{\"b\":1}|\"x\"");
        for blank in ["", " \n", ",", "\u{feff}"] {
            assert_eq!(found(blank), "");
        }
    }

    #[test]
    fn a_million_brackets_that_are_never_closed_are_found_in_no_time() {
        let began = std::time::Instant::now();
        assert_eq!(of_stream("{\n".repeat(1_000_000).as_bytes()).count(), 1_000_000);
        assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    }

    #[test]
    fn the_items_of_an_envelope_are_found_and_what_is_beside_them() {
        let json = r#"{"tenant_id": "acme", "logs" : [1, {"logs": 2}], "n": {"logs": []}}"#;
        let beside = r#"{"tenant_id": "acme","n": {"logs": []}}"#;
        let items = vec!["1".to_owned(), r#"{"logs": 2}"#.to_owned()];
        assert_eq!(shown(json), Some((items.clone(), Some(beside.to_owned()))));
        let without_text = r#"{"text":null,"logs":[1, {"logs": 2}]}"#;
        assert_eq!(shown(without_text).map(|it| it.0), Some(items));
        for json in [
            r#"{"logs": 1}"#,
            r#"{"logs": [1}"#,
            r#"{"text": "a", "logs": [1]}"#,
            r#"{"a": {"logs": [1]}}"#,
            r#"{"logs" [1]}"#,
            "{}",
            "{",
        ] {
            assert_eq!(shown(json), None, "{json}");
        }
    }

    #[test]
    fn each_line_that_is_not_blank_is_an_item() {
        let items = of_lines(b"\xEF\xBB\xBF{1}\r\n\n \t\n[2\n");
        assert_eq!(items.items, [&b"{1}"[..], b"[2"]);
        assert!(look_like_objects(&of_lines(b"{\"a\":1}\n {'b'}")));
        for body in ["{\"a\":1}", "{\n\"a\":1}", "{}\n[]", "[\n{}\n{}\n]"] {
            assert!(!look_like_objects(&of_lines(body.as_bytes())), "{body}");
        }
    }

    proptest! {
        #[test]
        fn the_items_of_valid_json_are_those_of_any_parser(
            json in "[\\[{]([\\[\\]{},:\"\\\\a1 ]|\"a\":|\"a\"){0,16}[\\]}]",
        ) {
            let found = of_value(json.as_bytes(), "logs", &[]);
            if let Ok(Value::Array(values)) = serde_json::from_str(&json) {
                let items = found.expect("items").items.into_iter();
                let items: Result<Vec<Value>, _> = items.map(serde_json::from_slice).collect();
                prop_assert_eq!(items.expect("JSON"), values);
            }
        }

        #[test]
        fn no_bytes_are_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let json = [b"[", &bytes[..]].concat();
            let _ = (of_value(&json, "logs", &["text"]), of_lines(&bytes));
            let _ = of_value(&[b"{\"logs\":[", &bytes[..], b"]}"].concat(), "logs", &["text"]);
        }
    }
}
