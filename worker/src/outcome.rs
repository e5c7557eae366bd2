//! What became of a record, of a delivery and of a commit, with the labels that metrics use.

use common::quarantine::Reason;
use common::store::StoreError;

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordOutcome {
    /// It is stored.
    Stored,
    /// It was stored before; nothing changed.
    Duplicate,
    /// Different content was stored before under the same id; nothing changed.
    Conflict,
    /// It is so old that its documents may have expired; nothing changed.
    Expired,
}

/// What the broker should do with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Forget it: it is stored, or in quarantine.
    Acknowledge,
    /// Deliver it again later: something failed.
    Retry,
    /// Deliver it again to another worker: this one is stopping.
    Release,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryOutcome {
    /// The record is stored.
    Stored,
    /// The record was stored before.
    Duplicate,
    /// The record is replayed, and too old to be certainly counted only once.
    Expired,
    /// The message is in quarantine.
    Quarantined(Reason),
    /// The worker is stopping and gives the message back.
    Released,
    /// Something failed that may work next time.
    Failed,
}

impl DeliveryOutcome {
    /// All of them.
    pub(crate) const ALL: [Self; 10] = [
        Self::Stored,
        Self::Duplicate,
        Self::Expired,
        Self::Quarantined(Reason::Conflict),
        Self::Quarantined(Reason::BadMessage),
        Self::Quarantined(Reason::Invalid),
        Self::Quarantined(Reason::DeadLetter),
        Self::Quarantined(Reason::TooOld),
        Self::Released,
        Self::Failed,
    ];

    /// The label in metrics.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Duplicate => "duplicate",
            Self::Expired => "expired",
            Self::Quarantined(reason) => reason.as_str(),
            Self::Released => "released",
            Self::Failed => "failed",
        }
    }

    /// What the broker should do with the message.
    pub(crate) fn disposition(self) -> Disposition {
        match self {
            Self::Stored | Self::Duplicate | Self::Expired | Self::Quarantined(_) => {
                Disposition::Acknowledge
            }
            Self::Released => Disposition::Release,
            Self::Failed => Disposition::Retry,
        }
    }
}

/// What became of one commit that was sent to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CommitOutcome {
    /// All of it is written.
    Committed,
    /// Nothing is written: a document that it creates exists.
    AlreadyExists,
    /// A fault that may pass; it may be written.
    PassingFault,
    /// Nothing is written: others write the same documents.
    Contention,
    /// Nothing is written: the store will never take it.
    Invalid,
    /// The deployment is at fault.
    DeploymentFault,
}

impl CommitOutcome {
    /// All of them.
    pub(crate) const ALL: [Self; 6] = [
        Self::Committed,
        Self::AlreadyExists,
        Self::PassingFault,
        Self::Contention,
        Self::Invalid,
        Self::DeploymentFault,
    ];

    /// The label in metrics.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::AlreadyExists => "already-exists",
            Self::PassingFault => "passing-fault",
            Self::Contention => "contention",
            Self::Invalid => "invalid",
            Self::DeploymentFault => "deployment-fault",
        }
    }
}

impl From<&Result<(), StoreError>> for CommitOutcome {
    fn from(result: &Result<(), StoreError>) -> Self {
        match result {
            Ok(()) => Self::Committed,
            Err(StoreError::AlreadyExists) => Self::AlreadyExists,
            Err(StoreError::Passing(_)) => Self::PassingFault,
            // No record deletes what it has read.
            Err(StoreError::Contention(_) | StoreError::Changed) => Self::Contention,
            Err(StoreError::Invalid(_)) => Self::Invalid,
            Err(StoreError::Deployment(_)) => Self::DeploymentFault,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_acknowledged_only_when_it_is_stored_or_in_quarantine() {
        let kept = [
            DeliveryOutcome::Stored,
            DeliveryOutcome::Duplicate,
            DeliveryOutcome::Expired,
            DeliveryOutcome::Quarantined(Reason::Conflict),
        ];
        assert!(kept.iter().all(|outcome| outcome.disposition() == Disposition::Acknowledge));
        assert_eq!(DeliveryOutcome::Failed.disposition(), Disposition::Retry);
        assert_eq!(DeliveryOutcome::Released.disposition(), Disposition::Release);
    }

    #[test]
    fn a_quarantined_delivery_is_labelled_with_the_reason() {
        assert_eq!(DeliveryOutcome::Quarantined(Reason::BadMessage).label(), "bad-message");
    }
}
