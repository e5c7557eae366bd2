//! Refuses requests that Firestore would refuse, before they reach any store, so that every adapter
//! takes the same ones.

use thiserror::Error;

use super::document::MAX_DOCUMENT_BYTES;
use super::port::StoreError;
use super::query::{Op, Query};
use super::write::Write;
use crate::path::DocumentPath;
use crate::path_map::PathSet;

/// Why no store carries out a request.
#[derive(Debug, PartialEq, Eq, Error)]
pub(super) enum RequestError {
    #[error("a commit can write {0} only once")]
    WrittenTwice(DocumentPath),
    #[error("{path} would be {bytes} bytes long; the limit is {MAX_DOCUMENT_BYTES}")]
    TooLarge { path: DocumentPath, bytes: usize },
    #[error("a query with a cursor must be ordered by id alone")]
    CursorInOrder,
}

impl From<RequestError> for StoreError {
    fn from(error: RequestError) -> Self {
        Self::Invalid(error.into())
    }
}

/// Checks the writes of a commit. Firestore would apply two writes of one document in turn; they
/// are refused because nobody means that.
pub(super) fn writes(writes: &[Write]) -> Result<(), RequestError> {
    let mut seen = PathSet::with_capacity_and_hasher(writes.len(), Default::default());
    for write in writes {
        let path = write.path();
        if !seen.insert(path) {
            return Err(RequestError::WrittenTwice(path.clone()));
        }
        size(path, write.size())?;
    }
    Ok(())
}

/// Checks the size of the document at `path`, the path included.
pub(super) fn size(path: &DocumentPath, bytes: usize) -> Result<(), RequestError> {
    if bytes <= MAX_DOCUMENT_BYTES {
        return Ok(());
    }
    Err(RequestError::TooLarge { path: path.clone(), bytes })
}

/// Checks the cursor of a query: it is an id, and would be compared with another field.
pub(super) fn query(query: &Query) -> Result<(), RequestError> {
    let is_ordered =
        !query.order.is_empty() || query.filters.iter().any(|filter| filter.op != Op::Equal);
    if query.after.is_some() && is_ordered {
        return Err(RequestError::CursorInOrder);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::{Collection, CollectionPath};
    use crate::store::{Direction, fields};
    use crate::tenant::TenantId;

    fn quarantine() -> CollectionPath {
        CollectionPath::of(&TenantId::parse("acme").expect("a tenant"), Collection::Quarantine)
    }

    fn path(id: &str) -> DocumentPath {
        quarantine().hashed(&[id])
    }

    /// A write of each kind that has fields, with a text of so many bytes.
    fn each_kind(bytes: usize) -> [Write; 3] {
        let (path, fields) = (path("a"), fields([("text", "x".repeat(bytes).into())]));
        let by = [("count".into(), 1)].into();
        [
            Write::Create { path: path.clone(), fields: fields.clone() },
            Write::Upsert { path: path.clone(), fields: fields.clone().into() },
            Write::Increment { path, fields: fields.into(), by },
        ]
    }

    #[test]
    fn a_document_written_twice_in_a_commit_is_refused() {
        let twice = [Write::Delete { path: path("a") }, Write::Delete { path: path("a") }];
        assert_eq!(writes(&twice), Err(RequestError::WrittenTwice(path("a"))));
        let once = [Write::Delete { path: path("a") }, Write::Delete { path: path("b") }];
        assert_eq!(writes(&once), Ok(()));
    }

    #[test]
    fn each_kind_of_write_may_be_as_large_as_the_limit_and_no_larger() {
        for (kind, smallest) in each_kind(0).iter().enumerate() {
            let room = MAX_DOCUMENT_BYTES - smallest.size();
            assert_eq!(writes(&each_kind(room)[kind..=kind]), Ok(()), "{smallest:?}");
            let refused = writes(&each_kind(room + 1)[kind..=kind]);
            let bytes = MAX_DOCUMENT_BYTES + 1;
            assert_eq!(refused, Err(RequestError::TooLarge { path: path("a"), bytes }));
        }
    }

    #[test]
    fn a_cursor_is_only_for_queries_in_the_order_of_ids() {
        let page = || Query::all(quarantine()).after(Some("1".to_owned()));
        let equal = page().filter("n", Op::Equal, 1_i64);
        assert!(query(&page()).is_ok() && query(&equal).is_ok());
        assert!(query(&page().filter("n", Op::Less, 1_i64)).is_err());
        assert!(query(&page().order_by("n", Direction::Ascending)).is_err());
    }
}
