//! The part of a tenant that a request removes: a user, a page, or days.

use actix_web::HttpRequest;
use common::event::{MAX_PATH_BYTES, MAX_USER_ID_BYTES};
use common::removal::{Days, Part, Whose};
use common::rollup::Period;
use common::time_zone::TimeZone;

use super::period::Asked;
use super::query::{self, Names, invalid};
use crate::problem::Problem;

/// The names of a user and of a page.
pub(crate) const NAMES: Names = &["user_id", "path"];

/// The part that the parameters name; `None` if they name none.
pub(crate) fn read(request: &HttpRequest, zone: TimeZone) -> Result<Option<Part>, Problem> {
    let user = text(request, "user_id", MAX_USER_ID_BYTES)?;
    let path = text(request, "path", MAX_PATH_BYTES)?;
    let days = match Asked::read(request, zone)?.of_removal()? {
        Period::Days(first, last) => Some(Days { first, last }),
        Period::All | Period::Hours(..) => None,
    };
    let whose = match (user, path) {
        (Some(_), Some(_)) => {
            return Err(invalid("path", "cannot go with user_id: send one of them"));
        }
        (Some(user), None) => Whose::User(user),
        (None, Some(path)) => Whose::Path(path),
        (None, None) => Whose::Everybody,
    };
    let is_part = whose != Whose::Everybody || days.is_some();
    Ok(is_part.then(|| Part { whose, days: days.unwrap_or_default(), zone }))
}

/// A text that is not empty: a script whose variable is must not remove the whole tenant.
fn text(request: &HttpRequest, name: &str, most: usize) -> Result<Option<String>, Problem> {
    match query::parameter(request, name)? {
        Some(text) if text.is_empty() => Err(invalid(name, "must not be empty")),
        Some(text) if text.len() > most => Err(invalid(
            name,
            &format!("must have at most {most} bytes: no event has a longer one"),
        )),
        text => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn part(query: &str) -> Result<Option<Part>, String> {
        let request = TestRequest::with_uri(&format!("/tenants/acme?{query}")).to_http_request();
        read(&request, TimeZone::default()).map_err(|problem| problem.to_string())
    }

    fn days(first: &str, last: &str) -> Days {
        let day = |text: &str| Some(text.parse().expect("a day"));
        Days { first: day(first), last: day(last) }
    }

    fn of(whose: Whose, days: Days) -> Result<Option<Part>, String> {
        Ok(Some(Part { whose, days, zone: TimeZone::default() }))
    }

    #[test]
    fn a_part_is_a_user_a_page_or_days_or_one_of_them_in_days() {
        let user = Whose::User("ann b".to_owned());
        let whole = Days::default();
        assert_eq!(part("user_id=ann+b"), of(user.clone(), whole));
        let page = Whose::Path("/a?id=7".to_owned());
        assert_eq!(part("path=/a%3Fid%3D7"), of(page, whole));
        let may = days("2025-05-01", "2025-05-31");
        let period = "from=2025-05-01&to=2025-05-31";
        assert_eq!(part(period), of(Whose::Everybody, may));
        let both = part(&format!("user_id=ann+b&{period}"));
        assert_eq!(both, of(user, may));
        assert_eq!(part(""), Ok(None));
    }

    #[test]
    fn a_part_that_may_be_another_than_was_meant_is_refused() {
        for (query, reason) in [
            ("user_id=", "user_id must not be empty"),
            ("path=", "path must not be empty"),
            ("from=", "from must be a day"),
            ("user_id=a&path=/a", "path cannot go with user_id"),
            ("from=2025-05-01T10:00:00Z", "from must be a day"),
            ("from=2025-05-02&to=2025-05-01", "from must not be after"),
        ] {
            let refused = part(query).expect_err(query);
            assert!(refused.starts_with(&format!("invalid-query: {reason}")), "{query}: {refused}");
        }
        assert!(part(&format!("user_id={}", "a".repeat(MAX_USER_ID_BYTES + 1))).is_err());
    }
}
