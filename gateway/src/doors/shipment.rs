//! What a log client ships in one request: records that are texts or access-log entries.
//!
//! A record that is a line of an access log is counted, as by `/logs`; every other one is a text, as
//! by `/ingest`. One that is not valid does not affect the others.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, web};
use chrono::Utc;
use common::access_log::Entry;
use common::hash;
use common::metrics::{ACCEPTED, ENTRIES};
use common::record::{Kind, Record, RecordId};
use common::tenant::TenantId;

use crate::batch_parts;
use crate::dimensions::Named;
use crate::extractors::log_batch::{LogBatch, Naming};
use crate::extractors::one_text::{self, Text};
use crate::extractors::tenant::{self, TenantNames};
use crate::extractors::{body, traceparent};
use crate::formats::{ReadEntries, Rejects, Requests};
use crate::problem::{Extensions, FieldError, Problem, ProblemCode};
use crate::public_batch::PublicTexts;
use crate::publish::publish;
use crate::settings::GatewaySettings;
use crate::state::Gateway;

/// The most records of a request. They are counted before anything is built from them.
pub(super) const MAX_RECORDS: usize = 50_000;
/// The most texts of a request: about as many messages as may be in flight to a broker.
pub(super) const MAX_TEXTS: usize = 10_000;
/// About how much memory a record takes besides its bytes, also as a message.
const RECORD_BYTES: usize = 1_500;

/// How the body of a protocol is read.
pub(super) type Read = fn(&[u8], &mut Shipment) -> Result<(), Problem>;

/// A record as its client describes it.
#[derive(Debug, Default)]
pub(super) struct Shipped {
    /// The tenant that the record itself names, and where.
    pub(super) tenant: Option<(&'static str, String)>,
    /// The id that the protocol gives it.
    pub(super) id: Option<RecordId>,
    /// What is kept if it is not an access-log entry.
    pub(super) text: String,
    /// A JSON object that may be an access-log entry, if that is not the text itself.
    pub(super) fields: Option<String>,
    /// When it was written, in any form of times, if the record does not say so itself.
    pub(super) time: Option<String>,
    pub(super) traceparent: Option<String>,
}

/// The records of a request, checked one by one.
pub(super) struct Shipment {
    /// The tenant that the request names.
    named: Option<TenantId>,
    /// The most bytes of a text.
    most_bytes: usize,
    valid: Vec<Valid>,
    /// The errors of the others, by their places.
    pub(super) refused: Vec<FieldError>,
    count: usize,
}

/// A record that may be published.
struct Valid {
    index: usize,
    tenant: TenantId,
    shipped: Shipped,
    /// The entry that it is, if it is one.
    entry: Option<Entry>,
}

impl Shipment {
    /// Adds the next record.
    pub(super) fn add(&mut self, record: Result<Shipped, FieldError>) -> Result<(), Problem> {
        let index = self.count;
        self.count += 1;
        if self.count > MAX_RECORDS {
            let detail = format!("The request has more than {MAX_RECORDS} records.");
            return Err(Problem::new(ProblemCode::TooLarge, detail));
        }
        let checked = record.and_then(|shipped| Ok((self.tenant(&shipped)?, shipped)));
        match checked {
            Ok((tenant, shipped)) => {
                self.valid.push(Valid { index, tenant, shipped, entry: None });
            }
            Err(error) => self.refused.push(FieldError { index: Some(index), ..error }),
        }
        Ok(())
    }

    /// The tenant of a record that is valid.
    fn tenant(&self, shipped: &Shipped) -> Result<TenantId, FieldError> {
        if shipped.text.is_empty() {
            return Err(FieldError::new(ProblemCode::EmptyText, "text", "must not be empty"));
        }
        if shipped.text.len() > self.most_bytes {
            let reason = format!("must be at most {} bytes long", self.most_bytes);
            return Err(FieldError::new(ProblemCode::TooLarge, "text", reason));
        }
        let Some((field, name)) = &shipped.tenant else {
            return Ok(self.named.clone().unwrap_or_default());
        };
        let wrong = |code, reason: String| FieldError::new(code, field, reason);
        let tenant = TenantId::parse(name)
            .map_err(|reason| wrong(ProblemCode::InvalidTenant, reason.to_string()))?;
        match &self.named {
            Some(named) if *named != tenant => {
                let reason = "differs from the tenant elsewhere in the request".to_owned();
                Err(wrong(ProblemCode::TenantMismatch, reason))
            }
            _ => Ok(tenant),
        }
    }

