//! The events before anything is changed, and the choice of what is.

use std::iter;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Map, Value, json};

use crate::draft::{Draft, Envelope, Packing, Request};
use crate::{bytes, fields, headers};

/// The tenants that a request may name.
pub(crate) const SITES: [&str; 3] = ["north", "south", "west"];
/// Of so many requests one is sent a second time.
const REPEATED: u64 = 20;
/// Of so many requests the last two share an id and differ in their content.
const PAIRED: u64 = 50;
/// How views are written.
pub(crate) const VIEWS: [&str; 6] =
    ["page_view", "pageview", "view", "PAGE_VIEW", "pageView", "View"];
const OTHERS: [&str; 6] = ["click", "signup", "Purchase", "scroll:90", "zahlung ✓", "views"];
const PATHS: [&str; 6] = ["/", "/pricing", "/docs/start?x=1#top", "/über/uns", "/a/../b", "/c/"];
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

/// The request with this number.
pub(crate) fn request(seed: u64, number: u64) -> Request {
    let (mut chance, place) = (chance(seed, number), number % PAIRED);
    if place >= PAIRED - 2 {
        return paired(seed, number, place);
    }
    if number % REPEATED == REPEATED - 1 {
        return request(seed, chance.random_range(0..number));
    }
    let mut draft = plain(&mut chance);
    for _ in 0..*[0, 1, 1, 1, 2, 2, 3].choose(&mut chance).expect("a number") {
        mutate(&mut draft, &mut chance);
    }
    draft.finish(&mut chance)
}

/// How many ids two of these requests share.
pub(crate) fn pairs(requests: u64) -> u64 {
    requests / PAIRED
}

/// One of two good events that differ in their payloads alone.
fn paired(seed: u64, number: u64, place: u64) -> Request {
    let mut chance = chance(seed, number - place);
    let id = format!("pair-{:016x}", chance.random::<u64>());
    let mut draft = site_event(&mut chance);
    draft.event.insert("event_id".to_owned(), id.into());
    draft.event.insert("payload".to_owned(), json!({"place": place}));
    draft.finish(&mut chance)
}

fn chance(seed: u64, number: u64) -> StdRng {
    StdRng::seed_from_u64(seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

fn plain(chance: &mut StdRng) -> Draft {
    if chance.random_ratio(4, 5) { site_event(chance) } else { interaction(chance) }
}

fn mutate(draft: &mut Draft, chance: &mut StdRng) {
    match chance.random_range(0..10) {
        0..5 => fields::mutate(draft, chance),
        5..9 => headers::mutate(draft, chance),
        _ => bytes::mutate(draft, chance),
    }
}

/// A good event of a site.
fn site_event(chance: &mut StdRng) -> Draft {
    let is_view = chance.random_ratio(2, 3);
    let types = if is_view { &VIEWS } else { &OTHERS };
    let mut event = object(json!({
        "site_id": SITES.choose(chance),
        "event_type": types.choose(chance),
        "path": PATHS.choose(chance),
        "timestamp": time(chance),
    }));
    let mut add = |name: &str, value: Value| drop(event.insert(name.to_owned(), value));
    if chance.random_bool(0.6) {
        add("event_id", format!("{:016x}", chance.random::<u64>()).into());
    }
    if chance.random_bool(0.6) {
        add("user_id", format!("user-{}", chance.random_range(0..500)).into());
    }
    if chance.random_bool(0.5) {
        add("payload", json!({"url": "https://shop.example/start", "title": "Übersicht", "n": 7}));
    }
    draft("/event", event, is_view, browser(chance))
}

/// A good interaction.
fn interaction(chance: &mut StdRng) -> Draft {
    let event_type = *["view", "View", "click", "location"].choose(chance).expect("a type");
    let payload = match event_type {
        "location" => json!({"latitude": chance.random_range(-90.0..90.0), "longitude": 16}),
        _ => json!({"url": PATHS.choose(chance), "title": "Start", "element_id": "buy"}),
    };
    let user = format!("user-{}", chance.random_range(0..500));
    let event = json!({"user_id": user, "event_type": event_type, "payload": payload});
    let is_view = event_type.eq_ignore_ascii_case("view");
    let mut draft = draft("/events", object(event), is_view, browser(chance));
    draft.header("x-tenant-id", *SITES.choose(chance).expect("a site"));
    if chance.random() {
        draft.header("idempotency-key", format!("{:016x}", chance.random::<u64>()));
    }
    draft
}

fn draft(
    path: &'static str,
    event: Map<String, Value>,
    is_view: bool,
    sender: Vec<(&'static str, Vec<u8>)>,
) -> Draft {
    let kind = ("content-type", b"application/json".to_vec());
    Draft {
        path,
        query: Vec::new(),
        headers: iter::once(kind).chain(sender).collect(),
        event,
        bytes: Vec::new(),
        envelope: Envelope::None,
        packing: Packing::None,
        is_view,
    }
}

/// The headers of a browser, or of a program.
fn browser(chance: &mut StdRng) -> Vec<(&'static str, Vec<u8>)> {
    let name = |name: &str| ("user-agent", name.as_bytes().to_vec());
    match chance.random_ratio(2, 3) {
        true => vec![name(FIREFOX), ("origin", b"https://shop.example".to_vec())],
        false => vec![name("shop/1.0")],
    }
}

fn time(chance: &mut StdRng) -> Value {
    let (day, second) = (chance.random_range(1..29), chance.random_range(0..60));
    json!(format!("2025-{:02}-{day:02}T10:00:{second:02}Z", chance.random_range(1..13)))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        other => panic!("{other} is no object"),
    }
}

#[test]
fn the_same_seed_makes_the_same_requests() {
    for number in 0..2_000 {
        assert_eq!(request(7, number), request(7, number), "{number}");
    }
    assert_ne!(request(7, 0), request(8, 0));
}
