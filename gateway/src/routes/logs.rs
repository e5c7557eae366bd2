//! `POST /logs`: a batch of access-log entries. `GET /logs/stats`: their counts by window.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{SecondsFormat, TimeDelta, Utc};
use common::access_log::{Batch, Entry};
use common::hash;
use common::metrics::{ACCEPTED, ENTRIES};
use common::record::{Kind, Part, Record, RecordId};
use common::rollup::{self, Grain, Window};
use common::tenant::TenantId;
use serde_json::{Value, json};

use crate::app::Gateway;
use crate::extractors::access_log;
use crate::extractors::tenant::TenantNames;
use crate::extractors::windows::Choice;
use crate::extractors::{body, query, record_id, traceparent, windows};
use crate::problem::{Code, Problem};
use crate::publish::publish;

/// Largest batch, in bytes, decompressed.
const MAX_BATCH_BYTES: usize = 2_097_152;
/// The headers that name whose logs they are.
const HEADERS: [&str; 2] = ["X-Tenant-ID", "X-Customer-ID"];
/// Whose they are where nothing names anybody.
const DEFAULT_TENANT: &str = "default";
/// Windows of one answer: at most the minutes of a day.
const GRAINS: [Choice; 3] =
    [at_most_1440(Grain::Minute), at_most_1440(Grain::Hour), at_most_1440(Grain::Day)];
const DEFAULT_LIMIT: u32 = 10;
const MAX_LIMIT: u32 = 1_000;

pub(crate) async fn post(
    request: HttpRequest,
    payload: Payload,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let body = body::read(&request, payload, MAX_BATCH_BYTES).await?;
    let media_type = body::media_type(&request)?;
    let tenant = tenant(&request)?;
    let id = record_id::named(&request)
        .unwrap_or_else(|| RecordId::from_key(hash::sha256(&body).as_bytes()));
    let strict = query::flag(&request, "strict")?;
    let read = actix_web::web::block(move || access_log::read(&media_type, &body)).await;
    let access_log::Batch { entries, rejected, errors } = read.map_err(|_| Problem::busy())??;
    ENTRIES.with_label_values(&["rejected"]).inc_by(rejected as u64);
    if entries.is_empty() || (strict && rejected > 0) {
        return Err(refused(rejected, &errors));
    }
    let accepted = entries.len();
    let records = records(&request, &tenant, &id, entries).await?;
    let published = publish(&gateway, records).await;
    published.map_err(|problem| problem.with("batch_id", id.as_str()))?;
    ENTRIES.with_label_values(&["accepted"]).inc_by(accepted as u64);
    ACCEPTED.with_label_values(&[Kind::AccessLog.as_str(), SOURCE]).inc();
    Ok(HttpResponse::Accepted().json(json!({
        "status": "accepted",
        "tenant_id": tenant.as_str(),
        "batch_id": id.as_str(),
        "accepted": accepted,
        "rejected": rejected,
        "errors": errors,
    })))
}

pub(crate) async fn stats(
    request: HttpRequest,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let tenant = tenant(&request)?;
    let asked = windows::read(&request, &GRAINS, Utc::now())?;
    let limit = query::limit(&request, DEFAULT_LIMIT, MAX_LIMIT)?;
    let range = (asked.from, asked.to);
    let windows = rollup::windows(&*gateway.store, &tenant, asked.grain, range, limit).await?;
    Ok(HttpResponse::Ok().json(json!({
        "tenant_id": tenant.as_str(),
        "from": asked.from.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        "to": asked.to.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        "grain": asked.grain.as_str(),
        "windows": windows.iter().map(window).collect::<Vec<_>>(),
    })))
}

/// The front door that all batches come through.
const SOURCE: &str = "log_batch";

const fn at_most_1440(grain: Grain) -> Choice {
    Choice { grain, most: 1_440, span: TimeDelta::hours(1) }
}

fn tenant(request: &HttpRequest) -> Result<TenantId, Problem> {
    TenantNames::of(request, &HEADERS)?.or(DEFAULT_TENANT).map_err(Problem::invalid)
}

fn refused(rejected: usize, errors: &[access_log::EntryError]) -> Problem {
    let detail = match rejected {
        0 => "There is no entry in the batch.".to_owned(),
        count => format!("{count} entries are not valid."),
    };
    let told = serde_json::to_value(errors).unwrap_or_default();
    Problem::new(Code::InvalidEntries, detail).with("errors", told)
}

/// One record for each part of the batch.
async fn records(
    request: &HttpRequest,
    tenant: &TenantId,
    id: &RecordId,
    entries: Vec<Entry>,
) -> Result<Vec<Record>, Problem> {
    let batch = actix_web::web::block(move || Batch::of(entries)).await;
    let Batch { parts, digest } = batch
        .map_err(|_| Problem::busy())?
        .map_err(|error| Problem::new(Code::Internal, format!("{error}.")))?;
    let of = u32::try_from(parts.len()).unwrap_or(u32::MAX);
    let (received_at, traceparent) = (Utc::now(), traceparent::of(request));
    let record = |(number, data)| Record {
        kind: Kind::AccessLog,
        tenant: tenant.clone(),
        id: id.clone(),
        digest: digest.clone(),
        source: SOURCE.to_owned(),
        received_at,
        part: Part { number, of },
        traceparent: traceparent.clone(),
        data,
    };
    Ok((1..).zip(parts).map(record).collect())
}

fn window(window: &Window) -> Value {
    let rows = |name: &str, counts: &[(String, i64)]| -> Vec<Value> {
        counts.iter().map(|(value, count)| json!({ name: value, "count": count })).collect()
    };
    json!({
        "start": window.start.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        "requests": window.requests,
        "paths": rows("path", &window.paths),
        "user_agents": rows("user_agent", &window.user_agents),
    })
}
