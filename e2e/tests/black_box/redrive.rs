//! `spillway redrive` in both modes: a message leaves the quarantine once it is stored, and only
//! then.

use std::collections::BTreeSet;
use std::process::Output;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use common::broker::Message;
use common::event::Event;
use common::hash;
use common::processed_log;
use common::quarantine::{MAX_DATA_BYTES, Quarantined, Reason, path};
use common::record::{Kind, Part, Record, RecordId};
use common::site_dimension::Dimensions;
use common::store::{DocumentStore, Write};
use common::tenant::TenantId;
use common::text::segment::segment;
use e2e::api::{Api, eventually, new_tenant};
use e2e::binaries::Binaries;
use e2e::deployment::{Deployment, Embedded, Settings};
use e2e::in_both_modes;
use serde_json::{Value, json};
use tokio::process::Command;

in_both_modes!(settings;
    messages_that_can_be_stored_leave_the_quarantine,
    messages_that_cannot_be_stored_stay_and_the_reason_is_shown,
    a_message_that_fails_again_is_reported_at_once,
    one_message_or_one_record_is_chosen_by_its_id,
    a_message_that_was_stored_before_is_only_removed,
    a_part_that_is_redriven_completes_its_text,
    a_text_that_nobody_could_complete_is_completed_by_a_redrive,
);

fn settings() -> Settings {
    vec![("WORK_SECONDS_PER_CHAR", "0.0001".to_owned())]
}

/// A deployment, its store, and a tenant of its own.
struct Case {
    deployment: Deployment,
    store: Arc<dyn DocumentStore>,
    api: Api,
    tenant: String,
}

impl Case {
    fn new(deployment: Deployment) -> Self {
        let (store, api) = (deployment.store(), Api::new(deployment.url()));
        Self { deployment, store, api, tenant: new_tenant() }
    }

    async fn set_aside(&self, message: &Message, data: &[u8]) -> String {
        let quarantined = Quarantined {
            message,
            data,
            reason: Reason::DeadLetter,
            detail: "the test put it there".to_owned(),
            attempts: 100,
            first_seen: Utc::now(),
        };
        let (path, fields) = (path(message, &message.data), quarantined.fields());
        let id = path.id().to_owned();
        self.store.commit(vec![Write::Create { path, fields }]).await.expect("it is stored");
        id
    }

    async fn set_all_aside(&self, messages: &[Message]) -> Vec<String> {
        let mut ids = Vec::new();
        for message in messages {
            ids.push(self.set_aside(message, &message.data).await);
        }
        ids
    }

    async fn redrive(&self, more: &[&str]) -> Output {
        let settings = match &self.deployment {
            Deployment::Embedded(embedded) => {
                vec![("DATA_DIR", embedded.folder().display().to_string())]
            }
            Deployment::Cloud(cloud) => {
                let names = [
                    "GOOGLE_CLOUD_PROJECT",
                    "PUBSUB_TOPIC",
                    "PUBSUB_EMULATOR_HOST",
                    "FIRESTORE_EMULATOR_HOST",
                ];
                names.map(|name| (name, cloud.setting(name).to_owned())).into()
            }
        };
        let mut command = Command::new(Binaries::shared().await.path("spillway"));
        command.args(["redrive", "--tenant", &self.tenant]).args(more).envs(settings);
        command.kill_on_drop(true).output().await.expect("spillway runs")
    }

    async fn quarantine(&self) -> Vec<String> {
        let items = self.api.all(&self.tenant, "quarantine").await;
        items.iter().filter_map(|item| item["id"].as_str().map(str::to_owned)).collect()
    }

    /// The messages of a text, one for each part.
    fn text(&self, id: &str, text: &str) -> Vec<Message> {
        let parts = segment(text);
        let of = parts.len() as u32;
        let record = |(number, data): (u32, &&str)| Record {
            kind: Kind::Text,
            tenant: TenantId::parse(&self.tenant).expect("a tenant"),
            id: RecordId::parse(id).expect("an id"),
            digest: hash::sha256(text),
            source: "text_upload".to_owned(),
            received_at: received_at(),
            part: Part { number, of },
            traceparent: None,
            data: (*data).to_owned(),
        };
        (1..).zip(&parts).map(record).map(Message::from).collect()
    }

