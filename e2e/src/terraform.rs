//! Reads `terraform/` without Terraform: parses its files, and evaluates whatever depends on
//! variables, locals and the names of resources. It leaves out values that only Google Cloud knows,
//! and expressions with functions that are not declared here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use hcl::eval::{Context, Evaluate as _, FuncArgs, FuncDef, ParamType};
use hcl::{Block, Body, Expression, Map, Number, Value};
use regex::Regex;
use thiserror::Error;

/// Rounds of evaluation: enough for chains of references of this length.
const ROUNDS: usize = 5;

/// A folder of Terraform files.
pub struct Terraform {
    blocks: Vec<Block>,
    context: Context<'static>,
}

/// A Cloud Run service as Terraform declares it.
#[derive(Debug, Default)]
pub struct DeclaredService {
    /// Its name.
    pub name: String,
    /// Its environment variables. A secret has a placeholder for its value.
    pub environment: BTreeMap<String, String>,
    /// The `PORT` that Cloud Run gives it.
    pub port: u64,
    /// The paths of its probes.
    pub probes: Vec<String>,
}

/// Why the folder cannot be read.
#[derive(Debug, Error)]
pub enum TerraformError {
    /// A file cannot be read.
    #[error("the folder cannot be read")]
    Io(#[from] std::io::Error),
    /// A file is not HCL.
    #[error("a file is not valid HCL")]
    Syntax(#[from] hcl::Error),
}

impl Terraform {
    /// Reads the folder with the `given` variables, and the defaults of all others.
    pub fn read(folder: &Path, given: &[(&str, &str)]) -> Result<Self, TerraformError> {
        let mut blocks = Vec::new();
        for file in std::fs::read_dir(folder)? {
            let path = file?.path();
            if path.extension().is_some_and(|extension| extension == "tf") {
                blocks.extend(hcl::parse(&std::fs::read_to_string(path)?)?.into_blocks());
            }
        }
        let mut terraform = Self { blocks, context: functions() };
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
        let variables: Map<_, _> = terraform.defaults().chain(given).collect();
        terraform.context.declare_var("var", variables);
        for _ in 0..ROUNDS {
            terraform.evaluate_all();
        }
        Ok(terraform)
    }

    /// The value of an expression such as `var.region`; `None` if it is not known.
    pub fn value(&self, expression: &str) -> Option<Value> {
        let body = hcl::parse(&format!("value = {expression}")).ok()?;
        self.attribute(&body, "value")
    }

    /// What each resource, source of data and local value names of the others.
    pub fn references(&self) -> BTreeMap<String, BTreeSet<String>> {
        let reference = Regex::new(r"\b(?:google_[a-z0-9_]+|local)\.[a-z0-9_]+").expect("a regex");
        let of = |text: String| {
            reference.find_iter(&text).map(|found| found.as_str().to_owned()).collect()
        };
        let mut references = BTreeMap::new();
        for block in &self.blocks {
            match (block.identifier(), block.labels()) {
                ("resource" | "data", [kind, name]) => {
                    let text = hcl::format::to_string(block.body()).unwrap_or_default();
                    references.insert(format!("{}.{}", kind.as_str(), name.as_str()), of(text));
                }
                ("locals", _) => {
                    references.extend(block.body().attributes().map(|local| {
                        (format!("local.{}", local.key()), of(local.expr().to_string()))
                    }))
                }
                _ => {}
            }
        }
        references
    }

    /// The names of the variables that are numbers.
    pub fn numbers(&self) -> impl Iterator<Item = &str> {
        let is_number = |body: &Body| {
            let kind = body.attributes().find(|attribute| attribute.key() == "type");
            kind.is_some_and(|kind| kind.expr().to_string() == "number")
        };
        self.variables().filter(move |(_, body)| is_number(body)).map(|(name, _)| name)
    }

    /// The numbers that the validation of a variable compares its value with.
    pub fn limits(&self, variable: &str) -> Vec<f64> {
        let limit = Regex::new(r"[<>]=? *(-?[0-9.]+)").expect("a regex");
        let conditions = self.conditions(variable).map(Expression::to_string);
        let limits = |condition: String| {
            let found = limit.captures_iter(&condition).map(|found| found[1].parse());
            found.collect::<Result<Vec<_>, _>>().expect("numbers")
        };
        conditions.flat_map(limits).collect()
    }

    /// Whether the validation of a variable accepts the number; `None` where that cannot be
    /// computed.
    pub fn accepts(&self, variable: &str, number: f64) -> Option<bool> {
        let mut context = self.context.clone();
        context.declare_var("var", object([(variable, Number::from_f64(number)?.into())]));
        let accept = |condition: &Expression| condition.evaluate(&context).ok()?.as_bool();
        let accepted: Option<Vec<_>> = self.conditions(variable).map(accept).collect();
        Some(accepted?.into_iter().all(|is_accepted| is_accepted))
    }

    /// Like [`Terraform::value`], for texts.
    pub fn text(&self, expression: &str) -> Option<String> {
        self.value(expression)?.as_str().map(str::to_owned)
    }

    /// The Cloud Run services with the label `label`, whose container has the same name, in order of
    /// their keys. They differ in their name.
    pub fn services(&self, label: &str) -> Vec<DeclaredService> {
        let services = self.resources("google_cloud_run_v2_service").into_iter();
        let labelled = services.filter(|(name, _)| *name == label);
        let instances = labelled.flat_map(|(_, service)| {
            let contexts = self.instances(service).into_iter();
            contexts.filter_map(move |(_, context)| self.service(label, service, &context))
        });
        instances.collect()
    }

    fn service(
        &self,
        label: &str,
        service: &Body,
        context: &Context<'static>,
    ) -> Option<DeclaredService> {
        let containers = nested(service, &["template", "containers"]);
        let is_its_own =
            |container: &&Body| self.attribute(container, "name") == Some(Value::from(label));
        let container = containers.into_iter().find(is_its_own)?;
        let probes = ["startup_probe", "liveness_probe", "readiness_probe"];
        let probes = probes.iter().flat_map(|probe| nested(container, &[*probe, "http_get"]));
        Some(DeclaredService {
            name: evaluate(service, "name", context)?.as_str()?.to_owned(),
            environment: self.environment(container),
            port: self
                .attribute(nested(container, &["ports"]).first()?, "container_port")?
                .as_u64()?,
            probes: probes.filter_map(|get| self.text_of(get, "path")).collect(),
        })
    }

    /// The worker's paths that subscriptions push to.
    pub fn push_paths(&self) -> Vec<String> {
        let workers: Vec<_> = self.services("worker").iter().map(|one| uri(&one.name)).collect();
        let path = |endpoint: String| {
            let paths = workers.iter().filter_map(|worker| endpoint.strip_prefix(worker.as_str()));
            paths.map(str::to_owned).min_by_key(String::len)
        };
        self.push_endpoints().into_iter().filter_map(path).collect()
    }

    fn push_endpoints(&self) -> Vec<String> {
        let subscriptions = self.resources("google_pubsub_subscription");
        let each = subscriptions.iter().flat_map(|(_, body)| {
            let instances = self.instances(body).into_iter();
            instances.flat_map(|(_, context)| {
                let configs = nested(body, &["push_config"]).into_iter();
                configs.filter_map(move |one| evaluate(one, "push_endpoint", &context))
            })
        });
        each.filter_map(|endpoint| endpoint.as_str().map(str::to_owned)).collect()
    }

    /// The contexts of a resource's instances by key, or a single one without a key.
    fn instances(&self, resource: &Body) -> Vec<(Option<String>, Context<'static>)> {
        let Some(Value::Object(elements)) = self.attribute(resource, "for_each") else {
            return vec![(None, self.context.clone())];
        };
        let keys: Vec<_> = elements.keys().cloned().map(Some).collect();
        keys.into_iter().zip(self.contexts("each", Some(elements.into()))).collect()
    }

    fn environment(&self, container: &Body) -> BTreeMap<String, String> {
        let fixed = nested(container, &["env"]).into_iter().map(|env| (env, self.context.clone()));
        let many = container.blocks().filter(|block| is_dynamic(block, "env"));
        let many = many.flat_map(|block| {
            let each = self.attribute(block.body(), "for_each");
            let content = nested(block.body(), &["content"]);
            let contexts = self.contexts("env", each);
            content
                .into_iter()
                .flat_map(move |env| contexts.clone().into_iter().map(move |c| (env, c)))
        });
        let evaluate = |(env, context): (&Body, Context<'_>)| {
            let get = |name| evaluate(env, name, &context)?.as_str().map(str::to_owned);
            Some((
                get("name")?,
                get("value").unwrap_or_else(|| "a-secret-of-20-letters".to_owned()),
            ))
        };
        fixed.chain(many).filter_map(evaluate).collect()
    }

    /// The contexts of a dynamic block's content: one for each element, or a single one if the
    /// elements are not known.
    fn contexts(&self, iterator: &str, each: Option<Value>) -> Vec<Context<'static>> {
        let with = |key: Value, value: Value| {
            let mut context = self.context.clone();
            context.declare_var(iterator, object([("key", key), ("value", value)]));
            context
        };
        match each {
            Some(Value::Object(elements)) => {
                elements.into_iter().map(|(key, value)| with(key.into(), value)).collect()
            }
            _ => vec![with(Value::Null, Value::Null)],
        }
    }

    fn defaults(&self) -> impl Iterator<Item = (String, Value)> + '_ {
        self.variables().map(|(name, body)| {
            (name.to_owned(), self.attribute(body, "default").unwrap_or(Value::Null))
        })
    }

