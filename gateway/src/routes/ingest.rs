//! `POST /ingest`: text logs, one by one or in batches.

use actix_web::HttpResponse;
use actix_web::web::Data;
use common::metrics::ACCEPTED;
use common::record::{Kind, RecordId};
use common::tenant::TenantId;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ON_PUBLISH, Status};
use crate::extractors::body::{self, Body};
use crate::extractors::one_text::{self, SOURCES, Text};
use crate::extractors::text_batch::{self, TextBatch};
use crate::extractors::text_upload::TextUpload;
use crate::extractors::{json, record_id, tenant};
use crate::openapi::responses::responses;
use crate::openapi::{bodies, forms, parameters};
use crate::problem::{Extensions, FieldError, Problem, ProblemCode};
use crate::publish::publish;
use crate::state::Gateway;

/// A text log that is durable, or a batch of them.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Accepted<'a> {
    One(TextAccepted<'a>),
    Batch(TextsAccepted<'a>),
}

/// A text log that is durable.
#[derive(Serialize, ToSchema)]
struct TextAccepted<'a> {
    status: Status,
    #[schema(value_type = forms::TenantId)]
    tenant_id: &'a str,
    #[schema(value_type = forms::RecordId)]
    log_id: &'a str,
    /// The number of parts. Each is one message.
    #[schema(minimum = 1)]
    parts: usize,
}

/// A batch whose valid texts are durable.
#[derive(Serialize, ToSchema)]
struct TextsAccepted<'a> {
    status: Status,
    /// The `Idempotency-Key` with which the batch can be sent again.
    #[schema(value_type = forms::RecordId)]
    batch_id: &'a str,
    /// The number of texts that are durable.
    #[schema(minimum = 1)]
    accepted: usize,
    /// The number of items that are not valid.
    rejected: usize,
    /// The texts that are durable; an item that is missing here was rejected.
    #[schema(min_items = 1)]
    logs: Vec<TextOfBatch<'a>>,
    /// The first 20 errors of the items that are not valid.
    #[schema(max_items = 20)]
    errors: Vec<FieldError>,
}

/// A text of a batch.
#[derive(Serialize, ToSchema)]
struct TextOfBatch<'a> {
    /// The place of the text in the batch, from 0.
    index: usize,
    #[schema(value_type = forms::TenantId)]
    tenant_id: &'a str,
    #[schema(value_type = forms::RecordId)]
    log_id: &'a str,
    /// The number of parts. Each is one message.
    #[schema(minimum = 1)]
    parts: usize,
}

responses! {
    /// The problems of this route.
    Problems:
        body::CODES, json::CODES, tenant::CODES, record_id::CODES, text_batch::CODES, ON_PUBLISH,
        [ProblemCode::EmptyText, ProblemCode::InvalidUtf8, ProblemCode::MissingTenant];
}

/// Takes text logs
///
/// The body may have 4 MiB after decompression (`MAX_INGEST_BYTES`). A text of more than 4,000
/// characters is cut into parts that are processed in parallel. A header, the query or the body must
/// name the tenant; if several do, they must agree. A second text with the same id is accepted too,
/// but goes to quarantine as a conflict: the first one stays.
///
/// A batch is a JSON array, `{"logs": […]}`, or a JSON object on each line, of at most 10,000 texts.
/// Each is a record of its own, and one that is not valid does not affect the others. A text
/// without a `log_id` gets its id from the batch and its place in it, so a batch with an
/// `Idempotency-Key` can be sent again.
#[utoipa::path(
    post, path = "/ingest", tag = "texts", operation_id = "postText",
    params(
        parameters::Tenant, parameters::LogId,
        ("strict" = Option<bool>, Query,
            description = "Refuse the whole batch if one text is not valid."),
        parameters::Upload,
    ),
    request_body(content(
        (bodies::TextLogs = "application/json", example = json!({
            "tenant_id": "acme", "log_id": "order-7",
            "text": "Card 4111 1111 1111 1111 refused for ann@example.com",
        })),
        (String = "application/x-ndjson", example = json!(
            "{\"level\": 30, \"msg\": \"up\"}\n{\"level\": 50, \"msg\": \"no route to 192.0.2.10\"}\n"
        )),
        (forms::LogText = "text/plain", example = json!("kernel: eth0 up, 192.0.2.10")),
    )),
    responses(
        (status = 202, description = "The text, or each valid text of the batch, is durable.",
            body = Accepted<'static>,
            links(("result" = (operation_id = "getText", description = "The stored text.",
                parameters(
                    ("tenant" = "$response.body#/tenant_id"),
                    ("log_id" = "$response.body#/log_id"),
                )))),
            example = json!({
                "status": "accepted", "tenant_id": "acme", "log_id": "order-7", "parts": 1,
            })),
        Problems,
    ),
)]
pub(crate) async fn post(
    Body(upload): Body<TextUpload>,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    match upload {
        TextUpload::One(text) => one(text, &gateway).await,
        TextUpload::Batch(texts) => batch(texts, &gateway).await,
    }
}

async fn one(text: Text, gateway: &Gateway) -> Result<HttpResponse, Problem> {
    let (tenant, id, source) = (text.tenant.clone(), text.id.clone(), text.source);
    let records = one_text::records(vec![text]).await?.concat();
    let parts = records.len();
    publish(gateway, records).await.map_err(|problem| named(problem, &tenant, &id))?;
    ACCEPTED.with_label_values(&[Kind::Text.as_str(), source]).inc();
    let (tenant_id, log_id) = (tenant.as_str(), id.as_str());
    let accepted = TextAccepted { status: Status::Accepted, tenant_id, log_id, parts };
    Ok(HttpResponse::Accepted().json(Accepted::One(accepted)))
}

/// A 503 names the record, so that the client can retry with the same id.
fn named(problem: Problem, tenant: &TenantId, id: &RecordId) -> Problem {
    let (tenant_id, log_id) = (Some(tenant.to_string()), Some(id.to_string()));
    problem.with(Extensions { tenant_id, log_id, ..Extensions::default() })
}

async fn batch(batch: TextBatch, gateway: &Gateway) -> Result<HttpResponse, Problem> {
    let TextBatch { id, texts, rejected, errors } = batch;
    let (places, texts): (Vec<_>, Vec<_>) = texts.into_iter().unzip();
    let names: Vec<_> = texts.iter().map(|text| (text.tenant.clone(), text.id.clone())).collect();
    let records = one_text::records(texts).await?;
    let parts: Vec<_> = records.iter().map(Vec::len).collect();
    let batch_id = Some(id.to_string());
    let published = publish(gateway, records.concat()).await;
    published.map_err(|problem| problem.with(Extensions { batch_id, ..Extensions::default() }))?;
    ACCEPTED.with_label_values(&[Kind::Text.as_str(), SOURCES[0]]).inc_by(names.len() as u64);
    let logs = places.into_iter().zip(&names).zip(parts).map(|((index, (tenant, log)), parts)| {
        TextOfBatch { index, tenant_id: tenant.as_str(), log_id: log.as_str(), parts }
    });
    Ok(HttpResponse::Accepted().json(Accepted::Batch(TextsAccepted {
        status: Status::Accepted,
        batch_id: id.as_str(),
        accepted: names.len(),
        rejected,
        logs: logs.collect(),
        errors,
    })))
}
