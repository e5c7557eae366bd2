//! Events of exports made by hand, in the forms of each version.

use std::fs;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::event_rows::{self, Form};
use super::item::Item;
use super::rows::Rows;

const UMAMI: &str = "website_id,session_id,visit_id,event_id,hostname,browser,os,device,screen,language,\
    country,region,city,url_path,url_query,utm_source,utm_medium,utm_campaign,utm_content,utm_term,\
    referrer_path,referrer_query,referrer_domain,page_title,gclid,fbclid,msclkid,ttclid,li_fat_id,twclid,\
    lcp,inp,cls,fcp,ttfb,event_type,event_name,tag,distinct_id,created_at,job_id\n";

/// Of versions 1 and 2.
const GOATCOUNTER_1: &str = "1Path,Title,Event,Bot,Session,FirstVisit,Referrer,Referrer scheme,Browser,\
    Screen size,Location,Date\n";
const GOATCOUNTER_2: &str = "2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,\
    Referrer scheme,Screen size,Location,FirstVisit,Date\n";

/// The events of a file, or what is wrong with its rows.
fn events(form: Form, bytes: &[u8]) -> Vec<Result<Option<Value>, String>> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("export.csv");
    fs::write(&path, bytes).expect("written");
    let items = event_rows::items(form, Rows::open(&path).expect("a file"), None);
    items.map(|item| event(item.expect("a row"))).collect()
}

fn event(item: Item) -> Result<Option<Value>, String> {
    match item {
        Item::Event(_, draft) => Ok(Some(draft.event("shop"))),
        Item::LeftOut => Ok(None),
        Item::Unreadable(place, why) => Err(format!("{place}: {why}")),
        Item::Beyond(_) => panic!("it has no sums"),
    }
}

/// A row of Umami's export with these fields, and what every row has.
fn umami(fields: &[(&str, &str)]) -> String {
    let common = [
        ("website_id", "w"),
        ("session_id", "s-1"),
        ("hostname", "www.shop.example"),
        ("browser", "chrome"),
        ("url_path", "/a"),
    ];
    let of = |name: &str| {
        let mut all = fields.iter().chain(&common);
        all.find(|(known, _)| *known == name).map_or("", |(_, value)| *value)
    };
    let row: Vec<&str> = UMAMI.trim_end().split(',').map(of).collect();
    row.join(",") + "\n"
}

#[test]
fn umamis_views_and_events_are_taken_and_measurements_are_left_out() {
    let at = ("created_at", "2026-09-21 10:00:00");
    let rows = [
        umami(&[
            ("event_id", "e-1"),
            ("event_type", "1"),
            ("url_query", "utm_source=n&x=1"),
            ("utm_source", "n"),
            ("referrer_domain", "google.com"),
            ("referrer_path", "/search"),
            ("page_title", "The page"),
            ("browser", "edge-chromium"),
            ("os", "Mac OS"),
            ("device", "laptop"),
            ("language", "de-AT"),
            ("country", "AT"),
            at,
        ]),
        umami(&[("event_id", "e-2"), ("event_type", "2"), ("event_name", "signup"), at]),
        umami(&[("event_id", "e-3"), ("event_type", "5"), ("lcp", "120"), at]),
        umami(&[("event_id", "e-4"), ("event_type", "1"), ("created_at", "soon")]),
        umami(&[("event_type", "1"), at]),
    ];
    let found = events(Form::Umami, format!("{UMAMI}{}", rows.concat()).as_bytes());
    let view = json!({
        "site_id": "shop", "event_id": "umami:e-1", "event_type": "page_view",
        "path": "/a?utm_source=n&x=1", "user_id": "s-1", "timestamp": "2026-09-21T10:00:00Z",
        "payload": {
            "host": "www.shop.example", "title": "The page", "utm_source": "n",
            "referrer": "https://google.com/search",
        },
        "dimensions": {
            "browser": "Edge", "os": "macOS", "device": "desktop", "language": "de",
            "country": "AT",
        },
    });
    let signup = json!({
        "site_id": "shop", "event_id": "umami:e-2", "event_type": "signup", "path": "/a",
        "user_id": "s-1", "timestamp": "2026-09-21T10:00:00Z",
        "payload": {"host": "www.shop.example", "referrer": ""}, "dimensions": {"browser": "Chrome"},
    });
    let wrong =
        ["line 5: created_at is \"soon\"", "line 6: event_id is \"\""].map(|it| Err(it.to_owned()));
    let [soon, nameless] = wrong;
    assert_eq!(found, [Ok(Some(view)), Ok(Some(signup)), Ok(None), soon, nameless]);
}

