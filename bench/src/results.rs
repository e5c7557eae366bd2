//! The results: what is kept as JSON, and what pages and pictures are made of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Everything that one run of the bench has found.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Results {
    pub(crate) day: String,
    pub(crate) commit: String,
    pub(crate) machine: Machine,
    pub(crate) rounds: usize,
    /// The length of each load.
    pub(crate) seconds: f64,
    /// Whether it was short: figures to show that the bench works, not to compare.
    pub(crate) quick: bool,
    /// Whether the programs were built for speed, as the bench itself.
    pub(crate) optimized: bool,
    /// Rows that could not run, and what is missing.
    pub(crate) skipped: BTreeMap<String, String>,
    pub(crate) runs: Vec<Run>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Machine {
    pub(crate) cores: usize,
    pub(crate) processor: String,
    pub(crate) memory_gib: u64,
    pub(crate) system: String,
}

/// One row in one case and one round.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Run {
    pub(crate) case: String,
    pub(crate) row: String,
    pub(crate) round: usize,
    /// Records answered 202, and requests refused or failed.
    pub(crate) acked: u64,
    pub(crate) refused: u64,
    pub(crate) errors: u64,
    /// Records found afterwards, of a row that keeps them.
    pub(crate) stored: Option<u64>,
    /// Records acknowledged a second.
    pub(crate) rate: f64,
    /// Records counted a second meanwhile, of a row that counts.
    pub(crate) counted: Option<f64>,
    /// Until the last record was counted, after the load had ended.
    pub(crate) drain_seconds: Option<f64>,
    /// Of the answers, in milliseconds.
    pub(crate) p50: Option<f64>,
    pub(crate) p99: Option<f64>,
    /// From sending to reading, in milliseconds.
    pub(crate) queryable_p50: Option<f64>,
    pub(crate) queryable_p99: Option<f64>,
    /// Of the row's processes, until the last record was counted, for each acknowledged record.
    pub(crate) cpu_micros: f64,
    pub(crate) dirtied_bytes: f64,
    pub(crate) memory_mib: f64,
}

impl Run {
    /// Whether each acknowledged record was found, and none twice. A refused one may have been stored.
    pub(crate) fn is_exact(&self) -> bool {
        self.stored.is_none_or(|stored| {
            (self.acked..=self.acked + self.refused + self.errors).contains(&stored)
        })
    }
}

/// A figure over all rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figure {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
}

/// Takes a figure from a run.
pub(crate) type Metric = fn(&Run) -> Option<f64>;

pub(crate) const RATE: Metric = |run| Some(run.rate);
pub(crate) const COUNTED: Metric = |run| run.counted;
pub(crate) const P50: Metric = |run| run.p50;
pub(crate) const P99: Metric = |run| run.p99;
pub(crate) const QUERYABLE_P50: Metric = |run| run.queryable_p50;
pub(crate) const QUERYABLE_P99: Metric = |run| run.queryable_p99;
pub(crate) const CPU: Metric = |run| Some(run.cpu_micros);
pub(crate) const DIRTIED: Metric = |run| Some(run.dirtied_bytes);
pub(crate) const MEMORY: Metric = |run| Some(run.memory_mib);

impl Results {
    /// The runs of a row in a case.
    pub(crate) fn of<'a>(&'a self, case: &'a str, row: &'a str) -> impl Iterator<Item = &'a Run> {
        self.runs.iter().filter(move |run| run.case == case && run.row == row)
    }

    pub(crate) fn figure(&self, case: &str, row: &str, metric: Metric) -> Option<Figure> {
        Figure::of(self.of(case, row).filter_map(metric).collect())
    }

    /// The median over the rounds of the ratio of two rows: a round slows both.
    pub(crate) fn ratio(&self, case: &str, row: &str, to: &str, metric: Metric) -> Option<f64> {
        let ratios = self.of(case, row).filter_map(|run| {
            let other = self.of(case, to).find(|other| other.round == run.round)?;
            Some(metric(run)? / metric(other)?).filter(|ratio| ratio.is_finite())
        });
        Figure::of(ratios.collect()).map(|figure| figure.median)
    }
}

impl Figure {
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (&low, &high) = (values.first()?, values.last()?);
        let middle = values.len() / 2;
        let median = match values.len() % 2 {
            0 => f64::midpoint(values[middle - 1], values[middle]),
            _ => values[middle],
        };
        Some(Self { low, median, high })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Results of these runs: case, row, round, rate.
    pub(crate) fn results(runs: &[(&str, &str, usize, f64)]) -> Results {
        let run = |&(case, row, round, rate): &(&str, &str, usize, f64)| Run {
            case: case.to_owned(),
            row: row.to_owned(),
            round,
            rate,
            ..Run::default()
        };
        Results {
            day: "2025-06-01".to_owned(),
            commit: "abc".to_owned(),
            machine: Machine {
                cores: 2,
                processor: "a processor".to_owned(),
                memory_gib: 4,
                system: "Linux".to_owned(),
            },
            rounds: 3,
            seconds: 1.0,
            quick: false,
            optimized: true,
            skipped: BTreeMap::new(),
            runs: runs.iter().map(run).collect(),
        }
    }

    #[test]
    fn a_figure_is_the_median_and_a_ratio_that_of_each_round() {
        let runs = [("c", "a", 0, 10.0), ("c", "a", 1, 40.0), ("c", "a", 2, 30.0)];
        let others = [("c", "b", 0, 20.0), ("c", "b", 1, 20.0), ("c", "b", 2, 20.0)];
        let results = results(&[runs, others].concat());
        let figure = results.figure("c", "a", RATE);
        assert_eq!(figure, Some(Figure { low: 10.0, median: 30.0, high: 40.0 }));
        assert_eq!(results.ratio("c", "a", "b", RATE), Some(1.5));
        assert_eq!(results.ratio("c", "a", "missing", RATE), None);
    }

    #[test]
    fn a_record_that_is_missing_or_stored_twice_is_seen() {
        let run = |acked, refused, stored| Run { acked, refused, stored, ..Run::default() };
        assert!(run(5, 0, Some(5)).is_exact() && run(5, 1, Some(6)).is_exact());
        assert!(run(5, 0, None).is_exact());
        assert!(!run(5, 0, Some(4)).is_exact() && !run(5, 1, Some(7)).is_exact());
    }
}
