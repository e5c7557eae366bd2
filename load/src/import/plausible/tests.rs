//! The events of exports made by hand have the sums of the exports.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::super::item::Item;
use super::Export;

/// Of two days; the tables are in several forms that Plausible has had.
const FILES: [(&str, &str); 10] = [
    (
        "imported_visitors_20250501_20250502.csv",
        "\"date\",\"visitors\",\"pageviews\",\"bounces\",\"visits\",\"visit_duration\"\n\
         \"2025-05-01\",4,10,3,5,120\n2025-05-02,2,3,1,2,60\n",
    ),
    (
        "imported_pages_20250501_20250502.csv",
        "date,hostname,page,visits,visitors,pageviews,total_scroll_depth\n\
         2025-05-01,shop.example,/,4,4,6,100\n2025-05-01,shop.example,/pricing,2,2,3,50\n\
         2025-05-02,shop.example,/,2,2,3,0\n",
    ),
    (
        "imported_entry_pages_20250501_20250502.csv",
        "date,visitors,entrances,visit_duration,bounces,entry_page\n\
         2025-05-01,3,4,100,2,/\n2025-05-01,1,1,20,1,/pricing\n2025-05-02,2,2,60,1,/\n",
    ),
    (
        "imported_exit_pages_20250501_20250502.csv",
        "date,exit_page,visitors,exits\n2025-05-01,/,4,5\n",
    ),
    (
        "imported_sources_20250501_20250502.csv",
        "date,source,referrer,utm_source,utm_medium,utm_campaign,utm_content,utm_term,pageviews,visitors,visits,visit_duration,bounces\n\
         2025-05-01,Google,google.com,,,,,,7,3,3,80,1\n\
         2025-05-01,newsletter,,newsletter,email,may,,,2,1,1,40,0\n\
         2025-05-01,Direct / None,,,,,,,1,1,1,0,1\n",
    ),
    (
        "imported_locations_20250501_20250502.csv",
        "date,country,region,city,visitors,visits,visit_duration,bounces,pageviews\n\
         2025-05-01,AT,AT-9,1,2,2,80,1,4\n2025-05-01,AT,AT-8,2,1,1,0,1,1\n2025-05-01,DE,,0,1,1,40,0,3\n",
    ),
    (
        "imported_devices_20250501_20250502.csv",
        "date,device,visitors,visits,visit_duration,bounces\n2025-05-01,Desktop,3,3,0,0\n2025-05-01,Mobile,1,2,0,0\n",
    ),
    (
        "imported_browsers_20250501_20250502.csv",
        "date,browser,browser_version,visitors,visits,visit_duration,bounces,pageviews\n\
         2025-05-01,Chrome,136.0,2,3,60,1,5\n2025-05-01,Chrome,135.0,1,1,60,1,2\n\
         2025-05-01,Microsoft Edge,136.0,1,1,0,1,2\n2025-05-02,Safari,18,2,2,60,1,4\n",
    ),
    (
        "imported_operating_systems_20250501_20250502.csv",
        "date,operating_system,operating_system_version,visitors,visits,visit_duration,bounces,pageviews\n\
         2025-05-01,Mac,14,2,3,60,1,8\n2025-05-01,GNU/Linux,,2,2,60,1,2\n",
    ),
    (
        "imported_custom_events_20250501_20250502.csv",
        "date,name,link_url,path,visitors,events\n\
         2025-05-01,Signup,,,2,3\n2025-05-01,404,,/gone,1,1\nsoon,x,,,1,1\n2025-05-01,engagement,,,4,9\n\
         2025-05-01,Outbound Link: Click,https://other.example/,,1,2\n",
    ),
];

/// Writes the files with these changes to them.
fn write(folder: &Path, change: impl Fn(&str) -> String) {
    for (name, text) in FILES {
        fs::write(folder.join(name), change(text)).expect("written");
    }
}

fn read(path: &Path) -> Vec<Item> {
    let export = Export::find(&[path.to_owned()]).expect("files");
    assert!(export.has_visitors());
    assert_eq!(export.missing().expect("readable"), None);
    export.items().expect("readable").map(|item| item.expect("an item")).collect()
}

fn events(items: Vec<Item>) -> Vec<Value> {
    let drafts = items.into_iter().filter_map(|item| match item {
        Item::Event(_, draft) => Some(draft.event("shop")),
        _ => None,
    });
    drafts.collect()
}

/// How many views of the day have each value at this place.
fn views(events: &[Value], day: &str, place: &str) -> BTreeMap<String, usize> {
    let of_day = |event: &&Value| {
        let at = event["timestamp"].as_str().expect("a time");
        at.starts_with(day) && event["event_type"] == "page_view"
    };
    let values = events.iter().filter(of_day).filter_map(|event| event.pointer(place)?.as_str());
    values.fold(BTreeMap::new(), |mut sums, value| {
        *sums.entry(value.to_owned()).or_default() += 1;
        sums
    })
}

fn sums<const N: usize>(pairs: [(&str, usize); N]) -> BTreeMap<String, usize> {
    pairs.into_iter().map(|(value, views)| (value.to_owned(), views)).collect()
}

