//! `POST /logs`: a batch of access-log entries. `GET /logs/stats`: their counts by window.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chrono::{SecondsFormat, TimeDelta, Utc};
use common::metrics::{ACCEPTED, ENTRIES};
use common::record::Kind;
use common::rollup::{self, Grain, Statuses};
use common::time_zone::TimeZone;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ON_PUBLISH, ON_READ, Status};
use crate::extractors::body::{self, Body};
use crate::extractors::log_batch::{LogBatch, SOURCE};
use crate::extractors::windows::Choice;
use crate::extractors::{query, tenant, windows};
use crate::formats::{self, EntryError};
use crate::openapi::responses::responses;
use crate::openapi::{bodies, forms, parameters};
use crate::problem::{Extensions, Problem, ProblemCode};
use crate::publish::publish;
use crate::state::Gateway;

/// The most windows in one answer: the minutes of a day.
const GRAINS: [Choice; 3] =
    [at_most_1440(Grain::Minute), at_most_1440(Grain::Hour), at_most_1440(Grain::Day)];
const DEFAULT_LIMIT: u32 = 10;
const MAX_LIMIT: u32 = 1_000;
/// About the largest answer, in bytes.
const MAX_ANSWER_BYTES: usize = 8 << 20;

/// A batch that is durable.
#[derive(Serialize, ToSchema)]
struct BatchAccepted<'a> {
    status: Status,
    #[schema(value_type = forms::TenantId)]
    tenant_id: &'a str,
    #[schema(value_type = forms::RecordId)]
    batch_id: &'a str,
    /// The number of entries that are counted.
    #[schema(minimum = 1)]
    accepted: usize,
    /// The number of entries that are not valid.
    rejected: usize,
    /// The first 20 errors of these.
    #[schema(max_items = 20)]
    errors: Vec<EntryError>,
}

/// The windows that have requests; empty ones are left out.
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
    status: StatusCounts,
    /// The size of all answers, as far as the log gives it.
    #[schema(minimum = 0)]
    bytes: i64,
    /// The most frequent ones; ties go by name.
    paths: Vec<PathCount>,
    /// The most frequent ones; ties go by name.
    user_agents: Vec<UserAgentCount>,
    /// The most frequent ones; ties go by name. A request without a referer is not counted here.
    referers: Vec<RefererCount>,
    /// The most frequent ones; ties go by name. A request whose log names no host is not counted
    /// here.
    hosts: Vec<HostCount>,
}

/// The requests by status class. Together these are all requests of the window.
#[derive(Serialize, ToSchema)]
struct StatusCounts {
    #[serde(rename = "1xx")]
    #[schema(minimum = 0)]
    informational: i64,
    #[serde(rename = "2xx")]
    #[schema(minimum = 0)]
    successful: i64,
    #[serde(rename = "3xx")]
    #[schema(minimum = 0)]
    redirected: i64,
    #[serde(rename = "4xx")]
    #[schema(minimum = 0)]
    client_error: i64,
    #[serde(rename = "5xx")]
    #[schema(minimum = 0)]
    server_error: i64,
    /// Requests without a status in the log, or with one that HTTP does not have.
    #[schema(minimum = 0)]
    unknown: i64,
}

/// The requests that came from links on a site.
#[derive(Serialize, ToSchema)]
struct RefererCount {
    /// The host of the referer.
    referer: String,
    #[schema(minimum = 0)]
    count: i64,
}

/// The requests to a host.
#[derive(Serialize, ToSchema)]
struct HostCount {
    host: String,
    #[schema(minimum = 0)]
    count: i64,
}

/// The requests of a path.
#[derive(Serialize, ToSchema)]
struct PathCount {
    /// `METHOD path`.
    path: String,
    #[schema(minimum = 0)]
    count: i64,
}

/// The requests of a family of user agents.
#[derive(Serialize, ToSchema)]
struct UserAgentCount {
    user_agent: String,
    #[schema(minimum = 0)]
    count: i64,
}

responses! {
    /// The problems of a batch.
    PostProblems:
        body::CODES, formats::CODES, tenant::CODES, ON_PUBLISH, [ProblemCode::InvalidQuery];
    /// The problems of a read of windows.
    StatsProblems: tenant::CODES, ON_READ;
}

