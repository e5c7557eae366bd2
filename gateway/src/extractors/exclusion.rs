//! Visits that do not count: programs, pages that are loaded in advance, and the developer's own.

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use common::event::Exclusion;
use common::host::{authority_of, scheme_of};
use serde_json::Value;

use super::bots::is_bot;
use super::browser::Browser;
use super::json::Object;
use super::query;
use crate::problem::{Problem, ProblemCode};

/// The headers in which browsers say that they are loading a page in advance.
const IN_ADVANCE: [&str; 4] = ["sec-purpose", "purpose", "x-purpose", "x-moz"];

/// What an event says about being counted.
pub(super) struct Said {
    /// The tracker's reason not to count it.
    reason: Option<Exclusion>,
    /// The reasons that are allowed, in lower case.
    allowed: Vec<String>,
}

impl Said {
    /// Takes `excluded` and `allow`; the query may have `allow` too.
    pub(super) fn take(request: &HttpRequest, body: &mut Object) -> Result<Self, Problem> {
        let name = body.string("excluded").filter(|name| !name.trim().is_empty());
        let reason = name.as_deref().and_then(reason);
        if name.is_some() && reason.is_none() {
            let names = Exclusion::ALL.map(Exclusion::as_str).join(", ");
            body.wrong(ProblemCode::OutOfRange, "excluded", format!("must be one of {names}"));
        }
        let mut allowed = body.list("allow");
        allowed.extend(query::parameters(request, "allow")?);
        let allowed = allowed.iter().flat_map(|names| names.split([',', ' ']));
        Ok(Self { reason, allowed: allowed.map(str::to_ascii_lowercase).collect() })
    }

    /// Why an event that names no user is not counted. A client that is not a browser says itself
    /// which users its events are from. `origin` is the site of the page, as the browser names it.
    pub(super) fn why(
        &self,
        headers: &HeaderMap,
        browser: Option<&Browser>,
        origin: Option<&str>,
        places: &[&str],
    ) -> Option<Exclusion> {
        let seen = || {
            let browser = browser?;
            let reasons = [
                (Exclusion::File, places.iter().copied().chain(origin).any(is_file)),
                (Exclusion::Localhost, are_local(places, origin)),
                (Exclusion::Prefetch, is_in_advance(headers)),
                (Exclusion::Bot, is_bot(&browser.user_agent)),
            ];
            reasons.into_iter().find(|(reason, is_it)| *is_it && !self.allows(*reason))
        };
        self.reason.or_else(|| seen().map(|(reason, _)| reason))
    }

    fn allows(&self, reason: Exclusion) -> bool {
        self.allowed.iter().any(|name| self::reason(name) == Some(reason))
    }
}

/// The reason of this name, in any case. `frames` is `frame`.
fn reason(name: &str) -> Option<Exclusion> {
    let name = name.trim().to_ascii_lowercase();
    Exclusion::named(&name).or_else(|| Exclusion::named(name.strip_suffix('s')?))
}

/// Where an event says that it happened: its URLs and host names.
pub(super) fn places<'a>(path: Option<&'a str>, payload: Option<&'a Value>) -> Vec<&'a str> {
    let field = |name| payload.and_then(|payload| payload.get(name)).and_then(Value::as_str);
    path.into_iter().chain(["url", "host", "hostname"].into_iter().filter_map(field)).collect()
}

fn is_in_advance(headers: &HeaderMap) -> bool {
    let values = IN_ADVANCE.iter().flat_map(|name| headers.get_all(*name));
    let mut purposes = values.filter_map(|value| value.to_str().ok()).map(str::to_ascii_lowercase);
    purposes
        .any(|purpose| ["prefetch", "prerender", "preview"].iter().any(|it| purpose.contains(it)))
}

fn is_file(place: &str) -> bool {
    place.trim_start().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("file:"))
}

/// Whether the page is on the developer's own machine. An address of the page is preferred to what the
/// browser names, because an app may show its pages under a local name. A packaged app is
/// never local.
fn are_local(places: &[&str], origin: Option<&str>) -> bool {
    if places.iter().copied().chain(origin).any(is_app) {
        return false;
    }
    let has_address = places.iter().any(|place| authority_of(place).is_some());
    places.iter().copied().chain(origin.filter(|_| !has_address)).any(is_localhost)
}

