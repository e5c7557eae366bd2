//! One text with its tenant and its id, however it came in, and the records that it becomes.

use actix_web::HttpRequest;
use chrono::Utc;
use common::hash;
use common::record::{Kind, Part, Record, RecordId};
use common::tenant::TenantId;
use common::text::segment::segment;

use super::json::Object;
use super::said_text::Said;
use super::tenant::TenantNames;
use super::{record_id, traceparent};
use crate::problem::{Problem, ProblemCode};

/// The ways in which a text comes in.
pub(crate) const SOURCES: [&str; 2] = ["json_upload", "text_upload"];
/// Texts with more bytes than this are cut and hashed off the async threads.
const LARGE_BYTES: usize = 64 << 10;

/// A text that may be published.
pub(crate) struct Text {
    pub(crate) tenant: TenantId,
    pub(crate) id: RecordId,
    /// How it came in: one of [`SOURCES`], or the protocol of a log client.
    pub(crate) source: &'static str,
    pub(crate) traceparent: Option<String>,
    pub(crate) text: String,
}

impl Text {
    /// The text of a JSON object.
    pub(super) fn from_object(request: &HttpRequest, object: Object) -> Result<Self, Problem> {
        Self::checked(request, SOURCES[0], Said::of(object))
    }

    /// The body as the text.
    pub(super) fn from_plain(request: &HttpRequest, body: Vec<u8>) -> Result<Self, Problem> {
        let text = String::from_utf8(body).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let detail = format!("The body is not UTF-8: see byte {at}.");
            Problem::new(ProblemCode::InvalidUtf8, detail)
        })?;
        Self::checked(request, SOURCES[1], Said::alone(text))
    }

    /// Collects all errors before it returns them.
    fn checked(request: &HttpRequest, source: &'static str, said: Said) -> Result<Self, Problem> {
        let Said { tenant, id, text, mut errors } = said;
        let names = TenantNames::of(request, &["X-Tenant-ID"])?.and("tenant_id", tenant.as_deref());
        let tenant = names.one("tenant_id").map_err(|wrong| errors.extend(wrong));
        let id = record_id::one(request, Some("X-Log-ID"), "log_id", id.as_deref());
        let id = id.map_err(|wrong| errors.extend(wrong));
        match (tenant, id) {
            (Ok(tenant), Ok(id)) if errors.is_empty() => {
                Ok(Self { tenant, id, source, traceparent: traceparent::of(request), text })
            }
            _ => Err(Problem::invalid(errors)),
        }
    }

    /// One record for each part.
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

/// The records of each text.
pub(crate) async fn records(texts: Vec<Text>) -> Result<Vec<Vec<Record>>, Problem> {
    let cut = |texts: Vec<Text>| texts.into_iter().map(Text::cut).collect();
    if texts.iter().map(|text| text.text.len()).sum::<usize>() <= LARGE_BYTES {
        return Ok(cut(texts));
    }
    actix_web::web::block(move || cut(texts)).await.map_err(|_| Problem::busy())
}
