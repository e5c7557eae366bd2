//! The body of a request: bounded in size and in time, decompressed, of a known media type.

use std::io::ErrorKind;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap};
use actix_web::web::{self, Bytes, Data};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use futures::future::LocalBoxFuture;
use futures::{FutureExt as _, StreamExt as _};
use tokio::time::{Instant, timeout_at};

use super::buffer::Buffer;
use super::compression::{self, Coding};
use crate::problem::{Problem, ProblemCode};
use crate::room::{SMALL_BYTES, Share};
use crate::state::Gateway;

/// The longest pause between two chunks of a body.
pub(crate) const IDLE: Duration = Duration::from_secs(5);
/// The time that any body may take.
const BASE_TIME: Duration = Duration::from_secs(10);
/// The bytes that must arrive in each second beyond that: a large body over a slow line gets the
/// time that it needs, up to `MAX_BODY_SECONDS`, but a trickle does not.
const LEAST_PER_SECOND: usize = 32 << 10;
/// How long a body waits until other bodies leave room in memory for it.
pub(crate) const WAIT_FOR_ROOM: Duration = Duration::from_secs(5);
/// The most bytes that the HTTP library keeps for a connection whose request is not complete.
const CONNECTION_BYTES: usize = 160 << 10;
/// The bytes beyond the limit that are read and thrown away, so that a client that is still
/// sending can read the refusal.
pub(crate) const SPILL_BYTES: usize = 16 << 20;

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

    /// Refuses a body by the type in its headers, before it is sent. `Ok` if its content must
    /// decide.
    fn check_type(request: &HttpRequest) -> Result<(), Problem>;

    /// Reads the body and checks it. The problem that is returned has everything that is wrong with
    /// the request.
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
            let read = async {
                if request.head().expect() {
                    T::check_type(&request)?;
                }
                T::read(&request, payload, gateway).await.map(Self)
            };
            read.await.map_err(|problem| problem.accepting(T::MEDIA_TYPES, compression::ACCEPTED))
        }
        .boxed_local()
    }
}

/// Reads the whole body, of at most `limit` bytes before and after decompression. The body, and the
/// data made from it, have room in memory until the request is answered.
pub(crate) async fn read(
    request: &HttpRequest,
    payload: Payload,
    limit: usize,
    item_bytes: usize,
) -> Result<Vec<u8>, Problem> {
    read_except(request, payload, limit, item_bytes, "identity").await
}

/// The same, but a body in the content coding `own` is left as it is, because its reader decodes
/// it.
pub(crate) async fn read_except(
    request: &HttpRequest,
    payload: Payload,
    limit: usize,
    item_bytes: usize,
    own: &str,
) -> Result<Vec<u8>, Problem> {
    let gateway = request
        .app_data::<Data<Gateway>>()
        .ok_or_else(|| Problem::internal("the application has no state"))?;
    let length = declared_length(request.headers());
    if request.head().expect() {
        check_head(request.headers(), length, limit, own)?;
    }
    let is_small = length.is_some_and(|length| length <= SMALL_BYTES);
    let share = if is_small { gateway.bodies.small_share() } else { gateway.bodies.share() };
    let longest = Duration::from_secs(gateway.settings.max_body_seconds.into());
    let body = Buffer::new(share, limit);
    let mut receiving = Receiving { body, buffers: buffers(length), spilt: 0 };
    receiving.receive(payload, longest).await?;
    let mut body = receiving.body;
    if let Some(coding) = coding(request.headers(), own)? {
        body = decompress(gateway, coding, body).await?;
    }
    keep(request, body, item_bytes).await
}

/// Refuses a body by its head. A client that waits for permission to send it can read the refusal.
fn check_head(
    headers: &HeaderMap,
    length: Option<usize>,
    limit: usize,
    own: &str,
) -> Result<(), Problem> {
    coding(headers, own)?;
    match length {
        Some(length) if length > limit => Err(too_large(limit)),
        _ => Ok(()),
    }
}

/// Decompresses a body that was read, and whose headers do not say how it is compressed.
pub(crate) async fn unpack(
    request: &HttpRequest,
    coding: Coding,
    packed: Vec<u8>,
    limit: usize,
    item_bytes: usize,
) -> Result<Vec<u8>, Problem> {
    let gateway = request
        .app_data::<Data<Gateway>>()
        .ok_or_else(|| Problem::internal("the application has no state"))?;
    let packed = Buffer { bytes: packed, share: gateway.bodies.small_share(), limit };
    keep(request, decompress(gateway, coding, packed).await?, item_bytes).await
}

/// Keeps room for the body, and for the data made from it, until the request is answered.
async fn keep(request: &HttpRequest, body: Buffer, item_bytes: usize) -> Result<Vec<u8>, Problem> {
    let Buffer { bytes, mut share, .. } = body;
    let work = work_bytes(&bytes, item_bytes).min(share.most_more());
    share.wait_for(work, Instant::now() + WAIT_FOR_ROOM).await?;
    request.extensions_mut().insert(share);
    Ok(bytes)
}

