//! The page of the API shows every error of every route, in what its commands print.

use std::collections::BTreeSet;
use std::fs;

use regex::Regex;
use serde_json::Value;

use super::repository;

/// The chapter of the errors that routes share, and the link to it.
const CHAPTER: &str = "## Errors";
const LINK: &str = "(#errors)";
/// The errors that it shows for all routes.
const SHARED: [&str; 13] = [
    "forbidden",
    "invalid-body",
    "invalid-encoding",
    "invalid-tenant",
    "method-not-allowed",
    "rate-limited",
    "slow-body",
    "tenant-mismatch",
    "too-large",
    "unauthorized",
    "unavailable",
    "unsupported-encoding",
    "unsupported-media-type",
];
/// What no command can show: a fault of the gateway.
const UNSHOWN: &str = "internal";

#[test]
fn the_page_of_the_api_shows_every_error_of_every_route() {
    let page = fs::read_to_string(repository("docs/API.md")).expect("docs/API.md");
    let shared = shown(section(&page, |heading| heading == CHAPTER));
    let missing: Vec<_> = SHARED.iter().filter(|code| !shared.contains(**code)).collect();
    assert!(missing.is_empty(), "{CHAPTER} does not show {missing:?}");
    for (method, path, tag, codes) in operations() {
        let of_route = section(&page, |heading| is_about(heading, &method, &path, &tag));
        assert!(of_route.contains(LINK), "{method} {path} does not lead to {CHAPTER}");
        let shown = shown(of_route);
        let is_missing = |code: &&String| {
            !shown.contains(code.as_str()) && !SHARED.contains(&code.as_str()) && *code != UNSHOWN
        };
        let missing: Vec<_> = codes.iter().filter(is_missing).collect();
        assert!(missing.is_empty(), "{method} {path} does not show {missing:?}");
    }
}

/// The paths of other clients' protocols, by the chapter that shows an error of each.
const PROTOCOLS: [(&str, &[&str]); 2] = [
    (
        "## Log clients",
        &[
            "/v1/logs",
            "/loki/api/v1/push",
            "/elasticsearch/_bulk",
            "/services/collector",
            "/records",
            "/upload",
        ],
    ),
    (
        "## Other clients' protocols",
        &[
            "/api/event",
            "/api/send",
            "/v1/track",
            "/batch",
            "/matomo.php",
            "/com.snowplowanalytics.snowplow/tp2",
            "/count",
            "/api/v0/count",
            "/event -H 'Content-Type: application/cloudevents+json'",
        ],
    ),
];

#[test]
fn the_page_of_the_api_shows_an_error_of_every_protocol() {
    let page = fs::read_to_string(repository("docs/API.md")).expect("docs/API.md");
    for (chapter, paths) in PROTOCOLS {
        let section = section(&page, |heading| heading == chapter);
        for path in paths {
            let request = format!("localhost:8080{path} ");
            let is_shown =
                section.lines().any(|line| line.starts_with('$') && line.contains(&request));
            assert!(is_shown, "{chapter} shows no error of {path}");
        }
    }
}

/// The text under the first heading that `is_it`, up to the next of the same level.
fn section(page: &str, is_it: impl Fn(&str) -> bool) -> &str {
    let sections = page.split("\n## ").skip(1);
    let heading = |section: &str| format!("## {}", section.lines().next().unwrap_or_default());
    let mut found = sections.filter(|section| is_it(&heading(section)));
    found.next().expect("a section")
}

/// Whether the section under this heading is the route's. The doors for clients share one.
fn is_about(heading: &str, method: &str, path: &str, tag: &str) -> bool {
    if tag == "clients" {
        return heading == "## Log clients";
    }
    let rest = heading.strip_prefix(&format!("## {method} "));
    rest.is_some_and(|paths| paths.split(", ").any(|known| known == path))
}

/// The codes that the commands of a section print.
fn shown(section: &str) -> BTreeSet<&str> {
    let code = Regex::new(r#"(?m)^[^$\n].*"code":"([a-z0-9-]+)""#).expect("a pattern");
    code.captures_iter(section).map(|it| it.get(1).expect("a code").as_str()).collect()
}

/// Each operation of the OpenAPI document: its method, path, tag and codes.
fn operations() -> Vec<(String, String, String, BTreeSet<String>)> {
    let document = fs::read(repository("docs/openapi.json")).expect("docs/openapi.json");
    let document: Value = serde_json::from_slice(&document).expect("JSON");
    let example = Regex::new("#/components/examples/([a-z0-9-]+)").expect("a pattern");
    let paths = document["paths"].as_object().expect("paths").iter();
    let operations = paths.flat_map(|(path, item)| {
        let methods = item.as_object().expect("an item").iter();
        methods.map(|(method, operation)| {
            let answers = operation["responses"].to_string();
            let codes = example.captures_iter(&answers).map(|it| it[1].to_owned()).collect();
            let tag = operation["tags"][0].as_str().unwrap_or_default().to_owned();
            (method.to_uppercase(), path.clone(), tag, codes)
        })
    });
    operations.collect()
}
