//! HTTP byte by byte, for requests that no client would send.

use std::io;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::api::{Answer, PATIENCE, eventually};

/// A connection that sends any bytes.
#[derive(Debug)]
pub struct Raw {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Raw {
    /// Connects to the server at `url`.
    ///
    /// # Panics
    /// If it does not accept the connection.
    pub async fn connect(url: &str) -> Self {
        let host = url.trim_start_matches("http://");
        let stream = timeout(PATIENCE, TcpStream::connect(host)).await;
        let stream = stream.expect("a connection in time").expect("the server accepts it");
        Self { stream, unread: Vec::new() }
    }

    /// Sends `bytes` as they are. Fails if the server has closed the connection.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref()).await
    }

    /// Closes the sending side.
    pub async fn end(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }

    /// The next answer; `None` if the connection ends without one.
    ///
    /// # Panics
    /// If neither happens in time, or the answer is not HTTP.
    pub async fn answer(&mut self) -> Option<Answer> {
        let read = timeout(PATIENCE, self.read()).await;
        read.expect("an answer or the end of the connection, in time")
    }

    /// Whether the server answers or closes the connection within `wait`.
    pub async fn is_answered(&mut self, wait: Duration) -> bool {
        timeout(wait, self.stream.readable()).await.is_ok()
    }

    /// Everything that is received until the server closes the connection.
    pub async fn rest(&mut self) -> Vec<u8> {
        let closed = async { while self.receive().await > 0 {} };
        timeout(PATIENCE, closed).await.expect("the server closes the connection");
        std::mem::take(&mut self.unread)
    }

    /// The status of the answer that is coming in, of which nothing more is read.
    pub async fn status(&mut self) -> Option<StatusCode> {
        let mut line = [0; 12];
        let peeked = timeout(PATIENCE, self.stream.peek(&mut line)).await.ok()?.ok()?;
        let line = std::str::from_utf8(&line[..peeked]).ok()?;
        line.split(' ').nth(1)?.parse().ok()
    }

    /// Waits until the server has cut the connection off. Reads nothing meanwhile.
    ///
    /// # Panics
    /// If the server does not do so in time.
    pub async fn is_cut_off(&self) {
        // A server's system that gives a connection up says nothing, until something more comes.
        // The socket tells of its end once, either to the write or to the one who asks.
        eventually("the server cuts the connection off", async || {
            let written = self.stream.try_write(b"\r\n");
            let ended = written.is_err_and(|error| error.kind() != io::ErrorKind::WouldBlock);
            (ended || self.stream.take_error().is_ok_and(|error| error.is_some())).then_some(())
        })
        .await;
    }

    async fn read(&mut self) -> Option<Answer> {
        let end = loop {
            if let Some(at) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if self.receive().await == 0 {
                return None;
            }
        };
        let head: Vec<u8> = self.unread.drain(..end).collect();
        let (status, headers) = parse(&String::from_utf8_lossy(&head));
        let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        let length = length.and_then(|length| length.parse().ok()).unwrap_or(0);
        while self.unread.len() < length && self.receive().await > 0 {}
        let body: Vec<u8> = self.unread.drain(..length.min(self.unread.len())).collect();
        Some(Answer { status, headers, body: serde_json::from_slice(&body).unwrap_or_default() })
    }

    /// How many bytes were received; 0 when the connection has ended in any way.
    async fn receive(&mut self) -> usize {
        self.stream.read_buf(&mut self.unread).await.unwrap_or(0)
    }
}

/// Sends `request` and reads the answer.
pub async fn exchange(url: &str, request: impl AsRef<[u8]>) -> Option<Answer> {
    let mut raw = Raw::connect(url).await;
    // The server may refuse it and close the connection before everything is sent.
    drop(raw.send(request).await);
    raw.answer().await
}

/// A `GET` with `path` exactly as given.
pub async fn get(url: &str, path: &str) -> Option<Answer> {
    exchange(url, format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n")).await
}

fn parse(head: &str) -> (StatusCode, HeaderMap) {
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_str(value.trim()).ok()?))
    };
    (status.expect("a status line"), lines.filter_map(header).collect())
}
