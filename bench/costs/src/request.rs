//! A request as its client writes it.

/// A POST request.
pub(crate) struct Request {
    path: String,
    headers: String,
    body: Vec<u8>,
}

impl Request {
    /// With this media type.
    pub(crate) fn new(path: &str, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = format!("Content-Type: {media_type}\r\n");
        Self { path: path.to_owned(), headers, body: body.into() }
    }

    /// JSON.
    pub(crate) fn json(path: &str, body: &serde_json::Value) -> Self {
        Self::new(path, "application/json", body.to_string())
    }

    /// Adds a header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers += &format!("{name}: {value}\r\n");
        self
    }

    /// What is sent.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let Self { path, headers, body } = self;
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\n\r\n"
        );
        [head.as_bytes(), body].concat()
    }
}
