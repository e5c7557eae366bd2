//! The end of a process, as its operator or platform asks for it.

use tokio::signal::unix::{SignalKind, signal};

/// Returns when the process gets SIGTERM or Ctrl-C. An error where signals cannot be listened to.
pub async fn stop_requested() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}
