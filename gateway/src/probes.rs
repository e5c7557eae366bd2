//! Readiness: one named probe for each port, with a time-out, asked for once in a while only.

use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use tokio::sync::Mutex;

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

/// The answers of the probes, by name.
#[derive(Clone)]
pub(crate) struct Readiness {
    probes: Vec<(&'static str, &'static str)>,
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
        let readiness = Readiness { probes: vec![("broker", broker), ("store", store)] };
        *last = Some((Instant::now(), readiness.clone()));
        readiness
    }
}

impl Readiness {
    pub(crate) fn is_ready(&self) -> bool {
        self.probes.iter().all(|(_, answer)| *answer == "ok")
    }

    pub(crate) fn json(&self) -> Map<String, Value> {
        self.probes.iter().map(|(name, answer)| ((*name).to_owned(), (*answer).into())).collect()
    }
}

async fn probe<E: std::error::Error>(
    name: &str,
    probe: impl Future<Output = Result<(), E>>,
) -> &'static str {
    match tokio::time::timeout(TIMEOUT, probe).await {
        Ok(Ok(())) => "ok",
        Ok(Err(error)) => {
            tracing::warn!(probe = name, %error, "not ready");
            "failed"
        }
        Err(_) => "timed-out",
    }
}
