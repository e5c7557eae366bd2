//! What is stored and counted after a cut, compared with what was sent and accepted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use common::broker::embedded::Peek;
use common::data_folder::ARCHIVE;
use futures::future::join_all;
use serde_json::{Value, json};

use super::load::{Content, DAY, Load, Record, TENANTS};
use crate::api::{Api, eventually};
use crate::books::spillway;

/// What a start may say after a cut: a file of the archive was being written.
const TORN: &str = "removed a half-written last line";
const HOLES: &str = "removed half-written lines";
/// What a recount may say of a line with zeros in it, until its message is archived again.
const DAMAGED: &str = "is not an archived message";

/// The books of a program with the data folder `folder`.
pub struct Books<'a> {
    /// A client of the program.
    pub api: Api,
    /// Its data folder.
    pub folder: &'a Path,
    /// Everything that was sent to it, or to the program before the cut.
    pub load: &'a Load,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// The ids of the records that are stored.
    pub stored: BTreeSet<String>,
    /// Everything that is not as it should be.
    pub problems: Vec<String>,
}

impl Found {
    fn expect(&mut self, what: &str, found: &Value, expected: &Value) {
        if found != expected {
            self.problems.push(format!("{what}: {found}, and not {expected}"));
        }
    }
}

impl Books<'_> {
    /// Waits until nothing is in work, and then compares. Each of the `accepted` records must be stored.
    /// Another one that was sent may be. Whatever is stored is stored and counted once.
    ///
    /// # Panics
    /// If the program does not come to rest.
    pub async fn compare(&self, accepted: &BTreeSet<&str>) -> Found {
        self.at_rest().await;
        let mut found = Found::default();
        join_all(TENANTS.map(|tenant| self.stored(tenant))).await.into_iter().for_each(|more| {
            found.stored.extend(more.stored);
            found.problems.extend(more.problems);
        });
        for lost in accepted.iter().filter(|id| !found.stored.contains(**id)) {
            found.problems.push(format!("{lost} was accepted, and is lost"));
        }
        for tenant in TENANTS {
            self.count(tenant, &mut found).await;
        }
        // The command refuses an archive without messages.
        if !found.stored.is_empty() {
            self.recount(&mut found).await;
        }
        found
    }

    /// The lines of the program's log that complain of something that no power cut explains.
    pub fn complaints<'l>(&self, log: &'l str) -> Vec<&'l str> {
        let complains = |line: &&str| line.contains("WARN") || line.contains("ERROR");
        let is_explained =
            |line: &&str| [TORN, HOLES, DAMAGED].iter().any(|known| line.contains(known));
        log.lines().filter(complains).filter(|line| !is_explained(line)).collect()
    }

    /// Waits until nothing is in work, and everything is in the archive.
    ///
    /// # Panics
    /// If that takes too long.
    pub async fn at_rest(&self) {
        eventually("nothing is in work, or waits for the archive", async || {
            let queue = Peek::open(self.folder).ok()?;
            let is_empty =
                queue.to_archive().ok()?.is_empty() && queue.in_work().ok()?.ids.is_empty();
            is_empty.then_some(())
        })
        .await;
    }

    fn records(&self, tenant: &'static str) -> impl Iterator<Item = &Record> {
        self.load.records.iter().filter(move |record| record.tenant == tenant)
    }

    /// What is stored of a tenant, record by record.
    async fn stored(&self, tenant: &'static str) -> Found {
        let mut found = Found::default();
        let known: BTreeMap<&str, &Record> =
            self.records(tenant).map(|record| (record.id.as_str(), record)).collect();
        for (listing, field) in [("processed_logs", "log_id"), ("events", "event_id")] {
            for item in self.api.all(tenant, listing).await {
                let id = item[field].as_str().unwrap_or_default();
                match known.get(id) {
                    Some(record) => self.check(record, item, &mut found).await,
                    None => found.problems.push(format!("{tenant} has {id}, which was never sent")),
                }
            }
        }
        for record in known.values().filter(|record| matches!(record.content, Content::Batch(_))) {
            let batch = self.api.get(&format!("/tenants/{tenant}/log_batches/{}", record.id)).await;
            if batch.status.is_success() {
                self.check(record, batch.body, &mut found).await;
            }
        }
        let set_aside = self.api.all(tenant, "quarantine").await;
        found.expect(&format!("the quarantine of {tenant}"), &json!(set_aside), &json!([]));
        found
    }

    /// Enters a stored record, and compares it with what was sent.
    async fn check(&self, Record { tenant, id, content }: &Record, item: Value, found: &mut Found) {
        if !found.stored.insert(id.clone()) {
            found.problems.push(format!("{tenant} lists {id} twice"));
        }
        let (stored, expected) = match content {
            Content::Event { kind, path, user } => {
                (item, json!({"event_type": kind, "path": path, "user_id": user}))
            }
            Content::Batch(paths) => (item, json!({"entries": paths.len()})),
            Content::Text(text) => {
                let path = format!("/tenants/{tenant}/processed_logs/{id}");
                (self.api.get(&path).await.body, json!({"original_text": text}))
            }
        };
        let mut expected = expected.as_object().into_iter().flatten();
        let differs = expected.any(|(field, value)| stored[field] != *value);
        if differs || stored["parts"] != stored["parts_done"] {
            found.problems.push(format!("{tenant}'s {id} is {stored}"));
        }
    }

    /// Compares the statistics of a tenant with its stored records.
    async fn count(&self, tenant: &'static str, found: &mut Found) {
        let (mut types, mut views) = (BTreeMap::<_, u64>::new(), BTreeMap::<_, u64>::new());
        let (mut users, mut files) = (BTreeSet::new(), BTreeMap::<_, u64>::new());
        for record in self.records(tenant).filter(|record| found.stored.contains(&record.id)) {
            match &record.content {
                Content::Event { kind, path, user } => {
                    *types.entry(*kind).or_default() += 1;
                    users.insert(user);
                    if *kind == "view" {
                        *views.entry(path.clone()).or_default() += 1;
                    }
                }
                Content::Text(_) => {}
                Content::Batch(paths) => paths
                    .iter()
                    .for_each(|path| *files.entry(format!("GET {path}")).or_default() += 1),
            }
        }
        let stats = self.api.get(&format!("/stats?site_id={tenant}&limit=100")).await.body;
        let of = |what: &str| format!("{what} of {tenant}");
        let total = json!(views.values().sum::<u64>());
        found.expect(&of("views"), &stats["total_views"], &total);
        found.expect(&of("users"), &stats["unique_users"], &json!(users.len()));
        found.expect(&of("pages"), &by(&stats["top_paths"], "path", "views"), &json!(views));
        let counts = format!("/analytics/event-counts-by-type?tenant_id={tenant}");
        found.expect(&of("events"), &self.api.get(&counts).await.body, &json!(types));
        let path = format!("/logs/stats?tenant_id={tenant}&from={DAY}&grain=day&limit=1000");
        let window = &self.api.get(&path).await.body["windows"][0];
        let requests = window["requests"].as_u64().unwrap_or(0);
        found.expect(&of("requests"), &json!(requests), &json!(files.values().sum::<u64>()));
        found.expect(&of("files"), &by(&window["paths"], "path", "count"), &json!(files));
    }

    /// Counts the archive again, and compares it with the store.
    async fn recount(&self, found: &mut Found) {
        let archive = self.folder.join(ARCHIVE).display().to_string();
        let out = self.folder.join("compared.json");
        let path = out.display().to_string();
        let args = ["aggregate", "--archive", &archive, "--out", &path, "--compare"];
        let output = spillway(self.folder, &args).await;
        let report = std::fs::read(&out).unwrap_or_default();
        let report: Value = serde_json::from_slice(&report).unwrap_or_default();
        if !output.status.success() || report["inputs"]["corrupt"] != json!({}) {
            let said = String::from_utf8_lossy(&output.stderr);
            let (inputs, compared) = (&report["inputs"], &report["comparison"]);
            found.problems.push(format!("the archive: {inputs} {compared} {said}"));
        }
    }
}

/// A list of counts as an object.
fn by(list: &Value, name: &str, count: &str) -> Value {
    let items = list.as_array().map_or(&[][..], Vec::as_slice);
    let named = |item: &Value| Some((item[name].as_str()?.to_owned(), item[count].clone()));
    items.iter().filter_map(named).collect::<serde_json::Map<_, _>>().into()
}
