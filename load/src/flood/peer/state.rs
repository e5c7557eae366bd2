//! What the test server has taken and stored.

use std::collections::{BTreeMap, HashSet};

use chrono::Utc;
use serde::Deserialize;
use serde_json::{Value, json};

use super::behaviour::Fault;

#[derive(Default)]
pub(super) struct State {
    pub(super) posts: usize,
    pub(super) accepted: usize,
    pub(super) reads: usize,
    pub(super) tried: HashSet<String>,
    pub(super) looked_up: HashSet<String>,
    /// How often each tenant's listing was started.
    pub(super) listings: BTreeMap<String, usize>,
    pub(super) stored: BTreeMap<String, Vec<Stored>>,
    pub(super) quarantine: BTreeMap<String, Vec<String>>,
    pub(super) faulty: Vec<(Fault, String, String)>,
}

#[derive(Clone)]
pub(super) struct Stored {
    pub(super) id: String,
    pub(super) fault: Option<Fault>,
    pub(super) document: Value,
}

/// A record as it was posted.
#[derive(Deserialize)]
pub(super) struct Posted {
    pub(super) tenant_id: String,
    pub(super) log_id: String,
    pub(super) text: String,
}

impl State {
    /// Stores a record, or puts it into quarantine, as its fault demands.
    pub(super) fn keep(
        &mut self,
        posted: &Posted,
        source: &str,
        fault: Option<Fault>,
        no_original: bool,
    ) {
        let (stored, quarantined) = places(&posted.tenant_id, fault);
        let id = posted.log_id.clone();
        let document = document(posted, source, fault, no_original);
        for tenant in stored {
            let stored = Stored { id: id.clone(), fault, document: document.clone() };
            self.stored.entry(tenant).or_default().push(stored);
        }
        for tenant in quarantined {
            self.quarantine.entry(tenant).or_default().push(id.clone());
        }
    }
}

/// The document of a record, which its fault may change.
fn document(posted: &Posted, source: &str, fault: Option<Fault>, no_original: bool) -> Value {
    let mut document = json!({
        "log_id": posted.log_id, "source": source, "original_text": posted.text,
        "received_at": Utc::now(), "processed_at": Utc::now(),
    });
    match fault {
        Some(Fault::Corrupt) => document["original_text"] = json!(format!("{}!", posted.text)),
        Some(Fault::Relabel) => document["source"] = json!("csv_upload"),
        Some(Fault::InParts | Fault::Unfinished | Fault::ListedOnly) => {
            document["parts"] = json!(2);
        }
        Some(Fault::Timeless) => document["processed_at"] = Value::Null,
        _ => {}
    }
    if no_original {
        document["original_text"] = Value::Null;
    }
    document
}

/// The other of the two tenants.
pub(in crate::flood) fn other(tenant: &str) -> String {
    match tenant.strip_suffix("-1") {
        Some(stem) => format!("{stem}-2"),
        None => format!("{}-1", tenant.strip_suffix("-2").expect("one of two tenants")),
    }
}

/// The tenants that list a record, and the tenants that have it in quarantine.
fn places(tenant: &str, fault: Option<Fault>) -> (Vec<String>, Vec<String>) {
    let (own, other) = (tenant.to_owned(), other(tenant));
    match fault {
        Some(Fault::Lose) => (vec![], vec![]),
        Some(Fault::Double) => (vec![own.clone(), own], vec![]),
        Some(Fault::Misplace) => (vec![other], vec![]),
        Some(Fault::Spread) => (vec![own, other], vec![]),
        Some(Fault::Quarantine) => (vec![], vec![own]),
        Some(Fault::QuarantineToo) => (vec![own.clone()], vec![own]),
        Some(Fault::QuarantineElsewhere) => (vec![own], vec![other]),
        _ => (vec![own], vec![]),
    }
}
