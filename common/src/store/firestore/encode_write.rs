//! Converts the writes of a commit to Firestore's messages.

use std::borrow::Cow;

use gcloud_sdk::google::firestore::v1::document_transform::FieldTransform;
use gcloud_sdk::google::firestore::v1::document_transform::field_transform::TransformType;
use gcloud_sdk::google::firestore::v1::precondition::ConditionType;
use gcloud_sdk::google::firestore::v1::write::Operation;
use gcloud_sdk::google::firestore::v1::{self as wire, DocumentMask, Precondition};
use gcloud_sdk::prost_types::Timestamp;

use super::encode;
use crate::path::DocumentPath;
use crate::store::{Document, Fields, Value, Version, Write};

/// The full name of the document at `path`; `documents` is the root of the database.
pub(super) fn name(documents: &str, path: &DocumentPath) -> String {
    format!("{documents}/{path}")
}

/// `write` as Firestore takes it; `documents` is the root of the database.
pub(super) fn encode(documents: &str, write: &Write) -> wire::Write {
    let name = name(documents, write.path());
    match write {
        Write::Create { fields, .. } => create(name, fields),
        Write::Upsert { fields, .. } => merge(name, fields),
        Write::Increment { fields, by, .. } => wire::Write {
            update_transforms: by.iter().map(increment).collect(),
            ..merge(name, fields)
        },
        Write::Delete { .. } => {
            wire::Write { operation: Some(Operation::Delete(name)), ..Default::default() }
        }
        Write::DeleteFound { found, .. } => wire::Write {
            operation: Some(Operation::Delete(name)),
            current_document: Some(Precondition { condition_type: Some(as_found(found)) }),
            ..Default::default()
        },
    }
}

fn as_found(found: &Document) -> ConditionType {
    match found.version {
        Some(Version { seconds, nanos }) => ConditionType::UpdateTime(Timestamp { seconds, nanos }),
        None => ConditionType::Exists(true),
    }
}

fn create(name: String, fields: &Fields) -> wire::Write {
    wire::Write {
        operation: Some(update(name, fields)),
        current_document: Some(Precondition { condition_type: Some(ConditionType::Exists(false)) }),
        ..Default::default()
    }
}

/// Sets the fields in the mask and keeps the others. An empty mask only makes sure that the
/// document exists; without a mask, the document would be replaced.
fn merge(name: String, fields: &Fields) -> wire::Write {
    let mask =
        DocumentMask { field_paths: fields.keys().map(|name| encode::field_path(name)).collect() };
    wire::Write {
        operation: Some(update(name, fields)),
        update_mask: Some(mask),
        ..Default::default()
    }
}

fn update(name: String, fields: &Fields) -> Operation {
    Operation::Update(wire::Document { name, fields: encode::fields(fields), ..Default::default() })
}

fn increment((field, by): (&Cow<'static, str>, &i64)) -> FieldTransform {
    FieldTransform {
        field_path: encode::field_path(field),
        transform_type: Some(TransformType::Increment(encode::value(&Value::Integer(*by)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::{Collection, CollectionPath};
    use crate::store::fields;
    use crate::tenant::TenantId;

    fn path(id: &str) -> DocumentPath {
        let tenant = TenantId::parse("acme").expect("a tenant");
        CollectionPath::of(&tenant, Collection::Quarantine).hashed(&[id])
    }

    #[test]
    fn a_create_requires_that_the_document_is_missing_and_has_no_mask() {
        let write = Write::Create { path: path("a"), fields: fields([("n", 1_i64.into())]) };
        let sent = encode("projects/p/databases/d/documents", &write);
        let condition = sent.current_document.and_then(|one| one.condition_type);
        assert_eq!(condition, Some(ConditionType::Exists(false)));
        assert_eq!(sent.update_mask, None);
    }

    #[test]
    fn an_increment_sets_its_fields_under_a_mask_and_then_adds() {
        let write = Write::Increment {
            path: path("a"),
            fields: fields([("a.b", "x".into())]).into(),
            by: [("count".into(), 2)].into(),
        };
        let sent = encode("d", &write);
        let mask = sent.update_mask.expect("a merge has a mask");
        assert_eq!(mask.field_paths, ["`a.b`"]);
        assert_eq!(sent.update_transforms.len(), 1);
        assert_eq!(sent.current_document, None);
    }
}
