//! One simulation: send, kill on the way, wait until everything is counted, compare.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use common::backoff::Backoff;
use reqwest::Url;
use tokio::time::{Instant, sleep};

use super::args::SimulateArgs;
use super::count::{Grain, differences, requests, windows};
use super::error::SimulateError;
use super::read::{ReadError, Reader};
use super::report::{Kill, Report, Row};
use super::scenario::Scenario;
use super::send::{Sender, Sending};
use super::server::Server;
use crate::http::{self, NobodyThere};
use crate::progress::progress;
use crate::setup::SetupError;

/// How long to wait between the tries of one request.
const RETRY: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
/// How long to wait between two looks at the counts.
const POLL: Duration = Duration::from_millis(200);
/// The same on a deployment that may not say how much is in work, which leaves time for late
/// duplicates.
const SETTLING: Duration = Duration::from_secs(1);
/// How many looks in a row must find that the server is done: our own has nothing in work, another
/// one has counted everything.
const ENOUGH: u32 = 3;
/// How long one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How long to wait between two looks for the moment to kill the server.
const AIM_POLL: Duration = Duration::from_millis(10);
/// How many connections are kept open.
const CONNECTIONS: usize = 64;

/// A simulation that is ready to start.
pub(super) struct Simulation {
    pub(super) scenario: Scenario,
    pub(super) reader: Reader,
    pub(super) duration: Duration,
    pub(super) retry: Backoff,
    pub(super) settling: Duration,
}

impl Simulation {
    /// The simulation that the options ask for, on the server at `target`.
    pub(super) fn new(args: &SimulateArgs, target: &Url) -> Result<Self, SetupError> {
        let reader = Reader {
            client: http::client("spillway-simulate", target, CONNECTIONS, REQUEST_TIMEOUT)?,
            base: http::base(target),
            authorization: args.authorization().map_err(SetupError::Usage)?,
            backoff: RETRY,
            deadline: Instant::now() + args.duration() + args.timeout(),
        };
        let scenario = args.scenario(&format!("{:08x}", rand::random::<u32>()));
        Ok(Self { scenario, reader, duration: args.duration(), retry: RETRY, settling: SETTLING })
    }

    /// Runs it. The server is killed on the way if it is our `own`.
    pub(super) async fn run<S: Server>(
        &self,
        own: Option<&mut S>,
    ) -> Result<Report, SimulateError> {
        self.probe().await?;
        let is_sent = AtomicBool::new(false);
        let (sending, kill) = tokio::try_join!(self.send(&is_sent), self.kill(own, &is_sent))?;
        self.settle(kill).await?;
        self.compare(sending, kill).await
    }

    /// Checks that a server is there and lets us read.
    async fn probe(&self) -> Result<(), SimulateError> {
        let target = self.reader.base.clone();
        self.reader.probe(&self.scenario.customers[0]).await.map_err(|error| match error {
            ReadError::NoAnswer { error, .. } => {
                SetupError::from(NobodyThere::new(target, &error)).into()
            }
            ReadError::Refused { status: status @ (401 | 403), .. } => {
                SetupError::NotAllowed { target, status }.into()
            }
            error => error.into(),
        })
    }

    async fn send(&self, is_sent: &AtomicBool) -> Result<Sending, SimulateError> {
        let bar = progress(self.scenario.requests.len(), "sending");
        let sender = Sender {
            scenario: &self.scenario,
            client: &self.reader.client,
            base: &self.reader.base,
            duration: self.duration,
            backoff: self.retry,
            deadline: self.reader.deadline,
            tries_again: AtomicU64::new(0),
        };
        let sending = sender.send_all(&bar).await;
        is_sent.store(true, Ordering::Relaxed);
        bar.finish_and_clear();
        Ok(sending)
    }

    /// Kills the server half-way, at the next moment when messages are in work, but no later than
    /// when all is sent.
    async fn kill<S: Server>(
        &self,
        own: Option<&mut S>,
        is_sent: &AtomicBool,
    ) -> Result<Kill, SimulateError> {
        let Some(server) = own else { return Ok(Kill::NotOurs) };
        sleep(self.duration / 2).await;
        let mut in_work = 0;
        while in_work == 0 && !is_sent.load(Ordering::Relaxed) {
            sleep(AIM_POLL).await;
            in_work = self.reader.backlog().await.unwrap_or(0);
        }
        server.crash().await.map_err(SimulateError::Crash)?;
        Ok(Kill::Killed { in_work })
    }

    /// Waits until nothing more will be counted, or time is up.
    async fn settle(&self, kill: Kill) -> Result<(), SimulateError> {
        let bar = progress(self.scenario.entries(), "counted");
        let (mut looks, is_ours) = (0, kill != Kill::NotOurs);
        while looks < ENOUGH && Instant::now() < self.reader.deadline {
            let counted = self.counted().await?;
            bar.set_position(counted);
            let has_all = counted >= self.scenario.entries() as u64;
            let is_done = if is_ours { self.reader.backlog().await == Some(0) } else { has_all };
            looks = if is_done { looks + 1 } else { 0 };
            sleep(if is_ours { POLL } else { self.settling }).await;
        }
        bar.finish_and_clear();
        Ok(())
    }

    /// How many entries the server has counted.
    async fn counted(&self) -> Result<u64, ReadError> {
        let mut counted = 0;
        for customer in &self.scenario.customers {
            counted += requests(&self.reader.windows(customer, Grain::Day).await?);
        }
        Ok(counted.try_into().unwrap_or(0))
    }

    /// Compares every window that is served with our own count.
    async fn compare(&self, sending: Sending, kill: Kill) -> Result<Report, SimulateError> {
        let mut report = Report::of(&self.scenario, sending, kill);
        for (n, customer) in self.scenario.customers.iter().enumerate() {
            let mut row = Row::of(&self.scenario, n);
            for grain in Grain::ALL {
                let sent = windows(self.scenario.batches_of(n), grain);
                let served = self.reader.windows(customer, grain).await?;
                report.differences.extend(differences(customer, grain, &sent, &served));
                (row.entries, row.counted) = (requests(&sent), requests(&served));
            }
            report.customers.push(row);
            let why = self.reader.quarantined(customer).await?;
            report.quarantined.extend(why.map(|why| (customer.clone(), why)));
        }
        Ok(report)
    }
}
