//! `GET /tenants/{tenant}/log_batches/{id}`: what became of a batch.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use common::log_batch;
use common::store::Document;
use serde_json::{Map, Value, json};

use crate::app::Gateway;
use crate::extractors::{record_id, tenant};
use crate::parts;
use crate::problem::{Code, Problem};
use crate::render;

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
