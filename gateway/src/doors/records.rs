//! `POST /records`: whatever a shipper posts, without saying what its lines are.

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::json_record;
use super::shipment::{Origin, Read, Shipment, Shipped, Taken};
use super::sources::RECORDS;
use crate::extractors::json::{BYTE_ORDER_MARK, Object};
use crate::extractors::json_items::{Items, of_stream, of_value};
use crate::extractors::media::{Media, is_json_lines};
use crate::extractors::said_text::NAMES;
use crate::extractors::{body, compression, surrogates};
use crate::formats::text_of;
use crate::problem::{FieldError, Problem, ProblemCode};
use crate::state::Gateway;

/// The media types, as `Accept-Post` lists them.
const MEDIA_TYPES: &str = "application/json, application/x-ndjson, text/plain";
/// The same, as a refusal names them.
const SUPPORTED: &str = "application/json, application/x-ndjson or text/plain";
/// The name of the array in an object around it.
const ENVELOPE: &str = "logs";
/// Azure's name of it.
const AZURE: &str = "records";
/// The most errors in an answer.
const MAX_ERRORS: usize = 20;

/// Records that are durable.
#[derive(Serialize)]
struct Accepted {
    status: &'static str,
    batch_id: String,
    /// How many of them are texts.
    texts: usize,
    /// How many are access-log entries.
    entries: usize,
    /// How many records are not valid.
    rejected: usize,
    errors: Vec<FieldError>,
}

/// Takes records. Access-log entries are counted, the others are texts.
pub(crate) async fn post(
    request: HttpRequest,
    payload: web::Payload,
    gateway: Data<Gateway>,
) -> Result<HttpResponse, Problem> {
    let taken = take(&request, payload, &gateway).await;
    let taken = taken.map_err(|problem| problem.accepting(MEDIA_TYPES, compression::ACCEPTED))?;
    let Taken { batch, texts, entries, refused, .. } = taken;
    let rejected = refused.len();
    let errors: Vec<_> = refused.into_iter().take(MAX_ERRORS).collect();
    if texts + entries == 0 {
        let detail = match rejected {
            1 => "Its only record is not valid.".to_owned(),
            count => format!("None of the {count} records is valid."),
        };
        return Err(Problem::new(ProblemCode::InvalidEntries, detail).because(errors));
    }
    let (status, batch_id) = ("accepted", batch.to_string());
    let accepted = Accepted { status, batch_id, texts, entries, rejected, errors };
    // Some clients, such as winston's transport, treat any other status as a failure.
    Ok(HttpResponse::Ok().json(accepted))
}

async fn take(
    request: &HttpRequest,
    payload: web::Payload,
    gateway: &Gateway,
) -> Result<Taken, Problem> {
    let limit = gateway.settings.max_logs_bytes();
    let body = body::read(request, payload.into_inner(), limit, 0).await?;
    let origin = Origin::of(request, RECORDS, &["X-Tenant-ID", "X-Customer-ID"])?;
    let (body, read): (Vec<u8>, Read) = match Media::of(request, body)? {
        Media::Json(json) => (json, read_json),
        Media::Other(name, lines) if is_json_lines(&name) => (lines, read_json),
        Media::Text(text) | Media::Unknown(text) => (text, read_lines),
        other => return Err(other.unsupported(SUPPORTED)),
    };
    let (taken, ()) = origin.take(request, gateway, body, read).await?;
    Ok(taken)
}

/// Reads an array, `{"logs":[…]}`, or values one after the other.
fn read_json(body: &[u8], shipment: &mut Shipment) -> Result<(), Problem> {
    let mut body = body.to_vec();
    surrogates::repair(&mut body);
    let is_object = |item: &&[u8]| item.first() == Some(&b'{');
    let of_azure = || of_value(&body, AZURE, &NAMES).filter(|it| it.items.iter().all(is_object));
    let Some(Items { items, beside }) = of_value(&body, ENVELOPE, &NAMES).or_else(of_azure) else {
        return of_stream(&body).try_for_each(|json| shipment.add(json_record::value(json)));
    };
    let mut around = beside.as_deref().map(Object::of).transpose()?;
    let tenant = around.as_mut().and_then(|around| around.name("tenant_id"));
    let tenant = tenant.map(|name| ("tenant_id", name));
    items.into_iter().try_for_each(|json| {
        let record = json_record::value(json);
        let within = |shipped: Shipped| Shipped {
            tenant: shipped.tenant.or_else(|| tenant.clone()),
            ..shipped
        };
        shipment.add(record.map(within))
    })
}

/// Reads lines; blank ones are left out, and a line may be an object.
fn read_lines(body: &[u8], shipment: &mut Shipment) -> Result<(), Problem> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    let lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    lines.filter(|line| !line.trim_ascii().is_empty()).try_for_each(|line| {
        let object = (line.first() == Some(&b'{')).then(|| json_record::object(line).ok());
        let text = || Shipped { text: text_of(line).into_owned(), ..Shipped::default() };
        shipment.add(Ok(object.flatten().unwrap_or_else(text)))
    })
}
