//! The texts of a log in several parts, joined. The worker writes them to the log's document when
//! the last part is stored; if they do not fit, each reader joins the parts.

use chrono::{DateTime, Utc};

use crate::store::{Document, Fields, MAX_DOCUMENT_BYTES};

/// The most bytes that both texts of one document may have together. The rest of the document's 1
/// MiB is for its path and its other fields, which need less than 2 KiB.
pub const MAX_BYTES: usize = MAX_DOCUMENT_BYTES - (16 << 10);

/// The texts of the parts so far. They depend only on the parts, so every reader gets the same
/// result.
pub struct JoinedText {
    most: usize,
    parts: i64,
    original: Option<String>,
    modified: Option<String>,
    processed_at: Option<DateTime<Utc>>,
}

impl JoinedText {
    /// No parts yet; joins texts of any length.
    pub fn of_any_length() -> Self {
        Self::up_to(usize::MAX)
    }

    /// No parts yet; keeps the texts only while they fit into one document, and `original` only if
    /// the document may have it.
    pub fn for_a_document(keeps_original: bool) -> Self {
        let joined = Self::up_to(MAX_BYTES);
        Self { original: joined.original.filter(|_| keeps_original), ..joined }
    }

    fn up_to(most: usize) -> Self {
        let empty = || Some(String::new());
        Self { most, parts: 0, original: empty(), modified: empty(), processed_at: None }
    }

    /// Appends the next part.
    pub fn add(&mut self, part: &Document) {
        self.parts += 1;
        self.processed_at = self.processed_at.max(part.timestamp("processed_at"));
        append(&mut self.original, part.text("original_text"));
        append(&mut self.modified, part.text("modified_data"));
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        if length(&self.original) + length(&self.modified) > self.most {
            (self.original, self.modified) = (None, None);
        }
    }

    /// The number of parts so far.
    pub fn parts(&self) -> i64 {
        self.parts
    }

    /// When the last of the parts was processed.
    pub fn processed_at(&self) -> Option<DateTime<Utc>> {
        self.processed_at
    }

    /// The texts as fields of the log: both, or only `modified_data` if a part lacks its original,
    /// or none if they are too long.
    pub fn fields(self) -> Fields {
        let texts = [("original_text", self.original), ("modified_data", self.modified)];
        let field = |(name, text): (&str, Option<String>)| Some((name.to_owned(), text?.into()));
        texts.into_iter().filter_map(field).collect()
    }
}

/// Appends `next`. A text that lacks one of its pieces is dropped.
fn append(text: &mut Option<String>, next: Option<&str>) {
    match (text.as_mut(), next) {
        (Some(text), Some(next)) => text.push_str(next),
        _ => *text = None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::fields;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).expect("a time")
    }

    /// A part, processed at `second`.
    fn part(original: Option<&str>, modified: &str, second: i64) -> Document {
        let mut fields =
            fields([("modified_data", modified.into()), ("processed_at", at(second).into())]);
        fields.extend(original.map(|text| ("original_text".to_owned(), text.into())));
        Document { fields, ..Document::default() }
    }

    fn joined(mut joined: JoinedText, parts: &[Document]) -> JoinedText {
        parts.iter().for_each(|part| joined.add(part));
        joined
    }

    #[test]
    fn it_was_processed_when_its_last_part_was() {
        let parts = [part(None, "", 2), part(None, "", 3), part(None, "", 1)];
        let all = joined(JoinedText::of_any_length(), &parts);
        assert_eq!((all.processed_at(), all.parts()), (Some(at(3)), 3));
    }

    #[test]
    fn an_original_with_a_gap_is_no_original() {
        let parts = [part(Some("a"), "b", 1), part(None, "c", 1), part(Some("d"), "e", 1)];
        let texts = joined(JoinedText::of_any_length(), &parts).fields();
        assert_eq!(texts, fields([("modified_data", "bce".into())]));
    }

    #[test]
    fn a_document_that_keeps_no_original_has_room_for_a_longer_text() {
        let long = "x".repeat(MAX_BYTES / 2 + 1);
        let parts = [part(Some(&long), &long, 1)];
        assert_eq!(joined(JoinedText::for_a_document(true), &parts).fields(), fields([]));
        let texts = joined(JoinedText::for_a_document(false), &parts).fields();
        assert_eq!(texts, fields([("modified_data", long.as_str().into())]));
    }

    #[test]
    fn both_texts_fit_up_to_the_limit_and_stay_in_parts_above_it() {
        for (more, fit) in [(0, true), (1, false)] {
            let (half, rest) = ("x".repeat(MAX_BYTES / 2), "y".repeat(more));
            let parts = [part(Some(&half), &half, 1), part(Some(&rest), "", 2)];
            let all = joined(JoinedText::for_a_document(true), &parts);
            assert_eq!(all.processed_at(), Some(at(2)), "in either case");
            assert_eq!(all.fields().len(), if fit { 2 } else { 0 });
        }
    }

    proptest! {
        #[test]
        fn the_texts_are_those_of_the_parts_in_order(
            texts in prop::collection::vec((".{0,9}", ".{0,9}"), 0..9)
        ) {
            let parts: Vec<_> = texts.iter().map(|(a, b)| part(Some(a), b, 1)).collect();
            let (original, modified): (String, String) = texts.into_iter().unzip();
            let expected =
                fields([("original_text", original.into()), ("modified_data", modified.into())]);
            for joining in [JoinedText::of_any_length(), JoinedText::for_a_document(true)] {
                prop_assert_eq!(joined(joining, &parts).fields(), expected.clone());
            }
        }
    }
}
