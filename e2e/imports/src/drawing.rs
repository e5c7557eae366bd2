//! The drawing of one crate: its files, and what each takes from which.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::loops;
use crate::read::{self, Module, ReadError};
use crate::resolve::{Definition, Resolver};
use crate::tokens::Segments;

/// The names that one file takes from another.
type Names = BTreeSet<String>;

/// The files of a crate, and what each takes from which.
#[derive(Debug)]
pub struct Drawing {
    root: String,
    edges: BTreeMap<String, BTreeMap<String, Names>>,
}

impl Drawing {
    /// The drawing of the crate whose first file is `root`; files are named from `base` on.
    ///
    /// # Errors
    /// When a file cannot be read, or is not Rust.
    pub fn of(base: &Path, root: &Path) -> Result<Self, ReadError> {
        let modules = read::modules(root)?;
        let files: Vec<String> = modules.iter().map(|module| shown(base, &module.file)).collect();
        let mut drawing = Self { root: shown(base, root), edges: BTreeMap::new() };
        let mut resolver = Resolver::new(&modules);
        for (id, module) in modules.iter().enumerate() {
            drawing.edges.entry(files[id].clone()).or_default();
            for path in paths(module) {
                for Definition { module: target, name } in resolver.resolve(id, path) {
                    drawing.draw(&files[id], &files[target], name);
                }
            }
        }
        Ok(drawing)
    }

    /// The crate's first file, such as `worker/src/lib.rs`.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// How many files the crate has.
    pub fn files(&self) -> usize {
        self.edges.len()
    }

    /// Every loop: its files, and what each imports from the others. Empty without a loop.
    pub fn loops(&self) -> Vec<String> {
        let edges = self.edges.iter();
        let edges = edges.map(|(from, to)| (from.clone(), to.keys().cloned().collect())).collect();
        loops::loops(&edges).iter().map(|files| self.list(|file| files.contains(file))).collect()
    }

    /// Each file with what it takes from which other file, as text.
    pub fn text(&self) -> String {
        self.list(|_| true)
    }

    /// The drawing in the language of Graphviz.
    pub fn graphviz(&self) -> String {
        let mut text = format!("digraph \"{}\" {{\n", self.root);
        for (from, to) in self.edges() {
            let _ = writeln!(text, "  \"{from}\" -> \"{to}\";");
        }
        text + "}\n"
    }

    fn edges(&self) -> impl Iterator<Item = (&String, &String)> {
        self.edges.iter().flat_map(|(from, to)| to.keys().map(move |to| (from, to)))
    }

    fn list(&self, is_listed: impl Fn(&String) -> bool) -> String {
        let mut text = String::new();
        for (from, targets) in self.edges.iter().filter(|(from, _)| is_listed(from)) {
            let _ = writeln!(text, "{from}");
            for (to, names) in targets.iter().filter(|(to, _)| is_listed(to)) {
                let names: Vec<_> = names.iter().map(String::as_str).collect();
                let _ = writeln!(text, "    -> {to}: {}", names.join(", "));
            }
        }
        text
    }

    fn draw(&mut self, from: &str, to: &str, name: String) {
        if from != to {
            let targets = self.edges.entry(from.to_owned()).or_default();
            targets.entry(to.to_owned()).or_default().insert(name);
        }
    }
}

/// Everything that the code of a module names.
fn paths(module: &Module) -> impl Iterator<Item = &Segments> {
    let imports = module.uses.imports.iter().map(|(_, path)| path);
    imports.chain(&module.uses.paths)
}

fn shown(base: &Path, file: &Path) -> String {
    let file: PathBuf = file.strip_prefix(base).unwrap_or(file).components().collect();
    file.display().to_string()
}
