//! What the sender of an event says about the visitor. A server that sends for others, or an import,
//! knows what its own request's headers cannot say.

use common::site_dimension::{Dimensions, SiteDimension};

use super::client::{country, primary_language};
use super::fit::Fit;
use super::json::Object;
use crate::dimensions::{DEVICES, MAX_BYTES};
use crate::problem::ProblemCode;

/// What can be said. What else an event is counted by is in its payload and its path.
pub(crate) const NAMES: [SiteDimension; 5] = [
    SiteDimension::Browser,
    SiteDimension::Os,
    SiteDimension::Device,
    SiteDimension::Language,
    SiteDimension::Country,
];

/// How much of an unknown name is repeated to the client, in characters.
const SHOWN: usize = 64;

/// Takes `dimensions`, in the spelling in which values are found from headers.
pub(super) fn take(body: &mut Object, fit: &mut Fit) -> Dimensions {
    let Some(fields) = body.object("dimensions") else { return Dimensions::new() };
    let mut fields = Object::new(fields, "dimensions.");
    let stated = NAMES.into_iter().filter_map(|name| Some((name, value(&mut fields, fit, name)?)));
    let stated = stated.collect();
    refuse_others(&mut fields);
    body.errors.append(&mut fields.errors);
    stated
}

fn value(fields: &mut Object, fit: &mut Fit, dimension: SiteDimension) -> Option<String> {
    let name = dimension.as_str();
    let given = fields.string(name)?;
    let value = fit.text(fields, name, given.trim(), MAX_BYTES);
    if value.is_empty() {
        return None;
    }
    let spelled = match dimension {
        SiteDimension::Device => device(&value).map(Some).ok_or_else(devices),
        SiteDimension::Language => {
            primary_language(&value).map(Some).ok_or_else(|| LANGUAGE.to_owned())
        }
        SiteDimension::Country if is_pair(&value) => Ok(country(&value)),
        SiteDimension::Country => Err(COUNTRY.to_owned()),
        _ => Ok(Some(value)),
    };
    spelled.map_err(|reason| fields.wrong(ProblemCode::OutOfRange, name, reason)).ok()?
}

const LANGUAGE: &str = "must begin with the two or three letters of a language, such as de-AT";
const COUNTRY: &str = "must be the two letters of a country, such as AT";

fn is_pair(value: &str) -> bool {
    value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn device(value: &str) -> Option<String> {
    DEVICES.into_iter().find(|class| class.eq_ignore_ascii_case(value)).map(str::to_owned)
}

fn devices() -> String {
    format!("must be one of {}", DEVICES.join(", "))
}

/// A misspelt name must not go unnoticed: the event would be counted by nothing.
fn refuse_others(fields: &mut Object) {
    let Some(name) = fields.first_name() else { return };
    let shown: String = name.chars().take(SHOWN).collect();
    let known = NAMES.map(SiteDimension::as_str).join(", ");
    fields.wrong(ProblemCode::OutOfRange, &shown, format!("is not one of {known}"));
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use serde_json::{Value, json};

    use super::*;

    /// What is taken of `dimensions`, or what is wrong with it.
    fn taken(uri: &str, dimensions: &Value) -> Result<Vec<String>, Vec<String>> {
        let request = TestRequest::with_uri(uri).to_http_request();
        let body = json!({ "dimensions": dimensions }).to_string();
        let mut body = Object::parse(body.into_bytes()).expect("an object");
        let mut fit = Fit::of(&request).expect("a query");
        let stated = take(&mut body, &mut fit);
        if body.errors.is_empty() {
            let pairs = stated.iter();
            return Ok(pairs.map(|(name, value)| format!("{}={value}", name.as_str())).collect());
        }
        Err(body.errors.iter().map(|error| format!("{} {}", error.field, error.reason)).collect())
    }

    #[test]
    fn values_are_spelled_as_those_of_headers() {
        let all = json!({"browser": " Firefox ", "os": "macOS", "device": "Mobile",
            "language": "DE-at", "country": "at"});
        let spelled = ["browser=Firefox", "os=macOS", "device=mobile", "language=de", "country=AT"];
        assert_eq!(taken("/event", &all), Ok(spelled.map(str::to_owned).to_vec()));
        let none = [json!({}), Value::Null, json!({"os": null}), json!({"country": "ZZ"})];
        for dimensions in none {
            assert_eq!(taken("/event", &dimensions), Ok(Vec::new()), "{dimensions}");
        }
    }

    #[test]
    fn what_is_no_such_value_is_told() {
        for (dimensions, reason) in [
            (json!("Firefox"), "dimensions must be an object"),
            (json!({"browser": 7}), "dimensions.browser must be a string"),
            (json!({"os": " "}), "dimensions.os must not be empty"),
            (
                json!({"device": "watch"}),
                "dimensions.device must be one of desktop, mobile, tablet, tv, console",
            ),
            (
                json!({"language": "German"}),
                "dimensions.language must begin with the two or three letters of a language, such as de-AT",
            ),
            (
                json!({"country": "Austria"}),
                "dimensions.country must be the two letters of a country, such as AT",
            ),
            (
                json!({"source": "Google"}),
                "dimensions.source is not one of browser, os, device, language, country",
            ),
        ] {
            let found = taken("/event", &dimensions);
            assert_eq!(found, Err(vec![reason.to_owned()]), "{dimensions}");
        }
    }

    #[test]
    fn long_values_are_cut_unless_the_client_wants_to_be_told() {
        let long = json!({"browser": "ü".repeat(100)});
        let cut = format!("browser={}", "ü".repeat(64));
        assert_eq!(taken("/event", &long), Ok(vec![cut]));
        let told = "dimensions.browser must be at most 128 bytes long";
        assert_eq!(taken("/event?strict=true", &long), Err(vec![told.to_owned()]));
    }
}