#[test]
fn goatcounters_rows_are_taken_in_both_versions() {
    let first = "/a,The page,false,0,s-1,true,duckduckgo.com,h,\
        Mozilla/5.0 (X11; Linux x86_64; rv:80.0) Gecko/20100101 Firefox/80.0,\"1920,1080,1\",DE,2025-05-01T10:00:00Z\n\
        signup,,true,0,s-1,false,,,\
        Mozilla/5.0 (X11; Linux x86_64; rv:80.0) Gecko/20100101 Firefox/80.0,,DE,2025-05-01T10:01:00Z\n\
        /b,,false,1,,false,Google,g,curl,,DE,2025-05-01T10:02:00Z\n";
    let second = "/a,The page,false,,Firefox 80,Ubuntu 20.04,s-1,0,duckduckgo.com,h,\"1920,1080,1\",DE-BY,true,2025-05-01T10:00:00Z\n\
        signup,,true,,Firefox,Linux,s-1,0,,,,DE,false,2025-05-01T10:01:00Z\n\
        /b,,false,,curl,,,1,Google,g,,DE,false,2025-05-01T10:02:00Z\n";
    let used = json!({"browser": "Firefox", "os": "Linux", "device": "desktop", "country": "DE"});
    let expected = [
        json!({
            "site_id": "shop", "event_type": "page_view", "path": "/a", "user_id": "s-1",
            "timestamp": "2025-05-01T10:00:00Z",
            "payload": {"title": "The page", "referrer": "https://duckduckgo.com"},
            "dimensions": used,
        }),
        json!({
            "site_id": "shop", "event_type": "signup", "user_id": "s-1",
            "timestamp": "2025-05-01T10:01:00Z", "payload": {"referrer": ""}, "dimensions": used,
        }),
        json!({
            "site_id": "shop", "event_type": "page_view", "path": "/b", "excluded": "bot",
            "timestamp": "2025-05-01T10:02:00Z", "payload": {"ref": "Google"},
            "dimensions": {"browser": "curl", "country": "DE"},
        }),
    ];
    for text in [format!("{GOATCOUNTER_1}{first}"), format!("{GOATCOUNTER_2}{second}")] {
        let found = events(Form::Goatcounter, text.as_bytes());
        let without_ids: Vec<Value> = found.into_iter().map(without_id).collect();
        assert_eq!(without_ids, expected, "{text}");
    }
}

fn without_id(event: Result<Option<Value>, String>) -> Value {
    let mut event = event.expect("an event").expect("a visitor's");
    event.as_object_mut().expect("an object").remove("event_id").expect("an id");
    event
}

/// The ids of a file's events.
fn ids(bytes: &[u8]) -> Vec<String> {
    let events = events(Form::Goatcounter, bytes).into_iter();
    let events = events.map(|event| event.expect("an event").expect("a visitor's"));
    events.map(|event| event["event_id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn equal_rows_are_several_events_and_the_same_ones_in_every_export() {
    let row = "/a,,false,0,s-1,true,,,Firefox,,DE,2025-05-01T10:00:00Z\n";
    let other = row.replace("/a", "/b");
    let whole = format!("{GOATCOUNTER_1}{row}{other}{row}");
    let ids_of_whole = ids(whole.as_bytes());
    let distinct: std::collections::BTreeSet<_> = ids_of_whole.iter().collect();
    assert_eq!(distinct.len(), 3);
    assert_eq!(
        ids(format!("{GOATCOUNTER_1}{other}{row}").as_bytes()),
        [ids_of_whole[1].clone(), ids_of_whole[0].clone()]
    );
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(whole.as_bytes()).expect("packed");
    assert_eq!(ids(&packed.finish().expect("packed")), ids_of_whole);
}
