//! Finds the records of a protocol's JSON by its brackets, so that each is read on its own.

use crate::extractors::json::BYTE_ORDER_MARK;
use crate::extractors::json_items::{pieces, value};
use crate::extractors::surrogates;
use crate::problem::{Problem, ProblemCode};

/// A body in which lone surrogates are U+FFFD, without the blanks around it.
pub(super) fn repaired(body: &[u8]) -> Vec<u8> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    let mut body = body.trim_ascii().to_vec();
    surrogates::repair(&mut body);
    body
}

/// The items of the array `name` in an object; none if the object does not have it.
pub(super) fn array<'b>(object: &'b [u8], name: &str) -> Result<Vec<&'b [u8]>, Problem> {
    match member(object, name)? {
        None => Ok(Vec::new()),
        Some(array) if array.first() == Some(&b'[') => pieces(array).ok_or_else(broken),
        Some(_) => Err(Problem::new(ProblemCode::WrongType, format!("{name} must be an array."))),
    }
}

/// The value of a member of an object, unless it is missing or null.
pub(super) fn member<'b>(object: &'b [u8], name: &str) -> Result<Option<&'b [u8]>, Problem> {
    let members = pieces(object).filter(|_| object.first() == Some(&b'{')).ok_or_else(broken)?;
    Ok(members.into_iter().find_map(|member| value(member, name)))
}

fn broken() -> Problem {
    Problem::new(ProblemCode::InvalidJson, "The body is not JSON, or an object is missing in it.")
}
