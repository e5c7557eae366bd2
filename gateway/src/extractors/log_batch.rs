//! The body of `POST /logs`: a batch of access-log entries, checked and normalized.

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::web;
use chrono::Utc;
use common::hash;
use common::metrics::ENTRIES;
use common::record::{Kind, Part, Record, RecordId};
use common::tenant::TenantId;

use super::body::FromBody;
use super::tenant::TenantNames;
use super::{body, query, record_id, traceparent};
use crate::batch::BatchParts;
use crate::formats::{self, EntryError, ReadEntries};
use crate::problem::{FieldError, Problem, ProblemCode};
use crate::public_path;
use crate::state::Gateway;

/// The `source` of every batch.
pub(crate) const SOURCE: &str = "log_batch";
/// The largest batch, in bytes after decompression.
const MAX_BATCH_BYTES: usize = 2_097_152;
/// The headers that name the tenant.
const TENANT_HEADERS: [&str; 2] = ["X-Tenant-ID", "X-Customer-ID"];

/// A batch with at least one valid entry.
pub(crate) struct LogBatch {
    pub(crate) tenant: TenantId,
    pub(crate) id: RecordId,
    pub(crate) read: ReadEntries,
    traceparent: Option<String>,
}

impl FromBody for LogBatch {
    async fn read(
        request: &HttpRequest,
        payload: Payload,
        gateway: &Gateway,
    ) -> Result<Self, Problem> {
        let body = body::read(request, payload, MAX_BATCH_BYTES).await?;
        let media_type = body::media_type(request)?;
        let tenant = tenant(request)?;
        let id = record_id::named(request)
            .unwrap_or_else(|| RecordId::from_key(hash::sha256(&body).as_bytes()));
        let strict = query::flag(request, "strict")?;
        let settings = gateway.settings.clone();
        let read = web::block(move || {
            let mut read = formats::read(&media_type, &body)?;
            public_path::of_entries(&settings, &mut read.entries);
            Ok::<_, Problem>(read)
        });
        let read = read.await.map_err(|_| Problem::busy())??;
        ENTRIES.with_label_values(&["rejected"]).inc_by(read.rejected as u64);
        if read.entries.is_empty() || (strict && read.rejected > 0) {
            return Err(refused(read));
        }
        Ok(Self { tenant, id, read, traceparent: traceparent::of(request) })
    }
}

impl LogBatch {
    /// One record for each part of the batch. Takes the entries.
    pub(crate) async fn take_records(&mut self) -> Result<Vec<Record>, Problem> {
        let entries = std::mem::take(&mut self.read.entries);
        let batch = web::block(move || BatchParts::of(entries)).await;
        let BatchParts { parts, digest } =
            batch.map_err(|_| Problem::busy())?.map_err(Problem::internal)?;
        let of = u32::try_from(parts.len()).unwrap_or(u32::MAX);
        let received_at = Utc::now();
        let record = |(number, data)| Record {
            kind: Kind::AccessLog,
            tenant: self.tenant.clone(),
            id: self.id.clone(),
            digest: digest.clone(),
            source: SOURCE.to_owned(),
            received_at,
            part: Part { number, of },
            traceparent: self.traceparent.clone(),
            data,
        };
        Ok((1..).zip(parts).map(record).collect())
    }
}

/// The tenant of a request about access logs.
pub(crate) fn tenant(request: &HttpRequest) -> Result<TenantId, Problem> {
    TenantNames::of(request, &TENANT_HEADERS)?.or_default().map_err(Problem::invalid)
}

fn refused(read: ReadEntries) -> Problem {
    let detail = match read.rejected {
        0 => "The batch has no entries.".to_owned(),
        1 => "1 entry is not valid.".to_owned(),
        count => format!("{count} entries are not valid."),
    };
    let error = |EntryError { index, field, reason }| FieldError {
        index: Some(index),
        ..FieldError::new(ProblemCode::InvalidEntries, field, reason)
    };
    let errors = read.errors.into_iter().map(error).collect();
    Problem::new(ProblemCode::InvalidEntries, detail).because(errors)
}