    fn view(&self, id: &str) -> Message {
        let event = Event {
            event_type: "page_view".to_owned(),
            user_id: Some("u-1".to_owned()),
            path: Some("/".to_owned()),
            payload: None,
            timestamp: received_at(),
            truncated: false,
            excluded: None,
            dimensions: Dimensions::new(),
            others: Vec::new(),
            day: None,
        };
        let data = serde_json::to_string(&event).expect("JSON");
        let text = Record::try_from(&self.text(id, "x")[0]).expect("a record");
        Record { kind: Kind::Event, digest: event.digest(None), data, ..text }.into()
    }
}

fn received_at() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_750_000_000_123).expect("a time")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The numbers of the last line: messages stored, removed as stored before, and left.
fn summary(output: &Output) -> [u32; 3] {
    let said = said(output);
    let last = said.lines().last().unwrap_or_default();
    let numbers = last.split(|c: char| !c.is_ascii_digit()).filter_map(|it| it.parse().ok());
    let numbers: Vec<u32> = numbers.collect();
    numbers.try_into().unwrap_or_else(|_| panic!("no summary: {said}"))
}

async fn messages_that_can_be_stored_leave_the_quarantine(deployment: Deployment) {
    let case = Case::new(deployment);
    let long = "line after line\n".repeat(1_000);
    let mut messages = case.text("short", "call 555-0199");
    messages.extend(case.text("long", &long));
    messages.push(case.view("e-1"));
    // Pub/Sub marks a dead letter this way.
    messages[0]
        .attributes
        .insert("CloudPubSubDeadLetterSourceDeliveryCount".to_owned(), "100".to_owned());
    let count = case.set_all_aside(&messages).await.len() as u32;
    assert!(count > 5);

    let output = case.redrive(&[]).await;
    assert_eq!(summary(&output), [count, 0, 0]);
    assert_eq!((output.status.code(), case.quarantine().await.len()), (Some(0), 0));
    let log = case.api.processed_log(&case.tenant, "short").await;
    assert_eq!(log["modified_data"], "call [REDACTED]");
    assert_eq!(case.api.processed_log(&case.tenant, "long").await["original_text"], *long);
    let stats = case.api.get(&format!("/stats?site_id={}", case.tenant)).await.body;
    assert_eq!((&stats["total_views"], &stats["unique_users"]), (&json!(1), &json!(1)));

    let output = case.redrive(&[]).await;
    assert_eq!((summary(&output), output.status.code()), ([0, 0, 0], Some(0)));
}

async fn messages_that_cannot_be_stored_stay_and_the_reason_is_shown(deployment: Deployment) {
    let case = Case::new(deployment);
    case.api.ingest_json(&case.tenant, "taken", "the first").await;
    case.api.processed_log(&case.tenant, "taken").await;
    let mut large = case.view("large");
    large.data = vec![b'x'; MAX_DATA_BYTES + 1];
    let mut unknown = case.text("unknown", "x").remove(0);
    unknown.attributes.insert("v".to_owned(), "2".to_owned());
    let conflicting = case.text("taken", "the second").remove(0);
    let mut kept = case.set_all_aside(&[conflicting, large, unknown]).await;
    let event = case.view("redacted");
    kept.push(case.set_aside(&event, b"{\"path\":\"[REDACTED]\"}").await);
    let stored = case.set_all_aside(&case.text("good", "x")).await;

    let output = case.redrive(&[]).await;
    assert_eq!(summary(&output), [1, 0, 4]);
    let said = said(&output);
    let mut reasons = BTreeSet::new();
    for (id, record) in kept.iter().zip(["taken", "large", "unknown", "redacted"]) {
        let line = said.lines().find(|line| line.contains(id.as_str())).expect("a line");
        assert!(line.contains(record), "{line}");
        reasons.insert(line.replace(id.as_str(), "").replacen(record, "", 1));
    }
    assert_eq!(reasons.len(), 4, "each has a reason of its own: {said}");
    assert_eq!(output.status.code(), Some(1));
    let mut left = case.quarantine().await;
    left.sort();
    kept.sort();
    assert_eq!(left, kept);
    assert!(!left.contains(&stored[0]));
    let first = case.api.processed_log(&case.tenant, "taken").await;
    assert_eq!(first["original_text"], "the first");
}

