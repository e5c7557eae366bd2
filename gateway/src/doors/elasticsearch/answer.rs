//! What Elasticsearch's clients look at in an answer: the product's header, their own media type, and
//! the outcome of each item.

use actix_web::http::header::{ACCEPT, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use common::record::RecordId;
use serde_json::{Value, json};

use super::actions::Item;
use crate::doors::own_form::refusal;
use crate::doors::shipment::Taken;
use crate::problem::{FieldError, Problem, ProblemCode};

/// The media type of newer clients, which name the version that they speak.
pub(crate) const VENDOR: &str = "application/vnd.elasticsearch+json";

/// Completes an answer.
pub(super) fn json(
    request: &HttpRequest,
    mut answer: HttpResponseBuilder,
    body: &Value,
) -> HttpResponse {
    let kind = media_type(request);
    answer.insert_header(("x-elastic-product", "Elasticsearch"));
    answer.insert_header((CONTENT_TYPE, kind)).body(body.to_string())
}

/// JSON, under the name that the client uses for it.
fn media_type(request: &HttpRequest) -> String {
    let accepts = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    let Some(accepts) = accepts.filter(|accepts| accepts.contains(VENDOR)) else {
        return "application/json".to_owned();
    };
    let version = accepts.split("compatible-with=").nth(1).unwrap_or_default();
    let version: String = version.chars().take(3).take_while(char::is_ascii_digit).collect();
    match version.as_str() {
        "" => VENDOR.to_owned(),
        version => format!("{VENDOR};compatible-with={version}"),
    }
}

/// The answer to a bulk request, with an outcome for each action.
pub(super) fn items(taken: &Taken, items: &[Item]) -> Value {
    let mut refused = taken.refused.iter().peekable();
    let outcome = |(index, item): (usize, &Item)| {
        let error = refused.next_if(|error| error.index == Some(index));
        let outcome = match error {
            Some(error) => failed(item, error),
            None => created(item, &taken.batch, index),
        };
        json!({ item.action: outcome })
    };
    let items: Vec<_> = items.iter().enumerate().map(outcome).collect();
    json!({"took": 0, "errors": !taken.refused.is_empty(), "items": items})
}

fn created(item: &Item, batch: &RecordId, index: usize) -> Value {
    let id = item.id.clone().unwrap_or_else(|| RecordId::in_batch(batch, index).to_string());
    json!({
        "_index": item.index, "_id": id, "_version": 1, "result": "created",
        "_shards": {"total": 1, "successful": 1, "failed": 0},
        "_seq_no": 0, "_primary_term": 1, "status": 201,
    })
}

/// Elasticsearch has 400 for whatever is wrong with a document. Logstash sends an item with any
/// other status again, so it would never be done with a text that is too long.
fn failed(item: &Item, error: &FieldError) -> Value {
    let FieldError { code, field, reason, .. } = error;
    json!({
        "_index": item.index, "_id": item.id, "status": 400,
        "error": {"type": kind(*code), "reason": format!("{field} {reason}")},
    })
}

/// Why nothing was taken.
pub(super) fn refused(request: &HttpRequest, problem: &Problem) -> HttpResponse {
    let (kind, reason) = (kind(problem.code()), problem.detail());
    let cause = json!({"type": kind, "reason": reason});
    let status = problem.code().status().as_u16();
    let error = json!({"root_cause": [cause], "type": kind, "reason": reason});
    json(request, refusal(problem), &json!({"error": error, "status": status}))
}

/// Elasticsearch's name for such an error.
fn kind(code: ProblemCode) -> &'static str {
    match code {
        ProblemCode::RateLimited => "es_rejected_execution_exception",
        ProblemCode::Unavailable => "unavailable_shards_exception",
        ProblemCode::Internal => "exception",
        ProblemCode::InvalidBody | ProblemCode::UnsupportedMediaType => {
            "illegal_argument_exception"
        }
        ProblemCode::TooLarge => "content_too_long_exception",
        _ => "document_parsing_exception",
    }
}
