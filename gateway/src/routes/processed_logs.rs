//! `GET /tenants/{tenant}/processed_logs`, and one of them: what became of texts.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use common::path::DocumentPath;
use common::processed_log::{self, LISTED};
use common::store::{Document, DocumentStore};
use serde_json::{Map, Value, json};

use crate::app::Gateway;
use crate::extractors::{record_id, tenant};
use crate::page::Page;
use crate::parts;
use crate::problem::{Code, Problem};
use crate::render;

pub(crate) async fn list(
    request: HttpRequest,
    path: Path<String>,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let tenant = tenant::in_path(&request, &path)?;
    let page = Page::of(&request, processed_log::collection(&tenant))?;
    let listing = page.read(&*gateway.store, LISTED).await?;
    Ok(HttpResponse::Ok().json(listing.json("processed_logs", "log_id")))
}

pub(crate) async fn get(
    request: HttpRequest,
    path: Path<(String, String)>,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let (tenant, id) = path.into_inner();
    let tenant = tenant::in_path(&request, &tenant)?;
    let id = record_id::in_path("log_id", &id)?;
    let path = processed_log::path(&tenant, &id);
    let log = joined(&*gateway.store, &path).await?;
    let mut body = Map::from_iter([
        ("tenant_id".to_owned(), json!(tenant.as_str())),
        ("log_id".to_owned(), json!(log.id)),
    ]);
    body.extend(render::fields(log.fields));
    Ok(HttpResponse::Ok().json(Value::Object(body)))
}

/// The log with the texts of all its parts.
async fn joined(store: &dyn DocumentStore, path: &DocumentPath) -> Result<Document, Problem> {
    let found = store.get_many(std::slice::from_ref(path)).await?.pop().flatten();
    let mut log = found.ok_or_else(|| {
        Problem::new(Code::NotFound, "There is no log of this name, or it is not processed yet.")
    })?;
    if !processed_log::is_complete(&log) {
        let detail = "Some parts of the log are still in work.";
        return Err(Problem::new(Code::InProgress, detail));
    }
    if processed_log::has_parts(&log) {
        parts::for_each(store, path, |part| processed_log::join(&mut log, part)).await?;
    }
    Ok(log)
}