/// Its data do not fit its kind, so waiting would not help.
async fn a_message_that_fails_again_is_reported_at_once(deployment: Deployment) {
    let case = Case::new(deployment);
    let mut bad = case.view("bad");
    bad.data = b"no JSON".to_vec();
    let ids = case.set_all_aside(&[bad]).await;
    let first = case.api.all(&case.tenant, "quarantine").await;
    let output = case.redrive(&["--wait", "600"]).await;
    assert_eq!(summary(&output), [0, 0, 1]);
    assert!(said(&output).contains("bad-message"), "{}", said(&output));
    assert_eq!(output.status.code(), Some(1));
    let again = case.api.all(&case.tenant, "quarantine").await;
    assert_eq!((&again[0]["id"], again.len()), (&json!(ids[0]), 1));
    assert_eq!(again[0]["first_seen"], first[0]["first_seen"]);
    assert_eq!(again[0]["reason"], "bad-message");
}

async fn one_message_or_one_record_is_chosen_by_its_id(deployment: Deployment) {
    let case = Case::new(deployment);
    let long = case.text("long", &"line after line\n".repeat(1_000));
    let parts = long.len() as u32;
    case.set_all_aside(&long).await;
    let ids = case.set_all_aside(&[case.view("e-1"), case.view("e-2")]).await;

    let output = case.redrive(&["--id", &ids[1]]).await;
    assert_eq!((summary(&output), output.status.code()), ([1, 0, 0], Some(0)));
    let output = case.redrive(&["--id", "long"]).await;
    assert_eq!((summary(&output), output.status.code()), ([parts, 0, 0], Some(0)));
    assert_eq!(case.quarantine().await, [ids[0].clone()]);
    let output = case.redrive(&["--id", "unheard-of"]).await;
    assert_eq!((said(&output), output.status.code()), (String::new(), Some(2)));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains(&case.tenant) && error.contains("unheard-of"), "{error}");
}

async fn a_message_that_was_stored_before_is_only_removed(deployment: Deployment) {
    let case = Case::new(deployment);
    let messages = case.text("1", "a text");
    case.set_all_aside(&messages).await;
    assert_eq!(case.redrive(&[]).await.status.code(), Some(0));
    let stored = case.api.processed_log(&case.tenant, "1").await;
    case.set_all_aside(&messages).await;
    let output = case.redrive(&["--wait", "0"]).await;
    assert_eq!((summary(&output), output.status.code()), ([0, 1, 0], Some(0)));
    assert_eq!(case.quarantine().await.len(), 0);
    assert_eq!(case.api.processed_log(&case.tenant, "1").await, stored);
}

async fn a_part_that_is_redriven_completes_its_text(deployment: Deployment) {
    let case = Case::new(deployment);
    let text = "call 555-0199 again\n".repeat(1_000);
    let mut messages = case.text("long", &text);
    let last = messages.pop().expect("a part");
    case.set_all_aside(&messages).await;
    assert_eq!(case.redrive(&[]).await.status.code(), Some(0));
    let path = format!("/tenants/{}/processed_logs/long", case.tenant);
    let answer = case.api.get(&path).await;
    answer.assert_problem("a part is missing", 404, "in-progress");
    case.set_all_aside(&[last]).await;
    assert_eq!(summary(&case.redrive(&[]).await), [1, 0, 0]);
    let log = case.api.processed_log(&case.tenant, "long").await;
    assert_eq!(log["original_text"], text);
}

/// Its parts are stored, and the worker that stored the last of them was killed too often.
async fn a_text_that_nobody_could_complete_is_completed_by_a_redrive(deployment: Deployment) {
    let case = Case::new(deployment);
    let text = "call 555-0199 again\n".repeat(1_000);
    let messages = case.text("long", &text);
    case.set_all_aside(&messages).await;
    assert_eq!(case.redrive(&[]).await.status.code(), Some(0));
    let whole = case.api.processed_log(&case.tenant, "long").await;
    let path = processed_log::path(
        &TenantId::parse(&case.tenant).expect("a tenant"),
        &RecordId::parse("long").expect("an id"),
    );
    let found = case.store.get_many(std::slice::from_ref(&path)).await.expect("an answer");
    let mut fields = found.into_iter().flatten().next().expect("the document").fields;
    for name in ["original_text", "modified_data", "processed_at"] {
        fields.remove(name).expect("it is complete");
    }
    let delete = Write::Delete { path: path.clone() };
    case.store.commit(vec![delete]).await.expect("it is deleted");
    case.store.commit(vec![Write::Create { path, fields }]).await.expect("it is incomplete");
    case.set_all_aside(&messages[1..2]).await;
    assert_eq!(summary(&case.redrive(&[]).await), [1, 0, 0], "it is not taken for stored");
    assert_eq!(case.quarantine().await.len(), 0);
    assert_eq!(case.api.processed_log(&case.tenant, "long").await, whole);
}

