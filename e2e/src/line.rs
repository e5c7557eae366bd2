//! The line between the programs and an emulator, which fails on demand as networks and services do.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{DuplexStream, copy_bidirectional, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::grpc::{self, Answer, Call, Failure, Server, Upstream};

/// Bytes that are on their way through the line at most, in each direction.
const ROOM: usize = 1 << 20;
/// The status of a commit that ran into another one.
const ABORTED: u8 = 10;
/// The status where no answer came.
const UNAVAILABLE: u8 = 14;

/// What goes wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    #[default]
    None,
    /// Connections are cut, and new ones are too: the service is down, or starts again.
    Down,
    /// Connections stay, and nothing moves on them: the service stands still.
    Silent,
    /// Calls of the method are passed on after this time.
    Slow(Duration),
    /// Every other call of the method is refused, because others write the same documents.
    Aborted,
    /// Calls of the method are passed on, and the answers are lost.
    AnswersLost,
    /// The answer to every other one is.
    SomeAnswersLost,
}

/// A line. Dropping it ends it.
#[derive(Debug)]
pub struct Line {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    emulator: String,
    method: &'static str,
    /// What goes wrong, and the age of a connection that has died.
    state: watch::Sender<(Trouble, usize)>,
    calls: AtomicUsize,
    troubled: AtomicUsize,
}

struct Connection {
    emulator: Upstream,
    shared: Arc<Shared>,
}

impl Line {
    /// A line to `emulator` (`host:port`), on which calls of `method` can fail on their own.
    pub async fn to(emulator: &str, method: &'static str) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let shared = Arc::new(Shared {
            emulator: emulator.to_owned(),
            method,
            state: watch::Sender::default(),
            calls: AtomicUsize::default(),
            troubled: AtomicUsize::default(),
        });
        let address = listener.local_addr()?;
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, task })
    }

    /// Where it begins, as `host:port`.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// This goes wrong from now on.
    pub fn begin(&self, trouble: Trouble) {
        self.shared.state.send_modify(|state| state.0 = trouble);
    }

    /// Nothing goes wrong from now on.
    pub fn mend(&self) {
        self.begin(Trouble::None);
    }

    /// The connections of now stay open, and nothing moves on them any more, as where a router has
    /// forgotten them. New ones are well.
    pub fn forget_connections(&self) {
        self.shared.state.send_modify(|state| state.1 += 1);
    }

    /// How many calls something went wrong with.
    pub fn troubled(&self) -> usize {
        self.shared.troubled.load(Ordering::SeqCst)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        // Connections end in many ways here, and each is meant.
        tokio::spawn(async move { drop(connection(stream, shared).await) });
    }
}

async fn connection(mut stream: TcpStream, shared: Arc<Shared>) -> Result<(), Failure> {
    let mut state = shared.state.subscribe();
    let (trouble, born) = *state.borrow_and_update();
    if trouble == Trouble::Down {
        return Ok(());
    }
    stream.set_nodelay(true)?;
    let is_grpc = is_grpc(&stream).await?;
    let (mut near, far) = duplex(ROOM);
    let serving = match is_grpc {
        true => {
            let emulator = Upstream::connect(&shared.emulator).await?;
            tokio::spawn(grpc::serve(far, Arc::new(Connection { emulator, shared })))
        }
        false => tokio::spawn(pass_on(far, shared)),
    };
    let mut moving = std::pin::pin!(copy_bidirectional(&mut stream, &mut near));
    loop {
        let (trouble, age) = *state.borrow_and_update();
        match trouble {
            Trouble::Down => break,
            // What is not polled does not move.
            _ if trouble == Trouble::Silent || age > born => state.changed().await?,
            _ => tokio::select! {
                _ = &mut moving => break,
                changed = state.changed() => changed?,
            },
        }
    }
    serving.abort();
    Ok(())
}

/// Whether the client speaks HTTP/2, which begins with these bytes. Pub/Sub's client asks for a topic by
/// HTTP/1.1.
async fn is_grpc(stream: &TcpStream) -> std::io::Result<bool> {
    const BEGINNING: &[u8] = b"PRI";
    let mut first = [0; BEGINNING.len()];
    let read = stream.peek(&mut first).await?;
    Ok(&first[..read] == BEGINNING)
}

/// Passes on what is no gRPC, as it is.
async fn pass_on(mut near: DuplexStream, shared: Arc<Shared>) -> Result<(), Failure> {
    let mut emulator = TcpStream::connect(&shared.emulator).await?;
    copy_bidirectional(&mut near, &mut emulator).await?;
    Ok(())
}

impl Server for Connection {
    async fn answer(&self, call: Call) -> Result<Answer, Failure> {
        if !call.method().ends_with(self.shared.method) {
            return self.emulator.pass(call).await;
        }
        let is_odd = self.shared.calls.fetch_add(1, Ordering::SeqCst) % 2 == 1;
        let (trouble, _) = *self.shared.state.borrow();
        match trouble {
            Trouble::Slow(by) => {
                self.shared.count();
                tokio::time::sleep(by).await;
                self.emulator.pass(call).await
            }
            Trouble::Aborted if is_odd => {
                self.shared.count();
                Ok(Answer::refusal(ABORTED, "Too much contention on these documents."))
            }
            Trouble::SomeAnswersLost if !is_odd => self.emulator.pass(call).await,
            Trouble::AnswersLost | Trouble::SomeAnswersLost => {
                self.emulator.pass(call).await?;
                self.shared.count();
                Ok(Answer::refusal(UNAVAILABLE, "The answer was lost."))
            }
            _ => self.emulator.pass(call).await,
        }
    }
}

impl Shared {
    fn count(&self) {
        self.troubled.fetch_add(1, Ordering::SeqCst);
    }
}
