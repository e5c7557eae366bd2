//! A connection that sends one request after the other: as little work as possible, since it shares
//! the machine with what it measures.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// More headers than any answer has.
const MAX_HEADERS: usize = 64;

/// An open connection.
pub(crate) struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
    request: Vec<u8>,
}

/// What a request asks for, and of which type its body is.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) address: SocketAddr,
    pub(crate) path: &'a str,
    pub(crate) media_type: &'a str,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, answer: Vec::with_capacity(4_096), request: Vec::with_capacity(4_096) })
    }

    /// Posts `body`, and returns the status of the answer once all of it is here.
    pub(crate) async fn post(&mut self, target: Target<'_>, body: &[u8]) -> io::Result<u16> {
        use std::io::Write as _;
        let Target { address, path, media_type } = target;
        self.request.clear();
        write!(
            self.request,
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: {media_type}\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        )?;
        self.request.extend_from_slice(body);
        self.stream.write_all(&self.request).await?;
        self.read().await
    }

    async fn read(&mut self) -> io::Result<u16> {
        self.answer.clear();
        loop {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            if let Some((status, length)) = head(&self.answer)? {
                while self.answer.len() < length {
                    if self.stream.read_buf(&mut self.answer).await? == 0 {
                        return Err(ErrorKind::UnexpectedEof.into());
                    }
                }
                return Ok(status);
            }
        }
    }
}

/// The status of an answer and its whole length; `None` until its head is complete.
fn head(answer: &[u8]) -> io::Result<Option<(u16, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let invalid = |why: String| io::Error::new(ErrorKind::InvalidData, why);
    let httparse::Status::Complete(head) =
        response.parse(answer).map_err(|error| invalid(error.to_string()))?
    else {
        return Ok(None);
    };
    let body = response.headers.iter().find(|it| it.name.eq_ignore_ascii_case("content-length"));
    let body = body.and_then(|it| std::str::from_utf8(it.value).ok()?.parse::<usize>().ok());
    let body = body.ok_or_else(|| invalid("an answer without a length".to_owned()))?;
    Ok(Some((response.code.unwrap_or_default(), head + body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_complete_with_the_bytes_that_it_announces() {
        let answer = b"HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(head(answer).expect("an answer"), Some((202, answer.len())));
        assert_eq!(head(&answer[..40]).expect("a part of one"), None);
        assert!(head(b"HTTP/1.1 202 Accepted\r\n\r\n").is_err());
        assert!(head(b"SSH-2.0\r\n\r\n").is_err());
    }
}
