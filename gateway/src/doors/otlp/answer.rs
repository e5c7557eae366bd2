//! The answers of OTLP/HTTP, in the encoding of the request: `ExportLogsServiceResponse`, and
//! `google.rpc.Status` for errors.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde_json::json;

use crate::doors::own_form::refusal;
use crate::doors::shipment::Taken;
use crate::doors::wire::{write_bytes, write_number};
use crate::problem::{FieldError, Problem, ProblemCode};

/// The most errors that the message of a partial success has.
const MAX_ERRORS: usize = 5;

/// How the messages of a request and of its answer are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Json,
    Protobuf,
}

impl Encoding {
    fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Protobuf => "application/x-protobuf",
        }
    }

    /// All valid records are durable. The others are counted in a partial success.
    pub(super) fn taken(self, taken: &Taken) -> HttpResponse {
        let (rejected, message) = (taken.refused.len(), message(&taken.refused));
        let mut answer = HttpResponse::Ok();
        answer.content_type(self.media_type());
        match self {
            Self::Json if rejected == 0 => answer.json(json!({})),
            // In JSON, a number of 64 bits is a text.
            Self::Json => answer.json(json!({"partialSuccess": {
                "rejectedLogRecords": rejected.to_string(), "errorMessage": message,
            }})),
            Self::Protobuf => answer.body(partial_success(rejected, &message)),
        }
    }

    /// Why nothing was taken.
    pub(super) fn refused(self, problem: &Problem) -> HttpResponse {
        let mut answer: HttpResponseBuilder = refusal(problem);
        answer.content_type(self.media_type());
        let (code, message) = (grpc_code(problem.code()), problem.to_string());
        match self {
            Self::Json => answer.json(json!({"code": code, "message": message})),
            Self::Protobuf => {
                let mut status = Vec::new();
                write_number(&mut status, 1, code);
                write_bytes(&mut status, 2, message.as_bytes());
                answer.body(status)
            }
        }
    }
}

fn partial_success(rejected: usize, message: &str) -> Vec<u8> {
    let mut answer = Vec::new();
    if rejected > 0 {
        let mut partial = Vec::new();
        write_number(&mut partial, 1, rejected as u64);
        write_bytes(&mut partial, 2, message.as_bytes());
        write_bytes(&mut answer, 1, &partial);
    }
    answer
}

/// The first errors, with the places of their records.
fn message(refused: &[FieldError]) -> String {
    let shown = refused.iter().take(MAX_ERRORS).map(|error| {
        let FieldError { index, field, reason, .. } = error;
        format!("log record {}: {field} {reason}", index.unwrap_or_default())
    });
    shown.collect::<Vec<_>>().join("; ")
}

/// The code of gRPC that goes with a problem.
fn grpc_code(code: ProblemCode) -> u64 {
    match code.status() {
        StatusCode::UNAUTHORIZED => 16,
        StatusCode::FORBIDDEN => 7,
        StatusCode::REQUEST_TIMEOUT => 4,
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::TOO_MANY_REQUESTS => 8,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => 12,
        StatusCode::SERVICE_UNAVAILABLE => 14,
        status if status.is_client_error() => 3,
        _ => 13,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_that_may_pass_have_the_codes_that_exporters_retry() {
        assert_eq!(grpc_code(ProblemCode::Unavailable), 14);
        assert_eq!(grpc_code(ProblemCode::RateLimited), 8);
        assert_eq!(grpc_code(ProblemCode::InvalidJson), 3);
        assert_eq!(grpc_code(ProblemCode::Internal), 13);
    }
}
