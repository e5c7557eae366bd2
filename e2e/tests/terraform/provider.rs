//! A provider that keeps its resources in memory: Google Cloud as Terraform sees it. It behaves like Google's
//! where that decides whether a run succeeds: a creation can fail and leave the resource behind, and what is
//! protected is not deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use e2e::grpc::{self, Answer, Call, Failure, Server};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::schema;
use super::state::State;
use super::wire::{
    ApplyResponse, ChangeRequest, Diagnostic, DynamicValue, ERROR, Nothing, PlanResponse,
    ProviderSchema, ReadRequest, StateResponse, UpgradeRequest,
};

/// The status for a method that does not exist.
const UNIMPLEMENTED: u8 = 12;
/// What the provider protects unless it is told not to.
const SERVICE: &str = "google_cloud_run_v2_service";
const DATABASE: &str = "google_firestore_database";
/// What `gcloud` leaves in a service that it deploys to, besides the image: in its template, and in itself.
const LEFT_BY_GCLOUD: [(Option<&str>, &str); 5] = [
    (Some("template"), "annotations"),
    (Some("template"), "labels"),
    (None, "client"),
    (None, "client_version"),
    (None, "traffic"),
];

/// A provider that listens; dropping it stops it.
pub(crate) struct Provider {
    address: String,
    cloud: Arc<Cloud>,
    task: JoinHandle<()>,
}

struct Cloud {
    schema: ProviderSchema,
    resources: Mutex<Resources>,
}

#[derive(Default)]
struct Resources {
    made: u32,
    by_id: BTreeMap<String, State>,
    /// The services whose next creation fails.
    failing: BTreeSet<String>,
    deleted: BTreeSet<String>,
}

impl Provider {
    /// Listens on a free port, for what `folder` declares.
    pub(crate) async fn start(folder: &Path) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let cloud = Arc::new(Cloud { schema: schema::of(folder), resources: Mutex::default() });
        let task = tokio::spawn(accept(listener, Arc::clone(&cloud)));
        Self { address, cloud, task }
    }

    /// The variable that tells Terraform to use it instead of the registry's.
    pub(crate) fn variable(&self) -> String {
        let address = json!({"Network": "tcp", "String": self.address});
        json!({"hashicorp/google": {
            "Protocol": "grpc", "ProtocolVersion": 6, "Pid": std::process::id(), "Test": true,
            "Addr": address,
        }})
        .to_string()
    }

    /// Lets the next creation of each of these services fail, as if its first revision did not start.
    pub(crate) fn fail_once(&self, services: &[String]) {
        self.cloud.resources().failing.extend(services.iter().cloned());
    }

    /// Replaces a text in all resources, as somebody else than Terraform does; returns in how many.
    pub(crate) fn replace(&self, old: &str, new: &str) -> usize {
        let mut resources = self.cloud.resources();
        let states = resources.by_id.values_mut();
        states.map(|state| state.replace(old, new)).filter(|found| *found).count()
    }

    /// Leaves in each service what a deployment by `gcloud` leaves; returns in how many.
    pub(crate) fn deploy(&self) -> usize {
        let (mut resources, kind) = (self.cloud.resources(), format!("{SERVICE}/"));
        let services = resources.by_id.iter_mut().filter(|(id, _)| id.starts_with(&kind));
        let mut deployed = 0;
        for (_, service) in services {
            LEFT_BY_GCLOUD.iter().for_each(|(block, name)| service.set(*block, name, "gcloud"));
            deployed += 1;
        }
        deployed
    }

    /// How many resources there are.
    pub(crate) fn count(&self) -> usize {
        self.cloud.resources().by_id.len()
    }

    /// The names of the resources that were deleted.
    pub(crate) fn deleted(&self) -> BTreeSet<String> {
        self.cloud.resources().deleted.clone()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, cloud: Arc<Cloud>) {
    while let Ok((stream, _)) = listener.accept().await {
        // Terraform ends its connections without a word.
        tokio::spawn(grpc::serve(stream, Arc::clone(&cloud)));
    }
}

impl Server for Cloud {
    async fn answer(&self, call: Call) -> Result<Answer, Failure> {
        Ok(match call.method().rsplit('/').next().unwrap_or_default() {
            "GetProviderSchema" => Answer::message(&self.schema),
            "ValidateProviderConfig"
            | "ValidateResourceConfig"
            | "ValidateDataResourceConfig"
            | "ConfigureProvider"
            | "StopProvider" => Answer::message(&Nothing {}),
            "UpgradeResourceState" => Answer::message(&upgraded(call.message()?)),
            "ReadResource" => Answer::message(&self.read(&call.message()?)),
            "ReadDataSource" => Answer::message(&self.data(&call.message()?)),
            "PlanResourceChange" => Answer::message(&self.plan(&call.message()?)),
            "ApplyResourceChange" => Answer::message(&self.apply(&call.message()?)),
            _ => Answer::refusal(UNIMPLEMENTED, "There is no such method."),
        })
    }
}

