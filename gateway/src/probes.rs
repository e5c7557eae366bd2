//! Readiness: one named probe for each port, with a time-out, asked for once in a while only.

use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::Mutex;
use utoipa::ToSchema;

use crate::app::Gateway;

/// How long a probe may take.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How long an answer is good for, so that many who ask are one who asks.
const FRESH: Duration = Duration::from_secs(1);

/// What the probes said last.
#[derive(Default)]
pub(crate) struct Probes {
    last: Mutex<Option<(Instant, Readiness)>>,
}

/// What each port says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Readiness {
    pub(crate) broker: Answer,
    pub(crate) store: Answer,
}

/// What a port says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Answer {
    Ok,
    Failed,
    TimedOut,
}

impl Probes {
    /// Asks both ports, unless it was asked just now.
    pub(crate) async fn ask(&self, gateway: &Gateway) -> Readiness {
        let mut last = self.last.lock().await;
        if let Some((asked, readiness)) = &*last
            && asked.elapsed() < FRESH
        {
            return readiness.clone();
        }
        let broker = probe("broker", gateway.broker.probe());
        let store = probe("store", gateway.store.probe());
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
}

async fn probe<E: std::error::Error>(
    name: &str,
    probe: impl Future<Output = Result<(), E>>,
) -> Answer {
    match tokio::time::timeout(TIMEOUT, probe).await {
        Ok(Ok(())) => Answer::Ok,
        Ok(Err(error)) => {
            tracing::warn!(probe = name, %error, "not ready");
            Answer::Failed
        }
        Err(_) => Answer::TimedOut,
    }
}
