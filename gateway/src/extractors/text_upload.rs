//! The body of `POST /ingest`: a text, or a batch of them. What is published differs only in
//! `source`.

use actix_web::HttpRequest;
use actix_web::dev::Payload;

use super::body::{self, FromBody};
use super::json::Object;
use super::json_items::{self, Items};
use super::media::{Media, is_json_lines};
use super::one_text::Text;
use super::query;
use super::said_text::NAMES;
use super::surrogates;
use super::text_batch::TextBatch;
use crate::problem::{Problem, ProblemCode};
use crate::state::Gateway;

/// The name of the array in an object around a batch.
const ENVELOPE: &str = "logs";
/// What the body must be, in words.
const SUPPORTED: &str = "application/json, application/x-ndjson or text/plain";
/// About how much memory a text of a batch takes besides its bytes, as a record and as a message.
const ITEM_BYTES: usize = 1_500;

/// A text, or several, each with its tenant and its id.
pub(crate) enum TextUpload {
    One(Text),
    Batch(TextBatch),
}

impl FromBody for TextUpload {
    const MEDIA_TYPES: &str = "application/json, application/x-ndjson, text/plain";

    fn check_type(request: &HttpRequest) -> Result<(), Problem> {
        Media::check(request, |name| name == "text/plain" || is_json_lines(name), SUPPORTED)
    }

    async fn read(
        request: &HttpRequest,
        payload: Payload,
        gateway: &Gateway,
    ) -> Result<Self, Problem> {
        // It is for batches, but a value other than true or false is always wrong.
        let is_strict = query::flag(request, "strict")?;
        let limit = gateway.settings.max_ingest_bytes();
        let body = body::read(request, payload, limit, ITEM_BYTES).await?;
        match Media::of(request, body)? {
            Media::Json(json) => from_json(request, json, Form { is_lines: false, is_strict }),
            Media::Other(name, lines) if is_json_lines(&name) => {
                from_json(request, lines, Form { is_lines: true, is_strict })
            }
            Media::Text(text) | Media::Unknown(text) => {
                Text::from_plain(request, text).map(Self::One)
            }
            other => Err(other.unsupported(SUPPORTED)),
        }
    }
}

/// How to read JSON.
struct Form {
    /// Whether its media type says that it is lines.
    is_lines: bool,
    /// Whether one invalid item refuses the batch.
    is_strict: bool,
}

/// Reads JSON. Without its media type, a batch of lines is recognized by how each of them begins.
fn from_json(
    request: &HttpRequest,
    mut body: Vec<u8>,
    Form { is_lines, is_strict }: Form,
) -> Result<TextUpload, Problem> {
    surrogates::repair(&mut body);
    let batch =
        |items: Items<'_>| TextBatch::read(request, items, is_strict).map(TextUpload::Batch);
    if let Some(items) = json_items::of_value(&body, ENVELOPE, &NAMES) {
        return batch(items);
    }
    if is_lines {
        return batch(json_items::of_lines(&body));
    }
    match Object::of_body(&body) {
        Ok(object) => Text::from_object(request, object).map(TextUpload::One),
        Err(problem) => {
            let lines = json_items::of_lines(&body);
            let is_batch =
                problem.code() == ProblemCode::InvalidJson && json_items::look_like_objects(&lines);
            if is_batch { batch(lines) } else { Err(problem) }
        }
    }
}
