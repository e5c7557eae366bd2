//! Finds the module that defines what a path names.

use std::collections::HashSet;

use crate::read::{Meaning, Module};

/// Where a name is defined.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Definition {
    pub(crate) module: usize,
    pub(crate) name: String,
}

/// Follows paths through the modules of one crate.
pub(crate) struct Resolver<'a> {
    modules: &'a [Module],
    /// The names that are being followed: two modules may re-export everything of each other.
    open: HashSet<(usize, String)>,
}

/// Whether a name that a module does not know belongs to it all the same: a macro may have made it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unknown {
    IsMadeByMacro,
    IsElsewhere,
}

impl<'a> Resolver<'a> {
    pub(crate) fn new(modules: &'a [Module]) -> Self {
        Self { modules, open: HashSet::new() }
    }

    /// What `path` means in the module `from`: nothing when it leads to a module, to another crate
    /// or to a local variable.
    pub(crate) fn resolve(&mut self, from: usize, path: &[String]) -> Vec<Definition> {
        self.open.clear();
        self.follow(from, path, Unknown::IsMadeByMacro)
    }

    fn follow(&mut self, from: usize, path: &[String], unknown: Unknown) -> Vec<Definition> {
        match path.first().map(String::as_str) {
            Some("crate") => self.enter(0, &path[1..], unknown),
            Some("self") => self.enter(from, &path[1..], unknown),
            Some("super") => {
                let parent = self.modules[from].parent.unwrap_or(from);
                self.enter(parent, &path[1..], unknown)
            }
            // A bare name that the module does not know is a local one, or one of another crate.
            _ => self.enter(from, path, Unknown::IsElsewhere),
        }
    }

    fn enter(&mut self, module: usize, path: &[String], unknown: Unknown) -> Vec<Definition> {
        let Some((name, rest)) = path.split_first() else { return Vec::new() };
        if name == "super" || name == "self" {
            return self.follow(module, path, unknown);
        }
        if !self.open.insert((module, name.clone())) {
            return Vec::new();
        }
        let found = self.look(module, name, rest, unknown);
        self.open.remove(&(module, name.clone()));
        found
    }

    fn look(
        &mut self,
        module: usize,
        name: &str,
        rest: &[String],
        unknown: Unknown,
    ) -> Vec<Definition> {
        let child = self.modules[module].children.get(name).copied();
        if let (Some(child), false) = (child, rest.is_empty()) {
            // Past a module of this crate, every name is one of this crate.
            return self.enter(child, rest, Unknown::IsMadeByMacro);
        }
        let mut found = self.by_name(module, name, rest);
        if found.is_empty() {
            found.extend(self.by_glob(module, name, rest));
        }
        if found.is_empty() && child.is_none() && self.is_made(module, name, unknown) {
            found.push(Definition { module, name: name.to_owned() });
        }
        found
    }

    fn is_made(&self, module: usize, name: &str, unknown: Unknown) -> bool {
        unknown == Unknown::IsMadeByMacro && !self.modules[module].names.contains_key(name)
    }

    fn by_name(&mut self, module: usize, name: &str, rest: &[String]) -> Vec<Definition> {
        let meanings = self.modules[module].names.get(name).cloned().unwrap_or_default();
        let mut found = Vec::new();
        for meaning in meanings {
            match meaning {
                Meaning::Defined(module) => {
                    found.push(Definition { module, name: name.to_owned() });
                }
                Meaning::Imported(path) => {
                    let path = [&path, rest].concat();
                    found.extend(self.follow(module, &path, Unknown::IsMadeByMacro));
                }
            }
        }
        found
    }

    fn by_glob(&mut self, module: usize, name: &str, rest: &[String]) -> Vec<Definition> {
        let mut found = Vec::new();
        let modules = self.modules;
        for glob in &modules[module].uses.globs {
            let path = [glob.as_slice(), &[name.to_owned()], rest].concat();
            found.extend(self.follow(module, &path, Unknown::IsElsewhere));
        }
        found
    }
}
