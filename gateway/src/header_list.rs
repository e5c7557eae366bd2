//! A list of headers in a setting.

use std::str::FromStr;

use actix_web::http::header::{HeaderName, InvalidHeaderName};

/// The headers of a comma-separated list, which may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderList(pub(crate) Vec<HeaderName>);

impl FromStr for HeaderList {
    type Err = InvalidHeaderName;

    fn from_str(text: &str) -> Result<Self, InvalidHeaderName> {
        let names = text.split(',').map(str::trim).filter(|_| !text.trim().is_empty());
        names.map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_headers_in_their_order() {
        let names = |text: &str| {
            let list: HeaderList = text.parse().ok()?;
            Some(list.0.iter().map(|name| name.as_str().to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(names(""), Some(vec![]));
        let both = vec!["cf-ipcountry".to_owned(), "x-country".to_owned()];
        assert_eq!(names("CF-IPCountry, X-Country"), Some(both));
        assert_eq!(names("X-Country,"), None);
        assert_eq!(names("X Country"), None);
    }
}
