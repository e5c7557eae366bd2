//! `POST /logs`: a batch of access-log entries. `GET /logs/stats`: their counts by window.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{SecondsFormat, TimeDelta, Utc};
use common::access_log::Entry;
use common::hash;
use common::metrics::{ACCEPTED, ENTRIES};
use common::record::{Kind, Part, Record, RecordId};
use common::rollup::{self, Grain};
use common::tenant::TenantId;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ON_PUBLISH, ON_READ, Status};
use crate::app::Gateway;
use crate::batch::BatchParts;
use crate::extractors::access_log::{self, EntryError};
use crate::extractors::tenant::TenantNames;
use crate::extractors::windows::Choice;
use crate::extractors::{body, query, record_id, tenant, traceparent, windows};
use crate::openapi::problems::problems;
use crate::openapi::{bodies, forms, parameters};
use crate::problem::{Code, Extensions, FieldError, Problem};
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

/// A batch that is durable.
#[derive(Serialize, ToSchema)]
struct BatchAccepted<'a> {
    status: Status,
    #[schema(value_type = forms::TenantId)]
    tenant_id: &'a str,
    #[schema(value_type = forms::RecordId)]
    batch_id: &'a str,
    /// Entries that are counted.
    #[schema(minimum = 1)]
    accepted: usize,
    /// Entries that are not valid.
    rejected: usize,
    /// What is wrong with these: the first 20 things.
    #[schema(max_items = 20)]
    errors: Vec<EntryError>,
}

/// The windows that have requests.
#[derive(Serialize, ToSchema)]
struct Windows<'a> {
    #[schema(value_type = forms::TenantId)]
    tenant_id: &'a str,
    #[schema(value_type = forms::Instant)]
    from: String,
    #[schema(value_type = forms::Instant)]
    to: String,
    #[schema(value_type = forms::WindowGrain)]
    grain: &'static str,
    windows: Vec<Window>,
}

/// The requests of a window.
#[derive(Serialize, ToSchema)]
struct Window {
    #[schema(value_type = forms::Instant)]
    start: String,
    #[schema(minimum = 0)]
    requests: i64,
    /// The most frequent ones; ties go by name.
    paths: Vec<PathCount>,
    /// The most frequent ones; ties go by name.
    user_agents: Vec<UserAgentCount>,
}

/// Requests of a path.
#[derive(Serialize, ToSchema)]
struct PathCount {
    /// `METHOD path`.
    path: String,
    #[schema(minimum = 0)]
    count: i64,
}

/// Requests of a family of user agents.
#[derive(Serialize, ToSchema)]
struct UserAgentCount {
    user_agent: String,
    #[schema(minimum = 0)]
    count: i64,
}

problems! {
    /// What can go wrong with a batch.
    PostProblems: body::PROBLEMS, access_log::PROBLEMS, tenant::PROBLEMS, ON_PUBLISH;
    /// What can go wrong with a read of windows.
    StatsProblems: tenant::PROBLEMS, ON_READ;
}

/// Takes a batch of access-log entries
///
/// of at most 2 MiB, decompressed. The `Idempotency-Key` names it, else the SHA-256 of its body.
/// Valid entries are taken, the others come back in `errors`; a batch without any is refused.
/// Without a tenant it is one of `default`.
#[utoipa::path(
    post, path = "/logs", tag = "access logs", operation_id = "postBatch",
    params(
        parameters::Tenant, parameters::Customer,
        ("strict" = Option<bool>, Query,
            description = "Whether one entry that is not valid refuses the batch."),
        parameters::Upload,
    ),
    request_body(content(
        (bodies::Batch = "application/json", example = json!([
            {"receivedAt": "2025-05-01T10:00:10Z", "method": "GET", "path": "/a?x=1",
                "userAgent": "curl/8.5.0"},
            {"receivedAt": 1746093650, "method": "GET", "path": "/b"},
        ])),
        (String = "application/x-ndjson", example = json!(
            "{\"receivedAt\": \"2025-05-01T10:00:10Z\", \"method\": \"GET\", \"path\": \"/a\"}\n"
        )),
        (String = "text/csv", example = json!(
            "receivedAt,method,path,userAgent\n2025-05-01T10:00:10Z,GET,/a,curl/8.5.0\n"
        )),
        (String = "text/plain", example = json!(
            "203.0.113.7 - - [01/May/2025:10:01:30 +0000] \"GET /a HTTP/1.1\" 200 512 \"-\" \"curl/8.5.0\"\n"
        )),
    )),
    responses(
        (status = 202, description = "The batch is durable.", body = BatchAccepted<'static>,
            links(("result" = (operation_id = "getBatch", description = "What became of it.",
                parameters(
                    ("tenant" = "$response.body#/tenant_id"),
                    ("batch_id" = "$response.body#/batch_id"),
                )))),
            example = json!({
                "status": "accepted", "tenant_id": "acme", "batch_id": "batch-1",
                "accepted": 2, "rejected": 1,
                "errors": [{"index": 1, "field": "path", "reason": "is required"}],
            })),
        PostProblems,
    ),
)]
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
        return Err(refused(rejected, errors));
    }
    let accepted = entries.len();
    let records = records(&request, &tenant, &id, entries).await?;
    let published = publish(&gateway, records).await;
    let batch_id = Some(id.to_string());
    published.map_err(|problem| problem.with(Extensions { batch_id, ..Extensions::default() }))?;
    ENTRIES.with_label_values(&["accepted"]).inc_by(accepted as u64);
    ACCEPTED.with_label_values(&[Kind::AccessLog.as_str(), SOURCE]).inc();
    Ok(HttpResponse::Accepted().json(BatchAccepted {
        status: Status::Accepted,
        tenant_id: tenant.as_str(),
        batch_id: id.as_str(),
        accepted,
        rejected,
        errors,
    }))
}

