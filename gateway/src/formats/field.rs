//! A value as a format found it, before its slot says what it must be.

use std::borrow::Cow;

/// A value as the format found it.
#[derive(Clone, Debug)]
pub(super) enum Field<'a> {
    Text(Cow<'a, str>),
    /// The digits of a number.
    Number(Cow<'a, str>),
    /// A type that no field has, such as a truth value.
    Other,
}

impl<'a> Field<'a> {
    pub(super) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    /// The text, trimmed.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.trim()),
            Self::Number(_) | Self::Other => None,
        }
    }

    /// The text, trimmed, or the digits.
    pub(super) fn as_plain(&self) -> Option<&str> {
        match self {
            Self::Number(digits) => Some(digits),
            Self::Text(_) | Self::Other => self.as_text(),
        }
    }

    pub(super) fn into_owned(self) -> Field<'static> {
        match self {
            Self::Text(text) => Field::Text(text.into_owned().into()),
            Self::Number(digits) => Field::Number(digits.into_owned().into()),
            Self::Other => Field::Other,
        }
    }
}
