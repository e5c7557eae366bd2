//! What was answered, and whether everything that can be read agrees with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use common::hash;
use e2e::api::{Answer, Api, eventually};
use reqwest::StatusCode;
use serde_json::Value;

use crate::draft::Request;
use crate::events::SITES;

/// The tenant of interactions that name none.
const DEFAULT: &str = "default";
/// The refusals that a run must have seen, to have tried what it should.
const SEEN: [&str; 14] = [
    "400 invalid-body",
    "400 invalid-encoding",
    "400 invalid-id",
    "400 invalid-json",
    "400 invalid-query",
    "400 invalid-tenant",
    "400 missing-field",
    "400 missing-tenant",
    "400 out-of-range",
    "400 tenant-mismatch",
    "400 wrong-type",
    "413 too-large",
    "415 unsupported-encoding",
    "415 unsupported-media-type",
];
/// The reasons that a run must have seen.
const REASONS: [&str; 7] = ["bot", "file", "frame", "localhost", "prefetch", "unseen", "webdriver"];

/// All answers of a run.
#[derive(Default)]
pub(crate) struct Books {
    /// How many answers each status and code has.
    answers: BTreeMap<String, usize>,
    /// The events that were taken, by id.
    taken: BTreeMap<String, Taken>,
    /// The ids that were taken with two contents: one of them must be in quarantine.
    disputed: BTreeSet<String>,
}

/// What was answered to an event.
struct Taken {
    is_view: bool,
    /// Why it is not counted; `None` if it is.
    reason: Option<String>,
    /// A hash of its body.
    content: String,
}

/// What the statistics say, over all tenants.
#[derive(Debug, Default, PartialEq, Eq)]
struct Totals {
    views: u64,
    events: u64,
    excluded: BTreeMap<String, u64>,
}

impl Books {
    /// Enters an answer, which is not 5xx and says what is wrong if it is 4xx.
    pub(crate) fn enter(&mut self, what: &str, request: &Request, answer: &Answer) {
        let status = answer.status.as_u16();
        if answer.status == StatusCode::ACCEPTED {
            *self.answers.entry("202".to_owned()).or_default() += 1;
            self.take(what, request, &answer.body);
            return;
        }
        assert!(answer.status.is_client_error(), "{what}: {status}: {}", answer.body);
        let code = answer.body["code"].as_str().unwrap_or_default();
        answer.assert_problem(what, status, code);
        *self.answers.entry(format!("{status} {code}")).or_default() += 1;
    }

    fn take(&mut self, what: &str, request: &Request, body: &Value) {
        let id = body["event_id"].as_str().unwrap_or_else(|| panic!("{what}: {body}"));
        let reason = body["reason"].as_str().map(str::to_owned);
        assert_eq!(body.get("counted").is_some(), reason.is_some(), "{what}: {body}");
        let content = hash::sha256(&request.body);
        let taken = Taken { is_view: request.is_view, reason, content };
        if let Some(earlier) = self.taken.insert(id.to_owned(), taken) {
            let taken = &self.taken[id];
            assert_eq!(earlier.reason, taken.reason, "{what}: answered differently before");
            if earlier.content != taken.content {
                self.disputed.insert(id.to_owned());
            }
        }
    }

    /// Asserts that the run has tried all kinds of events, and that enough were taken and refused.
    pub(crate) fn assert_mixed(&self, pairs: u64, least_percent: usize) {
        let all: usize = self.answers.values().sum();
        let taken = self.answers.get("202").copied().unwrap_or(0);
        assert!(taken.min(all - taken) * 100 >= all * least_percent, "{self}");
        let unseen: Vec<_> =
            SEEN.iter().filter(|answer| !self.answers.contains_key(**answer)).collect();
        assert!(unseen.is_empty(), "{unseen:?} never came: {self}");
        let reasons = self.totals().excluded;
        assert_eq!(reasons.keys().collect::<Vec<_>>(), REASONS.iter().collect::<Vec<_>>());
        assert_eq!(self.disputed.len() as u64, pairs, "{self}");
    }

