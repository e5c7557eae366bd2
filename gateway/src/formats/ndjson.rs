//! One JSON object per line; a torn line does not affect the others.

use super::collector::{Collector, lines};
use super::json::Item;
use crate::problem::Problem;

pub(super) fn read(text: &str, collector: &mut Collector) -> Result<(), Problem> {
    for line in lines(text) {
        let raw = match serde_json::from_str(line) {
            Ok(Item(raw)) => raw,
            Err(error) => Err(format!("is not valid JSON: {error}").into()),
        };
        collector.push(raw);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::formats::tests::{counts, errors, read};

    #[test]
    fn every_line_is_an_entry() {
        let valid = r#"{"ts": 1431857103, "method": "GET", "path": "/a"}"#;
        let body = format!("\u{feff}{valid}\r\n\r\n  \n{valid} {valid}\n[]\n{valid}\n{{\"ts\": 14");
        for media_type in ["application/x-ndjson", "application/jsonl", "application/ndjson"] {
            let batch = read(media_type, &body).expect("it is read");
            assert_eq!(counts(&batch), ["GET /a Other", "GET /a Other"]);
            assert_eq!(batch.rejected, 3);
            let expected = [
                "1 entry is not valid JSON: trailing characters at line 1 column 51",
                "2 entry must be a JSON object",
                "4 entry is not valid JSON: EOF while parsing an object at line 1 column 9",
            ];
            assert_eq!(errors(&batch), expected);
        }
    }

    #[test]
    fn an_empty_body_has_no_entries() {
        for body in ["", "\n", "\r\n \r\n", "\u{feff}"] {
            assert_eq!(read("application/x-ndjson", body).expect("it is read"), Default::default());
        }
    }
}
