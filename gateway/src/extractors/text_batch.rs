//! A batch of texts. Each is a record of its own.

use std::collections::HashMap;

use actix_web::HttpRequest;
use common::record::RecordId;
use common::tenant::TenantId;
use serde_json::Value;

use super::json::Object;
use super::json_items::Items;
use super::one_text::{SOURCES, Text};
use super::said_text::Said;
use super::tenant::{self, TenantNames};
use super::{record_id, traceparent};
use crate::problem::{FieldError, Problem, ProblemCode, first_of_each_field};

/// The most records of a batch: about as many messages as may be in flight to a broker.
pub(crate) const MAX_RECORDS: usize = 10_000;
/// The most errors of a batch that are kept.
pub(crate) const MAX_ERRORS: usize = 20;
/// The field of an error of a whole item.
const ENTRY: &str = "entry";

/// The problems that a batch may have.
pub(crate) const CODES: [ProblemCode; 2] = [ProblemCode::InvalidEntries, ProblemCode::InvalidQuery];

/// A batch with at least one valid text.
pub(crate) struct TextBatch {
    /// Together with the place of a text without an id, it gives that text's id.
    pub(crate) id: RecordId,
    /// The valid texts, each with its place in the batch, from 0.
    pub(crate) texts: Vec<(usize, Text)>,
    /// How many items are not valid.
    pub(crate) rejected: usize,
    /// The first [`MAX_ERRORS`] errors; an item may have several.
    pub(crate) errors: Vec<FieldError>,
}

impl TextBatch {
    /// Reads the items one by one: an invalid one does not affect the others. With `is_strict`, one
    /// is enough to refuse the batch.
    pub(super) fn read(
        request: &HttpRequest,
        items: Items<'_>,
        is_strict: bool,
    ) -> Result<Self, Problem> {
        let count = items.items.len();
        if count > MAX_RECORDS {
            let detail = format!("The batch has {count} texts; the limit is {MAX_RECORDS}.");
            return Err(Problem::new(ProblemCode::TooLarge, detail));
        }
        let shared = Shared::of(request, items.beside)?;
        let id = shared.id.clone();
        let mut batch = Self { id, texts: Vec::new(), rejected: 0, errors: Vec::new() };
        let mut places = HashMap::new();
        for (index, item) in items.items.into_iter().enumerate() {
            let text = shared.text(index, item);
            match text.and_then(|text| batch.without_rival(&mut places, text)) {
                Ok(text) => batch.texts.push((index, text)),
                Err(errors) => batch.reject(index, errors),
            }
        }
        tenant::remember_only(request, batch.texts.iter().map(|(_, text)| &text.tenant));
        let is_refused = batch.texts.is_empty() || (is_strict && batch.rejected > 0);
        if is_refused { Err(batch.refused()) } else { Ok(batch) }
    }

    /// The text, unless the batch has another one under its id: only one of the two can be stored. The
    /// `places` are those of the texts so far.
    fn without_rival(
        &self,
        places: &mut HashMap<(TenantId, RecordId), usize>,
        text: Text,
    ) -> Result<Text, Vec<FieldError>> {
        let place = places.entry((text.tenant.clone(), text.id.clone()));
        let (index, first) = match place.or_insert(self.texts.len()) {
            place if *place == self.texts.len() => return Ok(text),
            place => &self.texts[*place],
        };
        if first.text == text.text {
            return Ok(text);
        }
        let reason = format!("names another text of this batch, at index {index}");
        Err(vec![FieldError::new(ProblemCode::InvalidId, "log_id", reason)])
    }

    fn reject(&mut self, index: usize, mut errors: Vec<FieldError>) {
        self.rejected += 1;
        first_of_each_field(&mut errors);
        let space = MAX_ERRORS - self.errors.len();
        let placed = |error| FieldError { index: Some(index), ..error };
        self.errors.extend(errors.into_iter().map(placed).take(space));
    }

    fn refused(self) -> Problem {
        let detail = match self.rejected {
            0 => "The batch has no texts.".to_owned(),
            1 => "1 text is not valid.".to_owned(),
            count => format!("{count} texts are not valid."),
        };
        Problem::new(ProblemCode::InvalidEntries, detail).because(self.errors)
    }
}

/// What all texts of a batch share.
struct Shared {
    names: TenantNames,
    id: RecordId,
    traceparent: Option<String>,
}

