//! What the fields of an entry mean.

/// What a field means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// When the request was received.
    Time,
    /// The method.
    Method,
    /// A path or a URL.
    Path,
    /// A whole request line, or a path.
    Line,
    /// The user agent.
    UserAgent,
    /// The line of the log as the server wrote it.
    Text,
    /// The status of the answer.
    Status,
    /// The size of the answer.
    Bytes,
    /// The page that links to this one.
    Referer,
    /// The query of the request, apart from its path.
    Query,
    /// The site that the request was for.
    Host,
    /// How long the answer took, in a unit that is certain.
    Duration,
    /// Who sent the request. It only matters whether this is known; the value is never kept.
    Client,
    /// A mark of a shipper, whose own `host` is not that of the request. The value is never kept.
    Shipper,
}

impl Slot {
    /// The number of slots.
    pub(super) const COUNT: usize = 14;

    /// The name of a field that is missing.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Time => "receivedAt",
            Self::Method => "method",
            Self::Path => "path",
            Self::Line => "request",
            Self::UserAgent => "userAgent",
            Self::Text => "message",
            Self::Status => "status",
            Self::Bytes => "bytes",
            Self::Referer => "referer",
            Self::Query => "query",
            Self::Host => "http_host",
            Self::Duration => "duration",
            Self::Client => "client",
            Self::Shipper => "source_type",
        }
    }

    /// Whether it decides how an entry is counted.
    pub(super) const fn is_checked(self) -> bool {
        matches!(
            self,
            Self::Time | Self::Method | Self::Path | Self::Line | Self::UserAgent | Self::Text
        )
    }
}
