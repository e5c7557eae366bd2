//! Mutated pushes: none is a panic, and what can be read of one is kept.

#![cfg(feature = "gcp")]

use std::path::Path;

use common::record::Record;
use worker::push::Push;

#[test]
fn no_push_is_a_panic() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/push");
    corpus::try_all(&folder, |body| {
        match Push::parse(body) {
            Ok(push) => {
                if push.failed_deliveries() == 0 {
                    return Err("a dead letter without a delivery".to_owned());
                }
                drop(Record::try_from(&push.message));
            }
            Err(error) => {
                let kept = error.into_message(body);
                common::quarantine::path(&kept, &kept.data);
            }
        }
        Ok(())
    });
}
