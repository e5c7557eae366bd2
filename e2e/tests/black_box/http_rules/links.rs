//! The pages of a listing are linked, so that a client needs to know no token.

use std::collections::BTreeSet;

use e2e::api::{Answer, Api, answer, new_tenant};
use e2e::deployment::Deployment;
use regex::Regex;
use reqwest::{Method, StatusCode, Url};
use serde_json::json;

/// The address of the next page, if the answer has one.
fn next(page: &Url, answer: &Answer) -> Option<Url> {
    let link = answer.headers.get("link")?.to_str().expect("a text");
    let target = Regex::new(r#"^<([^>]+)>; rel="next"$"#).expect("a pattern");
    let target = target.captures(link).unwrap_or_else(|| panic!("{link}"));
    Some(page.join(&target[1]).expect("an address"))
}

/// The ids of all items, read by following the links.
async fn follow(deployment: &Deployment, path: &str, id: &str) -> Vec<String> {
    let api = Api::new(deployment.url());
    let listing = path.split(['/', '?']).nth(3).expect("a listing");
    let mut page = Url::parse(&format!("{}{path}", deployment.url())).expect("an address");
    let mut ids = Vec::new();
    loop {
        let place = format!("{}?{}", page.path(), page.query().unwrap_or_default());
        let answer = api.get(&place).await;
        assert_eq!(answer.status, StatusCode::OK, "{place}: {}", answer.body);
        let items = answer.body[listing].as_array().expect("items");
        assert!(items.len() <= 2, "the limit is kept: {}", answer.body);
        ids.extend(items.iter().map(|item| item[id].as_str().expect("an id").to_owned()));
        let following = next(&page, &answer);
        assert_eq!(following.is_some(), answer.body["next_page_token"].is_string(), "{place}");
        match following {
            Some(following) => page = following,
            None => return ids,
        }
    }
}

pub(super) async fn the_pages_of_a_listing_are_linked(deployment: &Deployment) {
    let (api, tenant) = (Api::new(deployment.url()), new_tenant());
    let ids: BTreeSet<_> = (0..5).map(|number| format!("r-{number}")).collect();
    for id in &ids {
        let event = json!({"site_id": tenant, "event_type": "a b&c=ü", "event_id": id});
        let sent = answer(api.request(Method::POST, "/event").json(&event)).await;
        assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.body);
        let sent = api.ingest_json(&tenant, id, "a text").await;
        assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.body);
    }
    for listing in ["events", "processed_logs"] {
        api.listed(&tenant, listing, ids.len()).await;
    }
    let paths = [
        (format!("/tenants/{tenant}/events?limit=2&type=a%20b%26c%3D%C3%BC"), "event_id"),
        (format!("/tenants/{tenant}/events/?type=a+b%26c%3D%C3%BC&limit=2"), "event_id"),
        (format!("/tenants/{tenant}/processed_logs?limit=2"), "log_id"),
    ];
    for (path, id) in paths {
        let found = follow(deployment, &path, id).await;
        assert_eq!(found.len(), ids.len(), "{path}: {found:?}");
        assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), ids, "{path}");
    }
}
