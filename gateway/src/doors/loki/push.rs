//! The handler of `POST /loki/api/v1/push`.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};

use super::{json, protobuf};
use crate::doors::own_form::{refusal, refusal_of};
use crate::doors::shipment::{Origin, Taken};
use crate::doors::sources::LOKI;
use crate::extractors::body;
use crate::extractors::log_batch::Naming;
use crate::problem::{FieldError, Problem, ProblemCode};
use crate::state::Gateway;

const TEXT: &str = "text/plain; charset=utf-8";

/// Takes the entries of streams. To Loki, the same line of a stream at the same time is the same
/// entry, so the same push again is the same push.
pub(crate) async fn post(
    request: HttpRequest,
    payload: web::Payload,
    gateway: Data<Gateway>,
) -> HttpResponse {
    match take(&request, payload, &gateway).await {
        Ok(taken) if taken.refused.is_empty() => HttpResponse::NoContent().finish(),
        Ok(taken) => some_refused(&taken),
        Err(problem) => {
            refusal(&problem).content_type(TEXT).body(format!("{}\n", problem.detail()))
        }
    }
}

async fn take(
    request: &HttpRequest,
    payload: web::Payload,
    gateway: &Gateway,
) -> Result<Taken, Problem> {
    let limit = gateway.settings.max_logs_bytes();
    let body = body::read_except(request, payload.into_inner(), limit, 0, "snappy").await?;
    let origin = Origin::of(request, LOKI, &["X-Tenant-ID", "X-Scope-OrgID"])?;
    let origin = origin.naming(Naming::by_content(request)?);
    let read = match media_type(request).as_slice() {
        b"application/json" => json::read,
        // Like Loki: its own clients name no type, or this one.
        b"application/x-protobuf" | b"" => {
            body::make_room(request, protobuf::plain_bytes(&body, limit)?).await?;
            protobuf::read
        }
        _ => {
            let detail = "The Content-Type must be application/json or application/x-protobuf.";
            return Err(Problem::new(ProblemCode::UnsupportedMediaType, detail));
        }
    };
    let (taken, ()) = origin.take(request, gateway, body, read).await?;
    Ok(taken)
}

fn media_type(request: &HttpRequest) -> Vec<u8> {
    let name = request.headers().get(CONTENT_TYPE).map(|value| value.as_bytes());
    let name = name.unwrap_or_default().split(|byte| *byte == b';').next().unwrap_or_default();
    name.trim_ascii().to_ascii_lowercase()
}

/// Loki's answer when it has refused some entries: 400, after which no client sends again, and the
/// others are stored.
fn some_refused(taken: &Taken) -> HttpResponse {
    let Taken { refused, count, .. } = taken;
    let first = refused.first();
    let reason = first.map(|FieldError { index, field, reason, .. }| {
        format!("entry {}: {field} {reason}", index.unwrap_or_default())
    });
    let text = format!(
        "{} of {count} entries were refused, the others are durable. {}\n",
        refused.len(),
        reason.unwrap_or_default()
    );
    refusal_of(ProblemCode::InvalidEntries).content_type(TEXT).body(text)
}
