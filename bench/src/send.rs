//! Sends requests over a number of connections: each as soon as the one before it is answered, or at
//! a fixed rate, whatever the answers do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use futures::future::join_all;
use hdrhistogram::Histogram;
use tokio::sync::Semaphore;

use crate::client::{Connection, Target};
use crate::shape::Shape;

/// How often the pacer looks which requests are due.
const TICK: Duration = Duration::from_micros(250);
/// How much longer than planned a load at a fixed rate may take: what is not sent then is an error.
const PATIENCE: u32 = 4;

/// How requests are sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Load {
    /// Each connection waits for its answer.
    Closed { connections: usize },
    /// So many requests a second. A request's time begins when it is due, not when a connection is
    /// free for it: what waits behind a slow answer counts as slow.
    Open { a_second: u32 },
}

/// The connections of a load at a fixed rate.
const OPEN_CONNECTIONS: usize = 256;
/// How long one of them may idle, in seconds: a server closes it after a minute or so.
const LONGEST_IDLE: u32 = 30;

/// What became of the requests.
#[derive(Debug)]
pub(crate) struct Sent {
    /// Requests answered 202.
    pub(crate) acked: u64,
    /// Requests answered 429 or 503.
    pub(crate) refused: u64,
    /// Requests without an answer, or with another one.
    pub(crate) errors: u64,
    pub(crate) took: Duration,
    /// Of the acknowledged requests, in microseconds.
    pub(crate) latency: Histogram<u64>,
}

/// One load on one server.
pub(crate) struct Sender<'a> {
    pub(crate) target: Target<'a>,
    pub(crate) shape: Shape,
    pub(crate) run: &'a str,
    pub(crate) next: AtomicU64,
    /// Not more requests than these; a fixed rate has its own number.
    pub(crate) most: u64,
    pub(crate) began: Instant,
    pub(crate) lasts: Duration,
}

/// When requests are due.
enum Pace {
    AtOnce,
    Fixed { a_second: f64, due: Arc<Semaphore> },
}

impl<'a> Sender<'a> {
    pub(crate) fn new(target: Target<'a>, shape: Shape, run: &'a str, lasts: Duration) -> Self {
        let (next, most) = (AtomicU64::new(0), u64::MAX);
        Self { target, shape, run, next, most, began: Instant::now(), lasts }
    }

    pub(crate) async fn send(&self, load: Load) -> Sent {
        let (connections, pace) = match load {
            Load::Closed { connections } => (connections, Pace::AtOnce),
            Load::Open { a_second } => {
                let due = Arc::new(Semaphore::new(0));
                pace(Arc::clone(&due), a_second, self.lasts);
                let connections = OPEN_CONNECTIONS.min((a_second * LONGEST_IDLE) as usize);
                (connections, Pace::Fixed { a_second: a_second.into(), due })
            }
        };
        let sent = join_all((0..connections).map(|_| self.connection(&pace))).await;
        let took = self.began.elapsed();
        let mut all = Sent::nothing();
        sent.into_iter().for_each(|sent| all.add(&sent));
        Sent { took, ..all }
    }

    /// Sends over one connection until the time is up.
    async fn connection(&self, pace: &Pace) -> Sent {
        let (mut sent, mut body) = (Sent::nothing(), String::new());
        let mut connection = None;
        while let Some((n, due)) = self.take(pace).await {
            self.shape.write(self.run, n, &mut body);
            let status = match post(&mut connection, self.target, body.as_bytes()).await {
                Ok(status) => status,
                Err(_) => {
                    connection = None;
                    0
                }
            };
            sent.count(status, due);
        }
        sent
    }

    /// The next request's number, and when it was due; `None` when no more are to be sent.
    async fn take(&self, pace: &Pace) -> Option<(u64, Instant)> {
        match pace {
            Pace::AtOnce => {
                let now = Instant::now();
                let is_time = now < self.began + self.lasts;
                let n = is_time.then(|| self.next.fetch_add(1, Relaxed));
                n.filter(|n| *n < self.most).map(|n| (n, now))
            }
            Pace::Fixed { a_second, due } => {
                due.acquire().await.ok()?.forget();
                let n = self.next.fetch_add(1, Relaxed);
                let after = Duration::from_secs_f64(n as f64 / a_second);
                let in_time = self.began.elapsed() < self.lasts * PATIENCE;
                (after < self.lasts && in_time).then(|| (n, self.began + after))
            }
        }
    }
}

