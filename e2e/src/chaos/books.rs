//! The books at the end: what was accepted, stored, in quarantine, and counted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::record::{DAYS, Kind, Record, TENANTS};
use crate::api::Api;
use crate::books::aggregated;
use crate::deployment::Deployment;

/// Rows of counts, by name.
type Rows = BTreeMap<String, i64>;
/// How often each id is in a collection.
type Ids = BTreeMap<String, usize>;
/// The most ids of a row that is wrong.
const NAMED: usize = 20;

/// What the comparison found.
#[derive(Debug, Default)]
pub struct Books {
    /// Records that were answered 202; two with the same id are two.
    pub accepted: usize,
    /// Of those, the stored ones.
    pub stored: usize,
    /// Of those, the ones in quarantine.
    pub quarantined: usize,
    /// `tenant/id` of those that are nowhere.
    pub lost: Vec<String>,
    /// `tenant/id` of those that are there more than once, or were never sent.
    pub double: Vec<String>,
    /// Counts that are not those of the stored records.
    pub differences: Vec<String>,
    /// Where the data folder was kept.
    pub evidence: Option<PathBuf>,
}

impl Books {
    /// The books of the records up to number `sent`, all of which were accepted.
    pub(super) async fn of(deployment: &Deployment, sent: usize) -> Self {
        let api = Api::new(deployment.url());
        let mut books = Self::default();
        for tenant in TENANTS {
            let records = (0..sent).map(Record).filter(|record| record.tenant() == tenant);
            let (stored, quarantined) = kept(&api, tenant).await;
            let records: Vec<Record> = records.collect();
            books.compare(tenant, &records, &stored, &quarantined);
            let stored = records.into_iter().filter(|record| stored.contains_key(&record.id()));
            books.compare_counts(tenant, &stored.collect::<Vec<_>>(), &served(&api, tenant).await);
        }
        if let Deployment::Embedded(embedded) = deployment {
            let (_, report) = aggregated(embedded).await;
            let found = report["comparison"]["differences"].as_array().cloned();
            let found = found.unwrap_or_else(|| vec![report]);
            books.differences.extend(found.iter().map(|row| format!("archive: {row}")));
        }
        books
    }

    /// Whether nothing is lost or double, and every count is right.
    pub fn are_right(&self) -> bool {
        self.lost.is_empty() && self.double.is_empty() && self.differences.is_empty()
    }

    fn compare(&mut self, tenant: &str, records: &[Record], stored: &Ids, quarantined: &Ids) {
        self.stored += stored.len();
        self.quarantined += quarantined.len();
        let times = |ids: &Ids, id: &str| ids.get(id).copied().unwrap_or(0);
        for record in records {
            let (id, sent) = (record.id(), 1 + usize::from(record.has_rival()));
            self.accepted += sent;
            let (kept, apart) = (times(stored, &id), times(quarantined, &id));
            if kept + apart < sent {
                self.lost.push(format!("{tenant}/{id}"));
            }
            if kept + apart > sent || kept > 1 {
                self.double.push(format!("{tenant}/{id}"));
            }
        }
        let known: BTreeSet<String> = records.iter().map(|record| record.id()).collect();
        let strange = stored.keys().chain(quarantined.keys()).filter(|id| !known.contains(*id));
        self.double.extend(strange.map(|id| format!("{tenant}/{id} (never sent)")));
    }

    fn compare_counts(&mut self, tenant: &str, records: &[Record], served: &Rows) {
        let counted = counted(records);
        let names: BTreeSet<&String> = counted.keys().chain(served.keys()).collect();
        let of = |rows: &Rows, name: &String| rows.get(name).copied().unwrap_or(0);
        for name in names {
            let (sent, told) = (of(&counted, name), of(served, name));
            if sent != told {
                let is_in = |record: &&Record| record.counts().iter().any(|(row, _)| row == name);
                let ids: Vec<_> =
                    records.iter().filter(is_in).map(|r| r.id()).take(NAMED).collect();
                self.differences.push(format!("{tenant}: {name}: {told}, not {sent}; {ids:?}"));
            }
        }
    }
}

