//! `website_event.csv` of Umami's export.

use super::draft::{Draft, Unreadable, instant, known};
use super::names;
use super::rows::Row;

/// What every version of the export has.
pub(super) const COLUMNS: [&str; 5] =
    ["event_id", "session_id", "url_path", "event_type", "created_at"];

/// The numbers of its types that visitors cause; the others measure how fast pages are.
const VIEW: &str = "1";
const NAMED: &str = "2";

/// The parameters of campaigns, which have columns of their own.
const CAMPAIGN: [&str; 5] = ["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"];

/// The event of a row; none if it is not a visitor's.
pub(super) fn draft(row: &Row) -> Result<Option<Draft>, Unreadable> {
    let event_type = match row.get("event_type") {
        VIEW => "page_view",
        NAMED if !row.get("event_name").is_empty() => row.get("event_name"),
        _ => return Ok(None),
    };
    let id = Some(row.get("event_id")).filter(|id| !id.is_empty());
    let id = id.ok_or(Unreadable { column: "event_id", value: String::new() })?;
    let said = [("host", row.get("hostname")), ("title", row.get("page_title"))];
    let campaign = CAMPAIGN.map(|name| (name, row.get(name)));
    let mut payload = known(said.into_iter().chain(campaign));
    // Empty, it says that no page led here.
    payload.insert("referrer".to_owned(), referrer(row).into());
    Ok(Some(Draft {
        id: format!("umami:{id}"),
        event_type: event_type.to_owned(),
        path: path(row),
        user_id: row.get("session_id").to_owned(),
        timestamp: instant("created_at", row.get("created_at"))?,
        payload,
        dimensions: known([
            ("browser", names::browser(row.get("browser"))),
            ("os", names::os(row.get("os"))),
            ("device", names::device(row.get("device"))),
            ("language", names::language(row.get("language"))),
            ("country", names::country(row.get("country"))),
        ]),
        excluded: None,
    }))
}

fn path(row: &Row) -> String {
    match row.get("url_query").trim_start_matches('?') {
        "" => row.get("url_path").to_owned(),
        query => format!("{}?{query}", row.get("url_path")),
    }
}

fn referrer(row: &Row) -> String {
    match row.get("referrer_domain") {
        "" => String::new(),
        host => format!("https://{host}/{}", row.get("referrer_path").trim_start_matches('/')),
    }
}
