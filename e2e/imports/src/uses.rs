//! What the code of one module names: its imports and its inline paths.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, Item, ItemMod, ItemUse, Macro, Meta, Path, UseTree, Visibility};

use crate::tokens::{self, Segments};

/// What a module names.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    /// Each imported path, with the name that it gets here.
    pub(crate) imports: Vec<(String, Segments)>,
    /// The modules from which everything is imported.
    pub(crate) globs: Vec<Segments>,
    /// Paths in the code.
    pub(crate) paths: Vec<Segments>,
}

impl Uses {
    /// What `items` name, those of modules within them left out.
    pub(crate) fn of(items: &[Item]) -> Self {
        let mut uses = Self::default();
        items.iter().for_each(|item| uses.visit_item(item));
        uses
    }

    fn import(&mut self, tree: &UseTree, mut path: Segments) {
        match tree {
            UseTree::Path(part) => {
                path.push(part.ident.to_string());
                self.import(&part.tree, path);
            }
            UseTree::Name(name) => self.import_name(&name.ident.to_string(), None, path),
            UseTree::Rename(renamed) => {
                let alias = renamed.rename.to_string();
                self.import_name(&renamed.ident.to_string(), Some(alias), path);
            }
            UseTree::Glob(_) => self.globs.push(path),
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.import(tree, path.clone()));
            }
        }
    }

    fn import_name(&mut self, name: &str, alias: Option<String>, mut path: Segments) {
        if name != "self" || path.is_empty() {
            path.push(name.to_owned());
        }
        let alias = alias.or_else(|| path.last().cloned()).unwrap_or_default();
        self.imports.push((alias, path));
    }
}

impl<'ast> Visit<'ast> for Uses {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let is_test = matches!(item, ImplItem::Fn(function) if is_test(&function.attrs));
        if !is_test {
            visit::visit_impl_item(self, item);
        }
    }

    /// A module is read on its own.
    fn visit_item_mod(&mut self, _: &'ast ItemMod) {}

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if item.leading_colon.is_none() {
            self.import(&item.tree, Segments::new());
        }
    }

    fn visit_path(&mut self, path: &'ast Path) {
        if path.leading_colon.is_none() {
            self.paths.push(path.segments.iter().map(|part| part.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, node: &'ast Macro) {
        visit::visit_macro(self, node);
        self.paths.extend(tokens::paths(node.tokens.clone()));
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        visit::visit_attribute(self, attribute);
        if let Meta::List(list) = &attribute.meta {
            self.paths.extend(tokens::paths(list.tokens.clone()));
        }
    }

    /// `pub(super)` imports nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}

/// Whether what has these attributes is built for tests only.
pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => names_test(list.tokens.clone()),
        Meta::Path(path) => path.is_ident("test"),
        _ => false,
    })
}

/// Whether a `cfg` asks for tests; `not(test)` does not.
fn names_test(tokens: TokenStream) -> bool {
    let mut is_negated = false;
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(name) => {
            is_negated = name == "not";
            name == "test"
        }
        TokenTree::Group(group) => !is_negated && names_test(group.stream()),
        _ => false,
    })
}

pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(code: &str) -> Uses {
        Uses::of(&syn::parse_file(code).expect("Rust").items)
    }

    fn has_path(code: &str, path: &str) -> bool {
        uses(code).paths.iter().any(|segments| segments.join("::") == path)
    }

    #[test]
    fn a_tree_of_imports_is_taken_apart() {
        let uses = uses("use crate::a::{self, b::C, d as e, f::*};");
        let imports: Vec<_> = uses
            .imports
            .iter()
            .map(|(alias, path)| format!("{alias}={}", path.join("::")))
            .collect();
        assert_eq!(imports, ["a=crate::a", "C=crate::a::b::C", "e=crate::a::d"]);
        assert_eq!(uses.globs, [["crate", "a", "f"]]);
    }

    #[test]
    fn what_only_tests_name_is_left_out() {
        assert!(!has_path("#[cfg(test)] fn f() { crate::a::b() }", "crate::a::b"));
        assert!(!has_path("#[cfg(all(test, unix))] fn f() { crate::a::b() }", "crate::a::b"));
        assert!(has_path("#[cfg(not(test))] fn f() { crate::a::b() }", "crate::a::b"));
    }

    #[test]
    fn attributes_and_macros_name_things_too() {
        assert!(has_path("#[route(crate::a::B)] fn f() {}", "crate::a::B"));
        assert!(has_path("fn f() { println!(\"{}\", crate::a::b()) }", "crate::a::b"));
    }
}
