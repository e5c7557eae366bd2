//! A log record of OpenTelemetry, in either encoding.

use serde_json::{Map, Value};

use crate::doors::shipment::Shipped;
use crate::problem::{FieldError, ProblemCode};

/// The attribute of a resource that names the tenant of its records.
pub(super) const TENANT: &str = "tenant.id";
/// The fields of a record that is not an access-log entry, whatever it says.
const NO_ENTRY: &str = "{}";
/// How deep values may be nested.
pub(super) const MAX_DEPTH: usize = 64;

/// A log record.
#[derive(Debug, Default, PartialEq)]
pub(super) struct LogRecord {
    /// When it happened, or else when it was observed, in nanoseconds since 1970; 0 if neither is
    /// known.
    pub(super) time: u64,
    pub(super) observed_time: u64,
    pub(super) event_name: String,
    /// Null if it has none.
    pub(super) body: Value,
    pub(super) attributes: Map<String, Value>,
    /// In lower-case hexadecimal digits.
    pub(super) trace_id: String,
    pub(super) span_id: String,
    /// The lowest byte has the flags of the trace context.
    pub(super) flags: u32,
}

impl LogRecord {
    /// The record for a tenant, which its resource may name.
    pub(super) fn shipped(mut self, tenant: Option<&str>) -> Shipped {
        let times = [self.time, self.observed_time];
        let time = times.into_iter().find(|time| *time > 0).map(|time| time.to_string());
        let traceparent = self.traceparent();
        let text = self.text();
        let is_of_client = self.is_of_client();
        let fields = (!self.attributes.is_empty()).then(|| {
            if is_of_client {
                return NO_ENTRY.to_owned();
            }
            let mut fields = self.attributes;
            fields.insert("body".to_owned(), self.body);
            Value::Object(fields).to_string()
        });
        let tenant = tenant.map(|name| (TENANT, name.to_owned()));
        Shipped { tenant, id: None, text, fields, time, traceparent }
    }

    /// Whether it tells of a request that the program itself has sent: such a record has the whole URL, and
    /// none of what a server knows of a request.
    fn is_of_client(&self) -> bool {
        let has = |name: &str| self.attributes.contains_key(name);
        has("url.full") && !["url.path", "http.target", "http.route"].into_iter().any(has)
    }

    /// The body: a string as it is, anything else as JSON. For an event without a body, its
    /// attributes. Without attributes nothing else needs a body, so it is not copied.
    fn text(&mut self) -> String {
        match &mut self.body {
            Value::String(text) if self.attributes.is_empty() => std::mem::take(text),
            Value::String(text) => text.clone(),
            Value::Null if self.attributes.is_empty() => self.event_name.clone(),
            Value::Null => {
                let mut event = Map::new();
                if !self.event_name.is_empty() {
                    event.insert("event_name".to_owned(), self.event_name.as_str().into());
                }
                event.extend(self.attributes.clone());
                Value::Object(event).to_string()
            }
            other => other.to_string(),
        }
    }

    /// The span in which it was written.
    fn traceparent(&self) -> Option<String> {
        let (trace, span) = (&self.trace_id, &self.span_id);
        let is_id = |id: &str, digits: usize| {
            let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            id.len() == digits && id.bytes().all(is_hex) && id.bytes().any(|byte| byte != b'0')
        };
        let flags = self.flags & 0xff;
        (is_id(trace, 32) && is_id(span, 16)).then(|| format!("00-{trace}-{span}-{flags:02x}"))
    }
}

/// The tenant among the attributes of a resource.
pub(super) fn tenant(attributes: &Map<String, Value>) -> Option<String> {
    attributes.get(TENANT).map(|value| match value {
        Value::String(name) => name.clone(),
        other => other.to_string(),
    })
}

/// What is wrong with a field of a record.
pub(super) fn wrong(field: &str, reason: &str) -> FieldError {
    FieldError::new(ProblemCode::InvalidBody, field, reason)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_is_the_body_or_what_else_the_record_says() {
        let attributes: Map<_, _> = [("k".to_owned(), json!(1))].into_iter().collect();
        let record = |body: Value, attributes: &Map<String, Value>| LogRecord {
            event_name: "e".to_owned(),
            body,
            attributes: attributes.clone(),
            ..LogRecord::default()
        };
        assert_eq!(record(json!("a\nb"), &attributes).text(), "a\nb");
        assert_eq!(record(json!({"a": [1, null]}), &attributes).text(), r#"{"a":[1,null]}"#);
        assert_eq!(record(json!(5), &attributes).text(), "5");
        assert_eq!(record(Value::Null, &attributes).text(), r#"{"event_name":"e","k":1}"#);
        assert_eq!(record(Value::Null, &Map::new()).text(), "e");
        assert_eq!(LogRecord::default().text(), "");
    }

    #[test]
    fn a_request_that_the_program_has_sent_is_no_entry() {
        let fields = |attributes: Value| {
            let Value::Object(attributes) = attributes else { panic!("an object") };
            let record = LogRecord { attributes, ..LogRecord::default() };
            record.shipped(None).fields.expect("fields")
        };
        let sent = json!({"http.request.method": "GET", "url.full": "https://a.example/", "http.response.status_code": 200});
        assert_eq!(fields(sent.clone()), NO_ENTRY);
        for name in ["url.path", "http.target", "http.route"] {
            let mut answered = sent.clone();
            answered[name] = "/a".into();
            assert!(fields(answered).contains("/a"), "{name}");
        }
    }

    #[test]
    fn a_record_carries_the_trace_that_it_names() {
        let of = |trace: &str, span: &str| {
            let (trace_id, span_id) = (trace.to_owned(), span.to_owned());
            LogRecord { trace_id, span_id, flags: 0x101, ..LogRecord::default() }.traceparent()
        };
        let expected = "00-5b8efff798038103d269b633813fc60c-eee19b7ec3c1b174-01";
        let (trace, span) = ("5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174");
        assert_eq!(of(trace, span).as_deref(), Some(expected));
        for (trace, span) in [("", ""), (trace, ""), (&"0".repeat(32), span), (span, trace)] {
            assert_eq!(of(trace, span), None, "{trace} {span}");
        }
    }
}
