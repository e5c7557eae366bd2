//! The parameters of a breakdown: the dimension, the period and the one before, the filter.

use actix_web::HttpRequest;
use common::rollup::Period;
use common::site_dimension::SiteDimension;
use common::time_zone::TimeZone;

use super::comparison;
use super::period::Asked;
use super::query::{self, invalid};
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
    /// The one value that is asked for.
    pub(crate) only: Option<String>,
    pub(crate) limit: u32,
}

impl Breakdown {
    /// Reads the parameters; days are those of `zone`.
    pub(crate) fn read(request: &HttpRequest, zone: TimeZone) -> Result<Self, Problem> {
        let dimension = dimension(request)?;
        let asked = Asked::read(request, zone)?;
        let period = asked.of_days()?;
        Ok(Self {
            dimension,
            asked,
            period,
            previous: comparison::previous(request, period)?,
            only: only(request, dimension)?,
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

/// The value that a filter names: `dimension:value`.
fn only(request: &HttpRequest, asked: SiteDimension) -> Result<Option<String>, Problem> {
    let Some(filter) = query::parameter(request, "filter")? else { return Ok(None) };
    let named = filter.split_once(':');
    let named = named.and_then(|(name, value)| Some((SiteDimension::named(name)?, value)));
    match named {
        Some((dimension, value)) if dimension == asked => Ok(Some(value.to_owned())),
        Some(_) => {
            let reason = format!(
                "must be on {}, the dimension itself: events are counted in one dimension at a time",
                asked.as_str()
            );
            Err(invalid("filter", &reason))
        }
        None => Err(invalid("filter", "must be a dimension and a value, such as source:Google")),
    }
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
            ("dimension=os&filter=path:/a", "filter"),
            ("dimension=os&filter=browser:Firefox", "filter"),
            ("dimension=os&limit=1001", "limit"),
            ("dimension=os&from=2025-05-01T10:00:00Z", "from"),
        ] {
            let refused = read(given).err().expect(given);
            assert!(refused.starts_with(&format!("invalid-query: {field} ")), "{given}: {refused}");
        }
    }

    #[test]
    fn a_filter_names_a_value_of_the_dimension() {
        let read = read("dimension=referrer&filter=referrer:a.example:80/b").expect("a read");
        assert_eq!(read.only.as_deref(), Some("a.example:80/b"));
    }
}
