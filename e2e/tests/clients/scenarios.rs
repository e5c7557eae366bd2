//! What each client goes through, and what came of it.

use e2e::deployment::Embedded;

use super::belief::{Belief, Records};
use super::counts::counted;
use super::outage::Outage;
use super::roster::{Client, Notices};
use super::run::{COUNT, Task, run};
use super::tap::Tap;

/// What came of a client's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// How many were taken if one of them is bad.
    pub(crate) beside_a_bad_one: u64,
    /// How many of them the client believes in. Where a protocol cannot say that all but one were
    /// taken, a client takes more for lost.
    pub(crate) believed: u64,
    /// Whether requests that arrive twice are counted once.
    pub(crate) is_counted_once: bool,
    /// What the client does while the broker refuses.
    pub(crate) refused: Refused,
}

/// What becomes of records while the broker refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The client sends them again until they are taken.
    SentAgain,
    /// The client gives some up, and says so.
    GivenUp,
    /// The client loses some, and does not notice.
    Lost,
}

/// A Spillway for one client.
struct Ground<'a> {
    client: &'a Client,
    embedded: Embedded,
    tap: Tap,
}

/// Runs a client in every scenario.
///
/// # Errors
/// What is counted, and what the client believes, where these differ.
pub(crate) async fn outcome(client: &Client) -> Result<Outcome, String> {
    let work = vec![("WORK_SECONDS_PER_CHAR", "0".to_owned())];
    let embedded = Embedded::start(work).await.map_err(|error| error.to_string())?;
    let tap = Tap::before(&embedded.service().url());
    let ground = Ground { client, embedded, tap };
    ground.hundred().await?;
    let is_counted_once = ground.twice().await?;
    let (beside_a_bad_one, believed) = ground.a_bad_one().await?;
    let refused = ground.refused().await?;
    Ok(Outcome { beside_a_bad_one, believed, is_counted_once, refused })
}

impl Ground<'_> {
    /// All of a hundred records are counted.
    async fn hundred(&self) -> Result<(), String> {
        self.tap.begin(false);
        let (belief, counted) = self.sent("hundred", false).await?;
        let is_all = belief.taken().total() == COUNT && belief.failed == 0;
        self.check("a hundred records", belief, counted, is_all && counted == belief.taken())
    }

    /// Every request arrives twice. Whether each record is then counted once.
    async fn twice(&self) -> Result<bool, String> {
        self.tap.begin(true);
        let (belief, counted) = self.sent("twice", false).await?;
        let (once, is_all) = (belief.taken(), belief.taken().total() == COUNT);
        let is_either = counted == once || counted == once.doubled();
        self.check("every request twice", belief, counted, is_all && is_either)?;
        Ok(counted == once)
    }

    /// One record is bad. How many are taken, and how many of them the client believes in.
    async fn a_bad_one(&self) -> Result<(u64, u64), String> {
        self.tap.begin(false);
        let (belief, counted) = self.sent("bad", true).await?;
        let taken = belief.taken();
        let is_less = counted.total() < COUNT && counted.total() > 0;
        let is_so = is_less && counted.has_all_of(taken);
        self.check("a bad record among the others", belief, counted, is_so)?;
        Ok((counted.total(), taken.total()))
    }

    /// The broker refuses for 3 s.
    async fn refused(&self) -> Result<Refused, String> {
        self.tap.begin(false);
        let outage = Outage::begin(&self.embedded)?;
        let ran = tokio::try_join!(self.believed("refused", false), outage.end(&self.tap));
        let (belief, ()) = ran?;
        let counted = self.counted("refused").await?;
        let taken = belief.taken();
        let is_all = taken.total() == COUNT;
        let (is_so, refused) = match self.client.notices {
            Notices::Answers if is_all => (counted == taken, Refused::SentAgain),
            // A refusal says that a record is not durable, and not that it never will be.
            Notices::Answers => {
                (counted.has_all_of(taken) && counted.total() <= COUNT, Refused::GivenUp)
            }
            // What it believes says nothing, so the answers tell.
            Notices::Nothing => {
                let sure = self.tap.taken();
                (counted.total() >= sure && counted.total() <= COUNT, Refused::Lost)
            }
        };
        self.check("a broker that refuses for 3 s", belief, counted, is_so)?;
        Ok(refused)
    }

    /// What the client believes after it has sent its records, and what is counted then.
    async fn sent(&self, tenant: &str, bad: bool) -> Result<(Belief, Records), String> {
        Ok((self.believed(tenant, bad).await?, self.counted(tenant).await?))
    }

    async fn believed(&self, tenant: &str, bad: bool) -> Result<Belief, String> {
        let task = Task { endpoint: self.tap.url(), tenant, bad };
        run(self.client, task).await.map_err(|error| self.explained(&error))
    }

    async fn counted(&self, tenant: &str) -> Result<Records, String> {
        self.tap.is_idle().await;
        counted(&self.embedded, tenant).await.map_err(|error| self.explained(&error))
    }

    fn check(
        &self,
        what: &str,
        belief: Belief,
        counted: Records,
        holds: bool,
    ) -> Result<(), String> {
        if holds {
            return Ok(());
        }
        let (taken, failed) = (belief.taken(), belief.failed);
        Err(self.explained(&format!(
            "{what}: the client believes in {taken} ({failed} failed); Spillway has {counted}"
        )))
    }

    fn explained(&self, error: &str) -> String {
        format!("{error}{}", self.tap.summary())
    }
}
