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

/// Writes the line, if this request is logged.
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
    // Whole microseconds.
    let ms = (took.as_secs_f64() * 1e6).round() / 1e3;
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
