//! The campaign of a page, as Matomo names it: in the page's address, or in the request itself.

use serde_json::{Map, Value};

use super::form;
use super::hit::{Hit, first};

/// How Matomo's names in an address may begin.
const PREFIXES: [&str; 4] = ["mtm_", "matomo_", "pk_", "piwik_"];
/// Our names, and Matomo's without their beginning.
const NAMES: [(&str, &[&str]); 5] = [
    ("utm_campaign", &["campaign", "cpn", "cid"]),
    ("utm_source", &["source"]),
    ("utm_medium", &["medium"]),
    ("utm_term", &["keyword", "kwd"]),
    ("utm_content", &["content"]),
];
/// Our names, and those of the request.
const SAID: [(&str, &str); 2] = [("utm_campaign", "_rcn"), ("utm_term", "_rck")];

/// Adds the campaign to a hit.
pub(super) fn add(hit: Hit, fields: &Map<String, Value>) -> Hit {
    let said = SAID.into_iter();
    let hit = said.fold(hit, |hit, (ours, theirs)| hit.page(ours, first(fields, &[theirs])));
    let url = fields.get("url").and_then(Value::as_str).unwrap_or_default();
    if !has_tags(url) {
        return hit;
    }
    let tags = tags(url);
    NAMES.into_iter().fold(hit, |hit, (ours, theirs)| hit.page(ours, tag(&tags, theirs)))
}

/// Whether there may be tags: most addresses have none.
fn has_tags(url: &str) -> bool {
    let url = url.to_ascii_lowercase();
    PREFIXES.iter().any(|prefix| url.contains(prefix))
}

/// The first of these tags that is there.
fn tag(tags: &Map<String, Value>, names: &[&str]) -> Option<Value> {
    let spelled = |name: &&str| PREFIXES.map(|prefix| format!("{prefix}{name}"));
    names.iter().flat_map(spelled).find_map(|name| tags.get(&name).cloned())
}

/// The parameters of an address, with names in lower case. Matomo reads its own also behind the `#`.
fn tags(url: &str) -> Map<String, Value> {
    let (page, fragment) = url.split_once('#').unwrap_or((url, ""));
    let query = page.split_once('?').map_or("", |(_, query)| query);
    let fragment = fragment.trim_start_matches(['!', '/']);
    let fragment = fragment.split_once('?').map_or(fragment, |(_, query)| query);
    let fields = [query, fragment].into_iter().filter_map(|text| form::fields(text).ok());
    let mut tags = Map::new();
    for (name, value) in fields.flatten() {
        tags.entry(name.to_ascii_lowercase()).or_insert(value);
    }
    tags
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn campaign(url: &str, more: &[(&str, &str)]) -> Value {
        let mut fields = Map::from_iter([("url".to_owned(), url.into())]);
        fields.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())));
        add(Hit::view(), &fields).body().any("payload").unwrap_or_default()
    }

    #[test]
    fn matomos_own_tags_are_those_of_a_campaign() {
        let all = "https://a.example/?mtm_campaign=May%20sale&MTM_source=letter&mtm_medium=mail\
            &mtm_kwd=boots&mtm_content=top&mtm_cid=7";
        let expected = json!({"utm_campaign": "May sale", "utm_source": "letter",
            "utm_medium": "mail", "utm_term": "boots", "utm_content": "top"});
        assert_eq!(campaign(all, &[]), expected);
        for url in ["/?pk_campaign=x", "/?piwik_campaign=x", "/#mtm_campaign=x", "/?mtm_cid=x"] {
            assert_eq!(campaign(url, &[]), json!({"utm_campaign": "x"}), "{url}");
        }
        let said = campaign("/", &[("_rcn", "x"), ("_rck", "y")]);
        assert_eq!(said, json!({"utm_campaign": "x", "utm_term": "y"}));
        assert_eq!(campaign("/?utm_source=x&campaign=y#top", &[]), Value::Null);
    }
}
