//! `spillway redrive`: publishes a tenant's quarantined messages again, and removes from
//! quarantine what is stored.

mod case;
mod redriven;
mod run;

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use common::config::LogArgs;
use common::store::StoreError;
use common::tenant::TenantId;
use common::{program, telemetry};
use thiserror::Error;

use self::redriven::Redriven;
use self::run::Run;
use crate::deployment::{DeploymentArgs, DeploymentError};
use crate::replay::tenant;

/// Publish a tenant's quarantined messages again, and remove them from quarantine once they are stored.
///
/// A message that cannot be stored stays in quarantine and is listed with the reason: its record's
/// id now belongs to different content, or its data was not kept whole. You can stop a redrive and
/// run it again at any time.
///
/// Exit code 0: none of the chosen messages is left in quarantine. 1: some are. 2: there is no such
/// message or no store, or an option is not valid.
#[derive(Args, Debug)]
pub(crate) struct RedriveArgs {
    /// The tenant whose quarantine is redriven.
    #[arg(long, value_name = "ID", value_parser = tenant)]
    tenant: TenantId,

    /// Only the message with this `id` in the quarantine's listing, or the messages of the record
    /// with this id [default: all].
    #[arg(long, value_name = "ID")]
    id: Option<String>,

    /// How long to wait, in seconds, until everything is stored; the work on a text may take 540 s.
    #[arg(long, value_name = "SECONDS", default_value_t = 900)]
    wait: u32,

    #[command(flatten)]
    deployment: DeploymentArgs,

    #[command(flatten)]
    log: LogArgs,
}

/// Why the redrive ended early.
#[derive(Debug, Error)]
enum RedriveError {
    #[error(transparent)]
    Deployment(#[from] DeploymentError),
    #[error("the quarantine of tenant {0} holds no message or record with the id {1}")]
    NotThere(TenantId, String),
    #[error("the store does not answer; it is safe to redrive again")]
    Store(#[from] StoreError),
}

/// Redrives, and returns the exit code that the command's help promises.
pub(crate) async fn run(args: RedriveArgs) -> ExitCode {
    telemetry::init(args.log.log_format);
    match redrive(&args).await {
        Ok(redriven) => {
            // A reader such as `head` may have closed the pipe: that is not a failure.
            if redriven.settled() == 0 {
                drop(writeln!(io::stdout(), "the quarantine of tenant {} is empty", args.tenant));
            }
            drop(write!(io::stdout(), "{redriven}"));
            if redriven.left.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            let usage = match &error {
                RedriveError::NotThere(..) => true,
                RedriveError::Deployment(error) => error.is_usage(),
                RedriveError::Store(_) => false,
            };
            let failure = program::ended(Err(error));
            if usage { ExitCode::from(2) } else { failure }
        }
    }
}

async fn redrive(args: &RedriveArgs) -> Result<Redriven, RedriveError> {
    let deployment = args.deployment.chosen()?;
    let (store, broker) = (deployment.store()?, deployment.broker().await?);
    let wait = deployment.is_served().then(|| Duration::from_secs(args.wait.into()));
    let run = Run::new(&*store, &*broker, args.tenant.clone());
    let ids = run.find(args.id.as_deref()).await?;
    if let (Some(id), true) = (&args.id, ids.is_empty()) {
        return Err(RedriveError::NotThere(args.tenant.clone(), id.clone()));
    }
    tracing::info!(
        messages = ids.len(),
        "redriving the quarantine of {} in {deployment}",
        args.tenant
    );
    let redriven = run.redrive(&ids, wait).await;
    broker.flush().await;
    Ok(redriven?)
}
