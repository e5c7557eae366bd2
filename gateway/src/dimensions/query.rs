//! The parameters of a page's address.

use actix_web::web::Query;

/// The parameters, decoded, in their order.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Those of a query without its question mark.
    pub(super) fn of(query: &str) -> Self {
        let pairs = Query::<Vec<(String, String)>>::from_query(query);
        Self(pairs.map(Query::into_inner).unwrap_or_default())
    }

    /// The first value of the parameter that says something.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let values =
            self.0.iter().filter(|(given, _)| given == name).map(|(_, value)| value.trim());
        values.into_iter().find(|value| !value.is_empty()).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_that_says_something_counts() {
        let parameters = Parameters::of("a=&a=+&a=%C3%BC%20b&a=c&b&%=1&=2");
        assert_eq!(parameters.get("a").as_deref(), Some("ü b"));
        assert_eq!(parameters.get("b"), None);
        assert_eq!(Parameters::of("utm_source=%ff").get("utm_source").as_deref(), Some("\u{fffd}"));
    }
}