async fn post(
    connection: &mut Option<Connection>,
    target: Target<'_>,
    body: &[u8],
) -> std::io::Result<u16> {
    let open = match connection.take() {
        Some(open) => open,
        None => Connection::open(target.address).await?,
    };
    connection.insert(open).post(target, body).await
}

/// Says which requests are due, on a thread of its own: a timer of the runtime is late by up to a
/// millisecond.
fn pace(due: Arc<Semaphore>, a_second: u32, lasts: Duration) {
    let (began, mut given) = (Instant::now(), 0);
    std::thread::spawn(move || {
        while began.elapsed() < lasts {
            let by_now = (began.elapsed().as_secs_f64() * f64::from(a_second)) as usize;
            due.add_permits(by_now - given);
            given = by_now;
            std::thread::sleep(TICK);
        }
        // The rest, and for each connection one that ends it.
        let all = (lasts.as_secs_f64() * f64::from(a_second)).ceil() as usize;
        due.add_permits(all - given + OPEN_CONNECTIONS);
    });
}

/// Times up to a quarter of an hour, in microseconds, with three digits.
#[expect(clippy::expect_used, reason = "constants, covered by tests")]
pub(crate) fn times() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 1_000_000_000, 3).expect("bounds and digits")
}

impl Sent {
    fn nothing() -> Self {
        Self { acked: 0, refused: 0, errors: 0, took: Duration::ZERO, latency: times() }
    }

    fn count(&mut self, status: u16, due: Instant) {
        match status {
            202 => {
                self.acked += 1;
                let took = u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX);
                self.latency.saturating_record(took);
            }
            429 | 503 => self.refused += 1,
            _ => self.errors += 1,
        }
    }

    fn add(&mut self, other: &Self) {
        self.acked += other.acked;
        self.refused += other.refused;
        self.errors += other.errors;
        self.latency += &other.latency;
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use actix_web::{App, HttpResponse, HttpServer, web};

    use super::*;

    /// A server that answers 202, after a pause on every request.
    fn server(pause: Duration) -> SocketAddr {
        let take = move |_: web::Bytes| async move {
            tokio::time::sleep(pause).await;
            HttpResponse::Accepted().finish()
        };
        let app = move || App::new().default_service(web::to(take));
        let server = HttpServer::new(app).workers(1).bind(("127.0.0.1", 0)).expect("a port");
        let address = server.addrs()[0];
        tokio::spawn(server.run());
        address
    }

    async fn sent(pause: Duration, load: Load) -> Sent {
        let target =
            Target { address: server(pause), path: "/event", media_type: "application/json" };
        Sender::new(target, Shape::OneDay, "run", Duration::from_millis(500)).send(load).await
    }

    #[actix_web::test]
    async fn a_fixed_rate_sends_as_many_as_planned() {
        let sent = sent(Duration::ZERO, Load::Open { a_second: 400 }).await;
        assert_eq!((sent.acked, sent.refused, sent.errors), (200, 0, 0));
    }

    /// 256 connections with 300 ms each serve 850 requests a second. Each answer alone takes 300 ms;
    /// the waiting for a connection must be in the figures.
    #[actix_web::test]
    async fn what_waits_for_a_connection_counts_as_slow() {
        let sent = sent(Duration::from_millis(300), Load::Open { a_second: 2_000 }).await;
        assert_eq!(sent.acked, 1_000);
        let p99 = sent.latency.value_at_quantile(0.99);
        assert!(p99 > 600_000, "{p99}");
    }

    #[actix_web::test]
    async fn a_connection_waits_for_its_answer() {
        let sent = sent(Duration::from_millis(100), Load::Closed { connections: 2 }).await;
        assert!((6..=10).contains(&sent.acked), "{}", sent.acked);
    }
}
