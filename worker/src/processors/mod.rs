//! One processor for each kind of record, and the choice between them.

mod access_log;
mod completion;
pub(crate) mod error;
mod event;
pub(crate) mod lookup;
mod text;

use chrono::{TimeDelta, Utc};
use common::record::{Kind, Record};
use tokio::time::Instant;

use self::error::ProcessError;
use crate::context::Context;
use crate::outcome::RecordOutcome;

/// Processes one record, and returns when its effects are stored, or never will be. The work on a text
/// ends at `until`.
pub(crate) async fn process(
    context: &Context,
    record: &Record,
    until: Option<Instant>,
) -> Result<RecordOutcome, ProcessError> {
    if is_expired(context, record) {
        return Ok(RecordOutcome::Expired);
    }
    match record.kind {
        Kind::AccessLog => access_log::process(context, record).await,
        Kind::Event => event::process(context, record).await,
        Kind::Text => text::process(context, record, until).await,
    }
}

/// Whether the record is so old that its documents may have expired: a replay might then count it
/// twice.
fn is_expired(context: &Context, record: &Record) -> bool {
    let expire_at = context.settings.keep().expire_at(record.received_at);
    expire_at.is_some_and(|at| at - TimeDelta::days(1) < Utc::now())
}
