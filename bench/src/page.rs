//! The part of the page about performance that is made of results.

use std::fmt::Write as _;

use crate::cases::{CASES, Case};
use crate::goals;
use crate::results::{
    COUNTED, CPU, DIRTIED, Figure, MEMORY, Metric, P50, P99, QUERYABLE_P50, QUERYABLE_P99, RATE,
    Results,
};
use crate::rows::ROWS;

/// What stands around it in the page.
const BEGIN: &str = "<!-- The bench writes from here";
const END: &str = "<!-- to here. -->";

/// Replaces the part of `page` that is made of results.
pub(crate) fn replace(page: &str, results: &Results) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (comment, rest) = rest.split_once('\n')?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{comment}\n\n{}\n{END}{after}", render(results)))
}

pub(crate) fn render(results: &Results) -> String {
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut page, results);
    page.trim_end().to_owned() + "\n"
}

fn write(page: &mut String, results: &Results) -> std::fmt::Result {
    if results.runs.is_empty() {
        return writeln!(page, "No whole run of this version is written down yet.");
    }
    head(page, results)?;
    wanted(page, results)?;
    writeln!(page, "## Case by case\n")?;
    for case in CASES.iter().filter(|case| results.runs.iter().any(|run| run.case == case.name)) {
        table(page, results, case)?;
    }
    writeln!(page, "## The rows\n")?;
    for row in &ROWS {
        let skipped = results.skipped.get(row.name);
        let skipped = skipped.map(|why| format!(" **Not measured: {why}.**")).unwrap_or_default();
        writeln!(page, "- `{}`: {}.{skipped}", row.name, row.about)?;
    }
    Ok(())
}

fn head(page: &mut String, results: &Results) -> std::fmt::Result {
    let Results { day, commit, machine, rounds, seconds, .. } = results;
    if results.quick {
        writeln!(
            page,
            "**These figures are of a short run (`--quick`). They show that the bench works; compare \
             those of a whole run only.**\n"
        )?;
    }
    if !results.optimized {
        writeln!(page, "**The programs were not built for speed.**\n")?;
    }
    let inexact = results.runs.iter().filter(|run| !run.is_exact()).count();
    writeln!(
        page,
        "{day}, commit {commit}: {} cores ({}), {} GiB, {}; the load comes from the same machine. \
         {rounds} rounds, {seconds} s each load. Medians, and in brackets the lowest and the highest.\n",
        machine.cores, machine.processor, machine.memory_gib, machine.system
    )?;
    match inexact {
        0 => writeln!(page, "In each turn, what was stored is exactly what was acknowledged.\n")?,
        _ => writeln!(
            page,
            "**In {inexact} turns, not all that was acknowledged was stored in time.**\n"
        )?,
    }
    writeln!(page, "![Records a second, by row](images/performance.svg)\n")
}

fn wanted(page: &mut String, results: &Results) -> std::fmt::Result {
    writeln!(
        page,
        "## What must hold\n\n| case | what | wanted | found | |\n|---|---|---|---|---|"
    )?;
    for outcome in goals::outcomes(results) {
        let (case, goal) = (outcome.goal.case(), outcome.goal);
        let holds = if outcome.holds() { "holds" } else { "**missed**" };
        let found = short(outcome.found);
        writeln!(page, "| {case} | {} | {} | {found} | {holds} |", goal.about, goal.wanted())?;
    }
    writeln!(page)
}

/// A column: its title, its metric, and whether its figures have a range.
const COLUMNS: [(&str, Metric, bool); 9] = [
    ("accepted/s", RATE, true),
    ("counted/s", COUNTED, true),
    ("p50 ms", P50, false),
    ("p99 ms", P99, true),
    ("queryable p50 ms", QUERYABLE_P50, false),
    ("queryable p99 ms", QUERYABLE_P99, true),
    ("CPU µs", CPU, false),
    ("dirtied B", DIRTIED, false),
    ("MiB", MEMORY, false),
];

fn table(page: &mut String, results: &Results, case: &Case) -> std::fmt::Result {
    writeln!(page, "### {}\n\n{}\n", case.name, case.about)?;
    let rows: Vec<_> =
        ROWS.iter().filter(|row| results.of(case.name, row.name).next().is_some()).collect();
    let has = |metric: Metric| {
        rows.iter().any(|row| results.figure(case.name, row.name, metric).is_some())
    };
    let columns: Vec<_> = COLUMNS.iter().filter(|column| has(column.1)).collect();
    let references: Vec<_> =
        case.references.iter().filter(|name| rows.iter().any(|row| row.name == **name)).collect();
    write!(page, "| |")?;
    columns.iter().try_for_each(|column| write!(page, " {} |", column.0))?;
    references.iter().try_for_each(|name| write!(page, " × `{name}` |"))?;
    writeln!(page, "\n|---|{}", "---:|".repeat(columns.len() + references.len()))?;
    for row in &rows {
        write!(page, "| `{}` |", row.name)?;
        for (_, metric, ranged) in &columns {
            let figure = results.figure(case.name, row.name, *metric);
            write!(page, " {} |", figure.map(|it| cell(it, *ranged)).unwrap_or_default())?;
        }
        for reference in &references {
            let of = if has(COUNTED) && case.counting_only { COUNTED } else { RATE };
            let ratio = results.ratio(case.name, row.name, reference, of);
            write!(page, " {} |", ratio.map(short).unwrap_or_default())?;
        }
        writeln!(page)?;
    }
    writeln!(page)
}

fn cell(figure: Figure, ranged: bool) -> String {
    let Figure { low, median, high } = figure;
    if ranged && low < high {
        format!("{} ({}–{})", short(median), short(low), short(high))
    } else {
        short(median)
    }
}

/// Three digits are as many as a measurement has.
fn short(value: f64) -> String {
    let digits = if value.abs() < 1e-9 { 0.0 } else { value.abs().log10().floor() };
    let step = 10_f64.powf(digits - 2.0);
    let rounded = (value / step).round() * step;
    let text = match digits {
        digits if digits >= 2.0 => format!("{rounded:.0}"),
        digits if digits >= 1.0 => format!("{rounded:.1}"),
        _ => format!("{rounded:.2}"),
    };
    grouped(&text)
}

/// 12345 is 12,345.
fn grouped(text: &str) -> String {
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        let left = whole.len() - at;
        if at > 0 && left.is_multiple_of(3) && digit.is_ascii_digit() {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::results;

    #[test]
    fn a_figure_has_three_digits() {
        for (value, text) in [
            (0.0, "0.00"),
            (0.126, "0.13"),
            (9.876, "9.88"),
            (98.76, "98.8"),
            (123_456.0, "123,000"),
        ] {
            assert_eq!(short(value), text);
        }
    }

    #[test]
    fn a_later_run_replaces_the_figures_and_nothing_else() {
        let page = format!("before\n\n{BEGIN}: words -->\nstale\n{END}\n\nafter\n");
        let runs = [("64 connections", "actix", 0, 200.0), ("64 connections", "gateway", 0, 150.0)];
        let written = replace(&page, &results(&runs)).expect("a page");
        assert!(written.starts_with("before\n") && written.ends_with("after\n"));
        assert!(written.contains("| `gateway` | 150 |") && !written.contains("stale"), "{written}");
        assert!(written.contains("| 0.75 |"), "{written}");
        assert_eq!(replace(&written, &results(&runs)), Some(written));
        assert_eq!(replace("a page without a place", &results(&runs)), None);
    }
}