/// Counts requests by window
///
/// with the most frequent paths and user agents of each. Windows begin in `from` to `to`, without
/// them in the last hour. Empty windows are left out.
#[utoipa::path(
    get, path = "/logs/stats", tag = "access logs", operation_id = "countRequests",
    params(
        parameters::Tenant, parameters::Customer,
        ("from" = Option<forms::Instant>, Query,
            description = "Floored to the grain; an hour before `to` without it."),
        ("to" = Option<forms::Instant>, Query,
            description = "Excluded, at most 1,440 windows after `from`; now without it."),
        ("grain" = Option<forms::WindowGrain>, Query,
            description = "How long a window is; a minute without it."),
        ("limit" = Option<u32>, Query, description = "Paths and user agents of a window; 10 \
            without it.", minimum = 1, maximum = 1000),
    ),
    responses(
        (status = 200, description = "The windows.", body = Windows<'static>, example = json!({
            "tenant_id": "acme", "from": "2025-05-01T10:00:00Z", "to": "2025-05-01T11:00:00Z",
            "grain": "hour",
            "windows": [{
                "start": "2025-05-01T10:00:00Z", "requests": 4,
                "paths": [{"path": "GET /a", "count": 3}, {"path": "POST /b", "count": 1}],
                "user_agents": [{"user_agent": "curl", "count": 4}],
            }],
        })),
        StatsProblems,
    ),
    security(("readToken" = []), ()),
)]
pub(crate) async fn stats(
    request: HttpRequest,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let tenant = tenant(&request)?;
    let asked = windows::read(&request, &GRAINS, Utc::now())?;
    let limit = query::limit(&request, DEFAULT_LIMIT, MAX_LIMIT)?;
    let range = (asked.from, asked.to);
    let windows = rollup::windows(&*gateway.store, &tenant, asked.grain, range, limit).await?;
    Ok(HttpResponse::Ok().json(Windows {
        tenant_id: tenant.as_str(),
        from: asked.from.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        to: asked.to.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        grain: asked.grain.as_str(),
        windows: windows.into_iter().map(Window::from).collect(),
    }))
}

/// The front door that all batches come through.
const SOURCE: &str = "log_batch";

const fn at_most_1440(grain: Grain) -> Choice {
    Choice { grain, most: 1_440, span: TimeDelta::hours(1) }
}

fn tenant(request: &HttpRequest) -> Result<TenantId, Problem> {
    TenantNames::of(request, &HEADERS)?.or(DEFAULT_TENANT).map_err(Problem::invalid)
}

fn refused(rejected: usize, errors: Vec<EntryError>) -> Problem {
    let detail = match rejected {
        0 => "There is no entry in the batch.".to_owned(),
        count => format!("{count} entries are not valid."),
    };
    let told = |EntryError { index, field, reason }| FieldError {
        index: Some(index),
        ..FieldError::new(Code::InvalidEntries, field, reason)
    };
    Problem::new(Code::InvalidEntries, detail).because(errors.into_iter().map(told).collect())
}

/// One record for each part of the batch.
async fn records(
    request: &HttpRequest,
    tenant: &TenantId,
    id: &RecordId,
    entries: Vec<Entry>,
) -> Result<Vec<Record>, Problem> {
    let batch = actix_web::web::block(move || BatchParts::of(entries)).await;
    let BatchParts { parts, digest } = batch
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

impl From<rollup::Window> for Window {
    fn from(window: rollup::Window) -> Self {
        let rollup::Window { start, requests, paths, user_agents } = window;
        let user_agents = user_agents.into_iter();
        Self {
            start: start.to_rfc3339_opts(SecondsFormat::AutoSi, true),
            requests,
            paths: paths.into_iter().map(|(path, count)| PathCount { path, count }).collect(),
            user_agents: user_agents
                .map(|(user_agent, count)| UserAgentCount { user_agent, count })
                .collect(),
        }
    }
}
