//! The removal of a part of a tenant, under way.

use super::deletion::Deletion;
use super::part::Part;
use crate::path::{Collection, CollectionPath};
use crate::tenant::TenantId;

/// What is removed, and how far it is.
pub(super) struct Work<'s> {
    pub(super) deletion: Deletion<'s>,
    pub(super) tenant: &'s TenantId,
    pub(super) part: &'s Part,
}

impl Work<'_> {
    /// A collection of the tenant.
    pub(super) fn collection(&self, collection: Collection) -> CollectionPath {
        CollectionPath::of(self.tenant, collection)
    }
}
