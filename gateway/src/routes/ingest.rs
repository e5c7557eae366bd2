//! `POST /ingest`: one text log, as JSON or as plain text. Here the two meet: what is published
//! is the same, but for `source`.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use chrono::Utc;
use common::hash;
use common::metrics::ACCEPTED;
use common::record::{Kind, Part, Record, RecordId};
use common::tenant::TenantId;
use common::text::segment::segment;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ON_PUBLISH, Status};
use crate::app::Gateway;
use crate::extractors::json::Object;
use crate::extractors::tenant::TenantNames;
use crate::extractors::{body, json, record_id, tenant, traceparent};
use crate::openapi::bodies::TextLog;
use crate::openapi::problems::problems;
use crate::openapi::{forms, parameters};
use crate::problem::{Code, Extensions, FieldError, Problem};
use crate::publish::publish;

/// Texts beyond this many bytes are cut and hashed away from the async threads.
const LARGE_BYTES: usize = 64 << 10;

/// A text log that is durable.
#[derive(Serialize, ToSchema)]
struct TextAccepted<'a> {
    status: Status,
    #[schema(value_type = forms::TenantId)]
    tenant_id: &'a str,
    #[schema(value_type = forms::RecordId)]
    log_id: &'a str,
    /// How many messages the text became.
    #[schema(minimum = 1)]
    parts: usize,
}

problems! {
    /// What can go wrong here.
    Problems:
        body::PROBLEMS, json::PROBLEMS, tenant::PROBLEMS, record_id::PROBLEMS, ON_PUBLISH,
        [Code::EmptyText, Code::InvalidUtf8, Code::MissingTenant];
}

/// Takes a text log
///
/// of at most 4 MiB, decompressed (`MAX_INGEST_BYTES`). A text of more than 4,000 characters is
/// cut into parts, worked on at the same time. Header, query and body have to agree on the tenant,
/// and one of them has to name it. The same id with another text is taken, too, and found in
/// quarantine as a conflict: the first one stays.
#[utoipa::path(
    post, path = "/ingest", tag = "texts", operation_id = "postText",
    params(parameters::Tenant, parameters::LogId, parameters::Upload),
    request_body(content(
        (TextLog = "application/json", example = json!({
            "tenant_id": "acme", "log_id": "order-7",
            "text": "Card 4111 1111 1111 1111 refused for ann@example.com",
        })),
        (forms::LogText = "text/plain", example = json!("kernel: eth0 up, 192.0.2.10")),
    )),
    responses(
        (status = 202, description = "The text is durable.", body = TextAccepted<'static>,
            links(("result" = (operation_id = "getText", description = "What became of it.",
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
    request: HttpRequest,
    payload: Payload,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let body = body::read(&request, payload, gateway.settings.max_ingest_bytes).await?;
    let upload = Upload::read(&request, body)?;
    let (tenant, id) = (upload.tenant.clone(), upload.id.clone());
    let source = upload.source;
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

/// One text with its names, whichever way it came.
struct Upload {
    tenant: TenantId,
    id: RecordId,
    source: &'static str,
    traceparent: Option<String>,
    text: String,
}

impl Upload {
    fn read(request: &HttpRequest, body: Vec<u8>) -> Result<Self, Problem> {
        match body::media_type(request)?.as_str() {
            "application/json" => Self::from_json(request, &body),
            "text/plain" => Self::from_text(request, body),
            other => {
                let detail = format!("{other:?} is neither application/json nor text/plain.");
                Err(Problem::new(Code::UnsupportedMediaType, detail))
            }
        }
    }

    fn from_json(request: &HttpRequest, body: &[u8]) -> Result<Self, Problem> {
        let mut body = Object::parse(body)?;
        let [tenant, id] = ["tenant_id", "log_id"].map(|name| body.string(name));
        let text = body.required_string("text").unwrap_or_default();
        let names = (tenant.as_deref(), id.as_deref());
        Self::checked(request, names, "json_upload", text, body.errors)
    }

    fn from_text(request: &HttpRequest, body: Vec<u8>) -> Result<Self, Problem> {
        let text = String::from_utf8(body).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            Problem::new(Code::InvalidUtf8, format!("The byte at offset {at} is not UTF-8."))
        })?;
        Self::checked(request, (None, None), "text_upload", text, Vec::new())
    }

    /// Finds all that is wrong before it says so.
    fn checked(
        request: &HttpRequest,
        (tenant, id): (Option<&str>, Option<&str>),
        source: &'static str,
        text: String,
        mut errors: Vec<FieldError>,
    ) -> Result<Self, Problem> {
        if text.is_empty() {
            errors.push(FieldError::new(Code::EmptyText, "text", "must not be empty"));
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
    async fn into_records(self) -> Result<Vec<Record>, Problem> {
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

/// A 503 names the record, so that the client can try again with the same one.
fn named(problem: Problem, tenant: &TenantId, id: &RecordId) -> Problem {
    let (tenant_id, log_id) = (Some(tenant.to_string()), Some(id.to_string()));
    problem.with(Extensions { tenant_id, log_id, ..Extensions::default() })
}
