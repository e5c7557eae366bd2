//! Values, each so many times, dealt one by one to the views of a day.

use std::collections::BTreeMap;
use std::vec::IntoIter;

/// The most frequent value comes first. So exports with the same sums deal the same, in whatever order
/// their rows are.
pub(super) struct Deck<T> {
    piles: IntoIter<(T, u64)>,
    top: Option<(T, u64)>,
}

impl<T: Clone + Ord> Deck<T> {
    pub(super) fn new(sums: BTreeMap<T, u64>) -> Self {
        let mut piles: Vec<_> = sums.into_iter().collect();
        // The sort is stable: values that are equally frequent stay in their order.
        piles.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
        Self { piles: piles.into_iter(), top: None }
    }

    /// How many are left.
    pub(super) fn left(&self) -> u64 {
        let piles = self.piles.as_slice().iter().chain(&self.top);
        piles.map(|(_, times)| times).sum()
    }
}

impl<T: Clone> Iterator for Deck<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        while self.top.as_ref().is_none_or(|(_, times)| *times == 0) {
            self.top = Some(self.piles.next()?);
        }
        let (value, times) = self.top.as_mut()?;
        *times -= 1;
        Some(value.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_is_dealt_as_often_as_its_sum_says() {
        let mut deck = Deck::new(BTreeMap::from([("a", 1), ("b", 2), ("c", 0), ("d", 2)]));
        assert_eq!(deck.left(), 5);
        assert_eq!(deck.by_ref().take(3).collect::<Vec<_>>(), ["b", "b", "d"]);
        assert_eq!(deck.left(), 2);
        assert_eq!(deck.by_ref().collect::<Vec<_>>(), ["d", "a"]);
        assert_eq!((deck.left(), deck.next()), (0, None));
    }
}
