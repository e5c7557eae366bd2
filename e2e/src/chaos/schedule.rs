//! What goes wrong, and when: a pure function of the seed.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

use crate::line::Trouble;

/// The longest pause before a step.
const PAUSE: Duration = Duration::from_millis(800);
/// The shortest and the longest trouble. SQLite waits for a held file for 5 s, so a program that is
/// started meanwhile still starts.
const LASTS: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(4)];
/// How often a trouble begins before a kill.
const TROUBLE: f64 = 0.3;

/// Where the programs run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One process.
    Embedded,
    /// Gateway and worker on the emulators.
    Cloud,
}

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Process {
    Spillway,
    Gateway,
    Worker,
}

/// What is in trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Broker,
    Store,
}

/// A trouble of the broker or the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The line to the emulator has it.
    Line(Trouble),
    /// The connections of now are dead, and nobody says so.
    Forgotten,
    /// Another process holds the file, and nobody else can write it.
    Held,
}

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Kill(Process),
    /// It ends after this time, or when the next one of that side begins.
    Begin(Side, Fault, Duration),
}

/// What happens after a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) pause: Duration,
    pub(super) act: Act,
}

impl Act {
    /// Whether what works on messages is killed.
    pub(super) fn ends_work(self) -> bool {
        matches!(self, Self::Kill(Process::Spillway | Process::Worker))
    }
}

impl Mode {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Cloud => "cloud",
        }
    }

    fn processes(self) -> &'static [Process] {
        match self {
            Self::Embedded => &[Process::Spillway],
            Self::Cloud => &[Process::Gateway, Process::Worker],
        }
    }
}

/// The steps of a seed: this number of kills, and troubles before some of them.
pub(super) fn schedule(seed: u64, mode: Mode, kills: usize) -> Vec<Step> {
    let mut dice = StdRng::seed_from_u64(seed);
    let mut steps = Vec::new();
    for _ in 0..kills {
        if dice.random_bool(TROUBLE) {
            let act = trouble(&mut dice, mode);
            steps.push(Step { pause: pause(&mut dice), act });
        }
        let process = *mode.processes().choose(&mut dice).expect("each mode has a process");
        steps.push(Step { pause: pause(&mut dice), act: Act::Kill(process) });
    }
    steps
}

fn pause(dice: &mut StdRng) -> Duration {
    PAUSE.mul_f64(dice.random())
}

fn trouble(dice: &mut StdRng, mode: Mode) -> Act {
    let side = if dice.random() { Side::Broker } else { Side::Store };
    let lasts = dice.random_range(LASTS[0]..LASTS[1]);
    Act::Begin(side, fault(dice, mode), lasts)
}

fn fault(dice: &mut StdRng, mode: Mode) -> Fault {
    if mode == Mode::Embedded {
        return Fault::Held;
    }
    match dice.random_range(0..7) {
        0 => Fault::Line(Trouble::Down),
        1 => Fault::Line(Trouble::Silent),
        2 => Fault::Line(Trouble::Slow(dice.random_range(LASTS[0]..LASTS[1] / 2))),
        3 => Fault::Line(Trouble::Aborted),
        4 => Fault::Line(Trouble::AnswersLost),
        5 => Fault::Line(Trouble::SomeAnswersLost),
        _ => Fault::Forgotten,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODES: [Mode; 2] = [Mode::Embedded, Mode::Cloud];

    #[test]
    fn a_seed_has_one_schedule_and_another_seed_another_one() {
        for mode in MODES {
            assert_eq!(schedule(7, mode, 200), schedule(7, mode, 200));
            assert_ne!(schedule(7, mode, 200), schedule(8, mode, 200));
        }
    }

    #[test]
    fn a_shorter_schedule_is_the_beginning_of_a_longer_one() {
        for mode in MODES {
            let (short, long) = (schedule(7, mode, 20), schedule(7, mode, 200));
            assert!(long.starts_with(&short));
        }
    }

    #[test]
    fn a_schedule_has_the_kills_it_should_have_and_each_kind_of_trouble() {
        for (mode, faults) in [(MODES[0], 1), (MODES[1], 7)] {
            let steps = schedule(7, mode, 500);
            let kills = steps.iter().filter(|step| matches!(step.act, Act::Kill(_)));
            assert_eq!(kills.count(), 500);
            let mut kinds: Vec<_> = steps.iter().filter_map(|step| step.act.trouble()).collect();
            kinds.sort_unstable();
            kinds.dedup();
            assert_eq!(kinds.len(), 2 * faults, "{kinds:?}");
        }
    }
}
