//! The body of `PUT /tenants/{tenant}/settings`: the settings of a site, all of them.

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use common::site_dimension::SiteDimensions;
use common::site_settings::{Fault, SiteSettings, WrongSetting};

use super::body::{self, FromBody};
use super::json::Object;
use super::media::Media;
use crate::problem::{FieldError, Problem, ProblemCode};
use crate::state::Gateway;

/// The problems that settings may have, besides those of any body.
pub(crate) const CODES: [ProblemCode; 4] = [
    ProblemCode::InvalidJson,
    ProblemCode::OutOfRange,
    ProblemCode::UnknownSetting,
    ProblemCode::WrongType,
];

/// The largest body, in bytes: all that settings may have, with ample room for its spelling.
const MAX_BODY_BYTES: usize = 64 << 10;

impl FromBody for SiteSettings {
    const MEDIA_TYPES: &str = "application/json";

    fn check_type(request: &HttpRequest) -> Result<(), Problem> {
        Media::check(request, |_| false, Self::MEDIA_TYPES)
    }

    async fn read(
        request: &HttpRequest,
        payload: Payload,
        gateway: &Gateway,
    ) -> Result<Self, Problem> {
        let body = body::read(request, payload, MAX_BODY_BYTES, 0).await?;
        let body = match Media::of(request, body)? {
            Media::Json(json) => Object::parse(json)?,
            other => return Err(other.unsupported(Self::MEDIA_TYPES)),
        };
        let settings = Self::parse(body.into_fields());
        let settings =
            settings.map_err(|wrong| Problem::invalid(wrong.iter().map(error).collect()))?;
        check_dimensions(&settings, gateway.settings.site_dimensions)?;
        Ok(settings)
    }
}

/// Choosing a dimension that the deployment does not count would have no effect.
fn check_dimensions(settings: &SiteSettings, counted: SiteDimensions) -> Result<(), Problem> {
    let Some(dimension) = settings.not_counted(counted) else { return Ok(()) };
    let (dimension, counted) = (dimension.as_str(), counted.to_string().replace(',', ", "));
    let reason = format!(
        "has {dimension:?}, which this deployment does not count; its SITE_DIMENSIONS are {counted}"
    );
    let wrong = FieldError::new(ProblemCode::OutOfRange, "dimensions", reason);
    Err(Problem::invalid(vec![wrong]))
}

fn error(wrong: &WrongSetting) -> FieldError {
    let code = match wrong.fault {
        Fault::Unknown => ProblemCode::UnknownSetting,
        Fault::WrongType => ProblemCode::WrongType,
        Fault::OutOfRange => ProblemCode::OutOfRange,
    };
    // The client may have sent anything as a name.
    let name: String = wrong.name.chars().take(SHOWN).collect();
    FieldError::new(code, &name, &wrong.reason)
}

/// The longest name that is repeated to the client, in characters.
const SHOWN: usize = 64;
