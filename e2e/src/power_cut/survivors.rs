//! What a disk holds of the writes that no `fsync` came after: chosen at random, from a seed.

use std::collections::BTreeMap;
use std::ops::Range;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use super::history::Begun;

/// What a disk writes as a whole.
const SECTOR: usize = 512;
/// What the system writes as a whole, unless the power fails meanwhile.
const PAGE: usize = 4_096;
/// Of so many cuts, one leaves nothing that was not synced: that is the hardest where a sync is missing.
const STRICT: u32 = 4;

/// A change of a file's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Write {
        at: usize,
        bytes: Vec<u8>,
    },
    /// The file is cut off there, or filled with zeros.
    Length(usize),
}

impl Change {
    fn apply(&self, image: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes } => {
                let end = at + bytes.len();
                image.resize(image.len().max(end), 0);
                image[*at..end].copy_from_slice(bytes);
            }
            Self::Length(length) => image.resize(*length, 0),
        }
    }

    /// The bytes that may become others, of a file of this length.
    fn touched(&self, length: usize) -> Range<usize> {
        match self {
            Self::Write { at, bytes } => *at..at + bytes.len(),
            Self::Length(to) => length.min(*to)..length.max(*to),
        }
    }

    /// The first part of a write, which ends between two sectors.
    fn torn(&self, random: &mut StdRng) -> Option<Self> {
        let Self::Write { at, bytes } = self else { return None };
        let (first, last) = (at / SECTOR + 1, (at + bytes.len()) / SECTOR);
        let end = (first <= last).then(|| random.random_range(first..=last) * SECTOR)?;
        Some(Self::Write { at: *at, bytes: bytes[..end - at].to_vec() })
    }
}

/// Decides what a cut leaves.
#[derive(Debug)]
pub struct Survivors {
    random: StdRng,
    is_strict: bool,
}

impl Survivors {
    /// By the seed: nothing that was not synced, or something for each file and folder on its own.
    pub fn of(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let is_strict = random.random_ratio(1, STRICT);
        Self { random, is_strict }
    }

    /// Nothing that was not synced.
    pub fn none() -> Self {
        Self { random: StdRng::seed_from_u64(0), is_strict: true }
    }

    /// Whether nothing is left that was not synced.
    pub fn is_strict(&self) -> bool {
        self.is_strict
    }

    /// How many of a folder's open changes are done.
    pub(super) fn namings(&mut self, open: usize) -> usize {
        if self.is_strict { 0 } else { self.random.random_range(0..=open) }
    }

    /// The content of a file.
    pub(super) fn content(&mut self, Begun { safe, open }: &Begun<'_, Change>) -> Vec<u8> {
        let mut image = Vec::new();
        safe.iter().for_each(|change| change.apply(&mut image));
        if self.is_strict || open.is_empty() {
            return image;
        }
        match self.random.random_range(0..5) {
            0 => {}
            1 => open.iter().for_each(|change| change.apply(&mut image)),
            2 => self.first_ones(&mut image, open),
            3 => return self.mixed(SECTOR, image, open),
            _ => return self.mixed(PAGE, image, open),
        }
        image
    }

    /// The first changes, and perhaps a torn one.
    fn first_ones(&mut self, image: &mut Vec<u8>, open: &[&Change]) {
        let whole = self.random.random_range(0..=open.len());
        open[..whole].iter().for_each(|change| change.apply(image));
        let torn = open.get(whole).and_then(|change| change.torn(&mut self.random));
        if let Some(torn) = torn {
            torn.apply(image);
        }
    }

    /// Each unit as it was after one of the changes that touched it, and the length as it was after
    /// any change.
    fn mixed(&mut self, unit: usize, image: Vec<u8>, open: &[&Change]) -> Vec<u8> {
        let mut units = self.units(unit, image.len(), open);
        let last_for_length = self.random.random_range(0..=open.len());
        let (mut now, mut disk, mut length) = (image.clone(), image, 0);
        for done in 0..=open.len() {
            if let Some(change) = done.checked_sub(1).and_then(|last| open.get(last)) {
                change.apply(&mut now);
            }
            if done == last_for_length {
                length = now.len();
            }
            let written = units.extract_if(.., |_, last| *last == done);
            written
                .for_each(|(number, _)| copy(number * unit..(number + 1) * unit, &now, &mut disk));
        }
        disk.resize(length, 0);
        disk
    }

