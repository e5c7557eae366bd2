//! A token of the deployment.

use std::fmt;

use reqwest::header::HeaderValue;

/// A bearer token, hidden in debug output.
#[derive(Clone)]
pub struct Token(String);

impl From<String> for Token {
    fn from(token: String) -> Self {
        Self(token)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Token {
    /// The `Authorization` header. An empty token counts as not set.
    pub fn authorization(&self) -> Result<Option<HeaderValue>, String> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.0)).map_err(|_| {
            "the token contains characters that an HTTP header cannot contain".to_owned()
        })?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}
