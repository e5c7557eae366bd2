//! What the test server does wrong.

use std::collections::BTreeMap;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// A fault in one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::flood) enum Fault {
    /// It is answered 400.
    Reject,
    /// It is answered 202 and then lost.
    Lose,
    /// It is listed twice.
    Double,
    /// It is stored under another tenant instead.
    Misplace,
    /// It is stored under another tenant as well.
    Spread,
    /// Another text is stored.
    Corrupt,
    /// Another source is stored.
    Relabel,
    /// It is put in quarantine.
    Quarantine,
    /// It is put in quarantine and also stored.
    QuarantineToo,
    /// It is put in another tenant's quarantine.
    QuarantineElsewhere,
    /// It is listed only from the third complete listing on.
    Late,
    /// It is listed at once, but its document is in progress on the first look-up.
    InParts,
    /// It is listed, but its document stays in progress.
    Unfinished,
    /// It is listed, but has no document.
    ListedOnly,
    /// It is listed without a time.
    Timeless,
}

/// How the server treats all records.
#[derive(Clone, Debug, Default)]
pub(in crate::flood) struct Behaviour {
    /// Faults by the number of the accepted record, counted from zero.
    pub(in crate::flood) faults: BTreeMap<usize, Fault>,
    /// The first try of each record is answered 503.
    pub(in crate::flood) refuse_first: bool,
    /// How many reads are answered 503 first.
    pub(in crate::flood) refuse_reads: usize,
    /// Each tenant lists a record that nobody sent.
    pub(in crate::flood) stranger: bool,
    /// No original text is kept.
    pub(in crate::flood) no_originals: bool,
    /// Every page names the same next page.
    pub(in crate::flood) endless: bool,
    /// The reads need this token.
    pub(in crate::flood) token: Option<&'static str>,
    /// Cancelled when the post of this number arrives.
    pub(in crate::flood) cancels: Option<(usize, CancellationToken)>,
    /// Cancelled when a tenant is listed for the third time.
    pub(in crate::flood) cancels_at_third_listing: Option<CancellationToken>,
    /// No post is answered until this is true.
    pub(in crate::flood) open: Option<watch::Receiver<bool>>,
}
