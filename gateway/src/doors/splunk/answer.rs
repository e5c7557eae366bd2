//! The answers of the HTTP Event Collector, with its codes.

use actix_web::HttpResponse;
use serde_json::json;

use crate::doors::own_form::{refusal, refusal_of};
use crate::doors::shipment::Taken;
use crate::problem::{FieldError, Problem, ProblemCode};

/// The code of an event that is not valid, and its text.
fn of_event(error: &FieldError) -> (u8, &'static str) {
    match error.code {
        ProblemCode::MissingField => (12, "Event field is required"),
        ProblemCode::EmptyText => (13, "Event field cannot be blank"),
        _ => (6, "Invalid data format"),
    }
}

/// All valid events are durable. If there were invalid ones, the answer names the first.
pub(super) fn taken(taken: &Taken) -> HttpResponse {
    if taken.count == 0 {
        return refusal_of(ProblemCode::InvalidEntries).json(json!({"text": "No data", "code": 5}));
    }
    let Some(first) = taken.refused.first() else {
        return HttpResponse::Ok().json(json!({"text": "Success", "code": 0}));
    };
    let (code, text) = of_event(first);
    refusal_of(ProblemCode::InvalidEntries).json(json!({
        "text": text, "code": code, "invalid-event-number": first.index,
        "reason": format!("{} {}", first.field, first.reason),
    }))
}

/// Why nothing was taken.
pub(super) fn refused(problem: &Problem) -> HttpResponse {
    let (code, text) = match problem.code() {
        ProblemCode::Unavailable | ProblemCode::RateLimited => (9, "Server is busy"),
        ProblemCode::Internal => (8, "Internal server error"),
        ProblemCode::Forbidden | ProblemCode::InvalidTenant => (4, "Invalid token"),
        _ => (6, "Invalid data format"),
    };
    refusal(problem).json(json!({"text": text, "code": code, "reason": problem.detail()}))
}
