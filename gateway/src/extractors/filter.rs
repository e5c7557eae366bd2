//! The parameter `filter`: the value that events must have.

use actix_web::HttpRequest;
use common::filtered::Filter;

use super::query::{self, invalid};
use crate::problem::Problem;

/// The filter, if the client gave one.
pub(crate) fn filter(request: &HttpRequest) -> Result<Option<Filter>, Problem> {
    let Some(text) = query::parameter(request, "filter")? else { return Ok(None) };
    let filter = Filter::parse(&text);
    filter.map(Some).ok_or_else(|| {
        let reason = "must be a dimension or path, a colon and a value, such as source:Google";
        invalid("filter", reason)
    })
}

/// The filter, which must be there.
pub(crate) fn required(request: &HttpRequest) -> Result<Filter, Problem> {
    filter(request)?.ok_or_else(|| invalid("filter", "is required, such as source:Google"))
}