    fn variables(&self) -> impl Iterator<Item = (&str, &Body)> {
        let variables = self.blocks.iter().filter(|block| block.identifier() == "variable");
        variables.filter_map(|block| Some((block.labels().first()?.as_str(), block.body())))
    }

    fn conditions(&self, variable: &str) -> impl Iterator<Item = &Expression> {
        let named = self.variables().filter(move |(name, _)| *name == variable);
        let validations = named.flat_map(|(_, body)| nested(body, &["validation"]));
        validations.flat_map(|validation| {
            let attributes = validation.attributes();
            attributes.filter(|attribute| attribute.key() == "condition").map(|one| one.expr())
        })
    }

    /// Evaluates locals and resources again with everything known so far.
    fn evaluate_all(&mut self) {
        let locals = self.blocks.iter().filter(|block| block.identifier() == "locals");
        let locals: Map<_, _> =
            locals.flat_map(|block| attributes(block.body(), &self.context)).collect();
        let mut kinds: Map<String, Map<String, Value>> = Map::new();
        for block in self.blocks.iter().filter(|block| block.identifier() == "resource") {
            if let [kind, name] = block.labels() {
                let instances = self.made(kind.as_str(), block.body());
                let kind = kinds.entry(kind.as_str().to_owned()).or_default();
                kind.insert(name.as_str().to_owned(), instances);
            }
        }
        self.context.declare_var("local", locals);
        for (kind, resources) in kinds {
            self.context.declare_var(kind, Map::from_iter(resources));
        }
    }

