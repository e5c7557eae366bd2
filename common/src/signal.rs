//! The end of a process, as its operator or platform asks for it.

use tokio::signal::unix::{SignalKind, signal};

/// Returns when the process gets SIGTERM or Ctrl-C, or cannot listen to signals at all.
pub async fn stop_requested() {
    if let Err(error) = either().await {
        tracing::error!(%error, "signals cannot be heard; stopping");
    }
}

async fn either() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}
