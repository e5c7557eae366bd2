//! The body of `POST /logs`: a batch of access-log entries, checked and normalized.

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::web;
use chrono::Utc;
use common::access_log::Entry;
use common::hash;
use common::metrics::ENTRIES;
use common::record::{Kind, Part, Record, RecordId};
use common::tenant::TenantId;

use super::body::FromBody;
use super::log_media::{self, LogMedia};
use super::tenant::TenantNames;
use super::{body, query, record_id, traceparent};
use crate::batch_parts;
use crate::dimensions::Named;
use crate::formats::{self, EntryError, ReadEntries};
use crate::problem::{FieldError, Problem, ProblemCode};
use crate::public_batch::PublicTexts;
use crate::state::Gateway;

/// The `source` of every batch of `/logs`.
pub(crate) const SOURCE: &str = "log_batch";
/// About how much memory an entry takes besides its bytes.
const ENTRY_BYTES: usize = 400;
/// The headers that name the tenant.
const TENANT_HEADERS: [&str; 2] = ["X-Tenant-ID", "X-Customer-ID"];

/// A batch with at least one valid entry.
pub(crate) struct LogBatch {
    pub(crate) tenant: TenantId,
    pub(crate) id: RecordId,
    pub(crate) read: ReadEntries,
    /// The SHA-256 of the decompressed body. Newer rules may normalize the body to other entries,
    /// but it stays the same batch.
    pub(crate) digest: String,
    /// How it came in.
    pub(crate) source: &'static str,
    pub(crate) traceparent: Option<String>,
}

impl FromBody for LogBatch {
    const MEDIA_TYPES: &str = log_media::ACCEPTED;

    fn check_type(request: &HttpRequest) -> Result<(), Problem> {
        LogMedia::of(request).map(drop)
    }

    async fn read(
        request: &HttpRequest,
        payload: Payload,
        gateway: &Gateway,
    ) -> Result<Self, Problem> {
        let limit = gateway.settings.max_logs_bytes();
        let body = body::read(request, payload, limit, ENTRY_BYTES).await?;
        let media = LogMedia::of(request)?;
        let tenant = tenant(request)?;
        let strict = query::flag(request, "strict")?;
        let naming = Naming::of(request)?;
        let (settings, site) = (gateway.settings.clone(), tenant.clone());
        let read = web::block(move || {
            let digest = hash::sha256(&body);
            let (format, text) = media.read(body)?;
            let mut read = formats::read(format, &text)?;
            PublicTexts::new(&settings).of_batch(&site, &mut read);
            Ok::<_, Problem>((digest, read))
        });
        let (digest, read) = read.await.map_err(|_| Problem::busy())??;
        ENTRIES.with_label_values(&["rejected"]).inc_by(read.rejected as u64);
        if read.entries.is_empty() || (strict && read.rejected > 0) {
            return Err(refused(read));
        }
        let id = naming.id(gateway, &digest).await?;
        let traceparent = traceparent::of(request);
        Ok(Self { tenant, id, read, digest, source: SOURCE, traceparent })
    }
}

/// Where the id of a batch comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    Key(RecordId),
    Content,
    Random,
}

impl Naming {
    /// The `Idempotency-Key`, otherwise the content if `?dedup=content` asks for it.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let dedup = query::parameter(request, "dedup")?;
        let named = record_id::named(request);
        let named = named.map_err(|error| Problem::invalid(vec![error]))?;
        match (named, dedup.as_deref()) {
            (_, Some(other)) if !matches!(other, "content" | "none") => {
                let reason = "must be content or none";
                let error = FieldError::new(ProblemCode::InvalidQuery, "dedup", reason);
                Err(Problem::invalid(vec![error]))
            }
            (Some(id), _) => Ok(Self::Key(id)),
            (None, Some("content")) => Ok(Self::Content),
            (None, _) => Ok(Self::Random),
        }
    }

    /// The same for a protocol in which equal content is the same record: the content, unless the
    /// request asks for something else.
    pub(crate) fn by_content(request: &HttpRequest) -> Result<Self, Problem> {
        let is_asked = query::parameter(request, "dedup")?.is_some();
        match Self::of(request)? {
            Self::Random if !is_asked => Ok(Self::Content),
            naming => Ok(naming),
        }
    }

    /// The id of the batch whose content has this digest.
    pub(crate) async fn id(self, gateway: &Gateway, digest: &str) -> Result<RecordId, Problem> {
        Ok(match self {
            Self::Key(id) => id,
            Self::Content => {
                let name = gateway.digests.of(digest.to_owned()).await?;
                RecordId::from_key(name.as_bytes())
            }
            Self::Random => RecordId::random(),
        })
    }
}

