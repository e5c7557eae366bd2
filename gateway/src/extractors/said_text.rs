//! What an object says about a text: its tenant, its id, and the text itself, under the names that
//! log libraries use.

use serde_json::Value;

use super::json::Object;
use crate::formats::text_of;
use crate::problem::{FieldError, ProblemCode};

/// The names of a text, the preferred one first. The last two are GELF's.
pub(crate) const NAMES: [&str; 7] =
    ["text", "message", "msg", "log", "body", "full_message", "short_message"];

/// The journal's name of a text, which it writes as an array of bytes if it is not printable.
const JOURNAL: &str = "MESSAGE";

/// A text as an object has it.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) tenant: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) text: String,
    pub(crate) errors: Vec<FieldError>,
}

impl Said {
    /// Only a text, without an object around it.
    pub(crate) fn alone(text: String) -> Self {
        let errors = if text.is_empty() { vec![empty()] } else { Vec::new() };
        Self { tenant: None, id: None, text, errors }
    }

    /// If the text is an object, its JSON is the text; if an object has no text, its own JSON is.
    pub(crate) fn of(mut object: Object) -> Self {
        object.change(JOURNAL, of_bytes);
        let [tenant, id] = ["tenant_id", "log_id"].map(|name| object.name(name));
        let text = text(&mut object);
        let mut errors = object.errors;
        match &text {
            None => errors.push(FieldError::new(ProblemCode::MissingField, "text", "is required")),
            Some(text) if text.is_empty() => errors.push(empty()),
            Some(_) => {}
        }
        Self { tenant, id, text: text.unwrap_or_default(), errors }
    }
}

/// The text. Any name but `text` yields to the next one if it is empty, and may have any value:
/// libraries write what they are given.
fn text(object: &mut Object) -> Option<String> {
    let [preferred, others @ ..] = NAMES;
    if let Some(value) = object.any(preferred) {
        if !value.is_string() && !value.is_object() {
            object.wrong(ProblemCode::WrongType, preferred, "must be a string or an object");
        }
        return Some(written(value));
    }
    match others.iter().find(|name| object.says(name)) {
        Some(name) => object.any(name).map(written),
        None => object.rest(),
    }
}

/// The text of an array of bytes.
fn of_bytes(value: &Value) -> Option<Value> {
    let byte = |byte: &Value| u8::try_from(byte.as_u64()?).ok();
    let bytes: Option<Vec<u8>> = value.as_array()?.iter().map(byte).collect();
    bytes.filter(|bytes| !bytes.is_empty()).map(|bytes| text_of(&bytes).into())
}

fn written(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn empty() -> FieldError {
    FieldError::new(ProblemCode::EmptyText, "text", "must not be empty")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(json: &str) -> Result<String, ProblemCode> {
        let said = Said::of(Object::of(json.as_bytes()).expect("an object"));
        said.errors.first().map_or(Ok(said.text), |error| Err(error.code))
    }

    #[test]
    fn a_text_is_found_under_each_name_and_the_preferred_one_counts() {
        for name in NAMES {
            assert_eq!(text_of(&format!(r#"{{"level":30,"{name}":"a"}}"#)), Ok("a".to_owned()));
        }
        let all = r#"{"body":"5","log":"4","msg":"3","message":"2","text":"1"}"#;
        assert_eq!(text_of(all), Ok("1".to_owned()));
        assert_eq!(text_of(&all.replace("text", "x")), Ok("2".to_owned()));
        assert_eq!(
            text_of(r#"{"text":null,"message":"","msg":null,"log":"a"}"#),
            Ok("a".to_owned())
        );
    }

    #[test]
    fn an_object_is_its_json_in_the_order_in_which_it_was_sent() {
        for json in [r#"{"z":1,"a":[null,"x"]}"#, "{}"] {
            assert_eq!(text_of(&format!(r#"{{"text":{json}}}"#)), Ok(json.to_owned()));
            assert_eq!(text_of(&format!(r#"{{"msg":{json},"a":1}}"#)), Ok(json.to_owned()));
        }
    }

    #[test]
    fn a_text_of_another_type_is_wrong_and_a_message_is_its_json() {
        for json in ["[]", "[\"a\"]", "5", "-0.5", "true"] {
            assert_eq!(text_of(&format!(r#"{{"text":{json}}}"#)), Err(ProblemCode::WrongType));
            assert_eq!(text_of(&format!(r#"{{"msg":{json},"a":1}}"#)), Ok(json.to_owned()));
        }
    }

    #[test]
    fn an_object_without_a_text_is_its_json_without_tenant_and_id() {
        let json = r#"{"tenant_id":"acme","level":"info","log_id":7,"Text":"a","message":""}"#;
        assert_eq!(text_of(json), Ok(r#"{"level":"info","Text":"a","message":""}"#.to_owned()));
    }

    #[test]
    fn bytes_of_the_journal_are_a_text() {
        for (json, expected) in [
            (r#"{"a":1,"MESSAGE":[97,195,188,27],"b":2}"#, r#"{"a":1,"MESSAGE":"aü\u001b","b":2}"#),
            (r#"{"MESSAGE":[233]}"#, r#"{"MESSAGE":"é"}"#),
            (r#"{"MESSAGE":[256]}"#, r#"{"MESSAGE":[256]}"#),
            (r#"{"MESSAGE":["a"],"x":[97]}"#, r#"{"MESSAGE":["a"],"x":[97]}"#),
        ] {
            assert_eq!(text_of(json), Ok(expected.to_owned()));
        }
    }

    #[test]
    fn an_object_that_says_nothing_has_no_text() {
        for json in ["{}", r#"{"tenant_id":"acme","log_id":"1"}"#, r#"{"text":null,"msg":null}"#] {
            assert_eq!(text_of(json), Err(ProblemCode::MissingField), "{json}");
        }
        assert_eq!(text_of(r#"{"text":"","msg":"a"}"#), Err(ProblemCode::EmptyText));
    }
}
