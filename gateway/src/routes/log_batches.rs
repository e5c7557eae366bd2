//! `GET /tenants/{tenant}/log_batches/{id}`: a stored batch.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use common::log_batch;
use common::store::Document;

use super::ON_READ;
use crate::extractors::{record_id, tenant};
use crate::openapi::responses::responses;
use crate::openapi::stored::LogBatch;
use crate::openapi::{forms, parameters};
use crate::problem::{Problem, ProblemCode};
use crate::state::Gateway;
use crate::stored;

/// The detail of a 404.
const NOT_FOUND: &str = "There is no batch with this id, or it is not processed yet.";

responses! {
    /// The problems of this route.
    Problems: tenant::CODES, ON_READ, [ProblemCode::InvalidId, ProblemCode::NotFound];
}

/// Reads a batch of access-log entries
///
/// `parts_done` is less than `parts` while some parts are still being processed.
#[utoipa::path(
    get, path = "/tenants/{tenant}/log_batches/{batch_id}", tag = "access logs",
    operation_id = "getBatch",
    params(
        parameters::InPath,
        ("batch_id" = forms::RecordId, Path, description = "The batch."),
    ),
    responses(
        (status = 200, description = "The batch.", body = LogBatch, example = json!({
            "tenant_id": "acme", "batch_id": "batch-1",
            "digest": "dc52658fa4ac16b6ae2c79b8ed5b0b8b82e5ce03b32f4e1d33d116ce0d29311f",
            "dimensions": "paths,user_agents,status,bytes,referers,hosts",
            "entries": 2, "first": "2025-05-01T10:00:10.000Z", "last": "2025-05-01T10:00:50.000Z",
            "parts": 1, "parts_done": 1, "processed_at": "2026-11-21T08:00:00.100Z",
            "received_at": "2026-11-21T08:00:00.050Z",
        })),
        Problems,
    ),
    security(("readToken" = []), ()),
)]
pub(crate) async fn get(
    request: HttpRequest,
    path: Path<(String, String)>,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let (tenant, id) = path.into_inner();
    let tenant = tenant::in_path(&request, &tenant)?;
    let path = log_batch::path(&tenant, &record_id::in_path("batch_id", &id)?);
    let mut batch = stored::get(&*gateway.store, &path, NOT_FOUND).await?;
    let join = |part: &Document| log_batch::join(&mut batch, part);
    stored::for_each_part(&*gateway.store, &path, join).await?;
    Ok(HttpResponse::Ok().json(stored::render(tenant.as_str(), "batch_id", batch)))
}
