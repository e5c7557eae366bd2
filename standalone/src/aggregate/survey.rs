//! Decides which messages count: of equal messages, the first; of conflicting ones, those of the
//! record that the store kept.

use std::collections::HashMap;

use super::identity::Identity;
use super::ledger::{Ledger, Likeness};
use super::source::Position;

/// What decides between two messages: how well they match the store, then their arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    likeness: Likeness,
    received_at: i64,
    position: Position,
}

#[derive(Clone, Copy, Debug)]
struct Winner {
    rank: Rank,
    digest: u128,
}

/// How a message relates to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It counts.
    Counts,
    /// The same message counts elsewhere.
    Duplicate,
    /// Another record with this id counts.
    Conflict,
}

/// All messages, by their 16-byte hashes.
#[derive(Default)]
pub(super) struct Survey {
    records: HashMap<u128, Winner>,
    messages: HashMap<u128, Winner>,
}

impl Survey {
    pub(super) fn add(&mut self, identity: &Identity, position: Position, ledger: &Ledger) {
        let Identity { record, digest, message, received_at } = *identity;
        let rank = Rank { likeness: ledger.likeness(identity), received_at, position };
        let winner = Winner { rank, digest };
        for (map, key) in [(&mut self.records, record), (&mut self.messages, message)] {
            let best = map.entry(key).or_insert(winner);
            if winner.rank < best.rank {
                *best = winner;
            }
        }
    }

    /// The standing of the message that was added at `position`.
    pub(super) fn standing(&self, identity: &Identity, position: Position) -> Standing {
        let is_first =
            self.messages.get(&identity.message).is_some_and(|it| it.rank.position == position);
        let is_kept =
            self.records.get(&identity.record).is_some_and(|it| it.digest == identity.digest);
        match (is_first, is_kept) {
            (false, _) => Standing::Duplicate,
            (true, false) => Standing::Conflict,
            (true, true) => Standing::Counts,
        }
    }

    /// Whether the message was added.
    pub(super) fn has(&self, message: u128) -> bool {
        self.messages.contains_key(&message)
    }
}
