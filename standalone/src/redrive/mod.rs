//! `spillway redrive`: publishes a tenant's quarantined messages again, and removes from
//! quarantine what is stored.

mod case;
mod run;

use std::fmt;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use common::config::LogArgs;
use common::store::StoreError;
use common::tenant::TenantId;
use common::{program, telemetry};
use thiserror::Error;

use self::case::Left;
use self::run::Run;
use crate::deployment::{DeploymentArgs, DeploymentError};
use crate::replay::tenant;

/// Publishes quarantined messages of a tenant again, waits until each is stored, and removes it
/// from quarantine then. Messages that cannot be stored stay, and are listed with the reason: one
/// whose record's name belongs to other content by now, or whose data were not kept whole. It may
/// be broken off and begun again at any time. Exit code 0: nothing that was chosen is left in
/// quarantine; 1: something is; 2: what was asked for is not there.
#[derive(Args, Debug)]
pub(crate) struct RedriveArgs {
    /// The tenant.
    #[arg(long, value_name = "ID", value_parser = tenant)]
    tenant: TenantId,

    /// Only the message with this `id` in the listing of the quarantine, or those of the record
    /// with this id.
    #[arg(long, value_name = "ID")]
    id: Option<String>,

    /// How long to wait until all is stored, in seconds; a text may need 540 s of work.
    #[arg(long, value_name = "SECONDS", default_value_t = 900)]
    wait: u32,

    #[command(flatten)]
    deployment: DeploymentArgs,

    #[command(flatten)]
    log: LogArgs,
}

/// Why not everything was looked at.
#[derive(Debug, Error)]
enum RedriveError {
    #[error(transparent)]
    Deployment(#[from] DeploymentError),
    #[error("{0} has nothing named {1} in quarantine")]
    NotThere(TenantId, String),
    #[error("the store does not answer; to begin again is safe")]
    Store(#[from] StoreError),
}

/// What became of the messages.
#[derive(Debug, Default, PartialEq, Eq)]
struct Redriven {
    /// Stored, and removed from quarantine.
    stored: u64,
    /// Removed because the record had been stored before.
    known: u64,
    /// Still in quarantine.
    left: Vec<(String, Left)>,
}

/// Redrives, and tells by the exit code how it went.
pub(crate) async fn run(args: RedriveArgs) -> ExitCode {
    telemetry::init(args.log.log_format);
    match redrive(&args).await {
        Ok(redriven) => {
            // Whoever reads only the beginning has seen enough.
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
    tracing::info!(messages = ids.len(), "redriving {}'s quarantine in {deployment}", args.tenant);
    let redriven = run.redrive(&ids, wait).await;
    broker.flush().await;
    Ok(redriven?)
}

impl fmt::Display for Redriven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, why) in &self.left {
            writeln!(f, "left in quarantine: {name}: {why}")?;
        }
        let Self { stored, known, left } = self;
        writeln!(
            f,
            "{stored} messages stored and removed from quarantine, {known} removed that were \
             stored before, {} left in quarantine",
            left.len()
        )
    }
}
