//! A schema for whatever Terraform's files declare: each attribute and block that occurs in them exists,
//! and takes any type. What Google's own schema refuses is for `terraform validate` to say.

use std::collections::BTreeMap;
use std::path::Path;

use hcl::{Body, Expression, Structure, TraversalOperator};

use super::wire::{Attribute, Block, LIST, NestedBlock, ProviderSchema, Schema};

/// What every resource has, unless its declaration sets it.
const MADE_BY_GOOGLE: [&str; 7] = ["id", "name", "email", "member", "number", "uri", "url"];
/// What Terraform itself reads in a resource.
const OF_TERRAFORM: [&str; 5] = ["for_each", "count", "depends_on", "provider", "alias"];

/// The attributes and blocks that were found.
#[derive(Default)]
struct Shape {
    set: BTreeMap<String, bool>,
    blocks: BTreeMap<String, Shape>,
}

/// The schema of what the folder declares.
///
/// # Panics
/// If a file is not HCL.
pub(crate) fn of(folder: &Path) -> ProviderSchema {
    let mut kinds: BTreeMap<(String, String), Shape> = BTreeMap::new();
    for file in std::fs::read_dir(folder).expect("a folder") {
        let path = file.expect("a file").path();
        if path.extension().is_none_or(|extension| extension != "tf") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a file");
        for block in hcl::parse(&text).expect("HCL").blocks() {
            let kind = block.labels().first().map(|label| label.as_str().to_owned());
            let key = (block.identifier().to_owned(), kind.unwrap_or_default());
            let shape = kinds.entry(key).or_default();
            shape.declare(block.body());
            shape.set.retain(|name, _| !OF_TERRAFORM.contains(&name.as_str()));
        }
    }
    let mut schema = ProviderSchema::default();
    for ((what, kind), shape) in kinds {
        match what.as_str() {
            "provider" => schema.provider = Some(shape.schema(&[])),
            "resource" => drop(schema.resources.insert(kind, shape.schema(&MADE_BY_GOOGLE))),
            "data" => drop(schema.data_sources.insert(kind, shape.schema(&MADE_BY_GOOGLE))),
            _ => {}
        }
    }
    schema
}

impl Shape {
    fn declare(&mut self, body: &Body) {
        for structure in body.iter() {
            match structure {
                Structure::Attribute(attribute) => {
                    self.set.insert(attribute.key().to_owned(), true);
                }
                Structure::Block(block) => self.nest(block),
            }
        }
    }

    fn nest(&mut self, block: &hcl::Block) {
        let of = |name: &str| block.body().blocks().find(|inner| inner.identifier() == name);
        match (block.identifier(), block.labels().first()) {
            ("lifecycle", _) => self.ignore(block.body()),
            ("dynamic", Some(name)) => {
                let content = of("content").expect("the content of a dynamic block");
                self.blocks.entry(name.as_str().to_owned()).or_default().declare(content.body());
            }
            (name, _) => self.blocks.entry(name.to_owned()).or_default().declare(block.body()),
        }
    }

    /// What changes without Terraform exists, too.
    fn ignore(&mut self, lifecycle: &Body) {
        let ignored = lifecycle.attributes().find(|one| one.key() == "ignore_changes");
        let Some(Expression::Array(ignored)) = ignored.map(|one| one.expr()) else { return };
        for expression in ignored {
            let path = path(expression);
            let Some((last, blocks)) = path.split_last() else { continue };
            let nested = blocks
                .iter()
                .fold(&mut *self, |shape, name| shape.blocks.entry(name.clone()).or_default());
            nested.set.entry(last.clone()).or_insert(false);
        }
    }

    fn schema(self, made: &[&str]) -> Schema {
        Schema { block: Some(self.block(made)) }
    }

    fn block(mut self, made: &[&str]) -> Block {
        let mut attributes = Vec::new();
        for name in made.iter().filter(|name| !self.set.contains_key(**name)) {
            let kind = br#""string""#.to_vec();
            let name = (*name).to_owned();
            attributes.push(Attribute { name, kind, computed: true, ..Attribute::default() });
        }
        for (name, is_declared) in std::mem::take(&mut self.set) {
            attributes.push(Attribute {
                write_only: name.ends_with("_wo"),
                kind: br#""dynamic""#.to_vec(),
                optional: true,
                computed: !is_declared,
                name,
            });
        }
        let nested = |(type_name, shape): (String, Self)| NestedBlock {
            type_name,
            block: Some(shape.block(&[])),
            nesting: LIST,
        };
        Block { attributes, block_types: self.blocks.into_iter().map(nested).collect() }
    }
}

/// The names in an expression such as `template[0].labels`.
fn path(expression: &Expression) -> Vec<String> {
    match expression {
        Expression::Variable(name) => vec![name.as_str().to_owned()],
        Expression::Traversal(traversal) => {
            let names = traversal.operators.iter().filter_map(|operator| match operator {
                TraversalOperator::GetAttr(name) => Some(name.as_str().to_owned()),
                _ => None,
            });
            path(&traversal.expr).into_iter().chain(names).collect()
        }
        _ => Vec::new(),
    }
}
