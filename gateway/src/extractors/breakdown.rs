//! The parameters of a breakdown: the dimension, the period and the one before, the filter.

use actix_web::HttpRequest;
use common::filtered::Filter;
use common::rollup::Period;
use common::site_dimension::SiteDimension;
use common::time_zone::TimeZone;

use super::period::Asked;
use super::query::{self, invalid};
use super::{comparison, filter};
use crate::problem::Problem;

const DEFAULT_LIMIT: u32 = 10;
/// The most rows: as many values as a day counts by name.
pub(crate) const MAX_LIMIT: u32 = 1_000;

/// What the client asks for.
pub(crate) struct Breakdown {
    pub(crate) dimension: SiteDimension,
    pub(crate) asked: Asked,
    pub(crate) period: Period,
    /// The period of the same length before, if the client wants to compare with it.
    pub(crate) previous: Option<Period>,
    /// The one value of the dimension that is asked for.
    pub(crate) only: Option<String>,
    /// The value of another dimension that events must have.
    pub(crate) filter: Option<Filter>,
    pub(crate) limit: u32,
}

impl Breakdown {
    /// Reads the parameters; days are those of `zone`.
    pub(crate) fn read(request: &HttpRequest, zone: TimeZone) -> Result<Self, Problem> {
        let dimension = dimension(request)?;
        let asked = Asked::read(request, zone)?;
        let period = asked.of_days()?;
        let (only, filter) = match filter::filter(request)? {
            Some(Filter::Dimension(same, value)) if same == dimension => (Some(value), None),
            other => (None, other),
        };
        Ok(Self {
            dimension,
            asked,
            period,
            previous: comparison::previous(request, period)?,
            only,
            filter,
            limit: query::limit(request, DEFAULT_LIMIT, MAX_LIMIT)?,
        })
    }
}

fn dimension(request: &HttpRequest) -> Result<SiteDimension, Problem> {
    let name = query::parameter(request, "dimension")?;
    name.as_deref().and_then(SiteDimension::named).ok_or_else(|| {
        let names = SiteDimension::ALL.map(SiteDimension::as_str).join(", ");
        invalid("dimension", &format!("must be one of {names}"))
    })
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn read(query: &str) -> Result<Breakdown, String> {
        let request = TestRequest::with_uri(&format!("/stats/breakdown?{query}"));
        Breakdown::read(&request.to_http_request(), TimeZone::default())
            .map_err(|problem| problem.to_string())
    }

    fn days(first: &str, last: &str) -> Option<Period> {
        let day = |text: &str| Some(text.parse().expect("a day"));
        Some(Period::Days(day(first), day(last)))
    }

    #[test]
    fn the_period_before_is_as_long_and_ends_right_before() {
        for (given, expected) in [
            ("date=2025-05-01", days("2025-04-30", "2025-04-30")),
            ("from=2025-05-01&to=2025-05-07", days("2025-04-24", "2025-04-30")),
            ("from=2024-03-01&to=2024-03-01", days("2024-02-29", "2024-02-29")),
        ] {
            let read = read(&format!("dimension=os&compare=previous&{given}")).expect(given);
            assert_eq!(read.previous, expected, "{given}");
        }
        assert_eq!(read("dimension=os&date=2025-05-01").expect("a read").previous, None);
    }

    #[test]
    fn what_cannot_be_answered_is_refused() {
        for (given, field) in [
            ("", "dimension"),
            ("dimension=path", "dimension"),
            ("dimension=os&compare=next", "compare"),
            ("dimension=os&compare=previous", "compare"),
            ("dimension=os&compare=previous&from=2025-05-01", "compare"),
            ("dimension=os&filter=Linux", "filter"),
            ("dimension=os&filter=page:/a", "filter"),
            ("dimension=os&limit=1001", "limit"),
            ("dimension=os&from=2025-05-01T10:00:00Z", "from"),
        ] {
            let refused = read(given).err().expect(given);
            assert!(refused.starts_with(&format!("invalid-query: {field} ")), "{given}: {refused}");
        }
    }

    #[test]
    fn a_filter_names_a_value_of_the_dimension_or_of_another() {
        let of_itself = read("dimension=referrer&filter=referrer:a.example:80/b").expect("a read");
        assert_eq!(of_itself.only.as_deref(), Some("a.example:80/b"));
        assert_eq!(of_itself.filter, None);
        let of_another = read("dimension=referrer&filter=path:/a").expect("a read");
        assert_eq!((of_another.only, of_another.filter), (None, Filter::parse("path:/a")));
    }
}
