//! The report: one JSON object with sorted keys, always the same for the same input.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::Path;

use chrono::SecondsFormat;
use common::rollup::{Dimension, Grain, Key};
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use super::compare::Comparison;
use super::tally::Tally;
use super::totals::{self, ByTenant, Totals};
use super::whole_file;

/// Counts by name.
type ByName = BTreeMap<String, i64>;

/// The results of a recount.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) comparison: Option<Comparison>,
    pub(super) inputs: Inputs,
    pub(super) tenants: BTreeMap<String, Tenant>,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Inputs {
    pub(super) bytes: u64,
    /// Messages whose record has the same id as another, which is counted instead.
    pub(super) conflicts: u64,
    /// Lines and files that hold no message, by reason.
    pub(super) corrupt: BTreeMap<&'static str, u64>,
    pub(super) counted: u64,
    pub(super) duplicates: u64,
    pub(super) files: u64,
    /// With --compare: messages still in progress, which are not counted.
    pub(super) in_work: u64,
    pub(super) messages: u64,
    /// With --compare: messages in quarantine, conflicts among them, which are not counted.
    pub(super) quarantined: u64,
    /// Messages that this version of Spillway does not understand.
    pub(super) unreadable: u64,
}

/// The counts of one tenant.
#[derive(Debug, Default, Serialize)]
pub(super) struct Tenant {
    pub(super) events: Events,
    pub(super) requests: Requests,
    pub(super) texts: Texts,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Events {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    excluded: ByName,
    pub(super) total: i64,
    pub(super) types: ByName,
    pub(super) unique_users: usize,
    unique_users_by_day: BTreeMap<String, usize>,
    pub(super) views: ByName,
    windows: BTreeMap<&'static str, BTreeMap<String, EventWindow>>,
}

#[derive(Debug, Default, Serialize)]
struct EventWindow {
    types: ByName,
    views: ByName,
}

#[derive(Debug, Default)]
pub(super) struct Requests {
    ever: RequestCounts,
    windows: BTreeMap<&'static str, BTreeMap<String, RequestCounts>>,
}

#[derive(Debug, Default, Serialize)]
struct RequestCounts {
    bytes: i64,
    hosts: ByName,
    paths: ByName,
    referers: ByName,
    requests: i64,
    /// By class; a request without a status is in none.
    status: ByName,
    user_agents: ByName,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Texts {
    pub(super) characters: i64,
    pub(super) texts: usize,
}

impl Inputs {
    /// Whether no message was found.
    pub(super) fn is_empty(&self) -> bool {
        self.messages + self.counted + self.in_work == 0
    }
}

impl Report {
    pub(super) fn new(inputs: Inputs, tally: &Tally, comparison: Option<Comparison>) -> Self {
        Self::of(inputs, &totals::of(tally), comparison)
    }

    pub(super) fn of(
        inputs: Inputs,
        totals: &ByTenant<'_>,
        comparison: Option<Comparison>,
    ) -> Self {
        let tenants = totals.iter().map(|(tenant, totals)| (tenant.clone(), Tenant::of(totals)));
        Self { comparison, inputs, tenants: tenants.collect() }
    }

    /// Writes the report so that readers always see a whole one, either the previous one or this
    /// one.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        whole_file::replace(path, |file| {
            serde_json::to_writer_pretty(&mut *file, self)?;
            file.write_all(b"\n")
        })
    }
}

impl Tenant {
    fn of(totals: &Totals<'_>) -> Self {
        let Totals { rollups, users, texts, characters } = totals;
        let mut tenant = Self::default();
        for (key, count) in rollups {
            tenant.events.add(key, *count);
            tenant.requests.add(key, *count);
        }
        tenant.events.unique_users_by_day = users.clone();
        let ever = tenant.events.unique_users_by_day.remove("all");
        tenant.events.unique_users = ever.unwrap_or(0);
        tenant.texts = Texts { characters: *characters, texts: *texts };
        tenant
    }
}

impl Events {
    fn add(&mut self, key: &Key, count: i64) {
        let (types, views) = if key.grain == Grain::All {
            (&mut self.types, &mut self.views)
        } else if matches!(key.dimension, Dimension::EventType | Dimension::ViewPath) {
            let windows = self.windows.entry(key.grain.as_str()).or_default();
            let window = windows.entry(start(key)).or_default();
            (&mut window.types, &mut window.views)
        } else {
            return;
        };
        match key.dimension {
            Dimension::EventType => *types.entry(key.value.clone()).or_default() += count,
            Dimension::ViewPath => *views.entry(key.value.clone()).or_default() += count,
            Dimension::Excluded => *self.excluded.entry(key.value.clone()).or_default() += count,
            _ => {}
        }
        if (key.dimension, key.grain) == (Dimension::EventType, Grain::All) {
            self.total += count;
        }
    }
}

/// The counts of all time are beside the windows, with their requests as `total`.
impl Serialize for Requests {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let RequestCounts { bytes, hosts, paths, referers, requests, status, user_agents } =
            &self.ever;
        let mut fields = serializer.serialize_struct("Requests", 8)?;
        fields.serialize_field("bytes", bytes)?;
        fields.serialize_field("hosts", hosts)?;
        fields.serialize_field("paths", paths)?;
        fields.serialize_field("referers", referers)?;
        fields.serialize_field("status", status)?;
        fields.serialize_field("total", requests)?;
        fields.serialize_field("user_agents", user_agents)?;
        fields.serialize_field("windows", &self.windows)?;
        fields.end()
    }
}

impl Requests {
    pub(super) fn total(&self) -> i64 {
        self.ever.requests
    }

    fn add(&mut self, key: &Key, count: i64) {
        use Dimension::{EventType, Excluded, Site, ViewPath};
        if matches!(key.dimension, EventType | ViewPath | Excluded | Site(_)) {
            return;
        }
        let windows = self.windows.entry(key.grain.as_str()).or_default();
        windows.entry(start(key)).or_default().add(key, count);
        // Each request is in one day: the sum over days is the total.
        if key.grain == Grain::Day {
            self.ever.add(key, count);
        }
    }
}

impl RequestCounts {
    fn add(&mut self, key: &Key, count: i64) {
        let by_name = match key.dimension {
            Dimension::Requests => return self.requests += count,
            Dimension::Bytes => return self.bytes = self.bytes.saturating_add(count),
            Dimension::Host => &mut self.hosts,
            Dimension::RequestPath => &mut self.paths,
            Dimension::Referer => &mut self.referers,
            Dimension::Status => &mut self.status,
            _ => &mut self.user_agents,
        };
        *by_name.entry(key.value.clone()).or_default() += count;
    }
}

fn start(key: &Key) -> String {
    key.start.to_rfc3339_opts(SecondsFormat::Secs, true)
}
