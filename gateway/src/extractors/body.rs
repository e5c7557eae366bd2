//! The body of a request: bounded in size and in time, decompressed, of a known media type.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_ENCODING, HeaderMap};
use actix_web::web::{self, Data};
use actix_web::{FromRequest, HttpRequest};
use futures::future::LocalBoxFuture;
use futures::{FutureExt as _, StreamExt as _};
use tokio::time::{Instant, timeout_at};

use super::compression::{self, Coding};
use crate::problem::{Problem, ProblemCode};
use crate::state::Gateway;

/// The longest pause between two chunks of a body.
const IDLE: Duration = Duration::from_secs(5);
/// The time that any body may take.
const BASE_TIME: Duration = Duration::from_secs(10);
/// The bytes that must arrive in each second beyond that: a large body over a slow line gets the
/// time that it needs, a trickle does not.
const LEAST_PER_SECOND: usize = 32 << 10;
/// The bytes beyond the limit that are read and thrown away, so that a client that is still
/// sending can read the refusal.
const SPILL_BYTES: usize = 16 << 20;

/// The problems that any body may have.
pub(crate) const CODES: [ProblemCode; 6] = [
    ProblemCode::InvalidBody,
    ProblemCode::InvalidEncoding,
    ProblemCode::SlowBody,
    ProblemCode::TooLarge,
    ProblemCode::UnsupportedEncoding,
    ProblemCode::UnsupportedMediaType,
];

/// What a request sends: its body, read and checked together with the headers and the query.
pub(crate) struct Body<T>(pub(crate) T);

/// Something that a request sends as its body.
pub(crate) trait FromBody: Sized + 'static {
    /// The media types that it may have, as `Accept-Post` lists them.
    const MEDIA_TYPES: &'static str;

    /// Reads the body and checks it. Every problem of the request is in the one that is returned.
    async fn read(
        request: &HttpRequest,
        payload: Payload,
        gateway: &Gateway,
    ) -> Result<Self, Problem>;
}

impl<T: FromBody> FromRequest for Body<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        async move {
            let gateway = request
                .app_data::<Data<Gateway>>()
                .ok_or_else(|| Problem::internal("the application has no state"))?;
            let read = T::read(&request, payload, gateway).await.map(Self);
            read.map_err(|problem| problem.accepting(T::MEDIA_TYPES, compression::ACCEPTED))
        }
        .boxed_local()
    }
}

/// Reads the whole body, of at most `limit` bytes before and after decompression.
pub(crate) async fn read(
    request: &HttpRequest,
    payload: Payload,
    limit: usize,
) -> Result<Vec<u8>, Problem> {
    let body = receive(payload, limit).await?;
    match coding(request.headers())? {
        None => Ok(body),
        Some(coding) => decompress(coding, body, limit).await,
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
            Problem::new(ProblemCode::InvalidBody, "The body ended early or is malformed.")
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

/// How long a body may take when this many bytes have arrived.
fn time_for(bytes: usize) -> Duration {
    BASE_TIME + Duration::from_secs_f64(bytes as f64 / LEAST_PER_SECOND as f64)
}

/// How the body is compressed, if it is.
fn coding(headers: &HeaderMap) -> Result<Option<Coding>, Problem> {
    let names: Vec<_> = headers.get_all(CONTENT_ENCODING).map(|name| name.as_bytes()).collect();
    let name = names.join(&b","[..]).to_ascii_lowercase();
    match name.trim_ascii() {
        b"" | b"identity" => Ok(None),
        name => Coding::named(name).map(Some).ok_or_else(|| {
            Problem::new(
                ProblemCode::UnsupportedEncoding,
                format!(
                    "The content encoding is not supported. Use one of {}.",
                    compression::ACCEPTED
                ),
            )
        }),
    }
}

/// Decompresses off the async threads, and stops at `limit`, however much more a bomb holds.
async fn decompress(coding: Coding, body: Vec<u8>, limit: usize) -> Result<Vec<u8>, Problem> {
    let plain = web::block(move || compression::decompress(coding, &body, limit)).await;
    let plain = plain.map_err(|_| Problem::busy())?.map_err(|error| {
        Problem::new(
            ProblemCode::InvalidEncoding,
            format!("The body is not valid {coding}: {error}."),
        )
    })?;
    plain.ok_or_else(|| too_large(limit))
}

fn too_large(limit: usize) -> Problem {
    Problem::new(
        ProblemCode::TooLarge,
        format!("The body must be at most {limit} bytes after decompression."),
    )
}

fn slow() -> Problem {
    Problem::new(ProblemCode::SlowBody, "The body did not arrive in time.")
}
