//! The long run: a mixed load, while processes are killed and broker and store are in trouble at
//! random. Afterwards each record that was accepted is stored once, and counted once.

mod books;
mod error;
mod ground;
mod load;
mod record;
mod report;
mod schedule;
mod traffic;

use std::sync::Arc;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

pub use self::error::ChaosError;
pub use self::report::{Outcome, table};
pub use self::schedule::Mode;

use self::books::Books;
use self::ground::Ground;
use self::load::Load;
use self::schedule::{Act, Step, schedule};
use self::traffic::Traffic;
use crate::service::ServiceError;

/// Runs the schedule of `seed` with `kills` kills in one mode, and compares the books.
pub async fn run(mode: Mode, seed: u64, kills: usize) -> Result<Outcome, ChaosError> {
    let mut ground = Ground::start(mode).await?;
    let began = Instant::now();
    let traffic = Arc::new(Traffic::default());
    let load = Load::start(&ground.deployment.url(), &traffic);
    let steps = schedule(seed, mode, kills);
    let bar = progress(mode, kills);
    for step in &steps {
        take(step, &mut ground, &traffic).await?;
        bar.inc(u64::from(matches!(step.act, Act::Kill(_))));
    }
    bar.finish_and_clear();
    ground.mend();
    let sent = load.stop().await?;
    let is_at_rest = ground.is_at_rest().await;
    let absorbed = traffic.absorbed() + ground.duplicates().await;
    let mut books = Books::of(&ground.deployment, sent).await;
    if !is_at_rest {
        books.differences.push("the worker still gets messages: the books may be early".to_owned());
    }
    if !books.are_right() {
        books.evidence = ground.keep(seed).await;
    }
    Ok(Outcome { mode, steps, traffic, absorbed, books, took: began.elapsed() })
}

async fn take(step: &Step, ground: &mut Ground, traffic: &Traffic) -> Result<(), ServiceError> {
    if step.act.ends_work() {
        traffic.is_killed_at_work(ground.works().await);
    }
    tokio::time::sleep(step.pause).await;
    match step.act {
        Act::Begin(side, fault, lasts) => {
            traffic.is_troubled(side, lasts);
            ground.begin(side, fault, lasts);
        }
        Act::Kill(process) => {
            if step.act.ends_work() {
                traffic.absorb(ground.duplicates().await);
            }
            let killed = Instant::now();
            ground.kill(process).await?;
            traffic.is_up_again(killed);
        }
    }
    Ok(())
}

/// A bar on standard error, shown only on a terminal.
fn progress(mode: Mode, kills: usize) -> ProgressBar {
    let template = "{prefix:>8} {wide_bar} {pos}/{len} kills {elapsed_precise}";
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(kills as u64).with_style(style).with_prefix(mode.name())
}
