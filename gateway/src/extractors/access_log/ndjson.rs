//! One JSON object a line; a torn line harms no other.

use super::json::Item;
use super::{Taker, lines};
use crate::problem::Problem;

pub(super) fn read(text: &str, taker: &mut Taker) -> Result<(), Problem> {
    for line in lines(text) {
        let raw = match serde_json::from_str(line) {
            Ok(Item(raw)) => raw,
            Err(error) => Err(format!("is not valid JSON: {error}").into()),
        };
        taker.take(raw);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::extractors::access_log::tests::{counts, errors, read};

    #[test]
    fn every_line_is_an_entry_of_its_own() {
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
    fn nothing_is_no_entry() {
        for body in ["", "\n", "\r\n \r\n", "\u{feff}"] {
            assert_eq!(read("application/x-ndjson", body).expect("it is read"), Default::default());
        }
    }
}
