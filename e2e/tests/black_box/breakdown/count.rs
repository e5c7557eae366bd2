//! An independent count of generated events.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::visits::Visit;

/// Views and users by value.
pub(super) type Count = BTreeMap<String, (i64, BTreeSet<String>)>;

/// What the events of the days `first..=last` count in a dimension.
pub(super) fn count(visits: &[Visit], dimension: &str, first: &str, last: &str) -> Count {
    let mut count = Count::new();
    for visit in visits.iter().filter(|visit| (first..=last).contains(&visit.day.as_str())) {
        if let Some(value) = visit.dimensions.get(dimension) {
            let (views, users) = count.entry(value.clone()).or_default();
            *views += 1;
            users.extend(visit.user.clone());
        }
    }
    count
}

/// The rows, most views first, with the figures of the period before if there is one.
pub(super) fn rows(count: &Count, before: Option<&Count>) -> Value {
    let mut values: Vec<_> = count.iter().collect();
    values.sort_by_key(|(value, (views, _))| (-views, value.as_str()));
    let row = |(value, (views, users)): (&String, &(i64, BTreeSet<String>))| {
        let mut row = json!({"value": value, "views": views, "visitors": users.len()});
        if let Some(before) = before {
            let (views, users) = before.get(value).cloned().unwrap_or_default();
            row["previous"] = json!({"views": views, "visitors": users.len()});
        }
        row
    };
    values.into_iter().map(row).collect()
}
