//! An entry of an access log as it travels and is counted: one line of JSON in the message of its
//! batch.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One request to a customer's site, normalized by the gateway.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// When the site received it.
    pub at: DateTime<Utc>,
    /// Method and path without query, such as `GET /pricing`.
    pub request: String,
    /// The family of the user agent, such as `Chrome`; `Other` where it has none.
    pub user_agent: String,
}

/// The entries of one part.
pub fn entries(data: &str) -> Result<Vec<Entry>, serde_json::Error> {
    data.lines().map(serde_json::from_str).collect()
}
