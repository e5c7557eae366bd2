//! The clients: each sends a record until it is accepted, and then the next one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::sleep;

use super::record::Record;
use super::traffic::Traffic;
use crate::api::Api;

const CLIENTS: usize = 24;
/// The longest pause of a client between two records.
const PAUSE: Duration = Duration::from_millis(300);
/// The wait before a record is sent again.
const AGAIN: Duration = Duration::from_millis(100);
/// A client that gets no answer gives up after this time.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

pub(super) struct Load {
    shared: Arc<Shared>,
    clients: Vec<JoinHandle<()>>,
}

struct Shared {
    api: Api,
    traffic: Arc<Traffic>,
    next: AtomicUsize,
    is_over: AtomicBool,
}

impl Load {
    pub(super) fn start(url: &str, traffic: &Arc<Traffic>) -> Self {
        let shared = Arc::new(Shared {
            api: Api::new(url.to_owned()),
            traffic: Arc::clone(traffic),
            next: AtomicUsize::default(),
            is_over: AtomicBool::default(),
        });
        let client = |_| tokio::spawn(client(Arc::clone(&shared)));
        Self { clients: (0..CLIENTS).map(client).collect(), shared }
    }

    /// Each client ends with the record that it has. Returns how many there are, all accepted.
    pub(super) async fn stop(self) -> Result<usize, JoinError> {
        self.shared.is_over.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.await?;
        }
        Ok(self.shared.next.load(Ordering::Relaxed))
    }
}

async fn client(shared: Arc<Shared>) {
    while !shared.is_over.load(Ordering::Relaxed) {
        let record = Record(shared.next.fetch_add(1, Ordering::Relaxed));
        shared.send(record, false).await;
        if record.is_sent_twice() {
            shared.send(record, false).await;
        }
        if record.has_rival() {
            shared.send(record, true).await;
        }
        sleep(PAUSE.mul_f64(rand::random())).await;
    }
}

impl Shared {
    /// Sends the record, or another one under its id, until it is accepted.
    async fn send(&self, record: Record, is_rival: bool) {
        loop {
            let began = Instant::now();
            let request = record.request(&self.api, is_rival).timeout(ANSWER_LIMIT);
            match request.send().await.map(|answer| answer.status()) {
                Ok(StatusCode::ACCEPTED) => return self.traffic.accepted(began),
                Ok(status) => {
                    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{}", record.id());
                    self.traffic.refused(true, began);
                }
                Err(_) => self.traffic.refused(false, began),
            }
            sleep(AGAIN).await;
        }
    }
}
