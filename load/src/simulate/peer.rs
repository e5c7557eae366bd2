//! A test server that counts the batches of a known scenario, with faults on demand.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};

use actix_web::web::{self, Bytes, Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, TimeDelta, Utc};
use common::broker::Cause;
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};

use super::count::{Counted, Grain, Window, windows};
use super::scenario::Scenario;
use super::server::Server;
use crate::test_server::serve;

/// What the server does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// It counts a batch as often as it comes.
    CountsTwice,
    /// It takes the first batch, and does not count it.
    Loses,
    /// It counts the first batch for the last customer.
    Misplaces,
    /// It counts one request a minute late.
    CountsLate,
    /// It takes the agents of a window for other ones.
    ConfusesAgents,
    /// It refuses the first batch for good.
    Refuses,
    /// It has put a message into quarantine.
    Quarantines,
}

/// The server.
pub(super) struct Peer {
    scenario: Scenario,
    fault: Fault,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The customer and the position of each batch that was counted.
    counted: Vec<(usize, usize)>,
    /// How many posts are still answered 503: it was killed.
    absent: usize,
    crashes: usize,
    posts: usize,
}

/// How many posts a killed server misses.
const MISSED: usize = 5;

#[derive(Deserialize)]
struct Asked {
    tenant_id: String,
    grain: String,
    limit: u32,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

impl Peer {
    /// Starts a server, and returns it with its base URL.
    pub(super) fn start(scenario: Scenario, fault: Fault) -> (Data<Self>, Url) {
        let peer = Data::new(Self { scenario, fault, state: Mutex::default() });
        let url = Url::parse(&serve(&peer, routes)).expect("a URL");
        (peer, url)
    }

    /// How often it was killed, and how many posts came.
    pub(super) fn crashes_and_posts(&self) -> (usize, usize) {
        let state = self.state();
        (state.crashes, state.posts)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no handler panics")
    }

    /// The position of the batch that was posted.
    fn batch(&self, request: &HttpRequest, body: &[u8]) -> usize {
        let customer = request.headers().get("x-customer-id").expect("a customer");
        let is_it = |n: &usize| {
            let batch = &self.scenario.batches[*n];
            let name = &self.scenario.customers[batch.customer];
            name.as_bytes() == customer.as_bytes() && batch.body().as_bytes() == body
        };
        (0..self.scenario.batches.len()).find(is_it).expect("a batch of the scenario")
    }

    fn take(&self, batch: usize) {
        let last = self.scenario.customers.len() - 1;
        let customer = self.scenario.batches[batch].customer;
        let counted = match self.fault {
            Fault::Loses if batch == 0 => return,
            Fault::Misplaces if batch == 0 => (last, batch),
            _ => (customer, batch),
        };
        let mut state = self.state();
        if self.fault == Fault::CountsTwice || !state.counted.contains(&counted) {
            state.counted.push(counted);
        }
    }
}

fn routes(app: &mut web::ServiceConfig) {
    app.route("/logs", web::post().to(post))
        .route("/logs/stats", web::get().to(stats))
        .route("/metrics", web::get().to(metrics))
        .route("/tenants/{tenant}/quarantine", web::get().to(quarantine));
}

async fn post(peer: Data<Peer>, request: HttpRequest, body: Bytes) -> HttpResponse {
    {
        let mut state = peer.state();
        state.posts += 1;
        if state.absent > 0 {
            state.absent -= 1;
            return HttpResponse::ServiceUnavailable().finish();
        }
    }
    let batch = peer.batch(&request, &body);
    if peer.fault == Fault::Refuses && batch == 0 {
        return HttpResponse::BadRequest().json(json!({"detail": "no such thing"}));
    }
    peer.take(batch);
    HttpResponse::Accepted().finish()
}

/// It is at work until it is killed.
async fn metrics(peer: Data<Peer>) -> String {
    format!("spillway_queue_backlog {}\n", u32::from(peer.state().crashes == 0))
}

async fn stats(peer: Data<Peer>, asked: Query<Asked>) -> HttpResponse {
    assert_eq!((asked.limit, asked.to - asked.from), (1_000, TimeDelta::days(1)));
    let grain = Grain::ALL.into_iter().find(|grain| grain.as_str() == asked.grain);
    let grain = grain.expect("a grain");
    let customer = peer.scenario.customers.iter().position(|name| *name == asked.tenant_id);
    let counted = peer.state().counted.clone();
    let own = counted.iter().filter(|(of, _)| Some(*of) == customer);
    let mut windows = windows(own.map(|(_, batch)| &peer.scenario.batches[*batch]), grain);
    if peer.fault == Fault::CountsLate && grain == Grain::Minute {
        let (_, last) = windows.pop_last().expect("a window");
        windows.insert(asked.to - TimeDelta::minutes(1), last);
    }
    let served = windows.iter().map(|(start, window)| served(&peer, *start, window));
    HttpResponse::Ok().json(json!({"windows": served.collect::<Vec<_>>()}))
}

fn served(peer: &Peer, start: DateTime<Utc>, window: &Window) -> Value {
    let (mut requests, mut paths, mut agents) = (0, Vec::new(), Vec::new());
    for (what, count) in window {
        match what {
            Counted::Requests => requests = *count,
            Counted::Path(path) => paths.push(json!({"path": path, "count": count})),
            Counted::UserAgent(_) if peer.fault == Fault::ConfusesAgents => {
                agents.push(json!({"user_agent": "Other", "count": count}));
            }
            Counted::UserAgent(agent) => agents.push(json!({"user_agent": agent, "count": count})),
        }
    }
    json!({"start": start, "requests": requests, "paths": paths, "user_agents": agents})
}

async fn quarantine(peer: Data<Peer>) -> HttpResponse {
    let one = json!({"reason": "conflict", "detail": "a \u{7}bell"});
    let all: Vec<_> = (peer.fault == Fault::Quarantines).then_some(one).into_iter().collect();
    HttpResponse::Ok().json(json!({"quarantine": all}))
}

/// The peer as the simulation's own server.
pub(super) struct Own(pub(super) Data<Peer>, pub(super) Url);

impl Server for Own {
    async fn start() -> Result<Self, Cause> {
        Err("a test starts it".into())
    }

    fn url(&self) -> &Url {
        &self.1
    }

    async fn crash(&mut self) -> Result<(), Cause> {
        let mut state = self.0.state();
        state.crashes += 1;
        state.absent = MISSED;
        Ok(())
    }

    fn keep(self) -> PathBuf {
        PathBuf::from("/kept")
    }
}
