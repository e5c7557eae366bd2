//! Maps and sets of documents by their paths, which bring their hashes with them.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use crate::path::DocumentPath;

/// What is known of documents, by their paths.
pub type PathMap<V> = HashMap<DocumentPath, V, BuildHasherDefault<GivenHash>>;
/// The paths of documents.
pub type PathSet<P = DocumentPath> = HashSet<P, BuildHasherDefault<GivenHash>>;

/// Takes a hash as it is given. It was made with a secret of this process, so a map need not make another
/// one of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct GivenHash(u64);

impl Hasher for GivenHash {
    fn write_u64(&mut self, hash: u64) {
        self.0 ^= hash;
    }

    /// Anything else than a hash: nothing that these maps have.
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