    fn find_entries(&mut self) {
        let mut requests = Requests::new(Utc::now());
        for Valid { shipped, entry, .. } in &mut self.valid {
            let time = shipped.time.as_deref();
            let of_fields = shipped.fields.as_deref().map(|fields| requests.entry(fields, time));
            *entry = of_fields.unwrap_or_else(|| requests.entry(&shipped.text, time));
            if entry.is_none() {
                shipped.fields = None;
            }
        }
    }
}

/// Where a shipment comes from: what its records share.
#[derive(Clone)]
pub(super) struct Origin {
    source: &'static str,
    named: Option<TenantId>,
    naming: Naming,
    traceparent: Option<String>,
}

/// What became of a request's records: all valid ones are durable.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) batch: RecordId,
    pub(super) texts: usize,
    pub(super) entries: usize,
    /// How many records were sent.
    pub(super) count: usize,
    /// The errors of those that are not valid, in order.
    pub(super) refused: Vec<FieldError>,
}

impl Origin {
    /// What the headers, the query and the path say; `headers` name the tenant.
    pub(super) fn of(
        request: &HttpRequest,
        source: &'static str,
        headers: &[&str],
    ) -> Result<Self, Problem> {
        let in_path = request.match_info().get("tenant");
        let names = TenantNames::of(request, headers)?.and("tenant", in_path);
        let named = if names.is_empty() { None } else { Some(names.one("tenant_id")) };
        let named = named.transpose().map_err(Problem::invalid)?;
        let naming = Naming::of(request)?;
        Ok(Self { source, named, naming, traceparent: traceparent::of(request) })
    }

    /// With another way to name the batch.
    pub(super) fn naming(self, naming: Naming) -> Self {
        Self { naming, ..self }
    }

    /// With a tenant that counts if the request names no other.
    pub(super) fn or_tenant(self, tenant: Option<TenantId>) -> Self {
        Self { named: self.named.or(tenant), ..self }
    }

    /// Reads a body, and publishes its records. Also returns what else `read` finds out.
    pub(super) async fn take<T: Send + 'static>(
        self,
        request: &HttpRequest,
        gateway: &Gateway,
        body: Vec<u8>,
        read: impl FnOnce(&[u8], &mut Shipment) -> Result<T, Problem> + Send + 'static,
    ) -> Result<(Taken, T), Problem> {
        let most_bytes = gateway.settings.max_ingest_bytes();
        let named = self.named.clone();
        let shipment = web::block(move || {
            let (valid, refused) = (Vec::new(), Vec::new());
            let mut shipment = Shipment { named, most_bytes, valid, refused, count: 0 };
            let found = read(&body, &mut shipment)?;
            shipment.find_entries();
            Ok::<_, Problem>((hash::sha256(&body), shipment, found))
        });
        let (digest, shipment, found) = shipment.await.map_err(|_| Problem::busy())??;
        body::make_room(request, shipment.valid.len() * RECORD_BYTES).await?;
        tenant::remember_only(request, shipment.valid.iter().map(|record| &record.tenant));
        Ok((self.publish(gateway, digest, shipment).await?, found))
    }

    async fn publish(
        self,
        gateway: &Gateway,
        digest: String,
        shipment: Shipment,
    ) -> Result<Taken, Problem> {
        let batch = self.naming.id(gateway, &digest).await?;
        let Shipment { valid, refused, count, .. } = shipment;
        let mut sorted = Sorted::new(self.source, self.traceparent, batch.clone(), digest);
        valid.into_iter().for_each(|record| sorted.add(record));
        let (texts, entries) = (sorted.texts.len(), sorted.entries());
        if texts > MAX_TEXTS {
            let detail = format!("The request has {texts} texts; the limit is {MAX_TEXTS}.");
            return Err(Problem::new(ProblemCode::TooLarge, detail));
        }
        let batches = sorted.batches.len() + sorted.alone.len();
        let records = sorted.records(&gateway.settings, &gateway.named).await?;
        let batch_id = Some(batch.to_string());
        let published = publish(gateway, records).await;
        published
            .map_err(|problem| problem.with(Extensions { batch_id, ..Extensions::default() }))?;
        let accepted = |kind: Kind| ACCEPTED.with_label_values(&[kind.as_str(), self.source]);
        accepted(Kind::Text).inc_by(texts as u64);
        accepted(Kind::AccessLog).inc_by(batches as u64);
        ENTRIES.with_label_values(&["accepted"]).inc_by(entries as u64);
        Ok(Taken { batch, texts, entries, count, refused })
    }
}

