//! An archived message as one line of JSON.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::broker::Message;
use common::broker::embedded::Archivable;
use common::message::attribute;
use common::record::Kind;
use common::text::redact::redact;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// `{"id":1,"attributes":{…},"data":"…"}`; data that is not text is in `data_base64`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    /// The message's number in the embedded queue; `None` if it came through another broker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<i64>,
    pub(crate) attributes: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_base64: Option<String>,
    /// The length of a redacted text before it was redacted, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) characters: Option<u64>,
}

/// The line is valid JSON, but not a message.
#[derive(Debug, Error)]
pub(crate) enum LineError {
    #[error("the line has no data")]
    NoData,
    #[error("the data is not valid Base64")]
    NotBase64(#[from] base64::DecodeError),
}

impl Line {
    /// The message as it is archived: a text is redacted unless `original`, and so is a message of
    /// unreadable kind, which may be a text.
    pub(crate) fn of(archivable: Archivable, original: bool) -> Self {
        let Archivable { id, message } = archivable;
        let kind = message.attributes.get(attribute::KIND).and_then(|kind| kind.parse().ok());
        let is_text = !matches!(kind, Some(Kind::AccessLog | Kind::Event));
        let mut line = Self::from(message);
        line.id = Some(id);
        if is_text && !original {
            line.redact();
        }
        line
    }

    /// The message.
    pub(crate) fn into_message(self) -> Result<Message, LineError> {
        let data = match (self.data, self.data_base64) {
            (Some(text), _) => text.into_bytes(),
            (None, Some(base64)) => STANDARD.decode(base64)?,
            (None, None) => return Err(LineError::NoData),
        };
        Ok(Message { data, attributes: self.attributes })
    }

    /// Checks that the line holds a message.
    pub(super) fn check(&self) -> Result<(), LineError> {
        match (&self.data, &self.data_base64) {
            (Some(_), _) => Ok(()),
            (None, Some(base64)) => Ok(STANDARD.decode(base64).map(drop)?),
            (None, None) => Err(LineError::NoData),
        }
    }

    /// Redacts the data. Bytes that are not UTF-8 are first replaced by U+FFFD.
    fn redact(&mut self) {
        let bytes = self.data_base64.take().and_then(|base64| STANDARD.decode(base64).ok());
        let bytes = bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let text = self.data.take().or(bytes).unwrap_or_default();
        self.characters = Some(text.chars().count() as u64);
        self.data = Some(redact(&text).text);
    }
}

impl From<Message> for Line {
    fn from(Message { data, attributes }: Message) -> Self {
        let (data, data_base64) = match String::from_utf8(data) {
            Ok(text) => (Some(text), None),
            Err(error) => (None, Some(STANDARD.encode(error.as_bytes()))),
        };
        Self { attributes, data, data_base64, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archivable(kind: &str, data: &[u8]) -> Archivable {
        let attributes = [("kind".to_owned(), kind.to_owned())].into();
        Archivable { id: 7, message: Message { data: data.to_vec(), attributes } }
    }

    fn json(line: &Line) -> String {
        serde_json::to_string(line).expect("a line")
    }

    #[test]
    fn text_is_written_as_it_is_and_other_bytes_in_base64() {
        let line = Line::of(archivable("event", b"a\n\"b\""), true);
        assert_eq!(json(&line), r#"{"id":7,"attributes":{"kind":"event"},"data":"a\n\"b\""}"#);
        let line = Line::of(archivable("event", b"\xff\x00"), true);
        assert_eq!(json(&line), r#"{"id":7,"attributes":{"kind":"event"},"data_base64":"/wA="}"#);
    }

    #[test]
    fn a_line_gives_back_the_message() {
        for data in [&b"text"[..], b"", b"\xff\x00"] {
            let written = json(&Line::of(archivable("text", data), true));
            let line: Line = serde_json::from_str(&written).expect("a line");
            let message = line.into_message().expect("a message");
            assert_eq!(message, archivable("text", data).message);
        }
    }

    #[test]
    fn only_texts_are_redacted_and_their_length_is_kept() {
        let data = "call 555-0199";
        let redacted = Line::of(archivable("text", data.as_bytes()), false);
        assert_eq!(redacted.data.as_deref(), Some("call [REDACTED]"));
        assert_eq!(redacted.characters, Some(13));
        let event = Line::of(archivable("event", data.as_bytes()), false);
        assert_eq!(event.data.as_deref(), Some(data));
        let not_text = Line::of(archivable("text", b"\xff call 555-0199"), false);
        assert!(!json(&not_text).contains("555"), "nor in Base64");
        let damaged = Message { data: data.into(), ..Message::default() };
        let damaged = Line::of(Archivable { id: 7, message: damaged }, false);
        assert_eq!(damaged.data.as_deref(), Some("call [REDACTED]"), "it may be a text");
    }
}
