//! What the census makes of a single sighting.

use chrono::{TimeDelta, Utc};

use crate::flood::census::Census;
use crate::flood::plan::tests::small_plan;
use crate::flood::reader::Item;
use crate::flood::send::Outcome;
use crate::flood::sighting::Place;

#[test]
fn a_record_that_was_seen_and_then_disappeared_is_missing() {
    let plan = small_plan(1);
    let now = Utc::now();
    let outcomes = [Outcome::Promised { sent_at: now, accepted_at: now }];
    let mut first = Census::new(&plan, &outcomes);
    let item = Item {
        log_id: plan.log_id(0),
        source: Some(plan.format(0).source().to_owned()),
        received_at: None,
        processed_at: Some(now),
        parts: None,
    };
    first.listed(0, &item, Place::Stored);
    assert!(first.findings().is_empty() && first.settled() == 1);
    let missing = first.next().findings().missing;
    assert!(missing[0].detail.ends_with("but is gone now"), "{missing:?}");
}

#[test]
fn a_clock_difference_is_measured() {
    let plan = small_plan(1);
    let now = Utc::now();
    let outcomes = [Outcome::Promised { sent_at: now, accepted_at: now }];
    for (off, expected) in [(7, 7), (-7, -7), (0, 0)] {
        let mut census = Census::new(&plan, &outcomes);
        let item = Item {
            log_id: plan.log_id(0),
            source: None,
            received_at: Some(now + TimeDelta::seconds(off)),
            processed_at: None,
            parts: None,
        };
        census.listed(0, &item, Place::Stored);
        assert_eq!(census.clock_difference().num_seconds(), expected);
    }
}
