//! The forms of texts that occur in several places of the API, as schemas.

use common::rollup::Grain;
use common::site_dimension::SiteDimension as Dimension;
use serde_json::Value;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::dimensions::DEVICES;
use crate::extractors::interaction::TYPES;
use crate::formats::Format;

/// Each form: a description, its format or its pattern, and an example.
macro_rules! forms {
    ($($(#[doc = $doc:literal])+ $form:ident: $format:expr, $pattern:expr, $example:expr;)*) => {$(
        $(#[doc = $doc])+
        pub(crate) enum $form {}

        impl PartialSchema for $form {
            fn schema() -> RefOr<Schema> {
                text(concat!($($doc),+), $format, $pattern, $example.into())
            }
        }

        impl ToSchema for $form {}
    )*};
}

/// The pattern of the id of a record, without its ends.
macro_rules! record_id {
    () => {
        concat!(
            r"[A-Za-z0-9:-][A-Za-z0-9._:-]{0,127}",
            r"|_([A-Za-z0-9.:-][A-Za-z0-9._:-]{0,126})?",
            r"|\.([A-Za-z0-9_:-][A-Za-z0-9._:-]{0,126}|\.[A-Za-z0-9._:-]{1,126})",
        )
    };
}

forms! {
    /// A tenant: a customer or a site.
    TenantId: None, Some("^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"), "acme";
    /// A text log.
    LogText: None, Some(r"[\s\S]"), "kernel: eth0 up, 192.0.2.10";
    /// The id of a record within its tenant. It is neither `.` nor `..`, and does not begin with `__`.
    RecordId: None, Some(concat!("^(", record_id!(), ")$")), "order-7";
    /// The id of a record, or an empty text: then there is no id.
    OptionalRecordId: None, Some(concat!("^(", record_id!(), ")?$")), "order-7";
    /// A day: of events, one of the time zone of their site; of logs, one in UTC.
    Day: Some("date"), None, "2025-05-01";
    /// A point in time (RFC 3339). In requests, other common forms are accepted too, such as
    /// seconds since 1970.
    Instant: Some("date-time"), None, "2025-05-01T10:00:00Z";
    /// An end of a period: a day, such as `2025-05-01`, or a point in time (RFC 3339). A day is one of the
    /// time zone of the site; of logs, one in UTC.
    Moment: Some("day-or-date-time"), None, "2025-05-01";
    /// The name of a time zone in the database of the IANA.
    TimeZone: None, Some("^[A-Za-z0-9_+/-]{1,64}$"), "America/New_York";
    /// The type of an event. 64 bytes are kept; control characters become U+FFFD.
    EventName: None, Some(r"[\s\S]"), "page_view";
    /// A user. 256 bytes are kept; control characters become U+FFFD.
    UserId: None, Some(r"[\s\S]"), "u-1";
    /// A user, or an empty text: then the user is not known.
    OptionalUserId: None, None, "u-1";
    /// A path, or a URL whose path counts. 1,024 bytes of the path are kept.
    Place: None, None, "/pricing?plan=pro";
    /// A path, or a URL whose path counts; not blank.
    Target: None, Some(
        r"^\s*(([^\s?#\u0000-\u001f\u007f-\u009f][^?#\u0000-\u001f\u007f-\u009f]*)(\s*|[?#][\s\S]*)|[?#][\s\S]*)$"
    ), "/a?x=1";
    /// A SHA-256 in hexadecimal.
    Sha256: None, Some("^[0-9a-f]{64}$"), "f".repeat(64);
}

/// A class of devices.
pub(crate) enum Device {}

impl PartialSchema for Device {
    fn schema() -> RefOr<Schema> {
        one_of(&DEVICES)
    }
}

impl ToSchema for Device {}

/// A type of interaction.
pub(crate) enum EventType {}

impl PartialSchema for EventType {
    fn schema() -> RefOr<Schema> {
        one_of(&TYPES)
    }
}

impl ToSchema for EventType {}

/// Why an event only counts as excluded.
pub(crate) enum Exclusion {}

impl PartialSchema for Exclusion {
    fn schema() -> RefOr<Schema> {
        one_of(&common::event::Exclusion::ALL.map(|reason| reason.as_str()))
    }
}

impl ToSchema for Exclusion {}

/// A whole number of at most 64 bits, with or without a sign.
pub(crate) enum Digits {}

impl PartialSchema for Digits {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(i64::MIN as isize))
            .maximum(Some(u64::MAX as usize))
            .into()
    }
}