/// Takes a batch of access-log entries
///
/// of at most 10 MiB after decompression (`MAX_LOGS_BYTES`). Its id is the `Idempotency-Key`,
/// otherwise a random one, or with `dedup=content` the SHA-256 of its body. Valid entries are
/// accepted, the others are listed in `errors`; a batch without a valid entry is refused. If nothing
/// names a tenant, it belongs to `default`.
#[utoipa::path(
    post, path = "/logs", tag = "access logs", operation_id = "postBatch",
    params(
        parameters::Tenant, parameters::Customer,
        ("strict" = Option<bool>, Query,
            description = "Refuse the whole batch if one entry is not valid."),
        ("dedup" = Option<forms::Dedup>, Query,
            description = "What makes a batch without an `Idempotency-Key` the same as an earlier \
                one. Default: nothing."),
        ("format" = Option<forms::LogFormat>, Query,
            description = "The format of the body. Default: that of the content type, and for \
                text, each line's own."),
        parameters::Upload,
    ),
    request_body(content(
        (bodies::LogEntries = "application/json", example = json!([
            {"receivedAt": "2025-05-01T10:00:10Z", "method": "GET", "path": "/a?x=1",
                "userAgent": "curl/8.5.0"},
            {"receivedAt": "2025-05-01T10:00:50Z", "method": "GET", "path": "/b"},
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
            links(("result" = (operation_id = "getBatch", description = "The stored batch.",
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
    Body(mut batch): Body<LogBatch>,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let accepted = batch.read.entries.len();
    let records = batch.take_records(&gateway.named).await?;
    let published = publish(&gateway, records).await;
    let batch_id = Some(batch.id.to_string());
    published.map_err(|problem| problem.with(Extensions { batch_id, ..Extensions::default() }))?;
    ENTRIES.with_label_values(&["accepted"]).inc_by(accepted as u64);
    ACCEPTED.with_label_values(&[Kind::AccessLog.as_str(), SOURCE]).inc();
    Ok(HttpResponse::Accepted().json(BatchAccepted {
        status: Status::Accepted,
        tenant_id: batch.tenant.as_str(),
        batch_id: batch.id.as_str(),
        accepted,
        rejected: batch.read.rejected,
        errors: batch.read.errors,
    }))
}

/// Counts requests by window
///
/// with the status classes, the bytes, and the most frequent paths, user agents, referers and hosts
/// of each, in at most 1,440 windows. The start is floored to the grain. Default: the last hour.
/// Empty windows are left out. An answer of more than 8 MiB is refused. The worker's
/// `LOG_DIMENSIONS` chooses what is counted; anything else is 0, unknown or empty.
#[utoipa::path(
    get, path = "/logs/stats", tag = "access logs", operation_id = "countRequests",
    params(
        parameters::TenantOfRead, parameters::Period,
        ("grain" = Option<forms::WindowGrain>, Query,
            description = "The length of a window. Default: a minute."),
        ("limit" = Option<u32>, Query, description = "The most paths, user agents, \
            referers and hosts of a window. Default: 10.", minimum = 1, maximum = 1000),
    ),
    responses(
        (status = 200, description = "The windows.", body = Windows<'static>, example = json!({
            "tenant_id": "acme", "from": "2025-05-01T10:00:00Z", "to": "2025-05-01T11:00:00Z",
            "grain": "hour",
            "windows": [{
                "start": "2025-05-01T10:00:00Z", "requests": 4,
                "status": {"1xx": 0, "2xx": 3, "3xx": 0, "4xx": 1, "5xx": 0, "unknown": 0},
                "bytes": 2_048,
                "paths": [{"path": "GET /a", "count": 3}, {"path": "POST /b", "count": 1}],
                "user_agents": [{"user_agent": "curl", "count": 4}],
                "referers": [{"referer": "www.example.org", "count": 2}],
                "hosts": [{"host": "www.example.com", "count": 4}],
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
    let tenant = tenant::of_read(&request)?;
    // A log has the days of UTC, whatever zone the site of its tenant has.
    let asked = windows::read(&request, &GRAINS, TimeZone::default(), Utc::now())?;
    let limit = query::limit(&request, DEFAULT_LIMIT, MAX_LIMIT)?;
    let windows::Windows { grain, from, to } = asked;
    let asked = rollup::Asked { grain, from, to, limit, most_bytes: MAX_ANSWER_BYTES };
    let windows = rollup::windows(&*gateway.store, &tenant, asked).await?.ok_or_else(|| {
        let reason =
            "would make an answer of more than 8 MiB; ask for fewer rows or a shorter period";
        query::invalid("limit", reason)
    })?;
    Ok(HttpResponse::Ok().json(Windows {
        tenant_id: tenant.as_str(),
        from: asked.from.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        to: asked.to.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        grain: asked.grain.as_str(),
        windows: windows.into_iter().map(Window::from).collect(),
    }))
}

const fn at_most_1440(grain: Grain) -> Choice {
    Choice { grain, most: 1_440, span: TimeDelta::hours(1) }
}

impl From<rollup::Window> for Window {
    fn from(window: rollup::Window) -> Self {
        let rollup::Window { start, requests, statuses, bytes, .. } = window;
        Self {
            start: start.to_rfc3339_opts(SecondsFormat::AutoSi, true),
            requests,
            status: statuses.into(),
            bytes,
            paths: each(window.paths, |path, count| PathCount { path, count }),
            user_agents: each(window.user_agents, |user_agent, count| UserAgentCount {
                user_agent,
                count,
            }),
            referers: each(window.referers, |referer, count| RefererCount { referer, count }),
            hosts: each(window.hosts, |host, count| HostCount { host, count }),
        }
    }
}

fn each<T>(counts: Vec<(String, i64)>, count: impl Fn(String, i64) -> T) -> Vec<T> {
    counts.into_iter().map(|(name, number)| count(name, number)).collect()
}

impl From<Statuses> for StatusCounts {
    fn from(Statuses { classes, unknown }: Statuses) -> Self {
        let [informational, successful, redirected, client_error, server_error] = classes;
        Self { informational, successful, redirected, client_error, server_error, unknown }
    }
}
