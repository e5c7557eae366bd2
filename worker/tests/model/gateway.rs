//! The real gateway, on a port of this machine, and a client of it.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use clap::Parser;
use common::broker::Broker;
use common::store::embedded::EmbeddedStore;
use gateway::{Application, Gateway, GatewaySettings};
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use crate::request::Request;

/// How long the gateway may take for an answer.
const LONGEST_ANSWER: Duration = Duration::from_secs(60);

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    settings: GatewaySettings,
}

/// A gateway that runs until this is dropped. Its own store has no settings of sites and no data.
pub(crate) struct RunningGateway {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
}

impl RunningGateway {
    /// Starts a gateway that publishes to `broker`.
    pub(crate) fn start(broker: Arc<dyn Broker>) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (ready, address) = mpsc::channel();
        let serving = thread::spawn(move || serve(broker, &ready, stopped));
        let address = address.recv().expect("the gateway starts");
        Self { address, stop: Some(stop), serving: Some(serving) }
    }

    /// A connection to the gateway.
    pub(crate) fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_read_timeout(Some(LONGEST_ANSWER)).expect("a time");
        Client(BufReader::new(stream))
    }
}

impl Drop for RunningGateway {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(serving) = self.serving.take() {
            drop(serving.join());
        }
    }
}

fn serve(
    broker: Arc<dyn Broker>,
    ready: &mpsc::Sender<SocketAddr>,
    stopped: oneshot::Receiver<()>,
) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Arc::new(EmbeddedStore::open(folder.path()).expect("a store"));
    let gateway = Gateway::new(broker, store, Options::parse_from(["gateway"]).settings);
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let serving = async {
        let application = Application::build(gateway, "127.0.0.1", 0).expect("a port");
        ready.send(application.address()).expect("the test waits");
        application.run_until_stopped(async { drop(stopped.await) }).await
    };
    runtime.block_on(serving).expect("it serves");
}

/// A connection that stays open between requests.
pub(crate) struct Client(BufReader<TcpStream>);

impl Client {
    /// Sends the request; true if it is answered 202.
    ///
    /// # Panics
    /// If the answer is neither 202 nor 503.
    pub(crate) fn send(&mut self, request: &Request) -> bool {
        match self.answer(request).expect("an answer") {
            (202, _) => true,
            (503, _) => false,
            (status, body) => panic!("{status}: {body}"),
        }
    }

    fn answer(&mut self, Request { path, headers, body }: &Request) -> io::Result<(u16, String)> {
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             {headers}Content-Length: {length}\r\n\r\n{body}"
        );
        self.0.get_mut().write_all(request.as_bytes())?;
        let (mut status, mut length) = (0, 0);
        for line in (&mut self.0).lines() {
            let line = line?.to_lowercase();
            if let Some(rest) = line.strip_prefix("http/1.1 ") {
                status = rest.get(..3).and_then(|code| code.parse().ok()).unwrap_or(0);
            } else if let Some(rest) = line.strip_prefix("content-length:") {
                length = rest.trim().parse().unwrap_or(0);
            } else if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }
}
