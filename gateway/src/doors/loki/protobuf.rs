//! A push as Protocol Buffers, compressed as one block of Snappy. The numbers of fields are those of
//! Loki's `push.proto`.

use snap::raw::{Decoder, decompress_len};

use super::line::{Line, add};
use crate::doors::shipment::Shipment;
use crate::doors::wire::{Fields, Malformed, Wire, messages};
use crate::problem::{FieldError, Problem, ProblemCode};

/// How many bytes the block says that it has after decompression, at most `limit`.
pub(super) fn plain_bytes(body: &[u8], limit: usize) -> Result<usize, Problem> {
    match decompress_len(body).map_err(not_snappy)? {
        length if length > limit => Err(Problem::new(
            ProblemCode::TooLarge,
            format!("The body must be at most {limit} bytes after decompression."),
        )),
        length => Ok(length),
    }
}

/// Reads `PushRequest`. The caller has checked how long it is.
pub(super) fn read(body: &[u8], shipment: &mut Shipment) -> Result<(), Problem> {
    let plain = Decoder::new().decompress_vec(body).map_err(not_snappy)?;
    for stream in messages(&plain, 1) {
        for entry in messages(stream.map_err(malformed)?, 2) {
            add(shipment, line(entry.map_err(malformed)?))?;
        }
    }
    Ok(())
}

fn not_snappy(error: snap::Error) -> Problem {
    let detail = format!("The body is not a block of Snappy: {error}.");
    Problem::new(ProblemCode::InvalidEncoding, detail)
}

fn malformed(error: Malformed) -> Problem {
    Problem::new(ProblemCode::InvalidBody, format!("The body {error}."))
}

/// `EntryAdapter`.
fn line(message: &[u8]) -> Result<Line, FieldError> {
    let wrong = |reason| FieldError::new(ProblemCode::InvalidBody, "entry", reason);
    let mut line = Line::default();
    for field in Fields(message) {
        match field.map_err(|Malformed| wrong("cannot be decoded"))? {
            (1, Wire::Bytes(time)) => line.time = nanoseconds(time).unwrap_or_default(),
            (2, Wire::Bytes(text)) => {
                let text = std::str::from_utf8(text).map_err(|_| wrong("is not UTF-8"))?;
                line.text = text.to_owned();
            }
            _ => {}
        }
    }
    Ok(line)
}

/// `Timestamp`, as nanoseconds since 1970.
fn nanoseconds(message: &[u8]) -> Option<String> {
    let (mut seconds, mut nanoseconds) = (0, 0);
    for field in Fields(message) {
        match field.ok()? {
            (1, Wire::Varint(number)) => seconds = number,
            (2, Wire::Varint(number)) => nanoseconds = number,
            _ => {}
        }
    }
    let whole = seconds.checked_mul(1_000_000_000)?.checked_add(nanoseconds)?;
    Some(whole.to_string())
}
