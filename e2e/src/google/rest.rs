//! Requests and answers of HTTP/1.1. The programs make one such call: which permissions they have. No
//! emulator has any.

use std::io;

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// The end of the call's path.
const TEST_PERMISSIONS: &str = ":testIamPermissions";

/// A request with its body.
#[derive(Debug)]
pub(super) struct Request {
    head: String,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// Reads a request; `None` if the client says nothing.
    pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Self>> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let Ok(byte) = stream.read_u8().await else { return Ok(None) };
            head.push(byte);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let mut request = Self { head, body: Vec::new() };
        let length = request.header("content-length").and_then(|length| length.parse().ok());
        request.body = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut request.body).await?;
        Ok(Some(request))
    }

    /// The value of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let headers = self.head.lines().filter_map(|line| line.split_once(':'));
        let mut named = headers.filter(|(header, _)| header.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| value.trim())
    }

    /// Its path, with the query.
    pub(super) fn path(&self) -> &str {
        self.head.split_whitespace().nth(1).unwrap_or_default()
    }

    /// Everything that is asked about is granted.
    pub(super) fn granted(&self) -> (&'static str, Value) {
        if !self.path().split('?').next().is_some_and(|path| path.ends_with(TEST_PERMISSIONS)) {
            return ("404 Not Found", json!({}));
        }
        let asked: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        ("200 OK", json!({"permissions": asked["permissions"]}))
    }
}

/// What a refusal with a status of gRPC's is over HTTP.
pub(super) fn refused(status: u8, words: &str) -> (&'static str, Value) {
    let line = match status {
        5 => "404 Not Found",
        7 => "403 Forbidden",
        _ => "401 Unauthorized",
    };
    let code: u16 = line[..3].parse().unwrap_or_default();
    (line, json!({"error": {"code": code, "message": words}}))
}

/// Answers, and ends the connection.
pub(super) async fn answer(
    stream: &mut (impl AsyncWrite + Unpin),
    (status, body): (&str, Value),
) -> io::Result<()> {
    let body = body.to_string();
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\n");
    let length = format!("content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    stream.write_all(format!("{head}{length}{body}").as_bytes()).await?;
    stream.shutdown().await
}
