//! The answers in a trace.

use serde_json::Value;

use super::call::Call;
use super::error::TraceError;

/// The status of an answer that promises to keep a record.
const ACCEPTED: &str = "HTTP/1.1 202";
/// The fields that name the record, in the answers of the different routes.
const IDS: [&str; 3] = ["log_id", "event_id", "batch_id"];

/// A 202.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The line of the trace on which the program begins to send it.
    pub line: usize,
    /// The id of the record.
    pub id: String,
}

impl Answer {
    /// `None` if the call sends something else.
    pub(super) fn of(call: &Call) -> Result<Option<Self>, TraceError> {
        if !call.contains(ACCEPTED) {
            return Ok(None);
        }
        let arguments = call.arguments();
        let data = arguments.get(1).copied().unwrap_or_default();
        let (line, sent) = (call.span.begun, call.bytes(data)?);
        let id = id(&sent).ok_or(TraceError::Answer(line + 1))?;
        Ok(Some(Self { line, id }))
    }
}

fn id(sent: &[u8]) -> Option<String> {
    let (_, body) = std::str::from_utf8(sent).ok()?.split_once("\r\n\r\n")?;
    let body: Value = serde_json::from_str(body).ok()?;
    let id = IDS.iter().find_map(|field| body[*field].as_str())?;
    Some(id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(line: &str) -> Result<Option<Answer>, TraceError> {
        Answer::of(&Call::all(line).expect("a trace")[0])
    }

    #[test]
    fn a_202_names_its_record() {
        let head = r"HTTP/1.1 202 Accepted\r\ncontent-length: 9\r\n\r\n";
        let sent = format!(r#"7 sendto(9<s>, "{head}{{\"event_id\":\"e-1\"}}", 99, 0) = 99"#);
        let expected = Answer { line: 0, id: "e-1".to_owned() };
        assert_eq!(answer(&sent).expect("read"), Some(expected));
        let other = r#"7 sendto(9<s>, "HTTP/1.1 200 OK\r\n\r\n{}", 99, 0) = 99"#;
        assert_eq!(answer(other).expect("read"), None);
        let cut = format!(r#"7 sendto(9<s>, "{head}", 99, 0) = 99"#);
        assert!(matches!(answer(&cut), Err(TraceError::Answer(1))));
    }
}
