//! Who may change what belongs to a tenant, and read what nobody else should.

use actix_web::HttpRequest;

use crate::bearer::has_token;
use crate::local_client::is_local;
use crate::problem::{Problem, ProblemCode};
use crate::state::Gateway;

/// The problems of a request that only the operator may send.
pub(crate) const CODES: [ProblemCode; 2] = [ProblemCode::Unauthorized, ProblemCode::Forbidden];

/// Refuses a request that does not come from the operator: the holder of the admin token. Where none is
/// set, it is whoever works on the machine of a server that only this machine reaches.
pub(crate) fn check(request: &HttpRequest, gateway: &Gateway) -> Result<(), Problem> {
    match gateway.settings.admin_token() {
        Some(token) if has_token(request.headers(), token) => Ok(()),
        Some(_) => Err(Problem::unauthorized()),
        None if gateway.is_near && is_local(request) => Ok(()),
        None => Err(Problem::new(ProblemCode::Forbidden, ONLY_LOCAL)),
    }
}

const ONLY_LOCAL: &str = "Without an ADMIN_TOKEN, only clients on the gateway's own machine may \
    do this, and only while the gateway listens on a loopback address. Set one, and send it as \
    `Authorization: Bearer …`.";
