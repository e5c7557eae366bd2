//! `GET /tenants/{tenant}/processed_logs`, and one of them: the stored texts.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use common::joined_text::JoinedText;
use common::path::DocumentPath;
use common::processed_log::{self, LISTED};
use common::store::{Document, DocumentStore};

use super::ON_READ;
use crate::extractors::{record_id, tenant};
use crate::listing::{self, PageRequest};
use crate::openapi::responses::responses;
use crate::openapi::stored::{ProcessedLog, ProcessedLogs};
use crate::openapi::{forms, parameters};
use crate::problem::{Problem, ProblemCode};
use crate::state::Gateway;
use crate::stored;

/// The detail of a 404.
const NOT_FOUND: &str = "There is no log with this id, or it is not processed yet.";

responses! {
    /// The problems of a page of logs.
    ListProblems: tenant::CODES, listing::CODES, ON_READ;
    /// The problems of one log.
    GetProblems:
        tenant::CODES, ON_READ, [ProblemCode::InvalidId, ProblemCode::NotFound, ProblemCode::InProgress];
}

/// Lists text logs
///
/// by id, without their texts.
#[utoipa::path(
    get, path = "/tenants/{tenant}/processed_logs", tag = "texts", operation_id = "listTexts",
    params(parameters::InPath, parameters::Page),
    responses(
        (status = 200, description = "A page of logs.", body = ProcessedLogs, example = json!({
            "processed_logs": [{
                "log_id": "boot-1", "characters": 27,
                "digest": "ebf1ba9996a10ffcb465e06962596391b59d801bc23fbdadc687fdde642ab620",
                "processed_at": "2026-11-21T08:00:01.400Z",
                "received_at": "2026-11-21T08:00:00.050Z",
                "redactions": 1, "source": "text_upload",
            }],
            "next_page_token": "dGVuYW50cy9hY21lL3Byb2Nlc3NlZF9sb2dzCmJvb3QtMQ",
        })),
        ListProblems,
    ),
    security(("readToken" = []), ()),
)]
pub(crate) async fn list(
    request: HttpRequest,
    path: Path<String>,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let tenant = tenant::in_path(&request, &path)?;
    let page = PageRequest::of(&request, processed_log::collection(&tenant))?;
    let page = page.read(&*gateway.store, LISTED).await?;
    Ok(listing::answer(&request, page.json("processed_logs", "log_id")))
}

/// Reads a text log
///
/// as it is stored. A long text is processed in parts; it can be read when the last one is done.
#[utoipa::path(
    get, path = "/tenants/{tenant}/processed_logs/{log_id}", tag = "texts",
    operation_id = "getText",
    params(
        parameters::InPath,
        ("log_id" = forms::RecordId, Path, description = "The log."),
    ),
    responses(
        (status = 200, description = "The log.", body = ProcessedLog, example = json!({
            "tenant_id": "acme", "log_id": "order-7", "characters": 52,
            "digest": "5a31a768610ace2abc53b6f7541c393c748b6f846073ad74a9d2cc0173f0f1d5",
            "modified_data": "Card [REDACTED] refused for [REDACTED]",
            "original_text": "Card 4111 1111 1111 1111 refused for ann@example.com",
            "processed_at": "2026-11-21T08:00:02.612Z", "received_at": "2026-11-21T08:00:00.001Z",
            "redactions": 2, "source": "json_upload",
        })),
        GetProblems,
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
    let id = record_id::in_path("log_id", &id)?;
    let path = processed_log::path(&tenant, &id);
    let log = whole(&*gateway.store, &path).await?;
    Ok(HttpResponse::Ok().json(stored::render(tenant.as_str(), "log_id", log)))
}

/// The log with its texts. They are read from the parts only if they do not fit into the log's own
/// document.
async fn whole(store: &dyn DocumentStore, path: &DocumentPath) -> Result<Document, Problem> {
    let mut log = stored::get(store, path, NOT_FOUND).await?;
    if !processed_log::is_complete(&log) {
        let detail = "Some parts of the log are still being processed.";
        return Err(Problem::new(ProblemCode::InProgress, detail));
    }
    if processed_log::is_in_parts(&log) {
        let mut joined = JoinedText::of_any_length();
        stored::for_each_part(store, path, |part| joined.add(part)).await?;
        log.fields.extend(joined.fields());
    }
    Ok(log)
}
