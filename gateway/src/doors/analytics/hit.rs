//! What a client of another protocol reports, as the fields of `POST /event`.

use common::event::is_view;
use common::record::RecordId;
use serde_json::{Map, Value};

use crate::extractors::json::Object;

/// The names of properties that hold an address or a whole user agent, in lower case and without signs.
const PRIVATE: [&str; 6] =
    ["clientip", "ip", "ipaddress", "rawuseragent", "remoteaddr", "useragent"];

/// Precedes the name of an event that is called like a view but is not one.
const NO_VIEW: &str = "event:";

/// One view, or one event.
#[derive(Debug)]
pub(crate) struct Hit {
    is_view: bool,
    /// The fields of the body without its payload.
    event: Map<String, Value>,
    payload: Map<String, Value>,
}

impl Hit {
    /// A view of a page.
    pub(super) fn view() -> Self {
        Self { is_view: true, ..Self::typed(Some("page_view".into())) }
    }

    /// An event of this name. Its protocol marks views itself, so one that is only called `view` is
    /// counted as `event:view`.
    pub(super) fn event(name: Option<Value>) -> Self {
        match name {
            Some(Value::String(name)) if is_view(name.trim()) => {
                Self::typed(Some(format!("{NO_VIEW}{}", name.trim()).into()))
            }
            name => Self::typed(name),
        }
    }

    /// An event of this type, which says whether it is a view.
    pub(super) fn typed(event_type: Option<Value>) -> Self {
        let hit = Self { is_view: false, event: Map::new(), payload: Map::new() };
        hit.says("event_type", event_type)
    }

    /// Sets a field of the body, if there is a value.
    pub(super) fn says(mut self, field: &str, value: Option<Value>) -> Self {
        self.event.extend(value.map(|value| (field.to_owned(), value)));
        self
    }

    /// Names the record by the client's own id, of whatever form.
    pub(super) fn id(self, id: Option<Value>) -> Self {
        let id = id.map(written).filter(|id| !id.trim().is_empty());
        self.says("event_id", id.map(|id| RecordId::from_key(id.as_bytes()).as_str().into()))
    }

    /// Adds properties, in their order.
    pub(super) fn properties(
        mut self,
        properties: impl IntoIterator<Item = (String, Value)>,
    ) -> Self {
        self.payload.extend(properties.into_iter().filter(|(_, value)| !value.is_null()));
        self
    }

    /// Adds a property, if there is a value.
    pub(super) fn property(self, name: &str, value: Option<Value>) -> Self {
        self.properties(value.map(|value| (name.to_owned(), value)))
    }

    /// Adds something about the page. An event's own property of this name stays; a view's does not,
    /// because the view is counted by its page.
    pub(super) fn page(mut self, name: &str, value: Option<Value>) -> Self {
        if self.is_view || !self.payload.contains_key(name) {
            self.payload.extend(value.map(|value| (name.to_owned(), value)));
        }
        self
    }

    /// The page on which it happened, by its address.
    pub(super) fn on_page(self, url: Option<Value>) -> Self {
        self.says("path", url.clone()).page("url", url)
    }

    /// The id of its record, if it has one.
    pub(super) fn named(&self) -> Option<String> {
        self.event.get("event_id").and_then(Value::as_str).map(str::to_owned)
    }

    /// Forgets a field.
    pub(super) fn without(mut self, field: &str) -> Self {
        self.event.shift_remove(field);
        self
    }

    /// The body.
    pub(super) fn body(self) -> Object {
        let Self { mut event, mut payload, .. } = self;
        payload.retain(|name, _| !is_private(name));
        if !payload.is_empty() {
            event.insert("payload".to_owned(), Value::Object(payload));
        }
        Object::new(event, "")
    }
}

/// Whether a property is never stored.
fn is_private(name: &str) -> bool {
    let letters =
        name.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
    PRIVATE.iter().any(|private| letters.clone().eq(private.bytes()))
}

/// A value as a text: a string as it is, anything else as JSON.
pub(super) fn written(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// The first of these fields that is not empty.
pub(super) fn first(fields: &Map<String, Value>, names: &[&str]) -> Option<Value> {
    let values = names.iter().filter_map(|name| fields.get(*name));
    values.into_iter().find(|value| !value.is_null() && *value != "").cloned()
}

/// The field, if it is an object.
pub(super) fn object(fields: &Map<String, Value>, name: &str) -> Map<String, Value> {
    fields.get(name).and_then(Value::as_object).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn payload(hit: Hit) -> Value {
        hit.body().any("payload").unwrap_or_default()
    }

    #[test]
    fn an_id_of_any_form_becomes_a_valid_one_and_the_same_again() {
        let id = |id: Value| Hit::view().id(Some(id)).body().name("event_id");
        assert_eq!(id(json!("api-7")).as_deref(), Some("api-7"));
        assert_eq!(id(json!(7)).as_deref(), Some("7"));
        assert_eq!(id(json!(" ")), None);
        let odd = id(json!("a/b c")).expect("an id");
        assert!(RecordId::parse(&odd).is_ok());
        assert_eq!(id(json!("a/b c")), Some(odd.clone()));
        assert_ne!(id(json!("a/b d")), Some(odd));
    }

    #[test]
    fn an_event_that_is_called_like_a_view_is_none() {
        let counted = |hit: Hit| hit.body().string("event_type").unwrap_or_default();
        for (name, expected) in [
            ("View", "event:View"),
            (" page_view ", "event:page_view"),
            ("PAGEVIEW", "event:PAGEVIEW"),
            ("view_item", "view_item"),
            ("Viewed", "Viewed"),
        ] {
            assert_eq!(counted(Hit::event(Some(name.into()))), expected, "{name}");
        }
        assert_eq!(counted(Hit::typed(Some("view".into()))), "view");
        assert_eq!(counted(Hit::view()), "page_view");
    }

    #[test]
    fn neither_an_address_nor_a_user_agent_is_kept() {
        let said = json!({"ip": "192.0.2.1", "$ip": "192.0.2.1", "userAgent": "x",
            "$raw_user_agent": "x", "User-Agent": "x", "zip": "1010"});
        let hit = Hit::event(None).properties(said.as_object().cloned().unwrap_or_default());
        assert_eq!(payload(hit), json!({"zip": "1010"}));
    }

    #[test]
    fn a_view_is_of_its_page_and_an_event_keeps_its_own_properties() {
        let own = [("url".to_owned(), json!("/own"))];
        let page = Some(json!("/page"));
        let view = Hit::view().properties(own.clone()).on_page(page.clone());
        assert_eq!(payload(view), json!({"url": "/page"}));
        let event = Hit::event(None).properties(own).on_page(page);
        assert_eq!(payload(event), json!({"url": "/own"}));
    }
}
