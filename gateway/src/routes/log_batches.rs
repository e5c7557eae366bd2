//! `GET /tenants/{tenant}/log_batches/{id}`: what became of a batch.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use common::log_batch;
use common::store::Document;
use serde_json::{Map, Value, json};

use super::ON_READ;
use crate::app::Gateway;
use crate::extractors::{record_id, tenant};
use crate::openapi::problems::problems;
use crate::openapi::stored::LogBatch;
use crate::openapi::{forms, parameters};
use crate::parts;
use crate::problem::{Code, Problem};
use crate::render;

problems! {
    /// What can go wrong here.
    Problems: tenant::PROBLEMS, ON_READ, [Code::InvalidId, Code::NotFound];
}

/// Reads a batch of access-log entries
///
/// `parts_done` is less than `parts` while some are in work.
#[utoipa::path(
    get, path = "/tenants/{tenant}/log_batches/{batch_id}", tag = "access logs",
    operation_id = "getBatch",
    params(
        parameters::InPath,
        ("batch_id" = forms::RecordId, Path, description = "The batch."),
    ),
    responses(
        (status = 200, description = "What became of the batch.", body = LogBatch, example = json!({
            "tenant_id": "acme", "batch_id": "batch-1",
            "digest": "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d",
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
    let batch = gateway.store.get_many(std::slice::from_ref(&path)).await?.pop().flatten();
    let mut batch = batch.ok_or_else(|| {
        Problem::new(Code::NotFound, "There is no batch of this name, or it is not processed yet.")
    })?;
    let join = |part: &Document| log_batch::join(&mut batch, part);
    parts::for_each(&*gateway.store, &path, join).await?;
    let mut body = Map::from_iter([
        ("tenant_id".to_owned(), json!(tenant.as_str())),
        ("batch_id".to_owned(), json!(batch.id)),
    ]);
    body.extend(render::fields(batch.fields));
    Ok(HttpResponse::Ok().json(Value::Object(body)))
}
