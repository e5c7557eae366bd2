//! An access-log entry: one line of JSON in the message of its batch.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::host::host_of;

/// Stands for every request whose first line is not HTTP.
pub const UNREADABLE: &str = "unreadable";
/// The largest size of an answer that is believed, in bytes: a tebibyte.
pub const MAX_BYTES: u64 = 1 << 40;
/// The classes of status codes.
pub const STATUS_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The dimensions of an entry whose values its client chooses, so that a day may have any number of
/// them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Chosen {
    /// Method and path.
    Path,
    /// The host of the referer.
    Referer,
    /// The host that the request was for.
    Host,
}

/// A request to a customer's site, as the gateway normalized it. A field is missing if the log does
/// not have it, or if the message is older than the field.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// When the site received it.
    pub at: DateTime<Utc>,
    /// Method and path without query, such as `GET /pricing`; the path alone if the log has no
    /// method; [`UNREADABLE`] if it has neither.
    pub request: String,
    /// The user agent's family, such as `Chrome`, or `Other`.
    pub user_agent: String,
    /// The user agent as the client sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The status of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The size of the answer, at most [`MAX_BYTES`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// How long the answer took, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_us: Option<u64>,
    /// The site that the request was for: a host name in lower case, without a port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// What follows the question mark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The page that links to this one, as the client sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referer: Option<String>,
    /// The dimensions in which it counts as `(other)`, because its day has reached the limit of
    /// values counted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Chosen>,
}

impl Entry {
    /// The class of the status, one of [`STATUS_CLASSES`]; `None` if it has none.
    pub fn status_class(&self) -> Option<&'static str> {
        let class = usize::from(self.status? / 100).checked_sub(1)?;
        STATUS_CLASSES.get(class).copied()
    }

    /// The values that its client chose: method and path, the referer's host, and the host.
    pub fn chosen(&self) -> impl Iterator<Item = (Chosen, Cow<'_, str>)> {
        let path = Some((Chosen::Path, self.request.as_str().into()));
        let referer = self.referer_host().map(|host| (Chosen::Referer, host.into()));
        let host = self.host.as_deref().map(|host| (Chosen::Host, host.into()));
        [path, referer, host].into_iter().flatten()
    }

    /// The host of the referer; `None` if the referer is missing or names no host.
    pub fn referer_host(&self) -> Option<String> {
        host_of(self.referer.as_deref()?)
    }
}

/// A line of a batch that is not a valid entry. It is kept beside the entries, and not counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// Its position in the batch, from 0, as in the answer to the client.
    pub index: usize,
    /// What is wrong with it.
    pub reason: String,
    /// Its redacted text, which may be cut.
    pub text: String,
}

/// The first entry of a batch that has rejected lines. A worker reads it like any other entry.
#[derive(Serialize)]
pub struct FirstEntry<'a> {
    /// The entry.
    #[serde(flatten)]
    pub entry: &'a Entry,
    /// The rejected lines of the batch.
    pub rejected: &'a [Rejected],
    /// How many more there were.
    #[serde(skip_serializing_if = "is_zero")]
    pub rejected_left_out: usize,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// Parses the entries of one part.
pub fn entries(data: &str) -> Result<Vec<Entry>, serde_json::Error> {
    data.lines().map(serde_json::from_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_from_before_a_field_is_read() {
        let line = r#"{"at":"2025-05-01T10:00:00Z","request":"GET /a","user_agent":"curl"}"#;
        let read = entries(line).expect("an entry");
        let expected = Entry {
            at: "2025-05-01T10:00:00Z".parse().expect("a time"),
            request: "GET /a".to_owned(),
            user_agent: "curl".to_owned(),
            ..Entry::default()
        };
        assert_eq!(read, [expected]);
        assert_eq!(serde_json::to_string(&read[0]).expect("a line"), line);
    }

    #[test]
    fn an_entry_with_rejected_lines_is_an_entry() {
        let entry = Entry { status: Some(204), agent: Some("x".to_owned()), ..Entry::default() };
        let text = "?".to_owned();
        let rejected = [Rejected { index: 3, reason: "is no line".to_owned(), text }];
        let first = FirstEntry { entry: &entry, rejected: &rejected, rejected_left_out: 2 };
        let line = serde_json::to_string(&first).expect("a line");
        assert!(line.contains(r#""rejected":[{"index":3,"#), "{line}");
        assert_eq!(entries(&line).expect("an entry"), [entry]);
    }

    #[test]
    fn a_status_has_a_class() {
        let class = |status| Entry { status, ..Entry::default() }.status_class();
        for (status, expected) in [(100, "1xx"), (204, "2xx"), (304, "3xx"), (499, "4xx")] {
            assert_eq!(class(Some(status)), Some(expected));
        }
        assert_eq!(class(Some(599)), Some("5xx"));
        for none in [None, Some(0), Some(99), Some(600), Some(999), Some(u16::MAX)] {
            assert_eq!(class(none), None, "{none:?}");
        }
    }
}