impl LogBatch {
    /// One record for each part of the batch. Takes the accepted entries and the rejected ones.
    pub(crate) async fn take_records(&mut self, named: &Named) -> Result<Vec<Record>, Problem> {
        let entries = std::mem::take(&mut self.read.entries);
        let rejects = std::mem::take(&mut self.read.rejects);
        let (named, tenant) = (named.clone(), self.tenant.clone());
        let mark = move |entry: &mut Entry| named.bound_entry(&tenant, entry);
        let parts = web::block(move || batch_parts::parts(entries, &rejects, mark)).await;
        Ok(self.records(parts.map_err(|_| Problem::busy())?.map_err(Problem::internal)?))
    }

    /// A record for each of the parts.
    pub(crate) fn records(&self, parts: Vec<String>) -> Vec<Record> {
        let of = u32::try_from(parts.len()).unwrap_or(u32::MAX);
        let received_at = Utc::now();
        let record = |(number, data)| Record {
            kind: Kind::AccessLog,
            tenant: self.tenant.clone(),
            id: self.id.clone(),
            digest: self.digest.clone(),
            source: self.source.to_owned(),
            received_at,
            part: Part { number, of },
            traceparent: self.traceparent.clone(),
            data,
        };
        (1..).zip(parts).map(record).collect()
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
        ..FieldError::new(ProblemCode::InvalidEntries, &field, reason)
    };
    let errors = read.errors.into_iter().map(error).collect();
    Problem::new(ProblemCode::InvalidEntries, detail).because(errors)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::Arc;
    use std::time::Duration;

    use actix_web::FromRequest as _;
    use actix_web::test::TestRequest;
    use actix_web::web::Data;
    use common::broker::embedded::{EmbeddedBroker, EmbeddedQueue, QueueOptions};
    use common::message::flow;
    use common::store::embedded::EmbeddedStore;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::super::body::Body;
    use super::*;
    use crate::settings::tests::settings;

    /// The batch of a body under a key.
    async fn batch(gateway: &Data<Gateway>, coding: &'static str, body: Vec<u8>) -> LogBatch {
        let request = TestRequest::post().app_data(gateway.clone()).set_payload(body);
        let headers = [
            ("content-type", "application/json"),
            ("content-encoding", coding),
            ("idempotency-key", "batch-1"),
        ];
        let request = headers.into_iter().fold(request, TestRequest::insert_header);
        let (request, mut payload) = request.to_http_parts();
        let Body(batch) =
            Body::<LogBatch>::from_request(&request, &mut payload).await.expect("a batch");
        batch
    }

    fn gzip(body: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(body.as_bytes()).expect("a vector");
        encoder.finish().expect("a vector")
    }

    #[actix_web::test]
    async fn the_digest_is_that_of_the_decompressed_body_as_it_was_sent() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = QueueOptions::unbounded(Duration::from_secs(600), flow);
        let queue = EmbeddedQueue::open(folder.path(), options).expect("a queue");
        let store = EmbeddedStore::open(folder.path()).expect("a store");
        let broker = Arc::new(EmbeddedBroker(queue));
        let gateway = Data::new(Gateway::new(broker, Arc::new(store), settings(&[])));
        let body = r#"[{"ts": 1431857103, "path": "/a"}]"#;
        let first = batch(&gateway, "identity", body.into()).await;
        assert_eq!(first.digest, hash::sha256(body));
        let packed = batch(&gateway, "gzip", gzip(body)).await;
        assert_eq!((&packed.id, &packed.digest), (&first.id, &first.digest));
        for other in [format!("{body}\n"), body.replace(": ", ":"), format!("\u{feff}{body}")] {
            let conflict = batch(&gateway, "identity", other.clone().into()).await;
            assert_eq!(conflict.read.entries, first.read.entries, "{other}");
            assert_eq!(conflict.id, first.id, "{other}");
            assert_ne!(conflict.digest, first.digest, "{other}");
        }
    }
}