/// Makes room for `bytes` more, for a reader that finds out only later how much it needs.
pub(crate) async fn make_room(request: &HttpRequest, bytes: usize) -> Result<(), Problem> {
    let share = request.extensions_mut().remove::<Share>();
    let mut share = share.ok_or_else(|| Problem::internal("the body has no share of the room"))?;
    let more = bytes.min(share.most_more());
    share.wait_for(more, Instant::now() + WAIT_FOR_ROOM).await?;
    request.extensions_mut().insert(share);
    Ok(())
}

/// About how many more bytes of memory it takes to make messages from a body: as many as it has,
/// and this many for each of its items.
fn work_bytes(body: &[u8], item_bytes: usize) -> usize {
    let count = |wanted: u8| body.iter().filter(|byte| **byte == wanted).count();
    let items = if item_bytes == 0 { 0 } else { count(b'\n').max(count(b'{')) };
    body.len() + items * item_bytes
}

/// A body that is being received.
struct Receiving {
    body: Buffer,
    /// The bytes beyond the limit.
    spilt: usize,
    /// What the connection may hold in addition, until room is found for it.
    buffers: usize,
}

impl Receiving {
    async fn receive(&mut self, mut payload: Payload, longest: Duration) -> Result<(), Problem> {
        let began = Instant::now();
        loop {
            let end = began + time_for(self.body.bytes.len() + self.spilt).min(longest);
            let Some(chunk) = self.chunk(&mut payload, end).await? else { break };
            if self.spilt == 0 && self.body.fits(chunk.len()) {
                self.body.wait_and_push(&chunk, Instant::now() + WAIT_FOR_ROOM).await?;
            } else {
                self.spilt += chunk.len();
            }
            if self.spilt > SPILL_BYTES {
                break;
            }
        }
        if self.spilt > 0 { Err(too_large(self.body.limit)) } else { Ok(()) }
    }

    /// The next chunk; `None` at the end. A client that makes the server wait needs room for the
    /// connection's buffers too.
    async fn chunk(
        &mut self,
        payload: &mut Payload,
        end: Instant,
    ) -> Result<Option<Bytes>, Problem> {
        let chunk = match payload.next().now_or_never() {
            Some(chunk) => chunk,
            None => {
                self.body.share.take(std::mem::take(&mut self.buffers))?;
                let chunk = timeout_at(end.min(Instant::now() + IDLE), payload.next()).await;
                chunk.map_err(|_| slow())?
            }
        };
        chunk.transpose().map_err(|_| {
            Problem::new(ProblemCode::InvalidBody, "The body ended early or is malformed.")
        })
    }
}

/// How many bytes of a body that is not complete the connection may hold.
fn buffers(declared: Option<usize>) -> usize {
    declared.map_or(CONNECTION_BYTES, |length| length.min(CONNECTION_BYTES))
}

fn declared_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// How long a body may take when this many bytes have arrived.
pub(crate) fn time_for(bytes: usize) -> Duration {
    BASE_TIME + Duration::from_secs_f64(bytes as f64 / LEAST_PER_SECOND as f64)
}

/// How the body is compressed, if it is.
fn coding(headers: &HeaderMap, own: &str) -> Result<Option<Coding>, Problem> {
    let names: Vec<_> = headers.get_all(CONTENT_ENCODING).map(|name| name.as_bytes()).collect();
    let name = names.join(&b","[..]).to_ascii_lowercase();
    match name.trim_ascii() {
        b"" | b"identity" => Ok(None),
        name if name == own.as_bytes() => Ok(None),
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

/// Decompresses off the async threads, and stops at the limit, even if a bomb holds much more.
async fn decompress(gateway: &Gateway, coding: Coding, body: Buffer) -> Result<Buffer, Problem> {
    let turn = gateway.decompressing.acquire();
    let turn = timeout_at(Instant::now() + WAIT_FOR_ROOM, turn).await;
    let _turn = turn.map_err(|_| Problem::busy())?.map_err(Problem::internal)?;
    let limit = body.limit;
    let plain = Buffer::new(gateway.bodies.small_share(), limit);
    let plain = web::block(move || compression::decompress(coding, &body.bytes, plain)).await;
    let plain = plain.map_err(|_| Problem::busy())?.map_err(|error| match error.kind() {
        ErrorKind::OutOfMemory => Problem::busy(),
        _ => Problem::new(
            ProblemCode::InvalidEncoding,
            format!("The body is not valid {coding}: {error}."),
        ),
    })?;
    plain.ok_or_else(|| too_large(limit))
}

fn too_large(limit: usize) -> Problem {
    Problem::new(
        ProblemCode::TooLarge,
        format!("The body must be at most {limit} bytes after decompression."),
    )
}

pub(crate) fn slow() -> Problem {
    Problem::new(ProblemCode::SlowBody, "The body did not arrive in time.")
}
