//! The codes of problems: stable names that clients may rely on.

use actix_web::http::StatusCode;
use serde::{Serialize, Serializer};

/// The one table of codes: the status, name and title of each.
macro_rules! codes {
    ($($code:ident = $status:literal $name:literal $title:literal,)*) => {
        /// A stable name for what is wrong, which clients may rely on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum ProblemCode {
            $($code,)*
        }

        impl ProblemCode {
            /// All codes, by status.
            pub(crate) const ALL: &[Self] = &[$(Self::$code,)*];

            /// Status, name and title.
            pub(crate) fn row(self) -> (u16, &'static str, &'static str) {
                match self {
                    $(Self::$code => ($status, $name, $title),)*
                }
            }
        }
    };
}

codes! {
    EmptyText = 400 "empty-text" "The text is empty",
    IdMismatch = 400 "id-mismatch" "The request has two different ids",
    InvalidBody = 400 "invalid-body" "The request is not valid",
    InvalidCsv = 400 "invalid-csv" "The body is not valid CSV",
    InvalidEncoding = 400 "invalid-encoding" "The body cannot be decompressed",
    InvalidEntries = 400 "invalid-entries" "The batch has invalid entries",
    InvalidId = 400 "invalid-id" "The id is not valid",
    InvalidJson = 400 "invalid-json" "The body is not valid JSON",
    InvalidPageToken = 400 "invalid-page-token" "The page token is not valid",
    InvalidQuery = 400 "invalid-query" "A query parameter is not valid",
    InvalidTenant = 400 "invalid-tenant" "The tenant is not valid",
    InvalidUtf8 = 400 "invalid-utf8" "The body is not valid UTF-8",
    MissingField = 400 "missing-field" "A field is missing",
    MissingTenant = 400 "missing-tenant" "The request names no tenant",
    OutOfRange = 400 "out-of-range" "A value is out of range",
    TenantMismatch = 400 "tenant-mismatch" "The request has two different tenants",
    UnknownSetting = 400 "unknown-setting" "There is no such setting",
    WrongType = 400 "wrong-type" "A field has the wrong type",
    Unauthorized = 401 "unauthorized" "A token is needed",
    Forbidden = 403 "forbidden" "Not allowed from here",
    InProgress = 404 "in-progress" "The record is still being processed",
    NotFound = 404 "not-found" "Not found",
    MethodNotAllowed = 405 "method-not-allowed" "The method is not allowed",
    SlowBody = 408 "slow-body" "The body did not arrive in time",
    TooLarge = 413 "too-large" "The body is too large",
    UnsupportedEncoding = 415 "unsupported-encoding" "The content encoding is not supported",
    UnsupportedMediaType = 415 "unsupported-media-type" "The media type is not supported",
    RateLimited = 429 "rate-limited" "The tenant sends too fast",
    Internal = 500 "internal" "Internal error",
    NotReady = 503 "not-ready" "The service is not ready",
    Unavailable = 503 "unavailable" "The service is unavailable",
}

impl ProblemCode {
    pub(crate) fn as_str(self) -> &'static str {
        self.row().1
    }

    pub(crate) fn title(self) -> &'static str {
        self.row().2
    }

    pub(crate) fn status(self) -> StatusCode {
        StatusCode::from_u16(self.row().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl Serialize for ProblemCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
