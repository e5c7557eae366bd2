//! What happens, in which order: random schedules, which shrink to the fewest and simplest steps.

use common::broker::embedded::Lane;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::broker::PublishFault;
use crate::request::{IDS, Sending, Shape, TENANTS};
use crate::store::{Fault, Faults};

/// Most steps of a schedule.
const STEPS: usize = 24;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A client sends a record.
    Publish(Sending, PublishFault),
    /// Messages are delivered, all at the same time.
    Deliver(Delivery),
    /// Messages are leased and given back without any work. It is a failed delivery if it counts.
    GiveBack {
        /// Of this lane.
        lane: Lane,
        /// How many at most.
        most: usize,
        /// Whether it counts.
        counts: bool,
    },
    /// Acknowledgements that were lost so far arrive, perhaps after the lease has expired.
    AcknowledgeLate,
    /// The leases of all messages expire.
    Expire,
    /// The process is killed, and another one starts on the same files.
    Crash,
    /// An operator publishes an earlier message again.
    Replay(usize),
    /// An operator removes a record's documents, with its parts.
    RemoveRecord(Sending),
    /// An operator removes all of a tenant.
    RemoveTenant(usize),
}

/// The lanes of events, access logs and texts.
pub(crate) const LANES: [Lane; 3] = [Lane::Fast, Lane::Bulk, Lane::Slow];

/// Messages that are delivered at the same time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// Those of this lane.
    pub(crate) lane: Lane,
    /// How many at most.
    pub(crate) most: usize,
    /// How often each is delivered at the same time.
    pub(crate) copies: usize,
    /// What goes wrong with the store meanwhile.
    pub(crate) faults: Faults,
    /// Whether the acknowledgements reach the queue.
    pub(crate) acknowledges: bool,
}

/// A schedule.
pub(crate) fn schedule() -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 1..=STEPS)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (sending(), publish_fault()).prop_map(|(what, fault)| Step::Publish(what, fault)),
        8 => delivery().prop_map(Step::Deliver),
        2 => (lane(), 1..3_usize, any::<bool>())
            .prop_map(|(lane, most, counts)| Step::GiveBack { lane, most, counts }),
        1 => Just(Step::AcknowledgeLate),
        1 => Just(Step::Expire),
        1 => Just(Step::Crash),
        1 => (0..8_usize).prop_map(Step::Replay),
        1 => sending().prop_map(Step::RemoveRecord),
        1 => (0..TENANTS.len()).prop_map(Step::RemoveTenant),
    ]
}

fn sending() -> impl Strategy<Value = Sending> {
    let shape = prop_oneof![
        24 => Just(Shape::Event),
        6 => Just(Shape::Batch),
        6 => Just(Shape::Text),
        6 => Just(Shape::LongText),
        1 => Just(Shape::LongBatch),
    ];
    // The second tenant is there to be left alone.
    let tenant = prop_oneof![3 => Just(0), 1 => Just(1)];
    let content = prop_oneof![3 => Just(0), 1 => Just(1)];
    (shape, tenant, 0..IDS, content).prop_map(|(shape, tenant, id, content)| Sending {
        shape,
        tenant,
        id,
        content,
    })
}

fn publish_fault() -> impl Strategy<Value = PublishFault> {
    prop_oneof![
        6 => Just(PublishFault::None),
        1 => Just(PublishFault::Refused),
        1 => Just(PublishFault::Lost),
    ]
}

fn delivery() -> impl Strategy<Value = Delivery> {
    let acknowledges = prop_oneof![3 => Just(true), 1 => Just(false)];
    (lane(), 1..5_usize, 1..3_usize, faults(), acknowledges).prop_map(
        |(lane, most, copies, faults, acknowledges)| Delivery {
            lane,
            most,
            copies,
            faults,
            acknowledges,
        },
    )
}

fn lane() -> impl Strategy<Value = Lane> {
    select(LANES.to_vec())
}

fn faults() -> impl Strategy<Value = Faults> {
    let some = select(vec![
        Fault::None,
        Fault::Refused,
        Fault::Lost,
        Fault::Contended,
        Fault::Forbidden,
        Fault::Late,
        Fault::KilledBefore,
        Fault::KilledAfter,
    ]);
    let others = prop_oneof![
        3 => Just(Fault::None),
        3 => Just(Fault::Refused),
        1 => Just(Fault::Lost),
    ];
    let reads = prop_oneof![3 => Just(0), 1 => 1..3_u8];
    let any = (vec(some, 0..3), others, reads);
    let any = any.prop_map(|(first, others, reads)| Faults { first, others, reads });
    prop_oneof![2 => Just(Faults::NONE), 3 => any]
}
