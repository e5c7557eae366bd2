//! A large answer on its way to a client that may be slow.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;

use crate::room::{NoRoom, Room, Share};

/// Answers up to this size need no room.
const SMALL_BYTES: usize = 64 << 10;
/// How much is handed to the connection at once.
const CHUNK_BYTES: usize = 64 << 10;
/// The time that a client may take for any answer.
const BASE_TIME: Duration = Duration::from_secs(10);
/// The bytes that a client must take in each second beyond that.
const LEAST_PER_SECOND: usize = 32 << 10;

/// The body of an answer. A large one takes room in `room` until the client has it.
pub(crate) fn sending(body: BoxBody, room: &Room) -> Result<BoxBody, NoRoom> {
    match body.try_into_bytes() {
        Ok(bytes) if bytes.len() > SMALL_BYTES => {
            let mut share = room.share();
            share.take(bytes.len().min(share.most_more()))?;
            Ok(BoxBody::new(Sending::new(bytes, share)))
        }
        Ok(bytes) => Ok(BoxBody::new(bytes)),
        Err(body) => Ok(body),
    }
}

/// What is left of an answer. The connection asks for more only when the client takes what it has got.
struct Sending {
    length: usize,
    rest: Bytes,
    began: Instant,
    _share: Share,
}

impl Sending {
    fn new(bytes: Bytes, share: Share) -> Self {
        Self { length: bytes.len(), rest: bytes, began: Instant::now(), _share: share }
    }

    fn is_late(&self) -> bool {
        let taken = (self.length - self.rest.len()) as f64;
        let may_take = Duration::from_secs_f64(taken / LEAST_PER_SECOND as f64);
        self.began.elapsed() > BASE_TIME + may_take
    }
}

impl MessageBody for Sending {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.length as u64)
    }

    /// Ends the connection of a client that takes the answer too slowly.
    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, io::Error>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        if self.is_late() {
            return Poll::Ready(Some(Err(io::ErrorKind::TimedOut.into())));
        }
        let next = self.rest.len().min(CHUNK_BYTES);
        Poll::Ready(Some(Ok(self.rest.split_to(next))))
    }
}
