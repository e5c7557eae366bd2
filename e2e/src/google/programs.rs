//! The deployed programs, with the settings that Terraform gives them, and nothing else but what every
//! instance of Cloud Run has: a port, a metadata server, the certificates of its system.

use std::path::Path;
use std::sync::Arc;

use google_cloud_gax::client_builder::Error as BuilderError;
use google_cloud_gax::error::Error as PubsubError;
use serde_json::Value;
use thiserror::Error;
use tokio::process::Command;

use super::metadata_server::MetadataServer;
use super::project::Project;
use super::push_front::PushFront;
use crate::emulators::{EmulatorError, Emulators};
use crate::issuer::{Issuer, claims};
use crate::pubsub_admin::{PubsubAdmin, SubscriptionSettings};
use crate::relay::{Faults, Relay};
use crate::service::{Service, ServiceError};
use crate::terraform::{DeclaredService, Terraform, TerraformError};

/// The folder of Terraform's files.
const TERRAFORM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../terraform");
/// The topic that Terraform names, and a subscription in place of its own.
const TOPIC: &str = "spillway";
const SUBSCRIPTION: &str = "spillway-work";

/// Gateway and worker, and what pushes from one to the other.
#[derive(Debug)]
pub struct Programs {
    /// The gateway.
    pub gateway: Service,
    /// The worker.
    pub worker: Service,
    /// What stands before the worker's `/push`.
    pub front: PushFront,
    /// Pushes from one to the other.
    pub relay: Relay,
}

/// Why they do not run.
#[derive(Debug, Error)]
pub enum ProgramsError {
    /// The emulators do not run.
    #[error(transparent)]
    Emulators(#[from] EmulatorError),
    /// A program does not run.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The worker's front cannot listen.
    #[error("a server cannot listen")]
    Io(#[from] std::io::Error),
    /// Terraform's files cannot be read.
    #[error(transparent)]
    Terraform(#[from] TerraformError),
    /// A client of the emulator could not be built.
    #[error("the Pub/Sub emulator cannot be reached")]
    Client(#[from] BuilderError),
    /// The topic or the subscription could not be created.
    #[error("the Pub/Sub emulator refused a topic or subscription")]
    Admin(#[from] PubsubError),
}

impl Programs {
    /// Starts both in `project`, each by what `launch` makes of its name. They ask `metadata` for tokens,
    /// and trust whom `trusted`, a file of certificates, names.
    pub async fn start(
        launch: impl Fn(&str) -> Command,
        project: &Project,
        metadata: &MetadataServer,
        trusted: &Path,
    ) -> Result<Self, ProgramsError> {
        let terraform = terraform(project)?;
        let start = async |name: &str| {
            let declared = terraform.services(name).pop().unwrap_or_default();
            let mut command = launch(name);
            command.env_clear().envs(&declared.environment).env("PORT", "0");
            // Reads are open: then Terraform has no token, which its reader here cannot know.
            command.env_remove("READ_TOKEN").env_remove("ADMIN_TOKEN");
            command.env("GCE_METADATA_HOST", metadata.host()).env("SSL_CERT_FILE", trusted);
            Service::run(command).await
        };
        let admin =
            PubsubAdmin::connect(Emulators::try_shared().await?.pubsub_host(), &project.id).await?;
        admin.create_topic(TOPIC).await?;
        let settings =
            SubscriptionSettings { ack_deadline_seconds: 60, ..SubscriptionSettings::default() };
        admin.create_subscription(SUBSCRIPTION, TOPIC, settings).await?;
        let (gateway, worker) = (start("gateway").await?, start("worker").await?);
        let issuer = Arc::new(Issuer::new("1"));
        let front = PushFront::start(worker.url(), Arc::clone(&issuer)).await?;
        let relay =
            Relay::start(&admin, SUBSCRIPTION, "/push", front.url(), Faults::default()).await?;
        let declared = terraform.services("worker").pop().unwrap_or_default();
        relay.use_token(issuer.token(&push_claims(&declared)));
        Ok(Self { gateway, worker, front, relay })
    }
}

fn terraform(project: &Project) -> Result<Terraform, TerraformError> {
    let given = [
        ("project_id", project.id.as_str()),
        ("read_token", "open"),
        ("pubsub_endpoint", project.pubsub.url()),
        ("firestore_endpoint", project.firestore.url()),
    ];
    Terraform::read(Path::new(TERRAFORM), &given)
}

/// What a push's token says.
fn push_claims(worker: &DeclaredService) -> Value {
    let setting = |name: &str| worker.environment.get(name).cloned().unwrap_or_default();
    claims(&setting("PUSH_SERVICE_ACCOUNT"), &setting("PUSH_AUDIENCE"))
}
