//! Whatever is damaged in a batch, its windows count each accepted entry once.

use std::collections::BTreeMap;

use common::access_log;
use common::rollup::{Dimension, Grain, LogDimensions, counted_of};
use common::tenant::TenantId;
use proptest::prelude::*;

use super::super::{ReadEntries, read};
use super::damage::{damage, damaged};
use super::shapes::{hits, shapes};
use crate::batch_parts::parts;
use crate::public_batch::PublicTexts;
use crate::settings::tests::settings;

/// What all entries have one of.
const OF_EACH: [Dimension; 3] = [Dimension::Requests, Dimension::RequestPath, Dimension::UserAgent];

/// The sum over all windows of each length, after all that happens between a body and its counts.
fn sums(mut read: ReadEntries) -> BTreeMap<(Dimension, Grain), i64> {
    PublicTexts::new(&settings(&[])).of_batch(&TenantId::default(), &mut read);
    let parts = parts(read.entries, &read.rejects, |_| {}).expect("parts");
    let mut sums = BTreeMap::new();
    for part in parts {
        let entries = access_log::entries(&part).expect("entries");
        for (key, by) in counted_of(&entries, LogDimensions::ALL) {
            *sums.entry((key.dimension, key.grain)).or_default() += by;
        }
    }
    sums
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn the_windows_of_a_damaged_batch_have_what_was_accepted(
        wanted in 0_usize..1_000,
        from in 0_usize..280,
        damages in proptest::collection::vec((0_usize..12, damage()), 1..8),
    ) {
        let (hits, shapes) = (hits(), shapes());
        let shape = &shapes[wanted % shapes.len()];
        let mut lines: Vec<String> = shape.lines(&hits[from..from + 12]);
        for (at, damage) in &damages {
            lines[*at] = damaged(&lines[*at], damage);
        }
        let body = format!("{}{}", shape.head, lines.join("\n"));
        let read = read(shape.format, &body).expect(shape.name);
        let accepted = i64::try_from(read.entries.len()).expect("a few");
        let sums = sums(read);
        for dimension in OF_EACH {
            for grain in [Grain::Minute, Grain::Hour, Grain::Day] {
                let sum = sums.get(&(dimension, grain)).copied().unwrap_or_default();
                prop_assert_eq!(sum, accepted, "{:?} {:?} {}", dimension, grain, body);
            }
        }
    }
}
