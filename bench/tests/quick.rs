//! The bench itself, on the rows that need nothing but Rust.

use std::path::Path;
use std::process::Command;

#[test]
fn rows_are_measured_side_by_side_and_a_row_that_lacks_something_is_named() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .current_dir(root)
        .env("PATH", "")
        .args(["--case", "64 connections", "--row", "nginx,actix,gateway"])
        .args(["--rounds", "2", "--seconds", "0.2"])
        .output()
        .expect("the bench runs");
    let (page, said) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{said}");
    assert!(said.contains("nginx is left out: nginx is missing."), "{said}");
    for row in ["actix", "gateway"] {
        let line = page.lines().find(|line| line.starts_with(&format!("| `{row}` |")));
        let rate = line.and_then(|line| line.split('|').nth(2)?.split_whitespace().next());
        let rate = rate.map(|rate| rate.replace(',', ""));
        assert!(rate.is_some_and(|rate| rate.parse::<f64>().is_ok_and(|it| it > 10.0)), "{page}");
    }
    assert!(page.contains("| 64 connections | gateway, against bare actix |"), "{page}");
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
