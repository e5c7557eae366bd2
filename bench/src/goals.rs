//! What must hold, as ratios of one run: a machine's speed cancels out.

use crate::results::{COUNTED, Metric, P99, QUERYABLE_P99, RATE, Results};
use crate::rows::{
    ACTIX, FASTAPI, GATEWAY, GATEWAY_PUBSUB, GOACCESS, NAIVE, POSTGRES, POSTGRES_ONE, PREVIOUS,
    SPILLWAY,
};

pub(crate) struct Goal {
    pub(crate) about: &'static str,
    case: &'static str,
    row: &'static str,
    metric: Metric,
    /// Compared with this row; otherwise the figure itself counts.
    to: Option<&'static str>,
    bound: Bound,
}

#[derive(Clone, Copy)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

/// A goal with what a run found.
pub(crate) struct Outcome {
    pub(crate) goal: &'static Goal,
    pub(crate) found: f64,
}

pub(crate) static GOALS: [Goal; 20] = [
    ratio(
        "counted, against PostgreSQL batched",
        "64 connections",
        SPILLWAY,
        POSTGRES,
        COUNTED,
        0.7,
    ),
    ratio("counted, against PostgreSQL batched", "25 days", SPILLWAY, POSTGRES, COUNTED, 0.5),
    ratio(
        "counted, against the previous release",
        "64 connections",
        SPILLWAY,
        PREVIOUS,
        COUNTED,
        4.0,
    ),
    ratio("counted, against the previous release", "25 days", SPILLWAY, PREVIOUS, COUNTED, 4.0),
    ratio("rate, against PostgreSQL one by one", "1 connection", SPILLWAY, POSTGRES_ONE, RATE, 0.8),
    ratio("gateway, against bare actix", "64 connections", GATEWAY, ACTIX, RATE, 0.85),
    ratio("on the emulator, against naive", "1 connection", GATEWAY_PUBSUB, NAIVE, RATE, 1.2),
    ratio("on the emulator, against naive", "64 connections", GATEWAY_PUBSUB, NAIVE, RATE, 1.2),
    ratio("on the emulator, against naive", "256 connections", GATEWAY_PUBSUB, NAIVE, RATE, 1.2),
    tail("p99 on the emulator, against naive", "1 connection", GATEWAY_PUBSUB, NAIVE),
    tail("p99 on the emulator, against naive", "64 connections", GATEWAY_PUBSUB, NAIVE),
    tail("p99 on the emulator, against naive", "256 connections", GATEWAY_PUBSUB, NAIVE),
    ratio("on the emulator, against FastAPI", "1 connection", GATEWAY_PUBSUB, FASTAPI, RATE, 10.0),
    ratio(
        "on the emulator, against FastAPI",
        "64 connections",
        GATEWAY_PUBSUB,
        FASTAPI,
        RATE,
        10.0,
    ),
    ratio(
        "on the emulator, against FastAPI",
        "256 connections",
        GATEWAY_PUBSUB,
        FASTAPI,
        RATE,
        10.0,
    ),
    ratio("lines counted, against GoAccess", "sparse log", SPILLWAY, GOACCESS, COUNTED, 0.5),
    most("p99 of the answers, ms", "10,000 a second", P99, 25.0),
    most("queryable p99, ms", "10,000 a second", QUERYABLE_P99, 250.0),
    most("p99 of the answers, ms", "5,000 a second, 25 days", P99, 25.0),
    most("queryable p99, ms", "5,000 a second, 25 days", QUERYABLE_P99, 250.0),
];

const fn ratio(
    about: &'static str,
    case: &'static str,
    row: &'static str,
    to: &'static str,
    metric: Metric,
    least: f64,
) -> Goal {
    Goal { about, case, row, metric, to: Some(to), bound: Bound::AtLeast(least) }
}

const fn tail(
    about: &'static str,
    case: &'static str,
    row: &'static str,
    to: &'static str,
) -> Goal {
    Goal { about, case, row, metric: P99, to: Some(to), bound: Bound::AtMost(1.0) }
}

const fn most(about: &'static str, case: &'static str, metric: Metric, most: f64) -> Goal {
    Goal { about, case, row: SPILLWAY, metric, to: None, bound: Bound::AtMost(most) }
}

/// The goals whose rows have run.
pub(crate) fn outcomes(results: &Results) -> Vec<Outcome> {
    let found = |goal: &Goal| match goal.to {
        Some(to) => results.ratio(goal.case, goal.row, to, goal.metric),
        None => results.figure(goal.case, goal.row, goal.metric).map(|figure| figure.median),
    };
    GOALS.iter().filter_map(|goal| Some(Outcome { goal, found: found(goal)? })).collect()
}

impl Goal {
    pub(crate) fn case(&self) -> &'static str {
        self.case
    }

    pub(crate) fn wanted(&self) -> String {
        match self.bound {
            Bound::AtLeast(least) => format!("at least {least}"),
            Bound::AtMost(most) => format!("at most {most}"),
        }
    }
}

impl Outcome {
    pub(crate) fn holds(&self) -> bool {
        match self.goal.bound {
            Bound::AtLeast(least) => self.found >= least,
            Bound::AtMost(most) => self.found <= most,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::CASES;
    use crate::results::tests::results;
    use crate::rows::ROWS;

    #[test]
    fn every_goal_names_a_case_and_rows_that_take_part() {
        for goal in &GOALS {
            let case = CASES.iter().find(|case| case.name == goal.case).expect("a case");
            for name in std::iter::once(goal.row).chain(goal.to) {
                let row = ROWS.iter().find(|row| row.name == name).expect("a row");
                assert!(case.has(row), "{}: {name}", goal.case);
            }
        }
    }

    #[test]
    fn a_goal_holds_when_its_ratio_is_reached() {
        let at = |rate| {
            let case = "64 connections";
            outcomes(&results(&[(case, GATEWAY, 0, rate), (case, ACTIX, 0, 100.0)]))
        };
        for (rate, holds) in [(85.0, true), (84.0, false)] {
            let outcomes = at(rate);
            assert_eq!((outcomes.len(), outcomes[0].holds()), (1, holds), "{rate}");
        }
    }
}
