//! What a request says about the client: its user agent, its language, its country if a proxy or
//! the platform adds it, and its address, which is kept nowhere.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderName, ORIGIN, REFERER, USER_AGENT};
use common::host::{authority_of, scheme_of};

use super::browser;
use crate::settings::GatewaySettings;

/// A browser, as it is counted. Of another client, only the address is known, and the page that shows
/// an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) user_agent: Option<String>,
    /// The preferred language without its country, such as `de`.
    pub(crate) language: Option<String>,
    /// Two capital letters.
    pub(crate) country: Option<String>,
    /// The site of the page.
    pub(crate) origin: Option<String>,
    /// Where the request comes from. It is only used to exclude addresses that a site names.
    pub(crate) address: Option<IpAddr>,
}

/// The browser that sent the request; only the address and the page if no browser is known to.
pub(super) fn of_browser(request: &HttpRequest, settings: &GatewaySettings) -> Client {
    let address = browser::address_of(request, settings.trusted_hops);
    let client = match browser::of(request, settings.trusted_hops) {
        Some(_) => of(request, &settings.country_headers.0),
        None => Client::default(),
    };
    let origin = client.origin.or_else(|| shows_image(request));
    Client { address, origin, ..client }
}

/// The site of the page that shows an image. A browser that asks for one sends no `Origin`.
fn shows_image(request: &HttpRequest) -> Option<String> {
    let page = request.headers().get(REFERER).filter(|_| request.method() == Method::GET)?;
    let page = page.to_str().ok()?;
    Some(format!("{}://{}", scheme_of(page)?, authority_of(page)?))
}

/// What the headers say. `country_headers` names those that have the country.
fn of(request: &HttpRequest, country_headers: &[HeaderName]) -> Client {
    let header = |name: &HeaderName| {
        request.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()))
    };
    let country = || country_headers.iter().find_map(|name| country(&header(name)?));
    Client {
        user_agent: header(&USER_AGENT).map(|name| name.trim().to_owned()),
        language: header(&ACCEPT_LANGUAGE).and_then(|ranges| language(&ranges)),
        country: country(),
        origin: header(&ORIGIN).map(|origin| origin.into_owned()),
        address: None,
    }
}

/// The primary language of the range with the highest weight that names one; the first of several.
fn language(ranges: &str) -> Option<String> {
    let weighed = ranges.split(',').filter_map(|range| {
        let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
        Some((primary_language(tag.trim())?, weight(parameters)))
            .filter(|(_, weight)| *weight > 0.0)
    });
    // The last one of equals wins a comparison.
    let preferred = weighed.rev().max_by(|(_, one), (_, other)| one.total_cmp(other));
    preferred.map(|(name, _)| name)
}

/// The language of a tag such as `de-AT`, without its country: `de`.
pub(super) fn primary_language(tag: &str) -> Option<String> {
    let primary = tag.split(['-', '_']).next().filter(|name| is_language(name))?;
    Some(primary.to_ascii_lowercase())
}

fn is_language(name: &str) -> bool {
    matches!(name.len(), 2 | 3) && name.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// `q=0.8`; 1 if it is left out, or is no number.
fn weight(parameters: &str) -> f64 {
    let named = parameters.split(';').filter_map(|one| one.trim().split_once('='));
    let weights = named.filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    weights.filter_map(|(_, value)| value.trim().parse().ok()).next().unwrap_or(1.0)
}

/// The country, if the header has one: alone, or first of what a load balancer adds, such as
/// `AT,Vienna`. Platforms write `XX`, `ZZ` and `T1` where they do not know it.
pub(super) fn country(value: &str) -> Option<String> {
    let code = value.split([',', ';', ':']).next().unwrap_or_default().trim();
    let is_code = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic());
    let code = code.to_ascii_uppercase();
    (is_code && !["XX", "ZZ"].contains(&code.as_str())).then_some(code)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_language_is_the_primary_one_that_is_preferred() {
        for (ranges, expected) in [
            ("de-AT,de;q=0.9,en;q=0.8", Some("de")),
            ("EN_us", Some("en")),
            ("*, fil;q=0.5", Some("fil")),
            ("*", None),
            ("", None),
            ("englisch, 12", None),
            ("en;q=0.1,fr;q=0.9", Some("fr")),
            ("de;q=0, fr", Some("fr")),
            ("fr-CA;q=0.5, en;Q=0.7", Some("en")),
            ("de, en;q=x", Some("de")),
        ] {
            assert_eq!(language(ranges).as_deref(), expected, "{ranges}");
        }
    }

    #[test]
    fn the_page_that_shows_an_image_is_the_sites() {
        let of = |request: TestRequest| {
            let request = request.insert_header(("referer", "https://shop.example/a?b"));
            shows_image(&request.to_http_request())
        };
        assert_eq!(of(TestRequest::get()).as_deref(), Some("https://shop.example"));
        assert_eq!(of(TestRequest::post()), None, "the Origin says it, if a page is there");
        assert_eq!(shows_image(&TestRequest::get().to_http_request()), None);
    }

    #[test]
    fn a_country_is_two_letters_that_mean_one() {
        for (value, expected) in [
            ("AT", Some("AT")),
            ("at", Some("AT")),
            ("US,California,Los Angeles", Some("US")),
            (" DE ", Some("DE")),
            ("XX", None),
            ("ZZ", None),
            ("T1", None),
            ("Austria", None),
            ("", None),
        ] {
            assert_eq!(country(value).as_deref(), expected, "{value}");
        }
    }
}
