//! Requests to stop, from the operator or the platform.

use tokio::signal::unix::{SignalKind, signal};

/// Returns on SIGTERM or Ctrl-C, or if the process cannot listen for signals.
pub async fn stop_requested() {
    if let Err(error) = either().await {
        tracing::error!(%error, "cannot listen for signals; stopping");
    }
}

async fn either() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}