    /// Asserts that the statistics and the stored events are those of the answers.
    pub(crate) async fn assert_balanced(&self, api: &Api) {
        let answered = self.taken.len() as u64;
        let totals = eventually("every event that was taken is stored", async || {
            let totals = Totals::read(api).await;
            let stored = totals.events + totals.excluded.values().sum::<u64>();
            assert!(stored <= answered, "{stored} are stored, and {answered} were taken");
            (stored == answered).then_some(totals)
        })
        .await;
        assert_eq!(totals, self.totals(), "what is read, and what was answered");
        self.assert_stored(api).await;
        self.assert_set_aside(api).await;
    }

    /// What the statistics should say.
    fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for Taken { is_view, reason, .. } in self.taken.values() {
            match reason {
                Some(reason) => *totals.excluded.entry(reason.clone()).or_default() += 1,
                None => {
                    totals.events += 1;
                    totals.views += u64::from(*is_view);
                }
            }
        }
        totals
    }

    /// Each event is in the listing of one tenant, with the reason that was answered.
    async fn assert_stored(&self, api: &Api) {
        let mut stored = BTreeMap::new();
        for tenant in tenants(api).await {
            for event in api.all(&tenant, "events").await {
                let id = event["event_id"].as_str().expect("an id").to_owned();
                let reason = event["excluded"].as_str().map(str::to_owned);
                assert_eq!(stored.insert(id, reason), None, "{tenant}: {event} is another's too");
            }
        }
        let answered = self.taken.iter().map(|(id, taken)| (id.clone(), taken.reason.clone()));
        let answered: BTreeMap<_, _> = answered.collect();
        let differs = answered.iter().find(|(id, reason)| stored.get(*id) != Some(reason));
        assert!(differs.is_none() && stored.len() == answered.len(), "{differs:?}");
    }

    /// The quarantine has the second content of each disputed id, and nothing else.
    async fn assert_set_aside(&self, api: &Api) {
        eventually("each conflict is in quarantine", async || {
            let mut ids = BTreeSet::new();
            for tenant in tenants(api).await {
                for message in api.all(&tenant, "quarantine").await {
                    assert_eq!(message["reason"], "conflict", "{message}");
                    let id = message["attributes"]["record_id"].as_str().expect("an id");
                    assert!(self.disputed.contains(id), "{message}");
                    ids.insert(id.to_owned());
                }
            }
            (ids.len() == self.disputed.len()).then_some(())
        })
        .await;
    }
}

impl Totals {
    async fn read(api: &Api) -> Self {
        let mut totals = Self::default();
        for tenant in tenants(api).await {
            let stats = api.get(&format!("/stats?site_id={tenant}")).await.body;
            let counts = api.get(&format!("/analytics/event-counts?tenant_id={tenant}")).await.body;
            totals.views += stats["total_views"].as_u64().expect("a number");
            totals.events += counts["total_events"].as_u64().expect("a number");
            for (reason, events) in stats["excluded"].as_object().expect("an object") {
                let events = events.as_u64().expect("a number");
                *totals.excluded.entry(reason.clone()).or_default() += events;
            }
        }
        totals
    }
}

/// The tenants that have data.
async fn tenants(api: &Api) -> Vec<String> {
    let listed = api.get("/tenants").await.body["tenants"].as_array().cloned().expect("a list");
    let names = listed.iter().map(|tenant| tenant.as_str().expect("a name").to_owned());
    let names: Vec<String> = names.collect();
    let is_known = |name: &String| name == DEFAULT || SITES.contains(&name.as_str());
    assert!(names.iter().all(is_known), "{names:?}");
    names
}

impl fmt::Display for Books {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Totals { views, events, excluded } = self.totals();
        write!(
            f,
            "{:?}; {} events were taken, {events} of them to be counted, {views} as views, and \
             excluded {excluded:?}; {} ids are disputed",
            self.answers,
            self.taken.len(),
            self.disputed.len()
        )
    }
}