/// Google's answer about a dashboard: the same, without what is 0 or empty.
fn answered(dashboard: &str) -> String {
    let sent: Value = serde_json::from_str(dashboard).expect("JSON");
    let mut kept = sent.clone();
    drop_defaults(&mut kept);
    if kept == sent { dashboard.to_owned() } else { kept.to_string() }
}

fn drop_defaults(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(drop_defaults),
        Value::Object(fields) => {
            fields.retain(|_, field| !is_default(field));
            fields.values_mut().for_each(drop_defaults);
        }
        _ => {}
    }
}

fn is_default(value: &Value) -> bool {
    [json!(0), json!(false), json!(""), json!([]), json!({}), Value::Null].contains(value)
}

fn upgraded(request: UpgradeRequest) -> StateResponse {
    let json = request.raw_state.unwrap_or_default().json;
    StateResponse { state: Some(DynamicValue { json, ..DynamicValue::default() }) }
}

impl Cloud {
    fn resources(&self) -> MutexGuard<'_, Resources> {
        self.resources.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What Google sets, of a resource of this kind.
    fn made(&self, kind: &str) -> Vec<String> {
        let schemas = [&self.schema.resources, &self.schema.data_sources];
        let schema = schemas.iter().find_map(|schemas| schemas.get(kind)).expect("a known kind");
        let attributes = schema.block.iter().flat_map(|block| &block.attributes);
        let made = attributes.filter(|attribute| attribute.computed && !attribute.optional);
        made.map(|attribute| attribute.name.clone()).collect()
    }

    fn read(&self, request: &ReadRequest) -> StateResponse {
        let known = State::read(request.value.as_ref()).expect("a state");
        let id = known.text("id").unwrap_or_default();
        let mut state = self.resources().by_id.get(id).cloned();
        if let Some(state) = &mut state {
            state.edit("dashboard_json", answered);
        }
        StateResponse { state: Some(State::write(state)) }
    }

    fn data(&self, request: &ReadRequest) -> StateResponse {
        let mut state = State::read(request.value.as_ref()).expect("a configuration");
        state.fill(&self.made(&request.type_name), |attribute| match attribute {
            "number" => "123456789012".to_owned(),
            other => format!("{}/{other}", request.type_name),
        });
        StateResponse { state: Some(State::write(Some(state))) }
    }

    fn plan(&self, request: &ChangeRequest) -> PlanResponse {
        let planned = State::read(request.next.as_ref()).map(|mut planned| {
            planned.leave_open(&self.made(&request.type_name));
            planned.forget();
            planned
        });
        PlanResponse { planned: Some(State::write(planned)) }
    }

    fn apply(&self, request: &ChangeRequest) -> ApplyResponse {
        let (kind, mut resources) = (request.type_name.as_str(), self.resources());
        let (prior, planned) =
            (State::read(request.prior.as_ref()), State::read(request.next.as_ref()));
        let Some(mut state) = planned else {
            let gone = prior.expect("a resource to delete");
            return match resources.delete(kind, &gone) {
                Ok(()) => response(None, None),
                Err(reason) => response(Some(gone), Some(reason)),
            };
        };
        if prior.is_none() {
            resources.made += 1;
        }
        let number = resources.made;
        let name = state.text("name").unwrap_or_default().to_owned();
        state.fill(&self.made(kind), |attribute| match attribute {
            "uri" => format!("https://{name}.example"),
            "url" => format!("gs://{name}"),
            other => format!("{kind}/{number}/{other}"),
        });
        state.forget();
        resources.by_id.insert(state.text("id").unwrap_or_default().to_owned(), state.clone());
        let fails = kind == SERVICE && prior.is_none() && resources.failing.remove(&name);
        let reason = format!("Error waiting to create Service: {name}-00001 is not ready");
        let reason = fails.then_some(reason);
        response(Some(state), reason)
    }
}

impl Resources {
    /// Deletes a resource, unless it is protected.
    fn delete(&mut self, kind: &str, gone: &State) -> Result<(), String> {
        let is_protected = match kind {
            SERVICE => !gone.is_false("deletion_protection"),
            DATABASE => gone.text("delete_protection_state") == Some("DELETE_PROTECTION_ENABLED"),
            _ => false,
        };
        if is_protected {
            return Err(format!("cannot destroy {kind}: it is protected from deletion"));
        }
        self.by_id.remove(gone.text("id").unwrap_or_default());
        self.deleted.insert(gone.text("name").unwrap_or_default().to_owned());
        Ok(())
    }
}

fn response(state: Option<State>, error: Option<String>) -> ApplyResponse {
    let diagnostics = error.map(|summary| Diagnostic { severity: ERROR, summary });
    ApplyResponse {
        state: Some(State::write(state)),
        diagnostics: diagnostics.into_iter().collect(),
    }
}
