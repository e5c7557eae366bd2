//! The body of a request: bounded in size and in time, decompressed, of a known media type.

use std::io::Read as _;
use std::time::Duration;

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use actix_web::web::{self, Payload};
use actix_web::{HttpMessage as _, HttpRequest};
use flate2::read::MultiGzDecoder;
use futures::StreamExt as _;
use tokio::time::{Instant, timeout_at};

use crate::problem::{Code, Problem};

/// Longest silence in the middle of a body.
const IDLE: Duration = Duration::from_secs(5);
/// Time that any body may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes that have to arrive in each second beyond it, so that a large body over a slow line has
/// its time, and a trickle has not.
const LEAST_PER_SECOND: usize = 32 << 10;
/// Bytes beyond the limit that are read and thrown away, so that a client which is still sending
/// can read the refusal.
const SPILL_BYTES: usize = 16 << 20;

/// What can be wrong with any body.
pub(crate) const PROBLEMS: [Code; 6] = [
    Code::InvalidBody,
    Code::InvalidEncoding,
    Code::SlowBody,
    Code::TooLarge,
    Code::UnsupportedEncoding,
    Code::UnsupportedMediaType,
];

/// Reads the whole body, of at most `limit` bytes before and after decompression.
pub(crate) async fn read(
    request: &HttpRequest,
    payload: Payload,
    limit: usize,
) -> Result<Vec<u8>, Problem> {
    let body = receive(payload, limit).await?;
    match encoding(request.headers())? {
        Encoding::Identity => Ok(body),
        Encoding::Gzip => gunzip(body, limit).await,
    }
}

/// The media type without parameters, in lower case: `text/plain`. Only UTF-8 is understood.
pub(crate) fn media_type(request: &HttpRequest) -> Result<String, Problem> {
    let unsupported = |detail: &str| Problem::new(Code::UnsupportedMediaType, detail);
    if request.headers().get_all(CONTENT_TYPE).nth(1).is_some() {
        return Err(unsupported("The request has more than one content type."));
    }
    let mime = request.mime_type().map_err(|_| unsupported("The content type cannot be read."))?;
    let mime = mime.ok_or_else(|| unsupported("The request has no content type."))?;
    let charset = mime.get_param("charset").map(|charset| charset.as_str().to_ascii_lowercase());
    match charset.as_deref() {
        None | Some("utf-8" | "utf8" | "us-ascii") => Ok(mime.essence_str().to_ascii_lowercase()),
        Some(_) => Err(unsupported("Only the charset utf-8 is understood.")),
    }
}

async fn receive(mut payload: Payload, limit: usize) -> Result<Vec<u8>, Problem> {
    let (mut body, mut spilt) = (Vec::new(), 0);
    let began = Instant::now();
    loop {
        let end = began + time_for(body.len() + spilt);
        let chunk = timeout_at(end.min(Instant::now() + IDLE), payload.next()).await;
        let Some(chunk) = chunk.map_err(|_| slow())? else {
            break;
        };
        let chunk = chunk.map_err(|_| {
            Problem::new(Code::InvalidBody, "The body ended too early, or its chunks are broken.")
        })?;
        if spilt == 0 && body.len() + chunk.len() <= limit {
            body.extend_from_slice(&chunk);
        } else {
            spilt += chunk.len();
        }
        if spilt > SPILL_BYTES {
            break;
        }
    }
    if spilt > 0 { Err(too_large(limit)) } else { Ok(body) }
}

/// How long a body may take of which so many bytes have arrived.
fn time_for(bytes: usize) -> Duration {
    PATIENCE + Duration::from_secs_f64(bytes as f64 / LEAST_PER_SECOND as f64)
}

enum Encoding {
    Identity,
    Gzip,
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, Problem> {
    let names: Vec<_> = headers.get_all(CONTENT_ENCODING).map(|name| name.as_bytes()).collect();
    match names.join(&b","[..]).to_ascii_lowercase().trim_ascii() {
        b"" | b"identity" => Ok(Encoding::Identity),
        b"gzip" | b"x-gzip" => Ok(Encoding::Gzip),
        _ => Err(Problem::new(Code::UnsupportedEncoding, "Only gzip is understood.")),
    }
}

/// Decompresses away from the async threads, and stops at `limit` whatever a bomb still holds.
async fn gunzip(body: Vec<u8>, limit: usize) -> Result<Vec<u8>, Problem> {
    let gunzip = move || {
        let mut text = Vec::new();
        let bounded = MultiGzDecoder::new(&body[..]).take(limit as u64 + 1).read_to_end(&mut text);
        bounded.map(|_| text)
    };
    let text = web::block(gunzip).await.map_err(|_| Problem::busy())?;
    let text = text.map_err(|error| {
        Problem::new(Code::InvalidEncoding, format!("The body is no gzip: {error}."))
    })?;
    if text.len() > limit { Err(too_large(limit)) } else { Ok(text) }
}

fn too_large(limit: usize) -> Problem {
    Problem::new(Code::TooLarge, format!("A body has at most {limit} bytes, decompressed."))
}

fn slow() -> Problem {
    Problem::new(Code::SlowBody, "The rest of the body did not arrive in time.")
}
