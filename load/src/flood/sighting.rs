//! What one pass saw of one record, and what that says about the server's clock.

use chrono::{DateTime, TimeDelta, Utc};

/// What one pass saw of one record in its own tenant.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sighting {
    pub(super) times_listed: u32,
    pub(super) place: Place,
    pub(super) processed_at: Option<DateTime<Utc>>,
    /// When a pass first saw it.
    pub(super) seen_at: Option<DateTime<Utc>>,
    pub(super) quarantined: bool,
}

/// How far a record has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// It was not listed.
    #[default]
    Nowhere,
    /// It is listed, but some of its parts are missing.
    InProgress,
    /// It is listed, but has no document.
    ListedOnly,
    /// All of it is stored.
    Stored,
}

/// The least that the server's clock must differ from this one: a record is received between its
/// first try and its 202.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    ahead: TimeDelta,
    behind: TimeDelta,
}

impl Sighting {
    /// Whether it is stored or in quarantine.
    pub(super) fn is_settled(&self) -> bool {
        self.place == Place::Stored || self.quarantined
    }

    /// Why it counts as missing.
    pub(super) fn why_missing(&self) -> String {
        match (self.place, self.seen_at) {
            (Place::InProgress, _) => "in progress: not all of its parts are stored".to_owned(),
            (Place::ListedOnly, _) => "listed, but its document answers 404".to_owned(),
            (_, Some(seen)) => format!("was seen at {}, but is gone now", seen.to_rfc3339()),
            (_, None) => "neither stored nor in quarantine".to_owned(),
        }
    }

    /// Why it counts as doubled, if it does.
    pub(super) fn why_doubled(&self) -> Option<String> {
        if self.times_listed > 1 {
            return Some(format!("listed {} times", self.times_listed));
        }
        let twice = self.place == Place::Stored && self.quarantined;
        twice.then(|| "stored and also in quarantine".to_owned())
    }
}

impl Clock {
    /// Adds a record: when it was sent and accepted by this clock, and received by the server's.
    pub(super) fn see(
        &mut self,
        received: DateTime<Utc>,
        sent: DateTime<Utc>,
        accepted: DateTime<Utc>,
    ) {
        self.ahead = self.ahead.max(received - accepted);
        self.behind = self.behind.max(sent - received);
    }

    /// How far the server's clock is ahead, at least; negative if it is behind.
    pub(super) fn difference(&self) -> TimeDelta {
        if self.ahead >= self.behind { self.ahead } else { -self.behind }
    }
}
