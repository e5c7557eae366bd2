//! Times and days: where a day begins and ends, and which times and days are invalid.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use e2e::deployment::Deployment;
use serde_json::json;

use super::site::{Site, assert_taken, click_at};

pub(super) async fn an_event_counts_on_its_day_in_utc(deployment: &Deployment) {
    let site = Site::new(deployment);
    let cases = [
        ("2025-04-30T23:59:59.999Z", "2025-04-30"),
        ("2025-05-01T00:00:00.000Z", "2025-05-01"),
        ("2025-05-01T00:00:00.001Z", "2025-05-01"),
        ("2025-05-01T23:59:59.999Z", "2025-05-01"),
        ("2025-05-01T23:59:59.999999999Z", "2025-05-01"),
        ("2025-05-02T00:00:00Z", "2025-05-02"),
        ("2025-05-04T05:29:59.999+05:30", "2025-05-03"),
        ("2025-05-04T05:30:00+05:30", "2025-05-04"),
        ("2025-05-05T19:59:59-04:00", "2025-05-05"),
        ("2025-05-05T20:00:00-04:00", "2025-05-06"),
        ("2025-05-08T13:59:59+14:00", "2025-05-07"),
        ("2025-05-08T00:00:00-00:00", "2025-05-08"),
        ("2025-05-09t12:00:00z", "2025-05-09"),
        ("2024-02-28T23:59:59.999Z", "2024-02-28"),
        ("2024-02-29T00:00:00Z", "2024-02-29"),
        ("2024-02-29T23:59:59.999Z", "2024-02-29"),
        ("2024-03-01T00:00:00Z", "2024-03-01"),
        ("2024-12-31T23:59:59.999Z", "2024-12-31"),
        ("2000-01-01T00:00:00Z", "2000-01-01"),
        ("1999-12-31T23:59:59-01:00", "2000-01-01"),
        ("2016-12-31T23:59:60Z", "2016-12-31"),
        ("2025-06-01T23:59:59", "2025-06-01"),
        ("2025-06-02 00:30:00+01", "2025-06-01"),
        ("2025-06-02 00:30:00,5 +0000", "2025-06-02"),
        (" 2025-06-03T10:00:00Z ", "2025-06-03"),
        ("1746093600", "2025-05-01"),
        ("1746093600000", "2025-05-01"),
        ("1746093600000000", "2025-05-01"),
        ("1746093600000000000", "2025-05-01"),
        ("17/Jun/2025:01:00:00 +0200", "2025-06-16"),
    ];
    site.has(cases.iter().map(|(time, _)| click_at(time))).await;
    let mut days: BTreeMap<&str, usize> = BTreeMap::new();
    cases.iter().for_each(|(_, day)| *days.entry(*day).or_default() += 1);
    for (day, count) in days {
        let only = format!("&start_date={day}&end_date={day}");
        assert_eq!(site.total(&only).await, count, "{day}");
        assert_eq!(site.types(&only).await, json!({"click": count}), "{day}");
    }
}

pub(super) async fn an_event_without_a_time_counts_now(deployment: &Deployment) {
    let site = Site::new(deployment);
    let before = today();
    site.has([json!({"event_type": "view", "path": "/", "user_id": "u"})]).await;
    let location = json!({"latitude": 52.5, "longitude": 13.4});
    let location = json!({"user_id": "u", "event_type": "location", "payload": location,
        "timestamp": "2001-01-01T00:00:00Z"});
    assert_taken(&site.interaction(&location).await, &location);
    site.counts(2).await;
    let now = format!("&start_date={before}&end_date={}", today());
    assert_eq!(site.types(&now).await, json!({"view": 1, "location": 1}));
}

pub(super) async fn a_time_is_at_most_a_day_ahead(deployment: &Deployment) {
    let site = Site::new(deployment);
    let ahead = |minutes| Utc::now() + TimeDelta::minutes(minutes);
    let almost = ahead(24 * 60 - 1);
    site.has([click_at(&rfc3339(almost))]).await;
    let day = almost.date_naive();
    assert_eq!(site.total(&format!("&start_date={day}&end_date={day}")).await, 1);
    for time in [ahead(24 * 60 + 1), ahead(25 * 60), ahead(365 * 24 * 60)].map(rfc3339) {
        assert_refused_time(&site, &time).await;
    }
    site.counts(1).await;
}

pub(super) async fn an_invalid_time_is_refused(deployment: &Deployment) {
    let site = Site::new(deployment);
    for time in [
        "1999-12-31T23:59:59Z",
        "1999-12-31T23:59:59.999Z",
        "2000-01-01T00:00:00+00:01",
        "1970-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "-0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "+12025-01-01T00:00:00Z",
        "2025-02-29T00:00:00Z",
        "2025-02-30T00:00:00Z",
        "2025-13-01T00:00:00Z",
        "2025-05-01T25:00:00Z",
        "2025-05-01T10:60:00Z",
        "2025-05-01T10:00:00+25:00",
        "2025-05-01",
        "2025050T100000Z",
        "-1746093600",
        "17460936000000000000000",
        "yesterday",
        "",
    ] {
        assert_refused_time(&site, time).await;
    }
    for time in [json!(-1), json!(0), json!(1e300), json!(4_102_444_800_u64)] {
        let answer = site.event(json!({"event_type": "click", "timestamp": time})).await;
        answer.assert_problem(&time.to_string(), 400, "out-of-range");
    }
    let number = json!({"event_type": "click", "timestamp": 1_746_093_600.25});
    site.has([click_at("2025-05-01T10:00:00Z"), number]).await;
}

