//! One message in quarantine: what it is, and what may keep it there.

use std::time::Duration;

use common::broker::{Message, PublishError};
use common::message::{MessageError, attribute};
use common::path::DocumentPath;
use common::quarantine::{self, Lost, Restored};
use common::record::{Kind, Record};
use common::store::{Document, Value};
use common::tenant::TenantId;
use thiserror::Error;

use crate::republish::marked;

/// What Pub/Sub tells of a dead letter: no part of the message.
const DEAD_LETTER_ATTRIBUTES: &str = "CloudPubSubDeadLetterSource";

/// Why a message stays in quarantine.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Left {
    #[error("{0}")]
    Lost(Lost),
    #[error("its data were redacted when it was set aside, so it would be counted wrong")]
    Redacted,
    #[error("it is no record: {0}")]
    NoRecord(String),
    #[error("another record of this name is stored (conflict)")]
    Conflict,
    #[error("it cannot be published: {0}")]
    NotPublished(String),
    #[error("it was set aside again: {0}")]
    Again(String),
    #[error("it is published, but was not stored within {0:?}: redrive again to see")]
    NotYet(Duration),
    #[error("it is published, but no server runs here: start one, then redrive again")]
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
    /// For people.
    pub(super) name: String,
    /// Where it lies in quarantine.
    pub(super) place: DocumentPath,
    /// Where it lies if it fails again: elsewhere where its data were redacted.
    pub(super) next_place: DocumentPath,
    /// The message with its mark; without it once it is published.
    pub(super) message: Message,
    /// What it carries.
    pub(super) record: Record,
}

impl Case {
    /// Reads the message back, marks it, and says where it cannot be published.
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
        // Of a text, the redacted form is what is stored anyway.
        if is_redacted && record.kind != Kind::Text {
            return Err(failed(Left::Redacted));
        }
        Ok(Self {
            place: quarantine::found(tenant, &document.id),
            next_place: quarantine::path(&message),
            message: marked(message, mark),
            record,
            name,
        })
    }

    /// Forgets the data, which are not needed any more.
    pub(super) fn without_data(mut self) -> Self {
        self.message.data = Vec::new();
        self.record.data = String::new();
        self
    }

    /// Why it is in quarantine again, where the document of its next place says that it is.
    pub(super) fn failed_again(&self, found: &Document) -> Option<Left> {
        let attributes = quarantine::attributes(found.fields.get("attributes")?)?;
        let is_this =
            attributes.get(attribute::REPLAY) == self.message.attributes.get(attribute::REPLAY);
        let text = |name| found.text(name).unwrap_or_default();
        is_this.then(|| Left::Again(format!("{}: {}", text("reason"), text("detail"))))
    }
}

/// `{id} ({kind} {record} part 1 of 1)`, as far as it can be read.
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
