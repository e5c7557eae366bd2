//! Readiness: one named probe for each port, with a time-out, at most once a second.

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::broker::{Broker, PublishError};
use common::program::chain;
use common::store::DocumentStore;
use serde::Serialize;
use tokio::sync::Mutex;
use utoipa::ToSchema;

/// How long a probe may take.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How long an answer is reused, so that frequent health checks do not load the ports.
const FRESH: Duration = Duration::from_secs(1);

/// Asks the two ports whether they answer, and remembers what they said.
pub(crate) struct Probes {
    broker: Arc<dyn Broker>,
    store: Arc<dyn DocumentStore>,
    last: Mutex<Option<(Instant, Readiness)>>,
}

/// The state of each port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Readiness {
    pub(crate) broker: Answer,
    pub(crate) store: Answer,
}

/// The state of one port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Answer {
    Ok,
    /// The disk is nearly full.
    Full,
    Failed,
    TimedOut,
}

impl Probes {
    pub(crate) fn new(broker: Arc<dyn Broker>, store: Arc<dyn DocumentStore>) -> Self {
        Self { broker, store, last: Mutex::default() }
    }

    /// Probes both ports, unless the last answer is still fresh.
    pub(crate) async fn ask(&self) -> Readiness {
        let mut last = self.last.lock().await;
        if let Some((asked, readiness)) = &*last
            && asked.elapsed() < FRESH
        {
            return readiness.clone();
        }
        let broker = probe("broker", self.broker.probe(), |error| match error {
            PublishError::Full(_) => Answer::Full,
            PublishError::Unavailable(_) | PublishError::Refused(_) => Answer::Failed,
        });
        let store = probe("store", self.store.probe(), |_| Answer::Failed);
        let (broker, store) = futures::join!(broker, store);
        let readiness = Readiness { broker, store };
        *last = Some((Instant::now(), readiness.clone()));
        readiness
    }
}

impl Readiness {
    pub(crate) fn is_ready(&self) -> bool {
        [self.broker, self.store].iter().all(|answer| *answer == Answer::Ok)
    }

    /// What an operator should know first.
    pub(crate) fn trouble(&self) -> &'static str {
        match self.broker {
            Answer::Full => "The broker takes no more records, because the disk is nearly full.",
            _ => "The broker or the store does not answer: see probes.",
        }
    }
}

async fn probe<E: std::error::Error>(
    name: &str,
    probe: impl Future<Output = Result<(), E>>,
    answer: impl FnOnce(&E) -> Answer,
) -> Answer {
    match tokio::time::timeout(TIMEOUT, probe).await {
        Ok(Ok(())) => Answer::Ok,
        Ok(Err(error)) => {
            tracing::warn!(probe = name, error = chain(&error), "not ready");
            answer(&error)
        }
        Err(_) => {
            tracing::warn!(probe = name, "not ready: no answer within {} s", TIMEOUT.as_secs());
            Answer::TimedOut
        }
    }
}
