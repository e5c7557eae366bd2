//! The lines of a bulk request: an action, and the document that it is about.

use std::collections::BTreeMap;

use common::record::RecordId;
use serde_json::Value;

use crate::doors::json_record;
use crate::doors::shipment::{Shipment, Shipped};
use crate::extractors::json::BYTE_ORDER_MARK;
use crate::extractors::surrogates;
use crate::problem::{FieldError, Problem, ProblemCode};

/// An action, as its answer repeats it.
#[derive(Debug, PartialEq)]
pub(super) struct Item {
    pub(super) action: &'static str,
    pub(super) index: String,
    /// The document's id, if the client gave it one.
    pub(super) id: Option<String>,
}

/// Reads the actions. Those that name no index belong to `index`.
pub(super) fn read(
    body: &[u8],
    index: Option<&str>,
    shipment: &mut Shipment,
) -> Result<Vec<Item>, Problem> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    let mut lines = (1..).zip(body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii));
    let mut items = Vec::new();
    while let Some((number, line)) = lines.next() {
        if line.is_empty() {
            continue;
        }
        let item = action(line, index).ok_or_else(|| malformed(number))?;
        let document = match item.action {
            "delete" => None,
            _ => Some(lines.next().map(|(_, line)| line).filter(|line| !line.is_empty())),
        };
        shipment.add(match (item.action, document) {
            ("create" | "index", Some(Some(json))) => record(json, &item),
            (_, Some(None)) => Err(wrong("has no document on the line after it")),
            _ => Err(wrong("is not supported: documents are only added, by create or index")),
        })?;
        items.push(item);
    }
    Ok(items)
}

fn malformed(number: usize) -> Problem {
    let detail = format!("Malformed action/metadata line [{number}]: an action was expected.");
    Problem::new(ProblemCode::InvalidJson, detail)
}

fn wrong(reason: &str) -> FieldError {
    FieldError::new(ProblemCode::InvalidBody, "action", reason)
}

/// `{"create":{"_index":"logs","_id":"1"}}`
fn action(line: &[u8], index: Option<&str>) -> Option<Item> {
    let mut action: BTreeMap<String, BTreeMap<String, Value>> =
        serde_json::from_slice(line).ok()?;
    let (name, mut about) = action.pop_first().filter(|_| action.is_empty())?;
    let names = ["create", "delete", "index", "update"];
    let action = names.into_iter().find(|known| *known == name)?;
    let mut text = |name: &str| match about.remove(name) {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let index = text("_index").or_else(|| index.map(str::to_owned)).unwrap_or_default();
    Some(Item { action, index, id: text("_id") })
}

/// The record of a document. Its id counts within its index.
fn record(json: &[u8], item: &Item) -> Result<Shipped, FieldError> {
    let mut json = json.to_vec();
    surrogates::repair(&mut json);
    let shipped = json_record::object(&json)?;
    let id = item.id.as_ref().map(|id| format!("{}:{id}", item.index));
    Ok(Shipped { id: id.map(|id| RecordId::from_key(id.as_bytes())).or(shipped.id), ..shipped })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_names_its_index_and_its_id() {
        let item = |action, index: &str, id: Option<&str>| {
            Some(Item { action, index: index.to_owned(), id: id.map(str::to_owned) })
        };
        let cases = [
            (r#"{"create":{}}"#, item("create", "", None)),
            (r#"{"index":{"_index":"a","_id":"1","routing":"x"}}"#, item("index", "a", Some("1"))),
            (r#"{"delete":{"_index":"a","_id":7}}"#, item("delete", "a", Some("7"))),
            (r#"{"update":{"_id":""}}"#, item("update", "", None)),
            (r#"{"upsert":{}}"#, None),
            (r#"{"create":{},"index":{}}"#, None),
            (r#"{"message":"a"}"#, None),
            ("{}", None),
            ("[]", None),
            ("x", None),
        ];
        for (line, expected) in cases {
            assert_eq!(action(line.as_bytes(), None), expected, "{line}");
        }
        assert_eq!(action(br#"{"index":{}}"#, Some("b")), item("index", "b", None));
        assert_eq!(action(br#"{"index":{"_index":"a"}}"#, Some("b")), item("index", "a", None));
    }
}