    /// The attributes of a resource, or those of its instances by key.
    fn made(&self, kind: &str, resource: &Body) -> Value {
        let attributes = |context: &Context<'static>| {
            let mut attributes: Map<_, _> = attributes(resource, context).collect();
            made_by_google(kind, &mut attributes);
            Value::from(attributes)
        };
        let mut by_key = Map::new();
        for (key, context) in self.instances(resource) {
            let Some(key) = key else { return attributes(&context) };
            by_key.insert(key, attributes(&context));
        }
        by_key.into()
    }

    fn resources(&self, kind: &str) -> Vec<(&str, &Body)> {
        let resources = self.blocks.iter().filter(|block| block.identifier() == "resource");
        let named = resources.filter_map(|block| match block.labels() {
            [is, name] if is.as_str() == kind => Some((name.as_str(), block.body())),
            _ => None,
        });
        named.collect()
    }

    fn attribute(&self, body: &Body, name: &str) -> Option<Value> {
        evaluate(body, name, &self.context)
    }

    fn text_of(&self, body: &Body, name: &str) -> Option<String> {
        self.attribute(body, name)?.as_str().map(str::to_owned)
    }
}

fn attributes(body: &Body, context: &Context<'_>) -> impl Iterator<Item = (String, Value)> {
    let known = body.attributes().filter_map(|attribute| {
        let value = attribute.expr().evaluate(context).ok()?;
        Some((attribute.key().to_owned(), value))
    });
    known.collect::<Vec<_>>().into_iter()
}

