//! A disk with the files and folders of the data folder, and everything that was done to them.

use std::fs;
use std::io;
use std::path::Path;

use super::call::Span;
use super::folder::{Names, Naming};
use super::history::History;
use super::survivors::{Change, Survivors};

/// The number of the data folder.
pub(super) const ROOT: usize = 0;

/// The disk.
#[derive(Clone, Debug)]
pub struct Disk {
    nodes: Vec<Node>,
}

#[derive(Clone, Debug)]
enum Node {
    File(History<Change>),
    Folder(History<Naming>),
}

impl Default for Disk {
    fn default() -> Self {
        Self { nodes: vec![Node::Folder(History::default())] }
    }
}

impl Disk {
    /// Adds a file, which has no name yet, and returns its number.
    pub(super) fn add_file(&mut self) -> usize {
        self.nodes.push(Node::File(History::default()));
        self.nodes.len() - 1
    }

    pub(super) fn add_folder(&mut self) -> usize {
        self.nodes.push(Node::Folder(History::default()));
        self.nodes.len() - 1
    }

    pub(super) fn change(&mut self, file: usize, span: Span, change: Change) {
        if let Some(Node::File(file)) = self.nodes.get_mut(file) {
            file.change(span, change);
        }
    }

    pub(super) fn name(&mut self, folder: usize, span: Span, naming: Naming) {
        if let Some(Node::Folder(folder)) = self.nodes.get_mut(folder) {
            folder.change(span, naming);
        }
    }

    pub(super) fn sync(&mut self, node: usize, span: Span) {
        match self.nodes.get_mut(node) {
            Some(Node::File(file)) => file.sync(span),
            Some(Node::Folder(folder)) => folder.sync(span),
            None => {}
        }
    }

    /// The disk as if no sync of the file with this name in the data folder had ever happened.
    pub fn without_syncs_of(&self, name: &str) -> Self {
        let mut disk = self.clone();
        let node = self.names(ROOT, usize::MAX, |open| open).get(name).copied();
        if let Some(Node::File(file)) = node.and_then(|node| disk.nodes.get_mut(node)) {
            file.forget_syncs();
        }
        disk
    }

    /// How many changes had begun before line `cut` that no sync had made safe.
    pub fn open_changes(&self, cut: usize) -> usize {
        let open = |node: &Node| match node {
            Node::File(file) => file.before(cut).open.len(),
            Node::Folder(folder) => folder.before(cut).open.len(),
        };
        self.nodes.iter().map(open).sum()
    }

    /// Writes to the folder `to`, which is empty, what the disk holds after a cut before line `cut`.
    pub fn rebuild(&self, cut: usize, survivors: &mut Survivors, to: &Path) -> io::Result<()> {
        self.fill(ROOT, cut, survivors, to)
    }

    fn fill(&self, node: usize, cut: usize, left: &mut Survivors, to: &Path) -> io::Result<()> {
        for (name, node) in self.names(node, cut, |open| left.namings(open)) {
            let path = to.join(name);
            match &self.nodes[node] {
                Node::File(file) => fs::write(path, left.content(&file.before(cut)))?,
                Node::Folder(_) => {
                    fs::create_dir(&path)?;
                    self.fill(node, cut, left, &path)?;
                }
            }
        }
        Ok(())
    }

    /// The names in a folder, when so many of the open changes are `done`.
    fn names(&self, node: usize, cut: usize, done: impl FnOnce(usize) -> usize) -> Names {
        let mut names = Names::new();
        if let Some(Node::Folder(folder)) = self.nodes.get(node) {
            let begun = folder.before(cut);
            let done = done(begun.open.len());
            let namings = begun.safe.iter().chain(&begun.open[..done]);
            namings.for_each(|naming| naming.apply(&mut names));
        }
        names
    }
}
