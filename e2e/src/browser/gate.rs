//! A proxy that can be shut: requests wait at it until it is opened again.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What has happened at a shut gate.
#[derive(Clone, Copy, Default)]
struct Seen {
    waiting: usize,
    gone: usize,
}

/// A port that forwards to a server.
pub struct Gate {
    url: String,
    open: watch::Sender<bool>,
    seen: watch::Receiver<Seen>,
    _tasks: JoinSet<()>,
}

impl Gate {
    /// An open gate in front of the server at `url`.
    ///
    /// # Panics
    /// If there is no free port.
    pub async fn before(url: &str) -> Self {
        let target = url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (open, is_open) = watch::channel(true);
        let (see, seen) = watch::channel(Seen::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut ways = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let (target, is_open, see) = (target.clone(), is_open.clone(), see.clone());
                ways.spawn(async move { lead(client, &target, is_open, see).await });
            }
        });
        Self { url, open, seen, _tasks: tasks }
    }

    /// The base URL of the gate.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Lets nothing through to the server.
    pub fn shut(&self) {
        self.open.send_replace(false);
    }

    /// Waits until a request is held.
    ///
    /// # Panics
    /// If the gate is gone.
    pub async fn is_waited_at(&mut self) {
        self.seen.wait_for(|seen| seen.waiting > 0).await.expect("the gate is there");
    }

    /// Waits until a client gives up a request that is held.
    ///
    /// # Panics
    /// If the gate is gone.
    pub async fn is_left(&mut self) {
        self.seen.wait_for(|seen| seen.gone > 0).await.expect("the gate is there");
    }

    /// Lets through what is held, and everything that follows.
    pub fn open(&self) {
        self.open.send_replace(true);
    }
}

async fn lead(
    client: TcpStream,
    target: &str,
    mut is_open: watch::Receiver<bool>,
    see: watch::Sender<Seen>,
) -> io::Result<()> {
    let server = TcpStream::connect(target).await?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::spawn(async move { copy(&mut from_server, &mut to_client).await });
    let mut held = Vec::new();
    while from_client.read_buf(&mut held).await? > 0 {
        if !*is_open.borrow_and_update() {
            see.send_modify(|seen| seen.waiting += 1);
            let waited = wait(&mut from_client, &mut held, &mut is_open).await;
            if waited.is_err() {
                see.send_modify(|seen| seen.gone += 1);
                return waited;
            }
        }
        to_server.write_all(&held).await?;
        held.clear();
    }
    to_server.shutdown().await
}

/// Holds what is sent until the gate opens. Fails if the client gives up before.
async fn wait(
    from_client: &mut OwnedReadHalf,
    held: &mut Vec<u8>,
    is_open: &mut watch::Receiver<bool>,
) -> io::Result<()> {
    loop {
        tokio::select! {
            opened = is_open.wait_for(|open| *open) => {
                return opened.map(drop).map_err(io::Error::other);
            }
            read = from_client.read_buf(held) => {
                if read? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
        }
    }
}
