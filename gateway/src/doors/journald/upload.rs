//! The handler of `POST /upload`.
//!
//! One request may carry a whole journal. So the entries are published as they arrive, some at a
//! time, and the answer follows the last one. If one cannot be published, the answer is an error
//! and the client sends again from where it was: entries that are durable by then have their cursor
//! as their id, and are stored once.

use std::time::Duration;

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use actix_web::web::{self, Data};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use futures::StreamExt as _;
use tokio::time::{Instant, timeout};

use super::export;
use crate::doors::own_form::refusal;
use crate::doors::shipment::Origin;
use crate::doors::sources::JOURNAL;
use crate::extractors::body::{self, WAIT_FOR_ROOM};
use crate::extractors::buffer::Buffer;
use crate::problem::{Problem, ProblemCode};
use crate::state::Gateway;

const TEXT: &str = "text/plain; charset=utf-8";
/// Entries are published when this many bytes of them have arrived.
const AT_ONCE_BYTES: usize = 512 << 10;
/// How long a client that is refused may go on sending.
const MAX_SPILL_TIME: Duration = Duration::from_secs(5);
/// About the shortest entry of a journal: more entries than a request may have do not fit in
/// [`AT_ONCE_BYTES`].
const _: () = assert!(AT_ONCE_BYTES / crate::doors::shipment::MAX_TEXTS >= 40);

/// Takes the entries of a journal.
pub(crate) async fn post(
    request: HttpRequest,
    mut payload: web::Payload,
    gateway: Data<Gateway>,
) -> HttpResponse {
    match take(&request, &mut payload, &gateway).await {
        Ok(()) => HttpResponse::Accepted().content_type(TEXT).body("OK.\n"),
        Err(problem) => {
            // A client that is still sending must be able to read the refusal. One that asks first
            // is not sending.
            if !request.head().expect() {
                drop(timeout(MAX_SPILL_TIME, spill(payload)).await);
            }
            refusal(&problem).content_type(TEXT).body(format!("{}\n", problem.detail()))
        }
    }
}

async fn take(
    request: &HttpRequest,
    payload: &mut web::Payload,
    gateway: &Gateway,
) -> Result<(), Problem> {
    check(request)?;
    let origin = Origin::of(request, JOURNAL, &["X-Tenant-ID"])?;
    let mut arriving = Arriving::new(gateway);
    while let Some(chunk) = arriving.next(payload).await? {
        arriving.push(&chunk).await?;
        if arriving.is_full() {
            let whole = arriving.whole(gateway).await?;
            publish(request, gateway, &origin, whole).await?;
        }
    }
    publish(request, gateway, &origin, arriving.body.bytes).await
}

/// Throws away what still arrives, up to a bound.
async fn spill(mut payload: web::Payload) {
    let mut spilt = 0;
    while let Some(Ok(chunk)) = payload.next().await {
        spilt += chunk.len();
        if spilt > body::SPILL_BYTES {
            return;
        }
    }
}

async fn publish(
    request: &HttpRequest,
    gateway: &Gateway,
    origin: &Origin,
    entries: Vec<u8>,
) -> Result<(), Problem> {
    if entries.is_empty() {
        return Ok(());
    }
    // The room of the earlier entries is free again.
    request.extensions_mut().insert(gateway.bodies.share());
    body::make_room(request, entries.len()).await?;
    origin.clone().take(request, gateway, entries, export::read).await.map(drop)
}

fn check(request: &HttpRequest) -> Result<(), Problem> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    if header(CONTENT_TYPE) != Some("application/vnd.fdo.journal") {
        let detail = "The Content-Type must be application/vnd.fdo.journal.";
        return Err(Problem::new(ProblemCode::UnsupportedMediaType, detail));
    }
    if header(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        let detail = "A journal that is compressed is not supported: leave out Compression=.";
        return Err(Problem::new(ProblemCode::UnsupportedEncoding, detail));
    }
    Ok(())
}

/// The bytes that have arrived and are not published yet.
struct Arriving {
    body: Buffer,
    /// How many bytes must be there before it is worth looking for complete entries.
    look_at: usize,
    /// How many bytes have arrived in total.
    received: usize,
    /// How long we waited for them.
    waited: Duration,
}

impl Arriving {
    fn new(gateway: &Gateway) -> Self {
        let body = Buffer::new(gateway.bodies.share(), gateway.settings.max_logs_bytes());
        Self { body, look_at: AT_ONCE_BYTES, received: 0, waited: Duration::ZERO }
    }

    /// The next bytes; `None` at the end. They must arrive as fast as those of any body.
    async fn next(&mut self, payload: &mut web::Payload) -> Result<Option<web::Bytes>, Problem> {
        let left = body::time_for(self.received).saturating_sub(self.waited);
        let began = Instant::now();
        let chunk = timeout(left.min(body::IDLE), payload.next()).await;
        self.waited += began.elapsed();
        let chunk = chunk.map_err(|_| body::slow())?.transpose();
        let chunk = chunk.map_err(|_| {
            Problem::new(ProblemCode::InvalidBody, "The body ended early or is malformed.")
        })?;
        self.received += chunk.as_ref().map_or(0, web::Bytes::len);
        Ok(chunk)
    }

    async fn push(&mut self, chunk: &[u8]) -> Result<(), Problem> {
        if !self.body.fits(chunk.len()) {
            let detail = format!("An entry must be at most {} bytes long.", self.body.limit);
            return Err(Problem::new(ProblemCode::TooLarge, detail));
        }
        Ok(self.body.wait_and_push(chunk, Instant::now() + WAIT_FOR_ROOM).await?)
    }

    fn is_full(&self) -> bool {
        self.body.bytes.len() >= self.look_at
    }

    /// Takes the complete entries. While no entry is complete, it looks again only after more bytes.
    async fn whole(&mut self, gateway: &Gateway) -> Result<Vec<u8>, Problem> {
        let whole = export::whole_bytes(&self.body.bytes);
        if whole == 0 {
            self.look_at = self.body.bytes.len() + AT_ONCE_BYTES;
            return Ok(Vec::new());
        }
        let fresh = Self::new(gateway);
        let Self { body, look_at, .. } = fresh;
        let old = std::mem::replace(&mut self.body, body);
        self.look_at = look_at;
        let mut entries = old.bytes;
        let rest = entries.split_off(whole);
        drop(old.share);
        self.push(&rest).await?;
        Ok(entries)
    }
}
