//! A broker that refuses: somebody else holds the file of its queue.

use std::time::Duration;

use common::data_folder::QUEUE;
use e2e::deployment::Embedded;
use rusqlite::Connection;

use super::tap::Tap;

/// How long the broker refuses, from the first refusal on.
const REFUSES: Duration = Duration::from_secs(3);

/// Keeps Spillway from writing to its queue until it is dropped. Spillway waits for 5 s before it
/// refuses.
pub(crate) struct Outage(Connection);

impl Outage {
    /// Begins.
    ///
    /// # Errors
    /// If the file cannot be held.
    pub(crate) fn begin(embedded: &Embedded) -> Result<Self, String> {
        let holder = Connection::open(embedded.folder().join(QUEUE));
        let holder = holder.map_err(|error| error.to_string())?;
        holder.busy_timeout(Duration::from_secs(20)).map_err(|error| error.to_string())?;
        holder.execute_batch("BEGIN IMMEDIATE").map_err(|error| error.to_string())?;
        Ok(Self(holder))
    }

    /// Ends 3 s after the first client was refused.
    ///
    /// # Errors
    /// If the file cannot be let go.
    pub(crate) async fn end(self, tap: &Tap) -> Result<(), String> {
        tap.has_refused().await;
        tokio::time::sleep(REFUSES).await;
        self.0.execute_batch("ROLLBACK").map_err(|error| error.to_string())
    }
}