impl ToSchema for Digits {}

/// The length of a window of a series.
pub(crate) enum SeriesGrain {}

impl PartialSchema for SeriesGrain {
    fn schema() -> RefOr<Schema> {
        one_of(&[Grain::Hour, Grain::Day].map(Grain::as_str))
    }
}

impl ToSchema for SeriesGrain {}

/// A property of views, or of all events, by which they are counted.
pub(crate) enum SiteDimension {}

impl PartialSchema for SiteDimension {
    fn schema() -> RefOr<Schema> {
        one_of(&Dimension::ALL.map(Dimension::as_str))
    }
}

impl ToSchema for SiteDimension {}

/// What to compare with.
pub(crate) enum Compare {}

impl PartialSchema for Compare {
    fn schema() -> RefOr<Schema> {
        one_of(&["previous"])
    }
}

impl ToSchema for Compare {}

/// The length of a window.
pub(crate) enum WindowGrain {}

impl PartialSchema for WindowGrain {
    fn schema() -> RefOr<Schema> {
        one_of(&[Grain::Minute, Grain::Hour, Grain::Day].map(Grain::as_str))
    }
}

impl ToSchema for WindowGrain {}

/// What makes two batches the same.
pub(crate) enum Dedup {}

impl PartialSchema for Dedup {
    fn schema() -> RefOr<Schema> {
        one_of(&["content", "none"])
    }
}

impl ToSchema for Dedup {}

/// A format of access logs.
pub(crate) enum LogFormat {}

impl PartialSchema for LogFormat {
    fn schema() -> RefOr<Schema> {
        one_of(&Format::NAMES)
    }
}

impl ToSchema for LogFormat {}

/// A reference to the schema of a form.
pub(crate) fn of<T: ToSchema>() -> RefOr<Schema> {
    RefOr::Ref(Ref::from_schema_name(T::name()))
}

pub(super) fn one_of(names: &[&str]) -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(Type::String);
    text.enum_values(Some(names.iter().copied())).into()
}

fn text(doc: &str, format: Option<&str>, pattern: Option<&str>, example: Value) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(doc.trim()))
        .format(format.map(|format| SchemaFormat::Custom(format.to_owned())))
        .pattern(pattern)
        .examples([example])
        .into()
}

#[cfg(test)]
mod tests {
    use common::event::MAX_PATH_BYTES;
    use common::page::bare_path;
    use common::record::RecordId as Record;
    use common::tenant::TenantId as Tenant;
    use proptest::prelude::*;

    use super::*;
    use crate::extractors::limits;

    fn pattern<T: PartialSchema>() -> regex::Regex {
        let RefOr::T(Schema::Object(object)) = T::schema() else { panic!("it is no text") };
        regex::Regex::new(&object.pattern.expect("a pattern")).expect("it is read")
    }

    proptest! {
        #[test]
        fn the_form_of_a_tenant_is_that_of_its_parser(text in "[a.:_/é-]{0,4}|[a.]{126,130}") {
            prop_assert_eq!(pattern::<TenantId>().is_match(&text), Tenant::parse(&text).is_ok());
        }

        #[test]
        fn the_form_of_an_id_is_that_of_its_parser(text in "[a.:_/é-]{0,4}|[a.]{126,130}") {
            let is_id = pattern::<RecordId>().is_match(&text);
            prop_assert_eq!(is_id, Record::parse(&text).is_ok());
        }

        #[test]
        fn the_form_of_a_target_is_that_of_its_check(text in "[a/ ?#\u{1}\n\u{7f}é]{0,6}") {
            let is_counted = limits::text(bare_path(&text), MAX_PATH_BYTES).is_ok();
            let is_target = is_counted && !text.trim().is_empty();
            prop_assert_eq!(pattern::<Target>().is_match(&text), is_target);
        }
    }
}
