//! Completes the document of a text in several parts when the last of them is stored.
//!
//! Every delivery of a part checks, after the part is stored and before the message is
//! acknowledged. So if several deliveries store the last parts at the same time, at least one sees
//! all parts; and if all are killed before they can complete the document, their messages are
//! delivered again. Several may complete it at once: they write the same document, since parts
//! never change.

use common::joined_text::JoinedText;
use common::path::DocumentPath;
use common::processed_log;
use common::record::Record;
use common::store::patience::patiently;
use common::store::{Document, StoreError, Write, scan};

use crate::context::Context;

/// Gives the record's document its texts and `processed_at`, if all parts are stored and nobody has
/// done so yet.
pub(super) async fn complete(context: &Context, record: &Record) -> Result<(), StoreError> {
    let path = processed_log::path(&record.tenant, &record.id);
    let log = patiently(|| context.store.get_many(std::slice::from_ref(&path))).await?;
    let Some(log) = log.into_iter().flatten().find(processed_log::awaits_completion) else {
        return Ok(());
    };
    let Some(write) = completion(context, &path, &log).await? else { return Ok(()) };
    patiently(|| context.store.commit(vec![write.clone()])).await
}

/// The write that completes the document; `None` if parts of it are missing because somebody has
/// removed them.
async fn completion(
    context: &Context,
    path: &DocumentPath,
    log: &Document,
) -> Result<Option<Write>, StoreError> {
    let joined = patiently(|| join(context, path)).await?;
    if log.integer("parts") == Some(joined.parts()) {
        return Ok(Some(processed_log::complete(path, joined)));
    }
    tracing::warn!(log = %path, found = joined.parts(), "parts of a text are missing");
    Ok(None)
}

async fn join(context: &Context, path: &DocumentPath) -> Result<JoinedText, StoreError> {
    let _turn = context.completions.acquire().await;
    let mut joined = JoinedText::for_a_document(context.settings.keep().original);
    scan(&*context.store, &path.parts(), None, |part| joined.add(part)).await?;
    Ok(joined)
}
