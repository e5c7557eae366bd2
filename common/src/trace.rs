//! The trace of a request, as fields of the log lines that are written within it. Google Cloud
//! shows these lines together, beside the request.

use std::sync::{Arc, OnceLock};

tokio::task_local! {
    static CURRENT: Trace;
}

/// The project that traces belong to; without it, log lines have no trace.
static PROJECT: OnceLock<String> = OnceLock::new();

/// A trace, written as members of a JSON object with a comma after the last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace(Arc<str>);

/// Makes log lines carry traces, which belong to `project`.
pub(crate) fn belong_to(project: &str) {
    // A second call names the same project.
    PROJECT.get_or_init(|| project.to_owned());
}

/// The trace that a request's headers name: `traceparent`, or `X-Cloud-Trace-Context`. `None` if
/// neither is well-formed, or if log lines carry no traces here.
pub fn of_headers(traceparent: Option<&str>, cloud: Option<&str>) -> Option<Trace> {
    let project = PROJECT.get()?;
    let parts = traceparent.and_then(Parts::of_w3c).or_else(|| cloud.and_then(Parts::of_cloud))?;
    Some(parts.trace(project))
}

/// Runs `work`; log lines within it carry the trace.
pub async fn within<F: Future>(trace: Option<Trace>, work: F) -> F::Output {
    match trace {
        Some(trace) => CURRENT.scope(trace, work).await,
        None => work.await,
    }
}

/// `line`, with the members of the current trace if it is a JSON object.
pub(crate) fn mark(line: &[u8]) -> Option<Vec<u8>> {
    let rest = line.strip_prefix(b"{")?;
    let marked = CURRENT.try_with(|Trace(members)| [b"{", members.as_bytes(), rest].concat());
    marked.ok()
}

/// What a header says.
#[derive(Debug, PartialEq, Eq)]
struct Parts<'a> {
    trace: &'a str,
    /// 16 hexadecimal digits, if known.
    span: Option<&'a str>,
    is_sampled: bool,
}

impl<'a> Parts<'a> {
    /// `00-<trace>-<span>-<flags>`.
    fn of_w3c(header: &'a str) -> Option<Self> {
        let mut fields = header.split('-');
        let version = hexadecimal(fields.next()?, 2)?;
        let trace = hexadecimal(fields.next()?, 32)?;
        let span = hexadecimal(fields.next()?, 16)?;
        let flags = hexadecimal(fields.next()?, 2)?;
        let is_sampled = u8::from_str_radix(flags, 16).ok()? & 1 == 1;
        let is_known = version != "ff" && trace.bytes().any(|byte| byte != b'0');
        is_known.then_some(Self { trace, span: Some(span), is_sampled })
    }

    /// `<trace>/<span in decimal>;o=<sampled>`, where only the trace is required.
    fn of_cloud(header: &'a str) -> Option<Self> {
        let trace = header.split(['/', ';']).next()?;
        let is_sampled = header.ends_with(";o=1");
        Some(Self { trace: hexadecimal(trace, 32)?, span: None, is_sampled })
    }

    fn trace(&self, project: &str) -> Trace {
        let Self { trace, span, is_sampled } = self;
        let span = span.map_or_else(String::new, |span| {
            format!("\"logging.googleapis.com/spanId\":\"{span}\",")
        });
        let name = serde_json::Value::from(format!("projects/{project}/traces/{trace}"));
        Trace(
            format!(
                "\"logging.googleapis.com/trace\":{name},{span}\
                 \"logging.googleapis.com/trace_sampled\":{is_sampled},"
            )
            .into(),
        )
    }
}

fn hexadecimal(text: &str, digits: usize) -> Option<&str> {
    let is_it = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_it.then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn both_headers_name_the_trace() {
        let w3c = format!("00-{TRACE}-00f067aa0ba902b7-01");
        let expected = Parts { trace: TRACE, span: Some("00f067aa0ba902b7"), is_sampled: true };
        assert_eq!(Parts::of_w3c(&w3c), Some(expected));
        for (rest, is_sampled) in [("", false), ("/1", false), ("/1;o=1", true), (";o=0", false)] {
            let header = format!("{TRACE}{rest}");
            let expected = Parts { trace: TRACE, span: None, is_sampled };
            assert_eq!(Parts::of_cloud(&header), Some(expected), "{header}");
        }
    }

    #[test]
    fn a_malformed_header_names_no_trace() {
        let zeros = format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32));
        let quote = format!("00-{}\"-00f067aa0ba902b7-01", &TRACE[1..]);
        for header in ["", "00", TRACE, "00-x-y-z", &zeros, &quote] {
            assert_eq!(Parts::of_w3c(header), None, "{header}");
        }
        for header in ["", "/1;o=1", "abc/1", "\"/1"] {
            assert_eq!(Parts::of_cloud(header), None, "{header}");
        }
    }

    #[tokio::test]
    async fn a_line_within_a_request_carries_its_trace() {
        let parts = Parts { trace: TRACE, span: Some("00f067aa0ba902b7"), is_sampled: true };
        let trace = Some(parts.trace("my-project"));
        let line = br#"{"severity":"INFO","message":"hello"}"#;
        let marked = within(trace.clone(), async { mark(line) }).await.expect("a marked line");
        let marked: Value = serde_json::from_slice(&marked).expect("JSON");
        let expected = json!({
            "logging.googleapis.com/trace": format!("projects/my-project/traces/{TRACE}"),
            "logging.googleapis.com/spanId": "00f067aa0ba902b7",
            "logging.googleapis.com/trace_sampled": true,
            "severity": "INFO", "message": "hello",
        });
        assert_eq!(marked, expected);
        assert_eq!(within(trace, async { mark(b"plain text") }).await, None);
        assert_eq!(mark(line), None, "outside a request");
    }
}