fn evaluate(body: &Body, name: &str, context: &Context<'_>) -> Option<Value> {
    let attribute = body.attributes().find(|attribute| attribute.key() == name)?;
    let expression: &Expression = attribute.expr();
    expression.evaluate(context).ok()
}

/// All bodies at a path of nested blocks.
fn nested<'a>(body: &'a Body, path: &[&str]) -> Vec<&'a Body> {
    let Some((first, rest)) = path.split_first() else { return vec![body] };
    let blocks = body.blocks().filter(|block| block.identifier() == *first);
    blocks.flat_map(|block| nested(block.body(), rest)).collect()
}

fn is_dynamic(block: &Block, of: &str) -> bool {
    block.identifier() == "dynamic"
        && block.labels().first().is_some_and(|label| label.as_str() == of)
}

fn uri(service: &str) -> String {
    format!("https://{service}.a.run.app")
}

/// Adds the attributes that Google Cloud sets and whose form is known.
fn made_by_google(kind: &str, attributes: &mut Map<String, Value>) {
    let text = |name: &str| attributes.get(name).and_then(Value::as_str).map(str::to_owned);
    let made = match kind {
        "google_service_account" => {
            text("account_id").map(|id| ("email", format!("{id}@project.iam.gserviceaccount.com")))
        }
        "google_cloud_run_v2_service" => text("name").map(|name| ("uri", uri(&name))),
        _ => None,
    };
    attributes.extend(made.map(|(name, value)| (name.to_owned(), value.into())));
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Terraform's functions that the files use in evaluated places.
fn functions() -> Context<'static> {
    let mut context = Context::new();
    context.declare_func("tostring", FuncDef::builder().param(ParamType::Any).build(to_string));
    context.declare_func("floor", FuncDef::builder().param(ParamType::Number).build(floor));
    let join_of = FuncDef::builder().param(ParamType::String).param(ParamType::Any);
    context.declare_func("join", join_of.build(join));
    context.declare_func("try", FuncDef::builder().variadic_param(ParamType::Any).build(first));
    context
}

fn to_string(arguments: FuncArgs) -> Result<Value, String> {
    Ok(match &arguments[0] {
        Value::Bool(bool) => bool.to_string().into(),
        Value::Number(number) => number.to_string().into(),
        other => other.clone(),
    })
}

fn floor(arguments: FuncArgs) -> Result<Value, String> {
    let floor = arguments[0].as_f64().and_then(|number| Number::from_f64(number.floor()));
    floor.map(Value::Number).ok_or_else(|| "not a number".to_owned())
}

fn join(arguments: FuncArgs) -> Result<Value, String> {
    let (between, list) = (arguments[0].as_str(), arguments[1].as_array());
    let (between, list) = between.zip(list).ok_or_else(|| "not a list".to_owned())?;
    let texts: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
    Ok(texts.ok_or_else(|| "not a list of texts".to_owned())?.join(between).into())
}

/// Arguments that cannot be evaluated were dropped before.
fn first(arguments: FuncArgs) -> Result<Value, String> {
    Ok(arguments.first().cloned().unwrap_or(Value::Null))
}
