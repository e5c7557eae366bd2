//! A small web site of another origin: its pages, and a list of what was posted to it.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A request with a body.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its headers, names in lower case.
    pub headers: HashMap<String, String>,
    /// Its body; null if it is not JSON.
    pub body: Value,
    /// When it had come.
    pub at: Instant,
    /// Whether it was refused.
    pub is_refused: bool,
}

/// A running site; dropping it stops it.
pub struct Site {
    url: String,
    shared: Arc<Shared>,
    _task: JoinSet<()>,
}

/// What all answers of a site need.
struct Shared {
    /// By path.
    files: HashMap<String, String>,
    received: Mutex<Vec<Received>>,
    /// How the next requests with a body are refused: status and further headers.
    refusals: Mutex<VecDeque<&'static str>>,
}

impl Site {
    /// Serves `files`: as scripts if the path ends in `.js`, else as pages. Unknown paths show the
    /// page `/`, as in a single-page application.
    ///
    /// # Panics
    /// If there is no free port.
    pub async fn start(files: &[(&str, String)]) -> Self {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.clone())).collect();
        let shared = Shared { files, received: Mutex::default(), refusals: Mutex::default() };
        let shared = Arc::new(shared);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let for_answers = Arc::clone(&shared);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut answers = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                answers.spawn(answer(stream, Arc::clone(&for_answers)));
            }
        });
        // The gateway has another name for this machine, which makes this another site.
        Self { url: format!("http://localhost:{port}"), shared, _task: task }
    }

    /// The address of a page.
    pub fn page(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// The address of a page, at a host of which a browser believes that it is another machine:
    /// anything that ends in `.example`.
    pub fn page_of(&self, host: &str, path: &str) -> String {
        self.page(path).replacen("localhost", host, 1)
    }

    /// The requests with a body so far.
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Answers the next requests with a body with these, one after the other: a status, such as `503 Busy`,
    /// and the lines of further headers.
    pub fn refuse(&self, answers: &[&'static str]) {
        self.shared.refusals.lock().unwrap_or_else(PoisonError::into_inner).extend(answers);
    }
}

impl Shared {
    /// How the next request is refused, if it is.
    fn refusal(&self) -> Option<&'static str> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// Answers one request and closes the connection.
async fn answer(stream: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut first = String::new();
    stream.read_line(&mut first).await?;
    let (method, path) = match first.split(' ').collect::<Vec<_>>()[..] {
        [method, target, ..] => (method, target.split('?').next().unwrap_or(target)),
        _ => return Ok(()),
    };
    let headers = headers(&mut stream).await?;
    let mut refusal = None;
    if method == "POST" {
        let length = headers.get("content-length").and_then(|length| length.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut body).await?;
        let body = serde_json::from_slice(&body).unwrap_or_default();
        refusal = shared.refusal();
        let (at, is_refused) = (Instant::now(), refusal.is_some());
        let mut list = shared.received.lock().unwrap_or_else(PoisonError::into_inner);
        list.push(Received { headers, body, at, is_refused });
    }
    let text = shared.files.get(path).or_else(|| shared.files.get("/")).map_or("", String::as_str);
    let media_type = if path.ends_with(".js") { "text/javascript" } else { "text/html" };
    let status = refusal.unwrap_or("200 OK");
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {media_type}; charset=utf-8\r\n\
         access-control-allow-origin: *\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        text.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await
}

async fn headers(stream: &mut BufReader<TcpStream>) -> io::Result<HashMap<String, String>> {
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(':') else { return Ok(headers) };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
}
