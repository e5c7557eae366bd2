//! Remembers what was worked out, so that it need not be worked out for the next record too.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hash, RandomState};

use crate::path_map::GivenHash;

/// Values, by what they were worked out of. When as many as may be are known, all of them are forgotten:
/// what occurs often is soon known again, and no flood of what occurs once takes more room.
pub(super) struct Memo<K, V> {
    most: usize,
    seed: RandomState,
    /// By the hash of the key, so that nothing has to be copied to look for it.
    known: HashMap<u64, (K, V), BuildHasherDefault<GivenHash>>,
}

impl<K, V: Clone> Memo<K, V> {
    /// Knows nothing yet, and never more than `most` values.
    pub(super) fn new(most: usize) -> Self {
        let (seed, known) = Default::default();
        Self { most, seed, known }
    }

    /// The value of what is `asked`. `is` tells whether a key is that, and `make` gives both if the value is
    /// not known. Whatever is equal must have the same hash.
    pub(super) fn get(
        &mut self,
        asked: impl Hash,
        is: impl FnOnce(&K) -> bool,
        make: impl FnOnce() -> (K, V),
    ) -> V {
        let hash = self.seed.hash_one(asked);
        if let Some((key, value)) = self.known.get(&hash)
            && is(key)
        {
            return value.clone();
        }
        if self.known.len() >= self.most {
            self.known.clear();
        }
        self.known.entry(hash).insert_entry(make()).get().1.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The length of the text, and whether it was known.
    fn length(memo: &mut Memo<String, usize>, text: &str) -> (usize, bool) {
        let mut is_known = true;
        let make = || {
            is_known = false;
            (text.to_owned(), text.len())
        };
        (memo.get(text, |key| key == text, make), is_known)
    }

    #[test]
    fn a_value_is_worked_out_once() {
        let mut memo = Memo::new(8);
        assert_eq!(length(&mut memo, "a"), (1, false));
        assert_eq!(length(&mut memo, "bb"), (2, false));
        assert_eq!([length(&mut memo, "a"), length(&mut memo, "bb")], [(1, true), (2, true)]);
    }

    #[test]
    fn values_whose_keys_have_one_hash_are_told_apart() {
        let mut memo = Memo::new(8);
        for text in ["a", "bb", "a"] {
            let make = || (text, text.len());
            assert_eq!(memo.get(0, |key| *key == text, make), text.len());
        }
    }

    #[test]
    fn the_number_of_values_is_bounded() {
        let mut memo = Memo::new(8);
        for n in 0..100 {
            length(&mut memo, &n.to_string());
            assert!(memo.known.len() <= 8);
        }
        assert_eq!(length(&mut memo, "99"), (2, true));
    }
}