/// The records of a request, by kind.
struct Sorted {
    source: &'static str,
    traceparent: Option<String>,
    batch: RecordId,
    digest: String,
    texts: Vec<Text>,
    /// The entries without an id of their own: a batch for each tenant.
    batches: BTreeMap<TenantId, Vec<Entry>>,
    /// The entries with an id: each is a batch of its own, so that it may be sent again in another
    /// request.
    alone: Vec<LogBatch>,
}

impl Sorted {
    fn new(
        source: &'static str,
        traceparent: Option<String>,
        batch: RecordId,
        digest: String,
    ) -> Self {
        let (texts, batches, alone) = (Vec::new(), BTreeMap::new(), Vec::new());
        Self { source, traceparent, batch, digest, texts, batches, alone }
    }

    fn entries(&self) -> usize {
        self.alone.len() + self.batches.values().map(Vec::len).sum::<usize>()
    }

    fn add(&mut self, Valid { index, tenant, shipped, entry }: Valid) {
        let traceparent = shipped.traceparent.or_else(|| self.traceparent.clone());
        match (entry, shipped.id) {
            (None, id) => self.texts.push(Text {
                tenant,
                id: id.unwrap_or_else(|| RecordId::in_batch(&self.batch, index)),
                source: self.source,
                traceparent,
                text: shipped.text,
            }),
            (Some(entry), None) => self.batches.entry(tenant).or_default().push(entry),
            (Some(entry), Some(id)) => {
                let digest = hash::sha256(shipped.fields.as_ref().unwrap_or(&shipped.text));
                self.alone.push(self.batch_of(tenant, id, digest, vec![entry]));
            }
        }
    }

    fn batch_of(
        &self,
        tenant: TenantId,
        id: RecordId,
        digest: String,
        entries: Vec<Entry>,
    ) -> LogBatch {
        let read = ReadEntries { entries, ..ReadEntries::default() };
        let (source, traceparent) = (self.source, self.traceparent.clone());
        LogBatch { tenant, id, read, digest, source, traceparent }
    }

    /// All messages.
    async fn records(
        mut self,
        settings: &GatewaySettings,
        named: &Named,
    ) -> Result<Vec<Record>, Problem> {
        let mut records = one_text::records(std::mem::take(&mut self.texts)).await?.concat();
        let mut batches = std::mem::take(&mut self.alone);
        for (tenant, entries) in std::mem::take(&mut self.batches) {
            batches.push(self.batch_of(tenant, self.batch.clone(), self.digest.clone(), entries));
        }
        if batches.is_empty() {
            return Ok(records);
        }
        let (settings, named) = (settings.clone(), named.clone());
        let cut = web::block(move || {
            let mut texts = PublicTexts::new(&settings);
            batches.into_iter().map(|batch| cut(&mut texts, &named, batch)).collect()
        });
        let cut: Result<Vec<_>, _> = cut.await.map_err(|_| Problem::busy())?;
        records.extend(cut.map_err(Problem::internal)?.into_iter().flatten());
        Ok(records)
    }
}

/// The records of a batch, made public.
fn cut(
    texts: &mut PublicTexts<'_>,
    named: &Named,
    mut log: LogBatch,
) -> Result<Vec<Record>, serde_json::Error> {
    texts.of_batch(&log.tenant, &mut log.read);
    let mark = |entry: &mut Entry| named.bound_entry(&log.tenant, entry);
    let parts =
        batch_parts::parts(std::mem::take(&mut log.read.entries), &Rejects::default(), mark)?;
    Ok(log.records(parts))
}
