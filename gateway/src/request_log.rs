//! The log line of a request. It names no address, no path as it was sent and no query: these may
//! hold personal data.

use std::time::Duration;

use actix_web::HttpMessage as _;
use actix_web::dev::ServiceResponse;
use clap::ValueEnum;
use common::log_output::REQUESTS;
use common::tenant::TenantId;

use crate::problem::ProblemCode;

/// Which requests are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogRequests {
    /// All of them.
    All,
    /// Those that are refused or fail.
    Errors,
    /// None.
    Off,
}

impl LogRequests {
    fn log(self, response: &ServiceResponse) -> bool {
        match self {
            Self::All => true,
            Self::Errors => response.status().as_u16() >= 400,
            Self::Off => false,
        }
    }
}

/// Writes the line, if this request is logged: `method`, `route`, `status`, `ms` (whole
/// milliseconds), `requestId`, `tenant` and the `code` of a refusal.
pub(crate) fn write(
    which: LogRequests,
    response: &ServiceResponse,
    route: &str,
    took: Duration,
    (request_id, code): (&str, Option<ProblemCode>),
) {
    if !which.log(response) {
        return;
    }
    let request = response.request();
    let extensions = request.extensions();
    let tenant = extensions.get::<TenantId>().map(TenantId::as_str);
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    tracing::info!(
        target: REQUESTS,
        method = request.method().as_str(),
        route,
        status = response.status().as_u16(),
        ms,
        request_id,
        tenant,
        code = code.map(ProblemCode::as_str),
        "request"
    );
}