    /// The units that were touched, each with the number of changes after which it was written.
    fn units(
        &mut self,
        unit: usize,
        mut length: usize,
        open: &[&Change],
    ) -> BTreeMap<usize, usize> {
        let mut touched: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (before, change) in open.iter().enumerate() {
            let Range { start, end } = change.touched(length);
            for number in start / unit..end.div_ceil(unit) {
                touched.entry(number).or_insert_with(|| vec![0]).push(before + 1);
            }
            length = match change {
                Change::Write { .. } => length.max(end),
                Change::Length(to) => *to,
            };
        }
        let random = &mut self.random;
        let chosen = |times: Vec<usize>| times[random.random_range(0..times.len())];
        let mut chosen = chosen;
        touched.into_iter().map(|(number, times)| (number, chosen(times))).collect()
    }
}

/// Copies a range of bytes; what lies beyond the end of `from` is zeros.
fn copy(range: Range<usize>, from: &[u8], to: &mut Vec<u8>) {
    to.resize(to.len().max(range.end), 0);
    to[range.clone()].fill(0);
    let end = range.end.min(from.len());
    if range.start < end {
        to[range.start..end].copy_from_slice(&from[range.start..end]);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn write(at: usize, byte: u8, length: usize) -> Change {
        Change::Write { at, bytes: vec![byte; length] }
    }

    /// The contents that many seeds leave of these changes.
    fn contents(safe: &[Change], open: &[Change]) -> BTreeSet<Vec<u8>> {
        let begun = Begun { safe: safe.iter().collect(), open: open.iter().collect() };
        (0..2_000).map(|seed| Survivors::of(seed).content(&begun)).collect()
    }

    /// The first byte of each sector.
    fn sectors(content: &[u8]) -> Vec<u8> {
        content.chunks(SECTOR).map(|sector| sector[0]).collect()
    }

    #[test]
    fn what_was_synced_is_there_with_every_seed() {
        let safe = [write(0, 1, 700), Change::Length(600), write(600, 2, 10)];
        let expected = [vec![1; 600], vec![2; 10]].concat();
        assert_eq!(contents(&safe, &[]), BTreeSet::from([expected.clone()]));
        let later = write(PAGE, 3, 5);
        for content in contents(&safe, &[later]) {
            assert_eq!(content[..expected.len()], expected);
        }
    }

    #[test]
    fn later_writes_are_lost_kept_torn_and_reordered() {
        let (first, second) = (write(0, 1, 2 * SECTOR), write(2 * SECTOR, 2, 2 * SECTOR));
        let found: BTreeSet<Vec<u8>> =
            contents(&[], &[first, second]).iter().map(|content| sectors(content)).collect();
        let cases: [(&str, &[u8]); 6] = [
            ("nothing", &[]),
            ("everything", &[1, 1, 2, 2]),
            ("the first one", &[1, 1]),
            ("the second one is torn", &[1, 1, 2]),
            ("the second one without the first", &[0, 0, 2, 2]),
            ("sectors of both", &[0, 1, 0, 2]),
        ];
        for (what, sectors) in cases {
            assert!(found.contains(sectors), "{what}: {found:?}");
        }
    }

    #[test]
    fn a_sector_is_as_it_was_at_some_time() {
        let open = [write(0, 1, SECTOR), write(0, 2, 100)];
        let found = contents(&[], &open);
        let torn = [vec![2; 100], vec![1; SECTOR - 100]].concat();
        let expected = [Vec::new(), vec![0; SECTOR], vec![1; SECTOR], torn];
        assert_eq!(found, expected.into_iter().collect());
    }

    #[test]
    fn a_file_that_is_cut_off_may_still_have_its_old_end() {
        let found = contents(&[write(0, 1, 2 * SECTOR)], &[Change::Length(0)]);
        let lengths: BTreeSet<usize> = found.iter().map(Vec::len).collect();
        assert_eq!(lengths, BTreeSet::from([0, 2 * SECTOR]));
        assert!(found.contains(&vec![1; 2 * SECTOR]));
    }

    #[test]
    fn a_seed_leaves_the_same_every_time() {
        let open = [write(0, 1, 9 * SECTOR), write(PAGE, 2, 9 * SECTOR)];
        let begun = Begun { safe: Vec::new(), open: open.iter().collect() };
        let content = |seed| Survivors::of(seed).content(&begun);
        assert!((0..50).all(|seed| content(seed) == content(seed)));
    }

    #[test]
    fn a_strict_cut_leaves_nothing_that_was_not_synced() {
        let (safe, open) = (write(0, 1, 5), write(5, 2, 5));
        let begun = Begun { safe: vec![&safe], open: vec![&open] };
        assert_eq!(Survivors::none().content(&begun), [1; 5]);
        assert_eq!(Survivors::none().namings(3), 0);
        let strict = (0..400).filter(|seed| Survivors::of(*seed).is_strict()).count();
        assert!((50..150).contains(&strict), "{strict}");
    }
}
