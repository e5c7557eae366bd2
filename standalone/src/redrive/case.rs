//! One message in quarantine: what it carries, and what may keep it there.

use std::time::Duration;

use common::broker::{Message, PublishError};
use common::message::{MessageError, attribute};
use common::path::DocumentPath;
use common::quarantine::{self, Lost, Restored};
use common::record::{Kind, Record};
use common::store::Document;
use common::tenant::TenantId;
use thiserror::Error;

use crate::republish::marked;

/// Attributes that Pub/Sub adds to a dead letter; they are not part of the message.
const DEAD_LETTER_ATTRIBUTES: &str = "CloudPubSubDeadLetterSource";

/// Why a message stays in quarantine.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Left {
    #[error("{0}")]
    Lost(Lost),
    #[error("its data was redacted before it went to quarantine, so its counts would be wrong")]
    Redacted,
    #[error("it is not a valid record: {0}")]
    NoRecord(String),
    #[error("a record with this id and other content is stored (conflict)")]
    Conflict,
    #[error("it cannot be published: {0}")]
    NotPublished(String),
    #[error("it went to quarantine again: {0}")]
    Again(String),
    #[error("it was published, but not stored within {0:?}; redrive again to check")]
    NotYet(Duration),
    #[error("it was published, but no server is running; start one, then redrive again")]
    NoServer,
}

impl From<PublishError> for Left {
    fn from(error: PublishError) -> Self {
        Self::NotPublished(error.to_string())
    }
}

/// A message that can be published again.
#[derive(Debug)]
pub(super) struct Case {
    /// What the output calls it.
    pub(super) name: String,
    /// Its document in quarantine.
    pub(super) place: DocumentPath,
    /// Its document if it fails again: another one if its data was redacted.
    pub(super) next_place: DocumentPath,
    /// The marked message; its data is dropped once it is published.
    pub(super) message: Message,
    /// The record that it carries.
    pub(super) record: Record,
}

impl Case {
    /// Reads the message back and marks it. Fails if it cannot be published.
    pub(super) fn read(
        tenant: &TenantId,
        document: &Document,
        mark: &str,
    ) -> Result<Self, (String, Left)> {
        let name = name(document);
        let failed = |left| (name.clone(), left);
        let Restored { mut message, is_redacted } =
            Restored::read(&document.fields).map_err(|lost| failed(Left::Lost(lost)))?;
        message.attributes.retain(|name, _| !name.starts_with(DEAD_LETTER_ATTRIBUTES));
        let record = Record::try_from(&message)
            .map_err(|error: MessageError| failed(Left::NoRecord(error.to_string())))?;
        // The stored form of a text is the redacted one anyway.
        if is_redacted && record.kind != Kind::Text {
            return Err(failed(Left::Redacted));
        }
        Ok(Self {
            place: quarantine::found(tenant, &document.id),
            next_place: quarantine::path(&message, &message.data),
            message: marked(message, mark),
            record,
            name,
        })
    }

    /// Drops the data, which is no longer needed.
    pub(super) fn without_data(mut self) -> Self {
        self.message.data = Vec::new();
        self.record.data = String::new();
        self
    }

    /// Why it is in quarantine again, if the document at its next place is from this redrive.
    pub(super) fn failed_again(&self, found: &Document) -> Option<Left> {
        let attributes = quarantine::attributes(found.fields.get("attributes")?)?;
        let is_this =
            attributes.get(attribute::REPLAY) == self.message.attributes.get(attribute::REPLAY);
        let text = |name| found.text(name).unwrap_or_default();
        is_this.then(|| Left::Again(format!("{}: {}", text("reason"), text("detail"))))
    }
}

/// `{id} ({kind} {record}, part 1 of 1)`, with `?` for what cannot be read.
fn name(document: &Document) -> String {
    let attributes = document.fields.get("attributes").and_then(quarantine::attributes);
    let get = |name| {
        let value = attributes.as_ref().and_then(|attributes| attributes.get(name));
        value.map_or("?", String::as_str).escape_debug().to_string()
    };
    let [kind, record, part, parts] =
        [attribute::KIND, attribute::RECORD_ID, attribute::PART, attribute::PARTS].map(get);
    format!("{} ({kind} {record}, part {part} of {parts})", document.id)
}
