//! Replaces a running program.

use crate::service::{Service, ServiceError};

/// Kills the service in `slot`, and puts there what `again` starts.
pub(super) async fn replace(
    slot: &mut Option<Service>,
    again: impl AsyncFnOnce() -> Result<Service, ServiceError>,
) -> Result<(), ServiceError> {
    if let Some(service) = slot.take() {
        service.kill().await?;
    }
    *slot = Some(again().await?);
    Ok(())
}