/// Whether a page belongs to an app that is shipped with it: `capacitor://localhost`,
/// `http://tauri.localhost`.
fn is_app(place: &str) -> bool {
    let scheme = scheme_of(place).unwrap_or_default();
    let is_web = ["", "http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    let host = authority_of(place).unwrap_or_default().split(':').next().unwrap_or_default();
    host.eq_ignore_ascii_case(if is_web { "tauri.localhost" } else { "localhost" })
}

/// Whether a URL, an origin or a host name is that of the developer's own machine. A path has no
/// host.
fn is_localhost(place: &str) -> bool {
    let place = place.trim();
    if place.starts_with('/') && !place.starts_with("//") {
        return false;
    }
    let after_scheme = place.split_once("//").map_or(place, |(_, rest)| rest);
    let host = after_scheme.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host).to_ascii_lowercase();
    if ["[::1]", "[::ffff:127.", "[::ffff:7f"].iter().any(|begin| host.starts_with(begin)) {
        return true;
    }
    let name = host.split(':').next().unwrap_or_default().trim_end_matches('.');
    let is_loopback =
        |address: std::net::Ipv4Addr| address.is_loopback() || address.is_unspecified();
    matches!(name, "localhost" | "localhost.localdomain")
        || name.ends_with(".localhost")
        || name.parse().is_ok_and(is_loopback)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use serde_json::json;

    use super::super::browser;
    use super::*;

    const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

    /// Why an event with this body is excluded, sent with these headers from a shop's page.
    fn why(uri: &str, body: Value, headers: &[(&'static str, &str)]) -> Option<&'static str> {
        let request =
            TestRequest::with_uri(uri).peer_addr("192.0.2.1:5000".parse().expect("an address"));
        let defaults = [("user-agent", FIREFOX), ("origin", "https://shop.example")];
        let headers = defaults
            .iter()
            .chain(headers)
            .fold(request, |request, header| request.insert_header(*header));
        let request = headers.to_http_request();
        let mut object = Object::parse(body.to_string().into_bytes()).expect("an object");
        let said = Said::take(&request, &mut object).expect("a query");
        assert!(object.errors.is_empty(), "{body}");
        let places = places(body["path"].as_str(), body.get("payload"));
        let origin = request.headers().get("origin").and_then(|origin| origin.to_str().ok());
        said.why(request.headers(), browser::of(&request, 0).as_ref(), origin, &places)
            .map(Exclusion::as_str)
    }

    #[test]
    fn a_visit_of_a_person_is_counted() {
        for body in [
            json!({}),
            json!({"path": "/localhost"}),
            json!({"path": "/a/127.0.0.1"}),
            json!({"payload": {"url": "https://localhost.example/?x=http://localhost/"}}),
        ] {
            assert_eq!(why("/event", body.clone(), &[]), None, "{body}");
        }
        assert_eq!(why("/event", json!({}), &[("origin", "null")]), None);
        assert_eq!(why("/event", json!({}), &[("sec-purpose", "other")]), None);
    }

    #[test]
    fn the_developers_own_pages_are_not_visited() {
        for origin in [
            "http://localhost:3000",
            "http://LOCALHOST",
            "http://shop.localhost:8080",
            "http://localhost.localdomain",
            "http://[::ffff:127.0.0.1]:3000",
            "http://[::ffff:7f00:1]",
            "http://127.0.0.1:5500",
            "http://127.8.8.8",
            "http://[::1]:3000",
            "https://0.0.0.0",
        ] {
            assert_eq!(
                why("/event", json!({}), &[("origin", origin)]),
                Some("localhost"),
                "{origin}"
            );
        }
        for payload in [
            json!({"url": "http://localhost:3000/a"}),
            json!({"host": "localhost"}),
            json!({"hostname": "127.0.0.1:80"}),
            json!({"url": "//localhost/a"}),
        ] {
            assert_eq!(
                why("/event", json!({"payload": payload}), &[]),
                Some("localhost"),
                "{payload}"
            );
        }
        for body in [
            json!({"payload": {"url": "file:///home/ann/a.html"}}),
            json!({"path": "FILE:///C:/a"}),
        ] {
            assert_eq!(why("/event", body, &[("origin", "null")]), Some("file"));
        }
        assert_eq!(why("/event", json!({}), &[("origin", "file://")]), Some("file"));
    }

    #[test]
    fn an_app_under_a_local_name_is_visited() {
        for origin in [
            "capacitor://localhost",
            "ionic://localhost",
            "tauri://localhost",
            "https://tauri.localhost",
            "http://tauri.localhost",
        ] {
            assert_eq!(why("/event", json!({}), &[("origin", origin)]), None, "{origin}");
            let payload = json!({"url": format!("{origin}/a"), "hostname": "localhost"});
            let body = json!({"payload": payload});
            assert_eq!(why("/event", body, &[("origin", origin)]), None, "{origin}");
        }
        let android = [("origin", "https://localhost")];
        let at = |url: &str| json!({"payload": {"url": url}});
        assert_eq!(why("/event", at("https://shop.example/a"), &android), None);
        assert_eq!(why("/event", json!({"path": "https://shop.example/a"}), &android), None);
        for url in ["/a", "https://localhost/a", "http://a.tauri.localhost/"] {
            assert_eq!(why("/event", at(url), &android), Some("localhost"), "{url}");
        }
    }

    #[test]
    fn pages_in_advance_and_programs_are_not_visitors() {
        for header in
            [("sec-purpose", "prefetch;prerender"), ("purpose", "prefetch"), ("X-Moz", "Prefetch")]
        {
            assert_eq!(why("/event", json!({}), &[header]), Some("prefetch"), "{header:?}");
        }
        assert_eq!(why("/event", json!({}), &[("user-agent", "Twitterbot/1.0")]), Some("bot"));
    }

    #[test]
    fn a_test_may_allow_each_reason() {
        let local = [("origin", "http://localhost:3000")];
        for allow in
            [json!(["localhost", "frames"]), json!("frames,localhost"), json!(["Localhost"])]
        {
            assert_eq!(why("/event", json!({"allow": allow}), &local), None, "{allow}");
        }
        assert_eq!(why("/event?allow=localhost,frames", json!({}), &local), None);
        assert_eq!(why("/event?allow=frames", json!({"allow": 7}), &local), Some("localhost"));
        assert_eq!(why("/event?allow=bots", json!({}), &[("user-agent", "Twitterbot/1.0")]), None);
    }

    #[test]
    fn the_tracker_decides_for_itself() {
        for reason in Exclusion::ALL {
            let body = json!({"excluded": reason.as_str()});
            assert_eq!(why("/event", body, &[]), Some(reason.as_str()));
        }
    }
}
