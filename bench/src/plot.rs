//! The picture: a bar for each row of some cases, on a logarithmic scale.

use std::fmt::Write as _;

use crate::results::{COUNTED, Figure, RATE, Results};
use crate::rows::ROWS;

/// The cases in the picture, from above.
const SHOWN: [&str; 5] =
    ["1 connection", "64 connections", "256 connections", "25 days", "sparse log"];
const WIDTH: f64 = 820.0;
const LEFT: f64 = 170.0;
const LINE: f64 = 18.0;
/// The scale begins at 10 records a second and ends at a million.
const DECADES: std::ops::Range<i32> = 1..6;

/// Colours that can be told apart on white and on black.
const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#24292f}.case{font-weight:600}\
    .grid{stroke:#8b949e;stroke-opacity:.35}.accepted{fill:#8ab4f8}.counted{fill:#1a73e8}\
    .range{stroke:#57606a}@media(prefers-color-scheme:dark){text{fill:#e6edf3}\
    .range{stroke:#c9d1d9}}";

pub(crate) fn render(results: &Results) -> String {
    let mut bars = String::new();
    let mut y = 40.0;
    // Writing to a string cannot fail.
    for case in SHOWN {
        let rows: Vec<_> =
            ROWS.iter().filter(|row| results.of(case, row.name).next().is_some()).collect();
        if rows.is_empty() {
            continue;
        }
        let _ = writeln!(bars, r#"<text class="case" x="8" y="{y}">{case}</text>"#);
        y += LINE;
        for row in rows {
            let _ = bar(&mut bars, results, case, row.name, y);
            y += LINE;
        }
        y += LINE / 2.0;
    }
    let mut svg = String::new();
    let _ = write!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" role="img"><title>Records a second, by case and row</title><style>{STYLE}</style>{}
{bars}</svg>
"#,
        grid(y)
    );
    svg
}

/// The lines of the scale, and what the colours mean.
fn grid(height: f64) -> String {
    let mut grid = String::new();
    for power in DECADES.start..=DECADES.end {
        let (value, end) = (10_f64.powi(power), height - LINE);
        let x = place(value);
        let _ = writeln!(
            grid,
            r#"<line class="grid" x1="{x:.1}" x2="{x:.1}" y1="26" y2="{end}"/><text x="{x:.1}" y="20" text-anchor="middle">{value}/s</text>"#
        );
    }
    grid + r#"<rect class="accepted" x="8" y="8" width="12" height="12"/><text x="24" y="19">accepted</text><rect class="counted" x="86" y="8" width="12" height="12"/><text x="102" y="19">counted</text>"#
}

fn bar(svg: &mut String, results: &Results, case: &str, row: &str, y: f64) -> std::fmt::Result {
    writeln!(svg, r#"<text x="{}" y="{}" text-anchor="end">{row}</text>"#, LEFT - 8.0, y)?;
    let (top, middle) = (y - 11.0, y - 4.0);
    if let Some(Figure { low, median, high }) = results.figure(case, row, RATE) {
        let width = place(median) - LEFT;
        writeln!(
            svg,
            r#"<rect class="accepted" x="{LEFT}" y="{top}" width="{width:.1}" height="14"/>"#
        )?;
        let (low, high) = (place(low), place(high));
        writeln!(
            svg,
            r#"<line class="range" x1="{low:.1}" x2="{high:.1}" y1="{middle}" y2="{middle}"/>"#
        )?;
    }
    if let Some(Figure { median, .. }) = results.figure(case, row, COUNTED) {
        let (width, top) = (place(median) - LEFT, top + 4.0);
        writeln!(
            svg,
            r#"<rect class="counted" x="{LEFT}" y="{top}" width="{width:.1}" height="6"/>"#
        )?;
    }
    Ok(())
}

/// Where a value stands from the left.
fn place(value: f64) -> f64 {
    let (from, to) = (f64::from(DECADES.start), f64::from(DECADES.end));
    let share = (value.max(1.0).log10() - from) / (to - from);
    LEFT + share.clamp(0.0, 1.05) * (WIDTH - LEFT - 40.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::results;

    #[test]
    fn a_row_that_is_ten_times_as_fast_is_one_decade_longer() {
        let decade = place(1_000.0) - place(100.0);
        assert!((place(10_000.0) - place(1_000.0) - decade).abs() < 1e-9 && decade > 100.0);
    }

    #[test]
    fn each_row_that_has_run_is_in_the_picture() {
        let runs = [("64 connections", "actix", 0, 200.0), ("1 connection", "nginx", 0, 150.0)];
        let svg = render(&results(&runs));
        assert!(svg.contains(">actix<") && svg.contains(">nginx<") && !svg.contains(">spillway<"));
    }
}
