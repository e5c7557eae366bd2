//! A batch as the body of a request.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::scenario::{AGENTS, Batch, Entry, Format, PAGES};

/// The header row of a CSV.
const COLUMNS: &str = "receivedAt,method,path,userAgent";

impl Format {
    /// The content type of a body in this format.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv",
            Self::Combined => "text/plain",
        }
    }
}

impl Batch {
    /// The body, the same whenever it is sent.
    pub(super) fn body(&self) -> String {
        let lines = |line: fn(&Entry) -> String| self.entries.iter().map(line);
        match self.format {
            Format::Json => Value::Array(self.entries.iter().map(object).collect()).to_string(),
            Format::Ndjson => lines(|entry| format!("{}\n", object(entry))).collect(),
            Format::Csv => format!("{COLUMNS}\n{}", lines(row).collect::<String>()),
            Format::Combined => lines(combined).collect(),
        }
    }
}

fn object(entry: &Entry) -> Value {
    let (method, path, _) = PAGES[entry.page];
    let at = instant(entry.at);
    json!({"receivedAt": at, "method": method, "path": path, "userAgent": AGENTS[entry.agent].0})
}

/// No field needs more than quotes.
fn row(entry: &Entry) -> String {
    let ((method, path, _), (agent, _)) = (PAGES[entry.page], AGENTS[entry.agent]);
    format!("{},{method},{path},\"{agent}\"\n", instant(entry.at))
}

fn combined(entry: &Entry) -> String {
    let ((method, path, _), (agent, _)) = (PAGES[entry.page], AGENTS[entry.agent]);
    let at = entry.at.format("%d/%b/%Y:%H:%M:%S %z");
    format!("203.0.113.7 - - [{at}] \"{method} {path} HTTP/1.1\" 200 512 \"-\" \"{agent}\"\n")
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::scenario::{BEGIN, Name};

    fn body(format: Format) -> String {
        let entries = vec![Entry { at: BEGIN, page: 2, agent: 3 }];
        Batch { customer: 0, name: Name::Content, format, entries }.body()
    }

    #[test]
    fn each_format_has_all_of_an_entry() {
        let object = json!({"receivedAt": "2025-05-01T23:45:00Z", "method": "GET",
            "path": "/pricing?plan=pro", "userAgent": "curl/8.5.0"});
        let read = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        assert_eq!(read(&body(Format::Json)), json!([object]));
        assert_eq!(read(body(Format::Ndjson).strip_suffix('\n').expect("a line")), object);
        let row = "2025-05-01T23:45:00Z,GET,/pricing?plan=pro,\"curl/8.5.0\"";
        assert_eq!(body(Format::Csv), format!("{COLUMNS}\n{row}\n"));
        let line = r#"203.0.113.7 - - [01/May/2025:23:45:00 +0000] "GET /pricing?plan=pro HTTP/1.1" 200 512 "-" "curl/8.5.0""#;
        assert_eq!(body(Format::Combined), format!("{line}\n"));
    }
}
