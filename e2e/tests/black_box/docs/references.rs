//! No file refers to one that is not in the repository.

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

use super::repository;

/// Folders whose files are not ours, or are not committed.
const SKIPPED: [&str; 5] = ["target", ".git", "vendor", "spillway-data", ".terraform"];
/// Endings of the files that are read.
const READ: [&str; 6] = ["md", "rs", "tf", "hcl", "toml", "yaml"];
/// A path from the root of the repository, in prose or in code.
const PATH: &str = r"(?x) (?:^|[\s`'\x22(]) ((?:docs|terraform|\.ci|\.github|e2e|gateway|worker
    |common|standalone|load|packaging) / [\w./-]* \. (?:md|rs|tf|hcl|json|py|toml|ya?ml|png)) \b";
/// The target of a Markdown link or image, or of an HTML attribute.
const LINK: &str = r#"\]\(([^)\s]+)\)|(?:src|href|srcset)="([^"]+)""#;

#[test]
fn every_link_of_a_document_leads_somewhere() {
    let link = Regex::new(LINK).expect("a pattern");
    let mut broken = Vec::new();
    for (file, text) in files().filter(|(file, _)| ends_with(file, "md")) {
        let prose = outside_of_blocks(&text);
        let targets =
            link.captures_iter(&prose).filter_map(|found| found.get(1).or_else(|| found.get(2)));
        let relative = targets.map(|target| target.as_str()).filter(|it| !it.contains(':'));
        let lost = relative.filter(|target| !leads_somewhere(&file, &text, target));
        broken.extend(lost.map(|target| format!("{} links to {target}", file.display())));
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_path_that_a_file_names_is_there() {
    let path = Regex::new(PATH).expect("a pattern");
    let (mut found, mut missing) = (0, Vec::new());
    for (file, text) in files() {
        let named = path.captures_iter(&text).map(|named| named[1].to_owned());
        let named: Vec<_> = named.collect();
        found += named.len();
        let gone = named.iter().filter(|named| !repository(named).exists());
        missing.extend(gone.map(|named| format!("{} names {named}", file.display())));
    }
    assert!(found > 10, "only {found} paths: the files were not read");
    assert!(missing.is_empty(), "{missing:#?}");
}

/// The design document is not in the repository, so readers could not look it up.
#[test]
fn nothing_cites_a_design_document() {
    let cited = Regex::new(concat!(r"\bDES", r"IGN\b")).expect("a pattern");
    let citing = files().filter(|(_, text)| cited.is_match(text)).map(|(file, _)| file);
    assert_eq!(citing.collect::<Vec<_>>(), [] as [PathBuf; 0]);
}

fn leads_somewhere(file: &Path, text: &str, target: &str) -> bool {
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let linked = file.with_file_name(path);
    if path.is_empty() {
        return has_heading(text, anchor);
    }
    let is_document = !anchor.is_empty() && ends_with(&linked, "md");
    linked.exists()
        && (!is_document || fs::read_to_string(linked).is_ok_and(|text| has_heading(&text, anchor)))
}

/// Anchors are made as GitHub makes them: in lower case, `-` for each space, no punctuation.
fn has_heading(text: &str, anchor: &str) -> bool {
    let slug = |heading: &str| {
        let kept = |c: char| match c {
            ' ' => Some('-'),
            '-' | '_' => Some(c),
            _ => c.is_alphanumeric().then_some(c),
        };
        heading.to_lowercase().chars().filter_map(kept).collect::<String>()
    };
    let text = outside_of_blocks(text);
    let mut headings = text.lines().filter(|line| line.starts_with('#'));
    headings.any(|heading| slug(heading.trim_start_matches('#').trim()) == anchor)
}

/// A Markdown text without its fenced blocks, which show what others may write.
fn outside_of_blocks(text: &str) -> String {
    let pieces = text.split("```").enumerate().filter(|(n, _)| n % 2 == 0);
    pieces.map(|(_, piece)| piece).collect()
}

/// The files that people write, each with its text.
fn files() -> impl Iterator<Item = (PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders = vec![repository("")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let is_skipped = SKIPPED.iter().any(|name| path.ends_with(name));
            if path.is_dir() && !is_skipped {
                folders.push(path);
            } else if READ.iter().any(|ending| ends_with(&path, ending)) {
                files.push(path);
            }
        }
    }
    assert!(files.len() > 100, "the repository was not found");
    files.into_iter().map(|file| {
        let text = fs::read_to_string(&file).expect("a text");
        (file, text)
    })
}

fn ends_with(file: &Path, ending: &str) -> bool {
    file.extension().is_some_and(|extension| extension == ending)
}
