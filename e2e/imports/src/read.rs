//! Reads the modules of a crate from its files.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use syn::Item;
use thiserror::Error;

use crate::tokens::Segments;
use crate::uses::{self, Uses};

/// Why a crate could not be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// A file or folder is missing or not readable.
    #[error("{path} cannot be read")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file does not parse.
    #[error("{path} is not Rust")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        source: syn::Error,
    },
}

/// A module: a file, or a part of one.
#[derive(Debug)]
pub(crate) struct Module {
    pub(crate) file: PathBuf,
    pub(crate) parent: Option<usize>,
    pub(crate) children: HashMap<String, usize>,
    /// What a name means here; a type, a function and a macro may share one.
    pub(crate) names: HashMap<String, Vec<Meaning>>,
    pub(crate) uses: Uses,
}

/// What a name means in a module.
#[derive(Clone, Debug)]
pub(crate) enum Meaning {
    /// It is defined in that module.
    Defined(usize),
    /// It is imported from there.
    Imported(Segments),
}

/// Reads the crate that begins with the file `root`. Its first module is the root.
pub(crate) fn modules(root: &Path) -> Result<Vec<Module>, ReadError> {
    let mut reader = Reader::default();
    let folder = root.parent().unwrap_or(Path::new("")).to_owned();
    reader.file(None, root.to_owned(), folder)?;
    Ok(reader.modules)
}

/// What a folder holds, by name.
pub(crate) fn sorted(folder: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let failed = |source| ReadError::Io { path: folder.to_owned(), source };
    let entries = fs::read_dir(folder).map_err(failed)?;
    let paths: Result<Vec<_>, _> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.map_err(failed)?;
    paths.sort();
    Ok(paths)
}

#[derive(Default)]
struct Reader {
    modules: Vec<Module>,
}

impl Reader {
    /// Reads a file whose own modules lie in `folder`.
    fn file(
        &mut self,
        parent: Option<usize>,
        file: PathBuf,
        folder: PathBuf,
    ) -> Result<usize, ReadError> {
        let text = fs::read_to_string(&file);
        let text = text.map_err(|source| ReadError::Io { path: file.clone(), source })?;
        let parsed = syn::parse_file(&text);
        let parsed = parsed.map_err(|source| ReadError::Syntax { path: file.clone(), source })?;
        self.module(parent, &file, &folder, &parsed.items)
    }

    fn module(
        &mut self,
        parent: Option<usize>,
        file: &Path,
        folder: &Path,
        items: &[Item],
    ) -> Result<usize, ReadError> {
        let id = self.modules.len();
        let uses = Uses::of(items);
        let (names, children) = (names(&uses), HashMap::new());
        self.modules.push(Module { file: file.to_owned(), parent, children, names, uses });
        for item in items.iter().filter(|item| !uses::is_test(uses::attributes(item))) {
            self.define(id, item);
            self.child(id, file, folder, item)?;
        }
        Ok(id)
    }

    fn define(&mut self, id: usize, item: &Item) {
        let Some(name) = name(item) else { return };
        // An exported macro is called by a path from the crate's root.
        let place = if is_exported_macro(item) { 0 } else { id };
        let names = &mut self.modules[place].names;
        names.entry(name).or_default().push(Meaning::Defined(id));
    }

    fn child(
        &mut self,
        id: usize,
        file: &Path,
        folder: &Path,
        item: &Item,
    ) -> Result<(), ReadError> {
        let Item::Mod(item) = item else { return Ok(()) };
        let name = item.ident.to_string();
        let inner = folder.join(&name);
        let child = match &item.content {
            Some((_, items)) => self.module(Some(id), file, &inner, items)?,
            None if inner.join("mod.rs").is_file() => {
                self.file(Some(id), inner.join("mod.rs"), inner)?
            }
            None => self.file(Some(id), folder.join(format!("{name}.rs")), inner)?,
        };
        self.modules[id].children.insert(name, child);
        Ok(())
    }
}

fn names(uses: &Uses) -> HashMap<String, Vec<Meaning>> {
    let mut names: HashMap<String, Vec<Meaning>> = HashMap::new();
    for (alias, path) in &uses.imports {
        names.entry(alias.clone()).or_default().push(Meaning::Imported(path.clone()));
    }
    names
}

fn name(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

fn is_exported_macro(item: &Item) -> bool {
    let Item::Macro(item) = item else { return false };
    item.attrs.iter().any(|attribute| attribute.path().is_ident("macro_export"))
}