async fn assert_refused_time(site: &Site, time: &str) {
    let answer = site.event(click_at(time)).await;
    answer.assert_problem(time, 400, "out-of-range");
    assert_eq!(answer.fields(), ["timestamp"], "{time}");
}

pub(super) async fn an_invalid_day_is_refused(deployment: &Deployment) {
    let site = Site::new(deployment);
    let days = ["2025-02-29", "2025-02-30", "2025-13-01", "2025-00-01", "2025-05-00", "2025-05-32"]
        .into_iter()
        .chain(["20250501", "2025-5-1", "2025-05-1", "2025-5-01", "25-05-01", "2025-121", "2025"])
        .chain(["2025-W18-4", "01-05-2025", "2025/05/01", "05/01/2025", "2025-05-01T00:30:00Z"])
        .chain(["%202025-05-01", "2025-05-01%20", "2025-05-%201", "2025-%205-01", "%202025-5-01"])
        .chain(["%2B12025-01-01", "%2B2025-5-01", "-2025-5-01", "-2025-05-01", "2025-+5-01"])
        .chain(["", "today", "null", "0", "2025-05-0x", "%00", "2025-05-0%D9%A1", "2025-05-01%0A"]);
    for day in days {
        for (path, name) in [
            ("/stats", "date"),
            ("/analytics/event-counts", "start_date"),
            ("/analytics/event-counts", "end_date"),
            ("/analytics/event-counts-by-type", "start_date"),
            ("/analytics/event-counts-by-type", "end_date"),
        ] {
            assert_refused_parameter(&site, path, &format!("&{name}={day}"), name).await;
        }
    }
    for path in ["/analytics/event-counts", "/analytics/event-counts-by-type"] {
        let query = "&start_date=2025-05-02&end_date=2025-05-01";
        assert_refused_parameter(&site, path, query, "start_date").await;
    }
}

pub(super) async fn the_first_and_the_last_possible_day_are_valid(deployment: &Deployment) {
    let site = Site::new(deployment);
    site.has([json!({"event_type": "view", "path": "/", "user_id": "u"})]).await;
    assert_eq!(site.total("&start_date=0001-01-01&end_date=9999-12-31").await, 1);
    assert_eq!(site.types("&end_date=9999-12-31").await, json!({"view": 1}));
    assert_eq!(site.total("&end_date=0001-01-01").await, 0);
    assert_eq!(site.total("&start_date=9999-12-31").await, 0);
    for day in ["0001-01-01", "9999-12-31"] {
        let stats = site.stats(&format!("&date={day}")).await;
        assert_eq!((&stats["date"], &stats["total_views"]), (&json!(day), &json!(0)));
    }
    assert_refused_parameter(&site, "/stats", "&date=0000-01-01", "date").await;
}

pub(super) async fn periods_include_both_ends_and_may_be_open(deployment: &Deployment) {
    let site = Site::new(deployment);
    site.has((1..=9).map(|day| click_at(&format!("2025-05-0{day}T23:59:59.999Z")))).await;
    for (query, count) in [
        ("", 9),
        ("&start_date=2025-05-03", 7),
        ("&end_date=2025-05-03", 3),
        ("&start_date=2025-05-03&end_date=2025-05-05", 3),
        ("&start_date=2025-05-03&end_date=2025-05-03", 1),
        ("&start_date=2025-04-01&end_date=2025-06-30", 9),
        ("&start_date=2025-05-10", 0),
        ("&end_date=2025-04-30", 0),
        ("&event_type=click&end_date=2025-05-03", 3),
        ("&event_type=view&end_date=2025-05-03", 0),
        ("&event_type=location", 0),
    ] {
        assert_eq!(site.total(query).await, count, "{query}");
    }
    let types = site.types("&start_date=2025-05-03&end_date=2025-05-05").await;
    assert_eq!(types, json!({"click": 3}));
    assert_eq!(
        site.types("&start_date=2025-05-10").await,
        json!({}),
        "types without a count are left out"
    );
}

pub(super) async fn a_parameter_out_of_range_is_refused(deployment: &Deployment) {
    let site = Site::new(deployment);
    for limit in ["0", "101", "abc", "-1", "1.5", "", "1e1", "%2010", "4294967306"] {
        assert_refused_parameter(&site, "/stats", &format!("&limit={limit}"), "limit").await;
    }
    for name in ["page_view", "pageview", "View", "clicks", "", "%20view", "view,click"] {
        let query = format!("&event_type={name}");
        assert_refused_parameter(&site, "/analytics/event-counts", &query, "event_type").await;
    }
    for limit in ["1", "100"] {
        site.stats(&format!("&limit={limit}")).await;
    }
}

/// Asserts that the query is refused and only this parameter is named.
async fn assert_refused_parameter(site: &Site, path: &str, query: &str, name: &str) {
    let what = format!("{path} {query}");
    let answer = site.get(path, query).await;
    answer.assert_problem(&what, 400, "invalid-query");
    assert_eq!(answer.fields(), [name], "{what}");
}

fn today() -> NaiveDate {
    Utc::now().date_naive()
}

fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}
