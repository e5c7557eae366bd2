//! The state of a resource, as Terraform and a provider exchange it.

use std::collections::BTreeMap;

use rmpv::Value;

use super::wire::DynamicValue;

/// The mark of a value that is not known yet.
const UNKNOWN: i8 = 0;

/// The attributes and blocks of a resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct State(BTreeMap<String, Value>);

impl State {
    /// Reads a state; `None` for a resource that does not exist, or no longer.
    ///
    /// # Panics
    /// If it is not a state.
    pub(crate) fn read(value: Option<&DynamicValue>) -> Option<Self> {
        let mut bytes = value.expect("a value").msgpack.as_slice();
        let Value::Map(fields) = rmpv::decode::read_value(&mut bytes).expect("MessagePack") else {
            return None;
        };
        let field =
            |(name, value): (Value, Value)| (name.as_str().expect("a name").to_owned(), value);
        Some(Self(fields.into_iter().map(field).collect()))
    }

    /// Writes a state; for a resource that does not exist, nil.
    pub(crate) fn write(state: Option<Self>) -> DynamicValue {
        let field = |(name, value): (String, Value)| (Value::from(name), value);
        let fields = state.map(|state| Value::Map(state.0.into_iter().map(field).collect()));
        let mut msgpack = Vec::new();
        let value = fields.unwrap_or(Value::Nil);
        rmpv::encode::write_value(&mut msgpack, &value).expect("a vector takes everything");
        DynamicValue { msgpack, json: Vec::new() }
    }

    /// A text. Where an attribute takes any type, its type comes first.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.value(name)?.as_str()
    }

    /// Whether an attribute is false, and not just missing.
    pub(crate) fn is_false(&self, name: &str) -> bool {
        self.value(name).and_then(Value::as_bool) == Some(false)
    }

    fn value(&self, name: &str) -> Option<&Value> {
        match self.0.get(name)? {
            Value::Array(typed) if typed.len() == 2 => typed.last(),
            value => Some(value),
        }
    }

    /// Leaves each missing one of these attributes open.
    pub(crate) fn leave_open(&mut self, names: &[String]) {
        for name in names {
            let value = self.0.entry(name.clone()).or_insert(Value::Nil);
            if value.is_nil() {
                *value = Value::Ext(UNKNOWN, vec![0]);
            }
        }
    }

    /// Fills in what was left open.
    pub(crate) fn fill(&mut self, names: &[String], made: impl Fn(&str) -> String) {
        for name in names {
            let value = self.0.entry(name.clone()).or_insert(Value::Nil);
            if matches!(value, Value::Nil | Value::Ext(UNKNOWN, _)) {
                *value = made(name).into();
            }
        }
    }

    /// Sets a text that Terraform's files do not set: in the blocks of this name, or in the resource itself.
    ///
    /// # Panics
    /// If there is no such block, or it has no such attribute.
    pub(crate) fn set(&mut self, block: Option<&str>, name: &str, text: &str) {
        let typed = Value::Array(vec![Value::Binary(br#""string""#.to_vec()), text.into()]);
        let Some(block) = block else {
            self.0.insert(name.to_owned(), typed);
            return;
        };
        let Some(Value::Array(blocks)) = self.0.get_mut(block) else {
            panic!("there is no block {block}");
        };
        for block in blocks {
            let Value::Map(fields) = block else { continue };
            let field = fields.iter_mut().find(|(field, _)| field.as_str() == Some(name));
            field.expect("an attribute").1 = typed.clone();
        }
    }

    /// Changes a text, if there is one.
    pub(crate) fn edit(&mut self, name: &str, changed: impl Fn(&str) -> String) {
        let Some(value) = self.0.get_mut(name) else { return };
        let text = match value {
            Value::Array(typed) => typed.last_mut(),
            value => Some(value),
        };
        if let Some(text) = text
            && let Some(known) = text.as_str()
        {
            *text = changed(known).into();
        }
    }

    /// Forgets what is only written.
    pub(crate) fn forget(&mut self) {
        let written = self.0.iter_mut().filter(|(name, _)| name.ends_with("_wo"));
        written.for_each(|(_, value)| *value = Value::Nil);
    }

    /// Replaces a text wherever it is, and returns whether it was there.
    pub(crate) fn replace(&mut self, old: &str, new: &str) -> bool {
        any_was(self.0.values_mut().map(|value| replace(value, old, new)))
    }
}

fn replace(value: &mut Value, old: &str, new: &str) -> bool {
    match value {
        Value::String(text) if text.as_str() == Some(old) => {
            *value = new.into();
            true
        }
        Value::Array(values) => any_was(values.iter_mut().map(|value| replace(value, old, new))),
        Value::Map(fields) => {
            fields.iter_mut().fold(false, |found, (_, value)| replace(value, old, new) || found)
        }
        _ => false,
    }
}

/// Whether any was replaced, after all have been tried.
fn any_was(replaced: impl Iterator<Item = bool>) -> bool {
    replaced.filter(|replaced| *replaced).count() > 0
}