impl Shared {
    /// Reads the headers, the query, and the members beside the items.
    fn of(request: &HttpRequest, beside: Option<Vec<u8>>) -> Result<Self, Problem> {
        let mut beside = match beside {
            Some(beside) => Object::of(&beside)?,
            None => Object::new(serde_json::Map::new(), ""),
        };
        let tenant = beside.name("tenant_id");
        let names = TenantNames::of(request, &["X-Tenant-ID"])?.and("tenant_id", tenant.as_deref());
        let mut errors = beside.errors;
        if !names.is_empty() {
            errors.extend(names.clone().one("tenant_id").err().unwrap_or_default());
        }
        if record_id::in_header(request, "X-Log-ID") {
            let reason = "names one text; name the texts of a batch with log_id or Idempotency-Key";
            errors.push(FieldError::new(ProblemCode::InvalidId, "X-Log-ID", reason));
        }
        let id = record_id::keyed(request).map_err(|error| errors.push(error));
        match id {
            Ok(id) if errors.is_empty() => {
                Ok(Self { names, id, traceparent: traceparent::of(request) })
            }
            _ => Err(Problem::invalid(errors)),
        }
    }

    /// Checks an item. Collects all errors before it returns them.
    fn text(&self, index: usize, item: &[u8]) -> Result<Text, Vec<FieldError>> {
        let Said { tenant, id, text, mut errors } = said(item).map_err(|error| vec![error])?;
        let names = self.names.clone().and("tenant_id", tenant.as_deref());
        let tenant = names.one("tenant_id").map_err(|wrong| errors.extend(wrong));
        let id = record_id::in_item("log_id", id.as_deref()).map_err(|wrong| errors.push(wrong));
        match (tenant, id) {
            (Ok(tenant), Ok(id)) if errors.is_empty() => Ok(Text {
                tenant,
                id: id.unwrap_or_else(|| RecordId::in_batch(&self.id, index)),
                source: SOURCES[0],
                traceparent: self.traceparent.clone(),
                text,
            }),
            _ => Err(errors),
        }
    }
}

/// What an item says: an object, or only its text.
fn said(item: &[u8]) -> Result<Said, FieldError> {
    let json = serde_json::from_slice(item).map_err(|error| {
        let reason = format!("is not valid JSON: {error}");
        FieldError::new(ProblemCode::InvalidJson, ENTRY, reason)
    })?;
    match json {
        Value::Object(fields) => Ok(Said::of(Object::new(fields, ""))),
        Value::String(text) => Ok(Said::alone(text)),
        _ => {
            let reason = "must be an object or a string";
            Err(FieldError::new(ProblemCode::WrongType, ENTRY, reason))
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn read(items: &[&str]) -> TextBatch {
        let request =
            TestRequest::default().insert_header(("X-Tenant-ID", "acme")).to_http_request();
        let items = items.iter().map(|item| item.as_bytes()).collect();
        let read = TextBatch::read(&request, Items { items, beside: None }, false);
        read.unwrap_or_else(|_| panic!("a valid text"))
    }

    #[test]
    fn of_two_texts_with_one_id_the_second_is_rejected_unless_it_is_the_same() {
        let first = r#"{"log_id":"n-1","text":"up"}"#;
        let other = r#"{"log_id":"n-1","text":"down"}"#;
        let batch = read(&["7", first, other, first, r#"{"log_id":"n-2","text":"down"}"#, other]);
        let taken: Vec<_> = batch.texts.iter().map(|(index, text)| (*index, &*text.text)).collect();
        assert_eq!(taken, [(1, "up"), (3, "up"), (4, "down")]);
        assert_eq!(batch.rejected, 3);
        let errors = batch.errors.iter().map(|error| format!("{:?} {}", error.index, error.reason));
        let reason = "names another text of this batch, at index 1";
        assert_eq!(
            errors.collect::<Vec<_>>(),
            [
                "Some(0) must be an object or a string".to_owned(),
                format!("Some(2) {reason}"),
                format!("Some(5) {reason}"),
            ]
        );
    }

    #[test]
    fn texts_without_an_id_are_each_their_own() {
        assert_eq!(read(&["\"up\"", "\"down\"", "\"up\""]).texts.len(), 3);
    }
}
