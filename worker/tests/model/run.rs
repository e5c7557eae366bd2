//! Runs a schedule, and compares what is in the store at its end with the model.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use common::message::attribute;
use common::path::Collection;
use common::store::Value;
use common::tenant::TenantId;
use proptest::test_runner::TestCaseError;
use tempfile::TempDir;

use crate::broker::{PublishFault, UnreliableBroker};
use crate::control::Control;
use crate::documents::Documents;
use crate::gateway::{Client, RunningGateway};
use crate::ledger::Ledger;
use crate::process::{Ended, Process};
use crate::request::{Sending, TENANTS};
use crate::schedule::{Delivery, Step};
use crate::watch::Watch;

/// Where files are in memory, on Linux: thousands of schedules wait for no disk.
const MEMORY: &str = "/dev/shm";

/// A gateway, and what the schedules did so far.
pub(crate) struct Laboratory {
    // Before the broker: it ends first.
    gateway: RunningGateway,
    broker: Arc<UnreliableBroker>,
    control: Control,
    seen: RefCell<BTreeMap<String, u64>>,
}

impl Laboratory {
    /// Starts a gateway. The control breaks a promise.
    pub(crate) fn new(control: Control) -> Self {
        let broker = Arc::<UnreliableBroker>::default();
        let gateway = RunningGateway::start(Arc::clone(&broker) as _);
        Self { gateway, broker, control, seen: RefCell::default() }
    }

    /// Runs the schedule to its end, and fails if the store does not hold what it must.
    pub(crate) fn check(&self, steps: &[Step]) -> Result<(), TestCaseError> {
        let _watch = Watch::begin(steps);
        let folder = folder();
        let mut run = Run {
            laboratory: self,
            client: self.gateway.connect(),
            process: Some(Process::start(folder.path(), self.control)),
            folder: folder.path(),
            ledger: Ledger::default(),
        };
        steps.iter().for_each(|step| run.step(step));
        run.finish().map_err(TestCaseError::fail)
    }

    /// What happened in all schedules, and how often.
    pub(crate) fn report(&self) -> String {
        let seen = self.seen.borrow();
        let lines = seen.iter().map(|(what, count)| format!("{count:>8} {what}"));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Whether it happened in some schedule.
    pub(crate) fn has_seen(&self, what: &str) -> bool {
        self.seen.borrow().get(what).is_some_and(|count| *count > 0)
    }

    fn note(&self, what: impl Into<String>, count: usize) {
        *self.seen.borrow_mut().entry(what.into()).or_default() += count as u64;
    }
}

fn folder() -> TempDir {
    let builder = tempfile::Builder::new();
    let folder =
        if Path::new(MEMORY).is_dir() { builder.tempdir_in(MEMORY) } else { builder.tempdir() };
    folder.expect("a folder")
}

/// One schedule that runs.
struct Run<'l> {
    laboratory: &'l Laboratory,
    client: Client,
    /// `None` only between a crash and the next start.
    process: Option<Process>,
    folder: &'l Path,
    ledger: Ledger,
}

impl Run<'_> {
    fn step(&mut self, step: &Step) {
        match step {
            Step::Publish(sending, fault) => self.publish(*sending, *fault),
            Step::Deliver(delivery) => self.deliver(delivery),
            Step::GiveBack { lane, most, counts } => {
                self.process().give_back_due(*lane, *most, *counts);
            }
            Step::AcknowledgeLate => self.acknowledge_late(),
            Step::Expire => self.process().expire(),
            Step::Crash => self.crash(),
            Step::Replay(number) => self.replay(*number),
            Step::RemoveRecord(sending) => self.remove(*sending),
            Step::RemoveTenant(tenant) => self.remove_tenant(TENANTS[*tenant]),
        }
    }

    fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("a process lives")
    }

    fn publish(&mut self, sending: Sending, fault: PublishFault) {
        let Laboratory { broker, control, .. } = self.laboratory;
        let queue = Arc::clone(&self.process().queue);
        broker.connect(queue, fault, *control);
        let is_accepted = self.client.send(&sending.request());
        self.ledger.publish(broker.disconnect(), is_accepted);
        self.laboratory.note(if is_accepted { "accepted" } else { "refused" }, 1);
    }

    fn deliver(&mut self, delivery: &Delivery) {
        match self.process().deliver(delivery) {
            Ended::Acknowledged(messages) => {
                messages.iter().for_each(|message| self.ledger.acknowledge(message));
                self.laboratory.note("acknowledged", messages.len());
            }
            Ended::Killed => {
                self.laboratory.note("killed at a commit", 1);
                self.crash();
            }
        }
    }

    fn acknowledge_late(&mut self) {
        for message in self.process().acknowledge_late() {
            self.ledger.acknowledge(&message);
            self.laboratory.note("acknowledged late", 1);
        }
    }

    fn crash(&mut self) {
        self.process = None;
        self.process = Some(Process::start(self.folder, self.laboratory.control));
        self.laboratory.note("crashed", 1);
    }

    fn replay(&mut self, number: usize) {
        let Some(mut message) = self.ledger.message(number) else { return };
        message.attributes.insert(attribute::REPLAY.to_owned(), "1".to_owned());
        self.process().publish(message.clone()).expect("the queue takes it");
        self.ledger.replay(message);
        self.laboratory.note("replayed", 1);
    }

    fn remove(&mut self, sending: Sending) {
        self.process().come_to_rest();
        let (path, found) = (sending.path(), self.documents());
        let documents = self.ledger.remove(&path, &found);
        self.laboratory.note("documents removed", documents.len());
        self.process().remove(documents);
    }

    fn remove_tenant(&mut self, tenant: &str) {
        self.process().remove_tenant(&TenantId::parse(tenant).expect("a tenant"));
        self.ledger.remove_tenant(tenant);
    }

    fn documents(&mut self) -> Documents {
        let process = self.process();
        process.run(Documents::read(&process.store.store))
    }

    /// Delivers the rest, starts once more, and looks at what is there.
    fn finish(mut self) -> Result<(), String> {
        if !self.process().finish() {
            return Err("some message is never done".to_owned());
        }
        self.crash();
        let left = self.process().queue.backlog();
        if left > 0 {
            return Err(format!("{left} messages are in the queue again"));
        }
        let found = self.documents();
        self.note(&found);
        self.ledger.check(&found)
    }

    fn note(&self, found: &Documents) {
        for collection in [Collection::Events, Collection::LogBatches, Collection::ProcessedLogs] {
            self.laboratory.note(collection.as_str(), found.of(collection).count());
        }
        for (_, fields) in found.of(Collection::Quarantine) {
            let reason = fields.get("reason").and_then(Value::as_text).unwrap_or_default();
            self.laboratory.note(format!("in quarantine: {reason}"), 1);
        }
    }
}
