//! Changes of an event's fields.

use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use serde_json::{Map, Value, json};

use crate::draft::{Draft, HALF_EMOJI, HUGE_NUMBER, OTHER_HALF};
use crate::events::VIEWS;

type Mutation = fn(&mut Draft, &mut StdRng);

const MUTATIONS: [Mutation; 14] = [
    drop_field,
    wrong_type,
    another_time,
    another_time,
    another_path,
    another_path,
    another_id,
    another_user,
    odd_text,
    long_text,
    more_fields,
    excluded,
    payload,
    another_spelling,
];

/// The fields that a change may touch.
const FIELDS: [&str; 7] =
    ["site_id", "event_type", "path", "user_id", "timestamp", "event_id", "payload"];
/// The fields that hold a text.
const TEXTS: [&str; 3] = ["path", "user_id", "url"];

pub(crate) fn mutate(draft: &mut Draft, chance: &mut StdRng) {
    MUTATIONS.choose(chance).expect("a mutation")(draft, chance);
}

fn set(draft: &mut Draft, name: &str, value: Value) {
    draft.event.insert(name.to_owned(), value);
}

fn drop_field(draft: &mut Draft, chance: &mut StdRng) {
    draft.event.remove(*FIELDS.choose(chance).expect("a field"));
}

fn wrong_type(draft: &mut Draft, chance: &mut StdRng) {
    let values = [
        json!(null),
        json!(true),
        json!([]),
        json!(["a", {"b": null}]),
        json!({"a": 1}),
        json!(-1.5),
        json!(HUGE_NUMBER),
    ];
    let value = values.choose(chance).expect("a value").clone();
    set(draft, FIELDS.choose(chance).expect("a field"), value);
}

/// Times as people write them, and texts that are not times.
fn another_time(draft: &mut Draft, chance: &mut StdRng) {
    let seconds: i64 = chance.random_range(1_735_689_600..1_767_225_600);
    let times = [
        json!(seconds),
        json!(seconds * 1_000),
        json!(seconds * 1_000_000),
        json!(seconds * 1_000_000_000),
        json!(seconds as f64 + 0.25),
        json!(seconds.to_string()),
        json!(format!("{seconds}.5")),
        json!("2025-05-01 10:00:00"),
        json!("2025-05-01T10:00:00,5+0200"),
        json!("2025-05-01T10:00:00-07"),
        json!("17/May/2025:10:05:03 +0000"),
        json!("Sat, 17 May 2025 10:05:03 GMT"),
        json!("2016-12-31T23:59:60Z"),
        json!("2000-01-01T00:00:00Z"),
        json!("1999-12-31T23:59:59Z"),
        json!("9999-12-31T23:59:59Z"),
        json!("2025-02-30T00:00:00Z"),
        json!("yesterday"),
        json!(""),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!(format!("2025-05-01T10:00:00.{}Z", "1".repeat(chance.random_range(1..40)))),
    ];
    set(draft, "timestamp", times.choose(chance).expect("a time").clone());
}

/// Paths and URLs, on the other route in the payload.
fn another_path(draft: &mut Draft, chance: &mut StdRng) {
    let paths = [
        "",
        " ",
        "a",
        "?",
        "#",
        "//shop.example/a",
        "///",
        "/%61/%2e%2e/%C3%A9/%ff%zz%",
        "/%E6%97%A5/./..//../b",
        "https://shop.example",
        "https://user:secret@shop.example:8443/a?token=1#b",
        "HTTPS://[2001:db8::1]/a",
        "http://localhost:3000/a",
        "http://127.0.0.1/a",
        "file:///home/ann/a.html",
        "about:blank",
        "javascript:alert(1)",
        "data:text/html,x",
        "\\\\server\\share",
        "/ann@example.com/4111111111111111",
        "/\u{0}\u{7f}\u{202e}\u{feff}",
        "/e\u{301}/é/\u{1F468}\u{200D}\u{1F469}",
        HALF_EMOJI,
    ];
    let path = *paths.choose(chance).expect("a path");
    if chance.random() {
        set(draft, "path", path.into());
    } else {
        set(draft, "payload", json!({"url": path, "host": "shop.example"}));
    }
}

/// Ids that no other request has, in forms that are and are not taken.
fn another_id(draft: &mut Draft, chance: &mut StdRng) {
    let own: u64 = chance.random_range(1 << 60..1 << 62);
    let ids = [
        json!(own),
        json!(-(own as i64)),
        json!(own.to_string()),
        json!(own as f64 + 0.5),
        json!(format!("{own:x}:._-")),
        json!(format!("{own:0>128}")),
        json!(format!("{own:0>129}")),
        json!(format!("a/{own}")),
        json!(format!("__{own}")),
        json!(format!("{own}é")),
        json!(""),
        json!(" "),
        json!("."),
        json!(".."),
    ];
    set(draft, "event_id", ids.choose(chance).expect("an id").clone());
}

