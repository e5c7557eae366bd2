//! The tags of a campaign: in the payload, or in the query of the page's address.

use actix_web::web::Query;
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization as _;

/// The tags, in the order in which they are preferred; names in lower case.
pub(super) struct Tags(Vec<(String, String)>);

impl Tags {
    /// Those of the payload, of a query without its question mark, and of the payload's address.
    pub(super) fn of(payload: &Map<String, Value>, query: &str) -> Self {
        let url = payload.get("url").and_then(Value::as_str).map_or("", query_of);
        let said = payload.iter().filter(|(name, _)| is_tag(name));
        let said = said.filter_map(|(name, value)| Some((name.clone(), text(value)?)));
        let in_queries = [query, url].into_iter().flat_map(parameters);
        let named = |(name, value): (String, String)| (name.to_ascii_lowercase(), value);
        Self(said.chain(in_queries).map(named).collect())
    }

    /// The first value of the tag that says something, in NFC.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let values = self.0.iter().filter(|(given, _)| given == name);
        let mut values = values.map(|(_, value)| value.trim().nfc().collect::<String>());
        values.find(|value| !value.is_empty())
    }
}

/// The parameters, decoded, in their order.
fn parameters(query: &str) -> Vec<(String, String)> {
    let pairs = Query::<Vec<(String, String)>>::from_query(query);
    pairs.map(Query::into_inner).unwrap_or_default()
}

/// Whether a name is one of a tag, so that no other part of a payload is copied.
fn is_tag(name: &str) -> bool {
    let begins = |tag: &str| name.get(..tag.len()).is_some_and(|it| it.eq_ignore_ascii_case(tag));
    begins("utm_") || name.eq_ignore_ascii_case("ref")
}

/// A tag may be a number, such as a year.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The query of an address, without its question mark.
fn query_of(url: &str) -> &str {
    let url = url.split('#').next().unwrap_or_default();
    url.split_once('?').map_or("", |(_, query)| query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_that_says_something_counts() {
        let of = |query: &str| Tags::of(&Map::new(), query);
        let tags = of("a=&a=+&A=%C3%BC%20b&a=c&b&%=1&=2");
        assert_eq!(tags.get("a").as_deref(), Some("ü b"));
        assert_eq!(tags.get("b"), None);
        assert_eq!(of("utm_source=%ff").get("utm_source").as_deref(), Some("\u{fffd}"));
    }
}