/// First the server has too little time for a text, later enough.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_redriven_while_no_server_runs_and_removed_once_it_is_stored() {
    let settings: Settings = vec![
        ("WORK_SECONDS_PER_CHAR", "0.1".to_owned()),
        ("ACK_DEADLINE_SECONDS", "1".to_owned()),
        ("MAX_DELIVERY_ATTEMPTS", "1".to_owned()),
    ];
    let mut embedded = Embedded::start(settings).await.expect("it starts");
    let (api, tenant, text) = (Api::new(embedded.service().url()), new_tenant(), "x".repeat(1_000));
    api.ingest_json(&tenant, "slow", &text).await;
    let dead = api.listed(&tenant, "quarantine", 1).await;
    assert_eq!(dead[0]["reason"], "dead-letter");
    embedded.terminate().await.expect("it ends");
    let folder = embedded.folder().display().to_string();
    let redrive = async || {
        let spillway = Binaries::shared().await.path("spillway");
        let command = ["redrive", "--data-dir", &folder, "--tenant", &tenant];
        Command::new(spillway).args(command).output().await.expect("spillway runs")
    };
    let output = redrive().await;
    assert!(said(&output).contains("server"), "{}", said(&output));
    assert_eq!((summary(&output), output.status.code()), ([0, 0, 1], Some(1)));

    embedded.set(vec![("WORK_SECONDS_PER_CHAR", "0".to_owned())]);
    embedded.start_again().await.expect("it starts");
    let api = Api::new(embedded.service().url());
    assert_eq!(api.processed_log(&tenant, "slow").await["original_text"], *text);
    assert_eq!(api.all(&tenant, "quarantine").await.len(), 1);
    let output = redrive().await;
    assert_eq!((summary(&output), output.status.code()), ([0, 1, 0], Some(0)));
    assert_eq!(api.all(&tenant, "quarantine").await, [] as [Value; 0]);
}

#[tokio::test]
async fn wrong_usage_ends_with_exit_code_2() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().display().to_string();
    let spillway = Binaries::shared().await.path("spillway");
    let cases = [
        (vec!["--data-dir", &place], "no store in"),
        (vec!["--id", ""], "--tenant"),
        (
            vec!["--data-dir", &place, "--google-cloud-project", "p"],
            "both DATA_DIR and GOOGLE_CLOUD_PROJECT",
        ),
    ];
    for (more, reason) in cases {
        let tenant = if reason == "--tenant" { vec![] } else { vec!["--tenant", "acme"] };
        let output = Command::new(spillway).arg("redrive").args(tenant).args(&more).output().await;
        let output = output.expect("spillway runs");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{more:?}: {error}");
        assert!(error.contains(reason), "{more:?}: {error}");
    }
}

/// The project has none of the archived messages before.
#[tokio::test(flavor = "multi_thread")]
async fn an_archive_is_replayed_into_google_cloud() {
    let embedded = Embedded::start(settings()).await.expect("it starts");
    let (api, tenant) = (Api::new(embedded.service().url()), new_tenant());
    for id in ["1", "2"] {
        assert_eq!(api.ingest_json(&tenant, id, &format!("text {id}")).await.status, 202);
    }
    let archive = embedded.folder().join("archive");
    eventually("both are archived", async || {
        (api.metric("spillway_archived_messages_total").await >= 2.0).then_some(())
    })
    .await;
    let case = Case::new(Deployment::cloud(settings()).await);
    let Deployment::Cloud(cloud) = &case.deployment else {
        unreachable!("the cloud's shape was started")
    };
    let mut command = Command::new(Binaries::shared().await.path("spillway"));
    command.arg("replay").arg("--archive").arg(archive).args(["--tenant", &tenant]);
    for name in ["GOOGLE_CLOUD_PROJECT", "PUBSUB_EMULATOR_HOST", "FIRESTORE_EMULATOR_HOST"] {
        command.env(name, cloud.setting(name));
    }
    let output = command.output().await.expect("spillway runs");
    assert!(said(&output).starts_with("2 "), "{output:?}");
    for id in ["1", "2"] {
        let log = case.api.processed_log(&tenant, id).await;
        assert_eq!(log["original_text"], format!("text {id}"));
    }
}
