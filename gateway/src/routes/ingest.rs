//! `POST /ingest`: one text log, as JSON or as plain text.

use actix_web::HttpResponse;
use actix_web::web::Data;
use common::metrics::ACCEPTED;
use common::record::{Kind, RecordId};
use common::tenant::TenantId;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ON_PUBLISH, Status};
use crate::extractors::body::{self, Body};
use crate::extractors::text_upload::TextUpload;
use crate::extractors::{json, record_id, tenant};
use crate::openapi::responses::responses;
use crate::openapi::{bodies, forms, parameters};
use crate::problem::{Extensions, Problem, ProblemCode};
use crate::publish::publish;
use crate::state::Gateway;

/// A text log that is durable.
#[derive(Serialize, ToSchema)]
struct TextAccepted<'a> {
    status: Status,
    #[schema(value_type = forms::TenantId)]
    tenant_id: &'a str,
    #[schema(value_type = forms::RecordId)]
    log_id: &'a str,
    /// The number of parts, each of which is one message.
    #[schema(minimum = 1)]
    parts: usize,
}

responses! {
    /// The problems of this route.
    Problems:
        body::CODES, json::CODES, tenant::CODES, record_id::CODES, ON_PUBLISH,
        [ProblemCode::EmptyText, ProblemCode::InvalidUtf8, ProblemCode::MissingTenant];
}

/// Takes a text log
///
/// The body may have 4 MiB after decompression (`MAX_INGEST_BYTES`). A text of more than 4,000
/// characters is cut into parts that are processed in parallel. A header, the query or the body must
/// name the tenant; if several do, they must agree. A second text with the same id is accepted too,
/// but goes to quarantine as a conflict: the first one stays.
#[utoipa::path(
    post, path = "/ingest", tag = "texts", operation_id = "postText",
    params(parameters::Tenant, parameters::LogId, parameters::Upload),
    request_body(content(
        (bodies::TextLog = "application/json", example = json!({
            "tenant_id": "acme", "log_id": "order-7",
            "text": "Card 4111 1111 1111 1111 refused for ann@example.com",
        })),
        (forms::LogText = "text/plain", example = json!("kernel: eth0 up, 192.0.2.10")),
    )),
    responses(
        (status = 202, description = "The text is durable.", body = TextAccepted<'static>,
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
    let (tenant, id, source) = (upload.tenant.clone(), upload.id.clone(), upload.source);
    let records = upload.into_records().await?;
    let parts = records.len();
    publish(&gateway, records).await.map_err(|problem| named(problem, &tenant, &id))?;
    ACCEPTED.with_label_values(&[Kind::Text.as_str(), source]).inc();
    Ok(HttpResponse::Accepted().json(TextAccepted {
        status: Status::Accepted,
        tenant_id: tenant.as_str(),
        log_id: id.as_str(),
        parts,
    }))
}

/// A 503 names the record, so that the client can retry with the same id.
fn named(problem: Problem, tenant: &TenantId, id: &RecordId) -> Problem {
    let (tenant_id, log_id) = (Some(tenant.to_string()), Some(id.to_string()));
    problem.with(Extensions { tenant_id, log_id, ..Extensions::default() })
}
