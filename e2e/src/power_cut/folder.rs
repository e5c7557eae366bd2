//! The names in a folder.

use std::collections::BTreeMap;

/// The names of a folder, each with the number of what it names.
pub(super) type Names = BTreeMap<String, usize>;

/// A change of a folder's names: done or not done, never half.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    Add(String, usize),
    Remove(String),
    /// From, to.
    Rename(String, String),
}

impl Naming {
    pub(super) fn apply(&self, names: &mut Names) {
        match self {
            Self::Add(name, node) => drop(names.insert(name.clone(), *node)),
            Self::Remove(name) => drop(names.remove(name)),
            Self::Rename(from, to) => {
                if let Some(node) = names.remove(from) {
                    names.insert(to.clone(), node);
                }
            }
        }
    }
}