#[test]
fn every_sum_of_a_day_is_that_of_the_export() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), str::to_owned);
    let events = events(read(folder.path()));
    let of = |place: &str| views(&events, "2025-05-01", place);
    assert_eq!(of("/event_type"), sums([("page_view", 10)]));
    assert_eq!(of("/path"), sums([("/", 6), ("/pricing", 3)]), "one has no page");
    assert_eq!(of("/dimensions/browser"), sums([("Chrome", 7), ("Edge", 2)]));
    assert_eq!(of("/dimensions/os"), sums([("macOS", 8), ("Linux", 2)]));
    assert_eq!(of("/dimensions/device"), sums([("desktop", 3), ("mobile", 2)]), "visits");
    assert_eq!(of("/dimensions/country"), sums([("AT", 5), ("DE", 3)]));
    assert_eq!(of("/payload/host"), sums([("shop.example", 9)]));
    assert_eq!(of("/payload/referrer"), sums([("", 2), ("https://google.com", 3)]));
    assert_eq!(of("/payload/ref"), sums([("newsletter", 1)]));
    assert_eq!(of("/payload/utm_source"), sums([("newsletter", 1)]));
    assert_eq!(of("/payload/utm_campaign"), sums([("may", 1)]));
    assert_eq!(of("/user_id").len(), 4);
    assert_eq!(views(&events, "2025-05-02", "/path"), sums([("/", 3)]));
}

#[test]
fn a_visit_begins_at_its_entry_page_with_what_led_to_it() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), str::to_owned);
    let events = events(read(folder.path()));
    let is_entry = |event: &&Value| event["payload"].get("referrer").is_some();
    let entries: Vec<Value> = events.iter().filter(is_entry).cloned().collect();
    let of = |day: &str| views(&entries, day, "/path");
    assert_eq!(of("2025-05-01"), sums([("/", 4), ("/pricing", 1)]));
    assert_eq!(of("2025-05-02"), sums([("/", 2)]));
}

#[test]
fn other_events_have_their_name_and_plausibles_own_measure_is_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), |text| text.replace("2025-05-01\",4,10", "2025-05-01\",6,10"));
    let items = read(folder.path());
    assert_eq!(items.iter().filter(|item| matches!(item, Item::LeftOut)).count(), 1);
    let unreadable = items.iter().find_map(|item| match item {
        Item::Unreadable(place, why) => Some(format!("{place}: {why}")),
        _ => None,
    });
    let line = "imported_custom_events_20250501_20250502.csv, line 4: date is \"soon\"";
    assert_eq!(unreadable.as_deref(), Some(line));
    let mut events = events(items);
    let users: BTreeSet<String> = events.iter().map(|event| event["user_id"].to_string()).collect();
    assert_eq!(users.len(), 6 + 2, "those of both days");
    events.retain(|event| event["event_type"] != "page_view");
    let named = |name: &str| events.iter().filter(|event| event["event_type"] == name).collect();
    let (signups, missing, links): (Vec<_>, Vec<_>, Vec<_>) =
        (named("Signup"), named("404"), named("Outbound Link: Click"));
    assert_eq!((signups.len(), missing.len(), links.len()), (3, 1, 2));
    assert_eq!(missing[0]["path"], "/gone");
    assert_eq!(links[0]["payload"]["link_url"], "https://other.example/");
}

#[test]
fn the_order_of_rows_changes_nothing_and_more_than_a_days_views_is_told() {
    let ids = |change: fn(&str) -> String| {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), change);
        let items = read(folder.path());
        let beyond: u64 = items
            .iter()
            .map(|item| if let Item::Beyond(beyond) = item { *beyond } else { 0 })
            .sum();
        let events = events(items);
        let ids: BTreeSet<String> =
            events.iter().map(|event| event["event_id"].to_string()).collect();
        assert_eq!(ids.len(), events.len(), "each has its own id");
        let events: BTreeSet<String> = events.iter().map(Value::to_string).collect();
        (events, beyond)
    };
    let swapped = |text: &str| {
        let (first, second) = (
            "2025-05-01,shop.example,/,4,4,6,100\n",
            "2025-05-01,shop.example,/pricing,2,2,3,50\n",
        );
        text.replace(&format!("{first}{second}"), &format!("{second}{first}"))
    };
    let (events, beyond) = ids(str::to_owned);
    assert_eq!((events, beyond), ids(swapped));
    assert_eq!(beyond, 1, "a browser on the second day");
}

#[test]
fn an_archive_and_single_files_are_read_like_the_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), str::to_owned);
    let expected = events(read(folder.path()));
    for is_deflated in [false, true] {
        let archive = folder.path().join("export.zip");
        fs::write(&archive, super::archive::of(&FILES, is_deflated)).expect("written");
        assert_eq!(events(read(&archive)), expected, "{is_deflated}");
    }
    let files: Vec<_> = FILES.iter().map(|(name, _)| folder.path().join(name)).collect();
    let export = Export::find(&files).expect("files");
    let items = export.items().expect("readable").map(|item| item.expect("an item")).collect();
    assert_eq!(events(items), expected);
}

#[test]
fn what_is_no_export_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), |text| text.replace("pageviews", "views"));
    let export = Export::find(&[folder.path().to_owned()]).expect("files");
    let missing = export.missing().expect("readable").map(|(_, column)| column);
    assert_eq!(missing, Some("pageviews"));
    let none = Export::find(&[folder.path().join(FILES[1].0)]).expect("a file");
    assert!(!none.has_visitors());
}

#[test]
fn rows_whose_days_are_out_of_order_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "date,visitors,pageviews\n2025-05-02,1,1\n2025-05-01,1,1\n2025-05-03,1,1\n";
    fs::write(folder.path().join("imported_visitors.csv"), text).expect("written");
    let items = read(folder.path());
    let refused = items.iter().find_map(|item| match item {
        Item::Unreadable(_, why) => Some(why.to_string()),
        _ => None,
    });
    assert_eq!(refused.as_deref(), Some("date is \"2025-05-01, after 2025-05-02\""));
    assert_eq!(events(items).len(), 2);
}