/// The independent count, from the records themselves.
fn counted(records: &[Record]) -> Rows {
    let mut rows = Rows::new();
    let mut users = BTreeSet::new();
    for record in records {
        record.counts().into_iter().for_each(|(row, by)| *rows.entry(row).or_default() += by);
        if record.kind() == Kind::Event {
            users.extend(record.days().map(|day| (day, record.user())));
        }
    }
    for (day, _) in users {
        *rows.entry(format!("users {day}")).or_default() += 1;
    }
    rows
}

/// What the API tells of a tenant.
async fn served(api: &Api, tenant: &str) -> Rows {
    let mut rows = Rows::new();
    for day in ["", DAYS[0], DAYS[1], DAYS[2]] {
        let date = if day.is_empty() { String::new() } else { format!("&date={day}") };
        let stats = read(api, &format!("/stats?site_id={tenant}&limit=100{date}")).await;
        add(&mut rows, format!("views {day}"), &stats["total_views"]);
        add(&mut rows, format!("users {day}"), &stats["unique_users"]);
        add_list(&mut rows, &format!("path {day}"), &stats["top_paths"], ["path", "views"]);
        let types = format!("/analytics/event-counts-by-type?tenant_id={tenant}{date}");
        add_map(&mut rows, &format!("type {day}"), &read(api, &types).await);
    }
    let period = format!("from={}&to={}&grain=hour&limit=1000", DAYS[0], DAYS[1]);
    let logs = read(api, &format!("/logs/stats?tenant_id={tenant}&{period}")).await;
    for window in logs["windows"].as_array().into_iter().flatten() {
        let name = format!("logs {}", window["start"].as_str().unwrap_or_default());
        add(&mut rows, format!("{name} requests"), &window["requests"]);
        add(&mut rows, format!("{name} bytes"), &window["bytes"]);
        add_map(&mut rows, &name, &window["status"]);
        add_list(&mut rows, &name, &window["paths"], ["path", "count"]);
        add_list(&mut rows, &name, &window["user_agents"], ["user_agent", "count"]);
    }
    rows
}

async fn read(api: &Api, path: &str) -> Value {
    let answer = api.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    answer.body
}

fn add(rows: &mut Rows, name: String, count: &Value) {
    rows.insert(name, count.as_i64().unwrap_or(0));
}

fn add_map(rows: &mut Rows, name: &str, counts: &Value) {
    for (value, count) in counts.as_object().into_iter().flatten() {
        add(rows, format!("{name} {value}"), count);
    }
}

fn add_list(rows: &mut Rows, name: &str, counts: &Value, [value, count]: [&str; 2]) {
    for row in counts.as_array().into_iter().flatten() {
        add(rows, format!("{name} {}", row[value].as_str().unwrap_or_default()), &row[count]);
    }
}

