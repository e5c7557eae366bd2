//! An access-log entry: one line of JSON in the message of its batch.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Stands for all requests whose first line is not one of HTTP.
pub const UNREADABLE: &str = "unreadable";

/// A request to a customer's site, as the gateway normalized it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// When the site received it.
    pub at: DateTime<Utc>,
    /// Method and path without query, such as `GET /pricing`; the path alone if the log has no
    /// method; [`UNREADABLE`] if it has neither.
    pub request: String,
    /// The user agent's family, such as `Chrome`, or `Other`.
    pub user_agent: String,
}

/// Parses the entries of one part.
pub fn entries(data: &str) -> Result<Vec<Entry>, serde_json::Error> {
    data.lines().map(serde_json::from_str).collect()
}
