//! The body of `POST /ingest`: one text, as JSON or as plain text. Here the two formats meet: what
//! is published differs only in `source`.

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use chrono::Utc;
use common::hash;
use common::record::{Kind, Part, Record, RecordId};
use common::tenant::TenantId;
use common::text::segment::segment;

use super::body::FromBody;
use super::json::Object;
use super::media::Media;
use super::tenant::TenantNames;
use super::{body, record_id, traceparent};
use crate::problem::{FieldError, Problem, ProblemCode};
use crate::state::Gateway;

/// Texts of more bytes than this are cut and hashed off the async threads.
const LARGE_BYTES: usize = 64 << 10;

/// One text with its tenant and its id, whichever way it came.
pub(crate) struct TextUpload {
    pub(crate) tenant: TenantId,
    pub(crate) id: RecordId,
    /// The way it came: `json_upload` or `text_upload`.
    pub(crate) source: &'static str,
    traceparent: Option<String>,
    text: String,
}

impl FromBody for TextUpload {
    const MEDIA_TYPES: &str = "application/json, text/plain";

    async fn read(
        request: &HttpRequest,
        payload: Payload,
        gateway: &Gateway,
    ) -> Result<Self, Problem> {
        let body = body::read(request, payload, gateway.settings.max_ingest_bytes()).await?;
        match Media::of(request, body)? {
            Media::Json(json) => Self::from_json(request, json),
            Media::Text(text) | Media::Unknown(text) => Self::from_text(request, text),
            other => Err(other.unsupported("application/json or text/plain")),
        }
    }
}

impl TextUpload {
    fn from_json(request: &HttpRequest, body: Vec<u8>) -> Result<Self, Problem> {
        let mut body = Object::parse(body)?;
        let [tenant, id] = ["tenant_id", "log_id"].map(|name| body.name(name));
        let text = body.required_string("text").unwrap_or_default();
        let names = (tenant.as_deref(), id.as_deref());
        Self::checked(request, names, "json_upload", text, body.errors)
    }

    fn from_text(request: &HttpRequest, body: Vec<u8>) -> Result<Self, Problem> {
        let text = String::from_utf8(body).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let detail = format!("The body is not UTF-8: see byte {at}.");
            Problem::new(ProblemCode::InvalidUtf8, detail)
        })?;
        Self::checked(request, (None, None), "text_upload", text, Vec::new())
    }

    /// Collects all errors before it returns them.
    fn checked(
        request: &HttpRequest,
        (tenant, id): (Option<&str>, Option<&str>),
        source: &'static str,
        text: String,
        mut errors: Vec<FieldError>,
    ) -> Result<Self, Problem> {
        if text.is_empty() {
            errors.push(FieldError::new(ProblemCode::EmptyText, "text", "must not be empty"));
        }
        let names = TenantNames::of(request, &["X-Tenant-ID"])?.and("tenant_id", tenant);
        let tenant = names.one("tenant_id").map_err(|wrong| errors.extend(wrong));
        let id = record_id::one(request, Some("X-Log-ID"), "log_id", id);
        let id = id.map_err(|wrong| errors.extend(wrong));
        match (tenant, id) {
            (Ok(tenant), Ok(id)) if errors.is_empty() => {
                Ok(Self { tenant, id, source, traceparent: traceparent::of(request), text })
            }
            _ => Err(Problem::invalid(errors)),
        }
    }

    /// One record for each part of the text.
    pub(crate) async fn into_records(self) -> Result<Vec<Record>, Problem> {
        if self.text.len() <= LARGE_BYTES {
            return Ok(self.cut());
        }
        let cut = actix_web::web::block(move || self.cut()).await;
        cut.map_err(|_| Problem::busy())
    }

    fn cut(self) -> Vec<Record> {
        let (digest, received_at) = (hash::sha256(&self.text), Utc::now());
        let parts = segment(&self.text);
        let of = u32::try_from(parts.len()).unwrap_or(u32::MAX);
        let record = |(number, part): (u32, &str)| Record {
            kind: Kind::Text,
            tenant: self.tenant.clone(),
            id: self.id.clone(),
            digest: digest.clone(),
            source: self.source.to_owned(),
            received_at,
            part: Part { number, of },
            traceparent: self.traceparent.clone(),
            data: part.to_owned(),
        };
        (1..).zip(parts).map(record).collect()
    }
}
