//! The test server, and what tests ask it.

use std::sync::{Mutex, MutexGuard};

use actix_web::{HttpRequest, HttpResponse};

use super::behaviour::{Behaviour, Fault};
use super::state::State;

/// The reason that the server gives for a refusal or quarantine.
pub(super) const REASON: &str = "a fault on demand";

/// The server.
pub(in crate::flood) struct Peer {
    pub(super) behaviour: Behaviour,
    state: Mutex<State>,
}

impl Peer {
    pub(super) fn new(behaviour: Behaviour) -> Self {
        Self { behaviour, state: Mutex::default() }
    }

    /// The tenant and id of the one record with this fault.
    pub(in crate::flood) fn faulty(&self, fault: Fault) -> (String, String) {
        let state = self.state();
        let mut all = state.faulty.iter().filter(|(f, _, _)| *f == fault);
        let (_, tenant, id) = all.next().expect("the fault was done");
        assert!(all.next().is_none(), "the fault was done once");
        (tenant.clone(), id.clone())
    }

    /// How many posts have arrived, answered or not.
    pub(in crate::flood) fn posts(&self) -> usize {
        self.state().posts
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no handler panics")
    }

    /// The refusal of a read, if it needs another token or the server refuses it on demand.
    pub(super) fn refuses_read(&self, request: &HttpRequest) -> Option<HttpResponse> {
        let expected = self.behaviour.token.map(|token| format!("Bearer {token}"));
        if expected.is_some() && header(request, "authorization") != expected {
            return Some(HttpResponse::Unauthorized().finish());
        }
        let mut state = self.state();
        state.reads += 1;
        (state.reads <= self.behaviour.refuse_reads)
            .then(|| HttpResponse::ServiceUnavailable().finish())
    }
}

pub(super) fn header(request: &HttpRequest, name: &str) -> Option<String> {
    Some(request.headers().get(name)?.to_str().ok()?.to_owned())
}
