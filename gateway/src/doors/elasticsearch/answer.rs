//! What Elasticsearch's clients look at in an answer: the product's header, their own media type, and
//! the outcome of each item.

use actix_web::http::header::{ACCEPT, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use common::record::RecordId;
use serde::{Serialize, Serializer};
use serde_json::json;

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
    body: &impl Serialize,
) -> HttpResponse {
    let kind = media_type(request);
    answer.insert_header(("x-elastic-product", "Elasticsearch"));
    answer.insert_header((CONTENT_TYPE, kind)).json(body)
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
#[derive(Serialize)]
pub(super) struct Answer {
    took: u64,
    errors: bool,
    items: Vec<Outcome>,
}

impl Answer {
    pub(super) fn of(taken: &Taken, items: Vec<Item>) -> Self {
        let mut refused = taken.refused.iter().peekable();
        let outcome = |(index, item)| {
            let error = refused.next_if(|error| error.index == Some(index));
            Outcome::of(item, error, &taken.batch, index)
        };
        let items = items.into_iter().enumerate().map(outcome).collect();
        Self { took: 0, errors: !taken.refused.is_empty(), items }
    }
}

/// What became of an action: an object whose only name is the action.
struct Outcome {
    action: &'static str,
    about: About,
}

#[derive(Serialize)]
struct About {
    #[serde(rename = "_index")]
    index: String,
    #[serde(rename = "_id")]
    id: Option<String>,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Cause>,
    #[serde(flatten)]
    created: Option<Created>,
}

#[derive(Serialize)]
struct Cause {
    r#type: &'static str,
    reason: String,
}

/// What Elasticsearch says about a document that it has added.
#[derive(Serialize)]
struct Created {
    #[serde(rename = "_version")]
    version: u64,
    result: &'static str,
    #[serde(rename = "_shards")]
    shards: Shards,
    #[serde(rename = "_seq_no")]
    number: u64,
    #[serde(rename = "_primary_term")]
    term: u64,
}

#[derive(Serialize)]
struct Shards {
    total: u64,
    successful: u64,
    failed: u64,
}

const CREATED: Created = Created {
    version: 1,
    result: "created",
    shards: Shards { total: 1, successful: 1, failed: 0 },
    number: 0,
    term: 1,
};

impl Outcome {
    /// Elasticsearch has 400 for whatever is wrong with a document. Logstash sends an item with any
    /// other status again, so it would never be done with a text that is too long.
    fn of(item: Item, error: Option<&FieldError>, batch: &RecordId, place: usize) -> Self {
        let Item { action, index, id } = item;
        let about = match error {
            Some(error) => {
                let error = Some(Cause::of(error));
                About { index, id, status: 400, error, created: None }
            }
            None => {
                let id = id.unwrap_or_else(|| RecordId::in_batch(batch, place).to_string());
                About { index, id: Some(id), status: 201, error: None, created: Some(CREATED) }
            }
        };
        Self { action, about }
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map([(self.action, &self.about)])
    }
}

impl Cause {
    fn of(FieldError { code, field, reason, .. }: &FieldError) -> Self {
        Self { r#type: kind(*code), reason: format!("{field} {reason}") }
    }
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
