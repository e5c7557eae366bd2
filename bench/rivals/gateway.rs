//! Spillway's gateway with a broker that does nothing: what the request path costs by itself.

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use clap::Parser;
use common::broker::{Broker, Message, PublishError};
use common::config::LogArgs;
use common::path::DocumentPath;
use common::store::{Aggregation, CommitLimits, Document, DocumentStore, Query, StoreError, Write};
use common::tenant::TenantId;
use common::{signal, telemetry};
use gateway::{Application, Gateway, GatewaySettings, LogRequests};

#[derive(Parser)]
struct Args {
    #[arg(long, env = "PORT")]
    port: u16,

    #[command(flatten)]
    settings: GatewaySettings,

    #[command(flatten)]
    log: LogArgs,
}

/// Takes every message and forgets it; holds no document.
struct Nothing;

#[async_trait]
impl Broker for Nothing {
    async fn publish(&self, messages: Vec<Message>) -> Vec<Result<(), PublishError>> {
        messages.iter().map(|_| Ok(())).collect()
    }

    async fn probe(&self) -> Result<(), PublishError> {
        Ok(())
    }

    async fn flush(&self) {}
}

#[async_trait]
impl DocumentStore for Nothing {
    async fn commit(&self, _: Vec<Write>) -> Result<(), StoreError> {
        Ok(())
    }

    fn commit_limits(&self) -> CommitLimits {
        CommitLimits::ONE_AT_A_TIME
    }

    async fn get_many(&self, paths: &[DocumentPath]) -> Result<Vec<Option<Document>>, StoreError> {
        Ok(paths.iter().map(|_| None).collect())
    }

    async fn query(&self, _: &Query) -> Result<Vec<Document>, StoreError> {
        Ok(Vec::new())
    }

    async fn aggregate(&self, _: &Query, of: &[Aggregation]) -> Result<Vec<i64>, StoreError> {
        Ok(vec![0; of.len()])
    }

    async fn tenants(&self, _: usize) -> Result<Vec<TenantId>, StoreError> {
        Ok(Vec::new())
    }

    async fn probe(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let args = Args::parse();
    telemetry::init(args.log.log_format);
    let settings = args.settings.or_log_requests(LogRequests::All);
    let gateway = Gateway::new(Arc::new(Nothing), Arc::new(Nothing), settings);
    let application = Application::build(gateway, "127.0.0.1", args.port)?;
    application.run_until_stopped(signal::stop_requested()).await
}
