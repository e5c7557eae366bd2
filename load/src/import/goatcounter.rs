//! GoatCounter's export, in both of its versions.

use std::collections::HashMap;

use common::hash;
use serde_json::{Map, Value};

use super::draft::{Draft, Unreadable, instant, known};
use super::rows::Row;
use super::{names, user_agent};

/// What both versions have. The name of the first column begins with the version, which is cut off.
pub(super) const COLUMNS: [&str; 6] = ["Path", "Event", "Bot", "Session", "Referrer", "Date"];

/// How often each row has come. Rows have no ids, and a reload within a second makes two that are equal.
#[derive(Default)]
pub(super) struct Seen(HashMap<u128, u32>);

/// The event of a row.
pub(super) fn draft(row: &Row, seen: &mut Seen) -> Result<Option<Draft>, Unreadable> {
    let is_event = match row.get("Event") {
        "true" | "1" => true,
        "false" | "0" => false,
        other => return Err(Unreadable { column: "Event", value: other.to_owned() }),
    };
    let (event_type, path) =
        if is_event { (row.get("Path"), "") } else { ("page_view", row.get("Path")) };
    let mut payload = known([("title", row.get("Title"))]);
    payload.extend([came_from(row)]);
    Ok(Some(Draft {
        id: seen.id(row),
        event_type: event_type.to_owned(),
        path: path.to_owned(),
        user_id: row.get("Session").to_owned(),
        timestamp: instant("Date", row.get("Date"))?,
        payload,
        dimensions: dimensions(row),
        excluded: (!matches!(row.get("Bot"), "" | "0")).then_some("bot"),
    }))
}

/// Version 1 has the whole user agent as the browser. The exports have no languages so far.
fn dimensions(row: &Row) -> Map<String, Value> {
    let (browser, os) = match row.get("Browser") {
        agent if user_agent::is_whole(agent) => {
            (user_agent::browser(agent).to_owned(), user_agent::os(agent).to_owned())
        }
        name => (names::browser(name), names::os(row.get("System"))),
    };
    let device = names::device_of(&os, row.get("Screen size"));
    known([
        ("browser", browser),
        ("os", os),
        ("device", device),
        ("language", names::language(row.get("Language"))),
        ("country", names::country(row.get("Location"))),
    ])
}

/// A page by its address without `https://`, or else a name, such as that of a campaign.
fn came_from(row: &Row) -> (String, Value) {
    let (name, value) = match (row.get("Referrer"), row.get("Referrer scheme")) {
        ("", _) => ("referrer", String::new()),
        (page, "h") => ("referrer", format!("https://{page}")),
        (campaign, "c") => ("utm_campaign", campaign.to_owned()),
        (other, _) => ("ref", other.to_owned()),
    };
    (name.to_owned(), value.into())
}

impl Seen {
    fn id(&mut self, row: &Row) -> String {
        let hash = hash::short(&row.fields());
        let times = self.0.entry(hash).or_default();
        *times += 1;
        format!("goatcounter:{hash:032x}:{times}")
    }
}