/// How often each id of a tenant is stored whole, and in quarantine.
async fn kept(api: &Api, tenant: &str) -> (Ids, Ids) {
    let (mut stored, mut quarantined) = (Ids::new(), Ids::new());
    for line in export(api, tenant).await {
        let document = &line["document"];
        let (ids, id) = match line["collection"].as_str() {
            Some("events") => (&mut stored, &line["id"]),
            Some("processed_logs") if document["processed_at"].is_string() => {
                (&mut stored, &line["id"])
            }
            Some("log_batches") if document["parts"] == document["parts_done"] => {
                (&mut stored, &line["id"])
            }
            Some("quarantine") => (&mut quarantined, &document["attributes"]["record_id"]),
            _ => continue,
        };
        *ids.entry(id.as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    (stored, quarantined)
}

/// All documents of a tenant.
async fn export(api: &Api, tenant: &str) -> Vec<Value> {
    let (mut documents, mut token) = (Vec::new(), String::new());
    loop {
        let text = page(api, &format!("/tenants/{tenant}/export{token}")).await;
        let lines = text.lines().map(|line| serde_json::from_str(line).expect("JSON"));
        documents.extend(lines);
        let last: Option<&Value> = documents.last();
        match last.and_then(|line| line["next_page_token"].as_str()) {
            Some(next) => token = format!("?page_token={next}"),
            None => return documents,
        }
    }
}

/// An answer, once the store can give it: it has just been in trouble, and may still be busy.
async fn page(api: &Api, path: &str) -> String {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = api.request(Method::GET, path).send().await.expect("an answer");
        if answer.status() != StatusCode::SERVICE_UNAVAILABLE {
            assert_eq!(answer.status(), StatusCode::OK, "{path}");
            return answer.text().await.expect("a whole body");
        }
        assert!(Instant::now() < until, "{path} is not answered within a minute");
        sleep(Duration::from_millis(200)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The records of a tenant, and what is stored of them when all is well.
    fn ground() -> (Vec<Record>, Ids, Ids) {
        let records: Vec<Record> =
            (0..2_000).map(Record).filter(|record| record.tenant() == TENANTS[3]).collect();
        let stored = records.iter().map(|record| (record.id(), 1)).collect();
        let rivals = records.iter().filter(|record| record.has_rival());
        let quarantined: Ids = rivals.map(|record| (record.id(), 1)).collect();
        assert!(!quarantined.is_empty(), "some ids have two contents");
        (records, stored, quarantined)
    }

    fn books(stored: &Ids, quarantined: &Ids) -> Books {
        let mut books = Books::default();
        books.compare(TENANTS[3], &ground().0, stored, quarantined);
        books
    }

    #[test]
    fn books_are_right_when_each_record_is_stored_once_and_each_rival_is_in_quarantine() {
        let (records, stored, quarantined) = ground();
        let mut books = books(&stored, &quarantined);
        books.compare_counts(TENANTS[3], &records, &counted(&records));
        assert!(books.are_right(), "{books:?}");
        assert_eq!(books.accepted, books.stored + books.quarantined);
    }

    #[test]
    fn a_record_that_is_nowhere_is_lost() {
        let (records, mut stored, mut quarantined) = ground();
        let id = records[0].id();
        stored.remove(&id);
        assert_eq!(books(&stored, &quarantined).lost, [format!("west/{id}")]);
        quarantined.insert(id, 1);
        assert!(books(&stored, &quarantined).are_right());
        let (rival, _) = quarantined.pop_last().expect("a rival");
        assert_eq!(books(&stored, &quarantined).lost, [format!("west/{rival}")]);
    }

    #[test]
    fn a_record_that_is_in_two_places_is_double() {
        let (records, mut stored, mut quarantined) = ground();
        let (first, second) = (records[0].id(), records[1].id());
        stored.insert(first.clone(), 2);
        quarantined.insert(second.clone(), 1);
        stored.insert("unknown".to_owned(), 1);
        let names = [first, second, "unknown (never sent)".to_owned()];
        assert_eq!(books(&stored, &quarantined).double, names.map(|id| format!("west/{id}")));
    }

    #[test]
    fn a_count_that_is_not_the_sum_of_the_records_is_named_with_their_ids() {
        let (records, ..) = ground();
        let event = records.iter().find(|record| record.kind() == Kind::Event).expect("an event");
        let row = &event.counts()[0].0;
        let mut served = counted(&records);
        served.entry(row.clone()).and_modify(|count| *count += 1);
        let mut books = Books::default();
        books.compare_counts(TENANTS[3], &records, &served);
        assert_eq!(books.differences.len(), 1);
        assert!(books.differences[0].contains(&event.id()), "{:?}", books.differences);
    }
}
