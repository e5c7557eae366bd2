//! The period with which a read compares, `compare=previous`: the one of the same length before.

use actix_web::HttpRequest;
use chrono::NaiveDate;
use common::rollup::Period;

use super::query::{self, invalid};
use crate::problem::Problem;

/// The period of the same length before `period`, if it is to be compared with.
pub(crate) fn previous(request: &HttpRequest, period: Period) -> Result<Option<Period>, Problem> {
    compared(request)?.then(|| before(period)).transpose()
}

fn compared(request: &HttpRequest) -> Result<bool, Problem> {
    match query::parameter(request, "compare")?.as_deref() {
        None => Ok(false),
        Some("previous") => Ok(true),
        Some(_) => Err(invalid("compare", "must be previous")),
    }
}

/// The period of the same length before.
fn before(period: Period) -> Result<Period, Problem> {
    let days = |first: NaiveDate, last: NaiveDate| {
        let length = last - first;
        let end = first.pred_opt()?;
        Some(Period::Days(Some(end.checked_sub_signed(length)?), Some(end)))
    };
    match period {
        Period::Days(Some(first), Some(last)) => days(first, last),
        _ => None,
    }
    .ok_or_else(|| invalid("compare", "needs a period with a start and an end"))
}
