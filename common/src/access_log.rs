//! An access-log entry: one line of JSON in the message of its batch.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A request to a customer's site, as the gateway normalized it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// When the site received it.
    pub at: DateTime<Utc>,
    /// Method and path without query, such as `GET /pricing`.
    pub request: String,
    /// The user agent's family, such as `Chrome`, or `Other`.
    pub user_agent: String,
}

/// Parses the entries of one part.
pub fn entries(data: &str) -> Result<Vec<Entry>, serde_json::Error> {
    data.lines().map(serde_json::from_str).collect()
}
