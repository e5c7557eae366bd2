//! The id of a record: the client's, or a random one.

use actix_web::HttpRequest;
use common::record::RecordId;

use crate::problem::{FieldError, Problem, ProblemCode};

/// The problems that the ids of a record may have.
pub(crate) const CODES: [ProblemCode; 2] = [ProblemCode::IdMismatch, ProblemCode::InvalidId];

/// The header that names a record without an id.
const KEY: &str = "Idempotency-Key";

/// The id that the request gives in `header` or in the body's `field`, which must agree; otherwise
/// the id of [`keyed`]. An empty id counts as missing.
pub(crate) fn one(
    request: &HttpRequest,
    header: Option<&str>,
    field: &str,
    in_body: Option<&str>,
) -> Result<RecordId, Vec<FieldError>> {
    let in_headers = header.into_iter().flat_map(|header| {
        request.headers().get_all(header).map(move |name| (header, name.as_bytes()))
    });
    let names = in_headers.chain(in_body.map(|name| (field, name.as_bytes())));
    let names = names.filter(|(_, name)| !name.trim_ascii().is_empty());
    let mut one: Option<RecordId> = None;
    let mut errors = Vec::new();
    let key = named(request).unwrap_or_else(|error| {
        errors.push(error);
        None
    });
    for (place, name) in names {
        match (RecordId::parse(&String::from_utf8_lossy(name)), &one) {
            (Err(reason), _) => errors.push(FieldError::new(ProblemCode::InvalidId, place, reason)),
            (Ok(id), Some(one)) if id != *one => {
                let reason = "differs from the id elsewhere in the request";
                errors.push(FieldError::new(ProblemCode::IdMismatch, place, reason));
            }
            (Ok(id), _) => one = Some(id),
        }
    }
    let id = one.or(key).unwrap_or_else(RecordId::random);
    if errors.is_empty() { Ok(id) } else { Err(errors) }
}

/// The id that an item of a batch gives in `field`. An empty id counts as missing.
pub(crate) fn in_item(field: &str, id: Option<&str>) -> Result<Option<RecordId>, FieldError> {
    let id = id.filter(|id| !id.trim_ascii().is_empty()).map(RecordId::parse).transpose();
    id.map_err(|reason| FieldError::new(ProblemCode::InvalidId, field, reason))
}

/// Whether the header gives an id.
pub(crate) fn in_header(request: &HttpRequest, header: &str) -> bool {
    request.headers().get_all(header).any(|id| !id.as_bytes().trim_ascii().is_empty())
}

/// The id that the `Idempotency-Key` stands for, otherwise a random one.
pub(crate) fn keyed(request: &HttpRequest) -> Result<RecordId, FieldError> {
    Ok(named(request)?.unwrap_or_else(RecordId::random))
}

/// The id that the `Idempotency-Key` stands for, if there is one. An empty key, such as a script
/// with an unset variable sends, counts as none: otherwise all such requests would be one record.
/// Two keys are an error, since one would be ignored.
pub(crate) fn named(request: &HttpRequest) -> Result<Option<RecordId>, FieldError> {
    let mut keys = request.headers().get_all(KEY);
    let Some(key) = keys.next().map(|key| key.as_bytes()) else { return Ok(None) };
    if keys.next().is_some() {
        return Err(FieldError::new(ProblemCode::InvalidBody, KEY, "is given twice"));
    }
    let is_empty = key.iter().all(|byte| *byte == b'"' || byte.is_ascii_whitespace());
    Ok((!is_empty).then(|| RecordId::from_key(key)))
}

/// The id in the path of a read.
pub(crate) fn in_path(field: &str, id: &str) -> Result<RecordId, Problem> {
    RecordId::parse(id).map_err(|reason| {
        Problem::invalid(vec![FieldError::new(ProblemCode::InvalidId, field, reason)])
    })
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn named_by(key: &'static str) -> Option<RecordId> {
        let request = TestRequest::default().insert_header((KEY, key)).to_http_request();
        named(&request).expect("one key")
    }

    #[test]
    fn the_same_key_stands_for_the_same_record() {
        assert_eq!(named_by("a key"), named_by("a key"));
        assert_eq!(named_by("\"k-1\""), RecordId::parse("k-1").ok());
        assert_ne!(named_by("a key"), named_by("another key"));
    }

    #[test]
    fn two_keys_are_an_error_also_beside_an_id() {
        for other in ["k-1", "k-2", ""] {
            let request = TestRequest::default().append_header((KEY, "k-1"));
            let request = request.append_header((KEY, other)).to_http_request();
            let errors = one(&request, None, "log_id", Some("l-1")).expect_err("two keys");
            assert_eq!((errors.len(), &*errors[0].field), (1, KEY), "{other:?}");
            assert!(keyed(&request).is_err());
        }
    }

    #[test]
    fn an_empty_key_is_no_key() {
        assert_eq!(["", " ", "\"\""].map(named_by), [None, None, None]);
    }
}
