//! Puts a message into quarantine: written once, before the message is acknowledged.

use chrono::Utc;
use common::broker::Message;
use common::message::attribute;
use common::metrics::QUARANTINED;
use common::quarantine::{Quarantined, Reason, path};
use common::retention::Keep;
use common::store::{DocumentStore, StoreError, Value, Write};
use common::text::redact::redact;

use common::store::patience::patiently;

/// Fields that keep their first value when the message fails again.
const FIRST: [&str; 2] = ["first_seen", "expire_at"];

/// Why a message cannot be processed, and how often it was tried.
pub(crate) struct Failure {
    /// The reason.
    pub(crate) reason: Reason,
    /// The reason in words.
    pub(crate) detail: String,
    /// Deliveries so far.
    pub(crate) attempts: u32,
}

/// Writes the message to its tenant's quarantine. A message that is already there keeps its
/// document. Only a replay that fails again updates it, so that the operator can see from the
/// attributes that it failed, and why.
pub(crate) async fn quarantine(
    store: &dyn DocumentStore,
    keep: Keep,
    message: &Message,
    failure: Failure,
) -> Result<(), StoreError> {
    let Failure { reason, detail, attempts } = failure;
    let data = kept(message, keep.original);
    let quarantined =
        Quarantined { message, data: &data, reason, detail, attempts, first_seen: Utc::now() };
    let mut fields = quarantined.fields();
    let expire_at = keep.expire_at(quarantined.first_seen).map(Value::from);
    fields.extend(expire_at.map(|at| ("expire_at".to_owned(), at)));
    let path = path(message, &data);
    let write = Write::Create { path: path.clone(), fields: fields.clone() };
    match patiently(|| store.commit(vec![write.clone()])).await {
        Ok(()) => QUARANTINED.with_label_values(&[reason.as_str()]).inc(),
        Err(StoreError::AlreadyExists) if message.attributes.contains_key(attribute::REPLAY) => {
            fields.retain(|name, _| !FIRST.contains(&name.as_str()));
            let again = Write::Upsert { path, fields: fields.into() };
            patiently(|| store.commit(vec![again.clone()])).await?;
        }
        Err(StoreError::AlreadyExists) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Removes the message from quarantine if it is there.
pub(crate) async fn take_back(
    store: &dyn DocumentStore,
    keep: Keep,
    message: &Message,
) -> Result<(), StoreError> {
    let path = path(message, &kept(message, keep.original));
    let found = patiently(|| store.get_many(std::slice::from_ref(&path))).await?;
    if found.iter().all(Option::is_none) {
        return Ok(());
    }
    let remove = Write::Delete { path };
    patiently(|| store.commit(vec![remove.clone()])).await
}

fn kept(message: &Message, original: bool) -> Vec<u8> {
    if original {
        return message.data.clone();
    }
    redact(&String::from_utf8_lossy(&message.data)).text.into_bytes()
}