fn another_user(draft: &mut Draft, chance: &mut StdRng) {
    let users = [
        json!(""),
        json!(" "),
        json!(42),
        json!(42.0),
        json!(u64::MAX),
        json!("42"),
        json!("ann@example.com"),
        json!("日本語のユーザー"),
        json!("a\tb\u{0}c"),
        json!(format!("u{HALF_EMOJI}")),
    ];
    set(draft, "user_id", users.choose(chance).expect("a user").clone());
}

/// Text of any characters, whole and half ones.
fn odd_text(draft: &mut Draft, chance: &mut StdRng) {
    let mut text = String::new();
    for _ in 0..chance.random_range(0..60) {
        match chance.random_range(0..8) {
            0 => text.push_str(HALF_EMOJI),
            1 => text.push_str(OTHER_HALF),
            2 => text.push(char::from(chance.random_range(0..0x20_u8))),
            3 => text.push(*['"', '\\', '/', '%', '\u{7f}'].choose(chance).expect("one")),
            _ => text.push(chance.random_range('\u{20}'..'\u{d7ff}')),
        }
    }
    put(draft, chance, text);
}

/// A text over its limit, and at times a body over its own.
fn long_text(draft: &mut Draft, chance: &mut StdRng) {
    let length = match chance.random_range(0..20) {
        0 => 300_000,
        1..4 => chance.random_range(60_000..70_000),
        _ => chance.random_range(50..3_000),
    };
    let unit = *["x", "é", "日", "%E6%97%A5", "/", HALF_EMOJI].choose(chance).expect("a unit");
    put(draft, chance, unit.repeat(length / unit.len()));
}

/// Puts a text into a field that has one.
fn put(draft: &mut Draft, chance: &mut StdRng, text: String) {
    match *TEXTS.choose(chance).expect("a field") {
        "url" => set(draft, "payload", json!({"url": text, "title": text})),
        "path" if chance.random() => set(draft, "path", format!("/{text}").into()),
        name => set(draft, name, text.into()),
    }
    if !draft.is_view && draft.path == "/event" && chance.random_ratio(1, 4) {
        set(draft, "event_type", format!("a{text}", text = "ü".repeat(40)).into());
    }
}

/// Unknown fields, one of them deep.
fn more_fields(draft: &mut Draft, chance: &mut StdRng) {
    let depth = *[1, 10, 100, 126, 127, 128, 1_000].choose(chance).expect("a depth");
    let mut value = json!(1);
    for _ in 0..depth {
        // `json!` would copy the value.
        let wrap: fn(Value) -> Value = if chance.random() { in_array } else { in_object };
        value = wrap(value);
    }
    let name = *["Site_ID", "sessionId", "", "payload.url", "\u{0}"].choose(chance).expect("one");
    set(draft, name, value);
}

fn in_array(value: Value) -> Value {
    Value::Array(vec![value])
}

fn in_object(value: Value) -> Value {
    Value::Object(Map::from_iter([("a".to_owned(), value)]))
}

fn excluded(draft: &mut Draft, chance: &mut StdRng) {
    let reasons =
        ["bot", "file", "frame", "localhost", "prefetch", "unseen", "webdriver", "robot", ""];
    set(draft, "excluded", (*reasons.choose(chance).expect("a reason")).into());
    let allowed = [json!(["localhost", 7, null]), json!("frames,bots"), json!({}), json!(7)];
    if chance.random() {
        set(draft, "allow", allowed.choose(chance).expect("one").clone());
    }
}

fn payload(draft: &mut Draft, chance: &mut StdRng) {
    let payloads = [
        json!({"n": [i64::MIN, u64::MAX, 1e308, -0.0, 5e-324]}),
        json!({"latitude": 91, "longitude": "16", "url": 7, "title": null}),
        json!({"latitude": -90, "longitude": 180.0, "accuracy": -1}),
        json!({"url": "http://localhost/a", "hostname": "localhost"}),
        json!({"text": format!("{HALF_EMOJI}{OTHER_HALF}{OTHER_HALF}"), "url": "/a"}),
        json!({"a": HUGE_NUMBER}),
        json!({}),
    ];
    let payload = match chance.random_range(0..8) {
        0 => wide(chance.random_range(0..3_000)),
        _ => payloads.choose(chance).expect("a payload").clone(),
    };
    set(draft, "payload", payload);
}

fn wide(fields: usize) -> Value {
    (0..fields).map(|n| (format!("k{n}"), json!(n))).collect()
}

/// The type in other letters. A view stays one.
fn another_spelling(draft: &mut Draft, chance: &mut StdRng) {
    let others = ["Click", "CLICK", "", " ", "a\nb", "page-view", "\u{e9}v\u{e9}nement"];
    let types: &[&str] = match (draft.is_view, draft.path) {
        (true, "/events") => &["view", "VIEW", "View"],
        (true, _) => &VIEWS,
        (false, _) => &others,
    };
    set(draft, "event_type", (*types.choose(chance).expect("a type")).into());
}
