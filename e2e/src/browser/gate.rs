//! A way to a server that can be shut: what is sent meanwhile waits, and goes on afterwards.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A port that leads to a server.
pub struct Gate {
    url: String,
    open: watch::Sender<bool>,
    waiting: watch::Receiver<usize>,
    _tasks: JoinSet<()>,
}

impl Gate {
    /// A gate before the server at `url`, open.
    ///
    /// # Panics
    /// Where there is no free port.
    pub async fn before(url: &str) -> Self {
        let target = url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (open, is_open) = watch::channel(true);
        let (wait, waiting) = watch::channel(0);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut ways = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let (target, is_open, wait) = (target.clone(), is_open.clone(), wait.clone());
                ways.spawn(async move { lead(client, &target, is_open, wait).await });
            }
        });
        Self { url, open, waiting, _tasks: tasks }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Lets nothing pass to the server.
    pub fn shut(&self) {
        self.open.send_replace(false);
    }

    /// Waits until something wants to pass.
    ///
    /// # Panics
    /// Where the gate is gone.
    pub async fn is_waited_at(&mut self) {
        self.waiting.wait_for(|count| *count > 0).await.expect("a gate");
    }

    /// Lets pass what waited, and all that follows.
    pub fn open(&self) {
        self.open.send_replace(true);
    }
}

async fn lead(
    client: TcpStream,
    target: &str,
    mut is_open: watch::Receiver<bool>,
    wait: watch::Sender<usize>,
) -> io::Result<()> {
    let server = TcpStream::connect(target).await?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let answers = tokio::spawn(async move { copy(&mut from_server, &mut to_client).await });
    let mut buffer = vec![0; 16 << 10];
    loop {
        let count = from_client.read(&mut buffer).await?;
        if count == 0 {
            break;
        }
        if !*is_open.borrow_and_update() {
            wait.send_modify(|count| *count += 1);
            is_open.wait_for(|open| *open).await.map_err(io::Error::other)?;
        }
        to_server.write_all(&buffer[..count]).await?;
    }
    to_server.shutdown().await?;
    answers.await?.map(|_| ())
}
