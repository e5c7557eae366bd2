//! Errors in the form of a client's protocol.

use actix_web::{HttpResponse, HttpResponseBuilder};

use crate::problem::{Problem, ProblemCode};

/// Marks an error that is already in its protocol's form. The edge leaves it as it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnForm(pub(crate) ProblemCode);

/// An answer with the status and the headers of the problem, to be completed in the protocol's form.
pub(super) fn refusal(problem: &Problem) -> HttpResponseBuilder {
    let mut answer = refusal_of(problem.code());
    for header in problem.headers() {
        answer.insert_header(header.clone());
    }
    answer
}

/// An answer with the status of the code, to be completed in the protocol's form.
pub(super) fn refusal_of(code: ProblemCode) -> HttpResponseBuilder {
    let mut answer = HttpResponse::build(code.status());
    answer.extensions_mut().insert(OwnForm(code));
    answer
}
