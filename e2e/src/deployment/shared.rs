//! One deployment of each mode, shared by all tests of a process that leave it as they found it.
//! Each test keeps to tenants of its own.

use std::error::Error;
use std::sync::OnceLock;
use std::sync::mpsc;
use std::thread;

use super::either::Deployment;
use super::settings::Settings;

/// A deployment, or why it did not start: each test that needs it fails with the same reason.
type Shared = OnceLock<Result<Deployment, String>>;

/// The embedded mode.
///
/// # Panics
/// If it does not start.
pub fn embedded() -> &'static Deployment {
    static SHARED: Shared = OnceLock::new();
    running(SHARED.get_or_init(|| on_its_own_thread(Deployment::try_embedded)))
}

/// The shape of Google Cloud.
///
/// # Panics
/// If it does not start.
pub fn cloud() -> &'static Deployment {
    static SHARED: Shared = OnceLock::new();
    running(SHARED.get_or_init(|| on_its_own_thread(Deployment::try_cloud)))
}

fn running(shared: &'static Result<Deployment, String>) -> &'static Deployment {
    shared.as_ref().unwrap_or_else(|reason| panic!("{reason}"))
}

/// Tasks of a deployment must outlive the test that starts it: they run as long as the process.
fn on_its_own_thread<E: Error>(
    start: impl AsyncFnOnce(Settings) -> Result<Deployment, E> + Send + 'static,
) -> Result<Deployment, String> {
    let (started, deployment) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let deployment = start(vec![("WORK_SECONDS_PER_CHAR", "0.0001".to_owned())]).await;
            let is_running = deployment.is_ok();
            drop(started.send(deployment.map_err(|error| error.to_string())));
            if is_running {
                std::future::pending::<()>().await;
            }
        });
    });
    let reason = |_| "the deployment did not start: its thread panicked above".to_owned();
    deployment.recv().map_err(reason).flatten()
}
