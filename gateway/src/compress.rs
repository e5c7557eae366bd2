//! Large answers of reads, compressed for clients that take gzip.

use std::io::{self, Write as _};
use std::mem;

use actix_web::body::{BoxBody, MessageBody as _};
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_ENCODING, ContentEncoding, HeaderValue, VARY};
use actix_web::web::{self, Bytes};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::{Stream, TryStreamExt as _, stream};

use crate::assets::takes_gzip;

/// Smaller answers fit into one packet or two as they are.
const SMALL_BYTES: usize = 2 << 10;
/// Larger answers are compressed off the async threads.
const LARGE_BYTES: usize = 64 << 10;

/// The answer of a read, compressed if it is large and the client takes that.
pub(crate) async fn compressed(answer: ServiceResponse) -> ServiceResponse {
    let (request, answer) = answer.into_parts();
    let (mut head, body) = answer.into_parts();
    head.headers_mut().append(VARY, HeaderValue::from_static("accept-encoding"));
    let may_be = head.status() == StatusCode::OK
        && !head.headers().contains_key(CONTENT_ENCODING)
        && takes_gzip(&request);
    let body = match body.try_into_bytes() {
        Ok(plain) if may_be && plain.len() > SMALL_BYTES => match packed(plain.clone()).await {
            Ok(packed) => {
                let gzip = HeaderValue::from_static(ContentEncoding::Gzip.as_str());
                head.headers_mut().insert(CONTENT_ENCODING, gzip);
                BoxBody::new(packed)
            }
            Err(_) => BoxBody::new(plain),
        },
        Ok(plain) => BoxBody::new(plain),
        Err(stream) => stream,
    };
    ServiceResponse::new(request, head.set_body(body))
}

async fn packed(plain: Bytes) -> io::Result<Vec<u8>> {
    if plain.len() <= LARGE_BYTES {
        return gzip(&plain);
    }
    web::block(move || gzip(&plain)).await.map_err(io::Error::other)?
}

fn gzip(plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = encoder();
    encoder.write_all(plain)?;
    encoder.finish()
}

fn encoder() -> GzEncoder<Vec<u8>> {
    GzEncoder::new(Vec::new(), Compression::fast())
}

/// The pieces of an answer that is being written, compressed. Each goes out as soon as it is there.
pub(crate) fn gzipped(
    pieces: impl Stream<Item = io::Result<Bytes>> + 'static,
) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold(Some((Box::pin(pieces), encoder())), async |left| {
        let Some((mut pieces, mut encoder)) = left else { return Ok(None) };
        let Some(piece) = pieces.try_next().await? else {
            return Ok(Some((encoder.finish()?.into(), None)));
        };
        encoder.write_all(&piece)?;
        encoder.flush()?;
        let packed = mem::take(encoder.get_mut());
        Ok(Some((packed.into(), Some((pieces, encoder)))))
    })
}
