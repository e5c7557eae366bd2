//! The parameter `filter`: the value that events must have.

use actix_web::HttpRequest;
use common::filtered::Filter;
use common::page::{PageRules, counted_path};

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

/// The filter; a page as it is counted by these rules, so that `/a/` finds what is `/a`.
pub(crate) fn counted(filter: Filter, rules: PageRules) -> Filter {
    let Filter::Path(page) = filter else { return filter };
    let (place, query) = page.split_at(page.find('?').unwrap_or(page.len()));
    match counted_path(place).filter(|_| place.starts_with('/')) {
        Some(path) => Filter::Path(format!("{}{query}", rules.row(&path))),
        None => Filter::Path(page),
    }
}

/// The filter, which must be there.
pub(crate) fn required(request: &HttpRequest) -> Result<Filter, Problem> {
    filter(request)?.ok_or_else(|| invalid("filter", "is required, such as source:Google"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_found_as_it_is_counted() {
        let keeping = PageRules { keep_slash: true, ..PageRules::default() };
        for (asked, rules, expected) in [
            ("/a/", PageRules::default(), "/a"),
            ("/a/", keeping, "/a/"),
            ("/caf%C3%A9/./b", PageRules::default(), "/café/b"),
            ("/a/?id=7", PageRules::default(), "/a?id=7"),
            ("/unsubscribe/[REDACTED]", PageRules::default(), "/unsubscribe/[REDACTED]"),
            ("signup", PageRules::default(), "signup"),
            ("", PageRules::default(), ""),
        ] {
            let filter = counted(Filter::Path(asked.to_owned()), rules);
            assert_eq!(filter, Filter::Path(expected.to_owned()), "{asked}");
        }
        let source = Filter::parse("source:/a/").expect("a filter");
        assert_eq!(counted(source.clone(), keeping), source);
    }
}
