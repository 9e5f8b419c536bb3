//! Computing what may stand in the `source` and `version` of a module call.
//!
//! OpenTofu allows values there that are known before anything runs. Here are computed: literals,
//! templates, `local.NAME` and `var.NAME` (as far as they lead to literals), `path.module`,
//! `path.root` and the workspace. Everything else is an error that names it.
//!
//! OpenTofu documentation, "Module Sources", section "Early evaluation".

use std::cell::Cell;
use std::collections::BTreeMap;

use super::parsed_file::{Findings, Located, ParsedFile};
use super::{CallArgument, ReadOptions, StaticValue};
use crate::tofu::syntax::native;
use crate::tofu::syntax::tree::{Attribute, Expr, ExprKind, Part, Step, spell};

/// What the names in a module stand for.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    locals: BTreeMap<&'a str, Located<'a>>,
    variables: BTreeMap<&'a str, Variable<'a>>,
    options: &'a ReadOptions,
    budget: Cell<usize>,
}

#[derive(Debug, Default)]
struct Variable<'a> {
    default: Option<Located<'a>>,
    sensitive: bool,
    ephemeral: bool,
    not_const: bool,
}

/// Names that refer to one another deeper than this are refused: no input may exhaust the stack.
const DEPTH: usize = 100;
/// One value takes at most so many steps, all values of a module together a hundred times as many.
/// Names that each use another one twice would otherwise take for ever.
const STEPS: usize = 10_000;
/// The longest text that is computed, in bytes.
const LENGTH: usize = 64 << 10;

const UNABLE: &str = "Unable to compute static value";
const DYNAMIC: &str = "Dynamic value in static context";

impl<'a> Scope<'a> {
    /// The scope of a module's files, primary files first.
    pub(super) fn new(files: &'a [ParsedFile<'a>], options: &'a ReadOptions) -> Self {
        let mut scope = Self {
            locals: BTreeMap::new(),
            variables: BTreeMap::new(),
            options,
            budget: Cell::new(STEPS * 100),
        };
        for file in files {
            for block in file.body.blocks("locals") {
                for attribute in &block.body.attributes {
                    let expr = &attribute.value;
                    scope.locals.insert(&attribute.name, Located { file, expr });
                }
            }
            for block in file.body.blocks("variable") {
                if let Some(name) = block.label(0) {
                    let variable = scope.variables.entry(&name.text).or_default();
                    for attribute in &block.body.attributes {
                        variable.set(file, attribute);
                    }
                }
            }
        }
        scope
    }

    /// The value of an expression. `None` if it cannot be computed; the reason is in `findings`.
    pub(super) fn evaluate(&self, at: Located<'a>, findings: &mut Findings) -> Option<StaticValue> {
        let available = self.budget.get().min(STEPS);
        let mut run = Run {
            scope: self,
            findings,
            within: Vec::new(),
            steps: available,
        };
        let value = run.value(at.file, at.expr);
        let used = available - run.steps;
        self.budget.set(self.budget.get() - used);
        value
    }
}

impl<'a> Variable<'a> {
    fn set(&mut self, file: &'a ParsedFile<'a>, attribute: &'a Attribute) {
        let flag = |value: bool| matches!(&attribute.value.kind, ExprKind::Bool(b) if *b == value);
        match attribute.name.as_str() {
            "default" => {
                let expr = &attribute.value;
                self.default = Some(Located { file, expr });
            }
            "sensitive" => self.sensitive = flag(true),
            "ephemeral" => self.ephemeral = flag(true),
            "const" => self.not_const = flag(false),
            _ => {}
        }
    }
}

/// The computation of one value.
struct Run<'s, 'a, 'f> {
    scope: &'s Scope<'a>,
    findings: &'f mut Findings,
    /// The names being computed, for cycles and depth.
    within: Vec<String>,
    steps: usize,
}

impl<'a> Run<'_, 'a, '_> {
    fn fail(
        &mut self,
        file: &ParsedFile<'_>,
        expr: &Expr,
        summary: &'static str,
        detail: String,
    ) -> Option<StaticValue> {
        self.findings.problem(file, &expr.span, summary, detail);
        None
    }

    /// Takes steps from the budget, or says that there are none left.
    fn charge(&mut self, file: &ParsedFile<'_>, expr: &Expr, steps: usize) -> Option<()> {
        if let Some(left) = self.steps.checked_sub(steps) {
            self.steps = left;
            return Some(());
        }
        self.steps = 0;
        let detail = "the value is too large to compute";
        self.findings.problem(file, &expr.span, UNABLE, detail);
        None
    }

    fn value(&mut self, file: &'a ParsedFile<'a>, expr: &Expr) -> Option<StaticValue> {
        self.charge(file, expr, 1)?;
        match &expr.kind {
            ExprKind::Null => Some(StaticValue::Null),
            ExprKind::Bool(value) => Some(StaticValue::Bool(*value)),
            ExprKind::Number(text) => Some(StaticValue::Number(text.clone())),
            ExprKind::Text(text) => self.text(file, expr, text.clone()),
            ExprKind::JsonText(text) => match native::template(text, &expr.span) {
                // A template without interpolation reads as text, so this recursion ends.
                Ok(template) => self.value(file, &template),
                Err(detail) => self.fail(file, expr, "Invalid template", detail),
            },
            ExprKind::Template(parts) => self.template(file, expr, parts),
            ExprKind::List(items) => {
                let items: Option<Vec<_>> = items.iter().map(|i| self.value(file, i)).collect();
                items.map(StaticValue::List)
            }
            ExprKind::Object(items) => self.object(file, items),
            ExprKind::Reference(steps) => self.reference(file, expr, steps),
            ExprKind::Call(name) if name.starts_with("provider::") => {
                let detail =
                    format!("{name:?} is a function of a provider, which is not installed yet");
                self.fail(file, expr, "Provider function in static context", detail)
            }
            ExprKind::Call(name) => {
                let detail =
                    format!("the function {name:?} is not computed here; write its result");
                self.fail(file, expr, UNABLE, detail)
            }
            ExprKind::Other(what) => {
                let detail = format!("{what} is not computed here; write its result");
                self.fail(file, expr, UNABLE, detail)
            }
        }
    }

    fn text(&mut self, file: &ParsedFile<'_>, expr: &Expr, text: String) -> Option<StaticValue> {
        if text.len() > LENGTH {
            let detail = format!("the text is longer than {LENGTH} bytes");
            return self.fail(file, expr, UNABLE, detail);
        }
        self.charge(file, expr, text.len() / 64)?;
        Some(StaticValue::Text(text))
    }

    fn template(
        &mut self,
        file: &'a ParsedFile<'a>,
        expr: &Expr,
        parts: &[Part],
    ) -> Option<StaticValue> {
        if let [Part::Value(only)] = parts {
            return self.value(file, only);
        }
        let mut out = String::new();
        for part in parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Value(inner) => match self.value(file, inner)?.to_text() {
                    Some(text) => out.push_str(&text),
                    None => {
                        let detail = "only strings, numbers and booleans can be part of a text";
                        return self.fail(
                            file,
                            inner,
                            "Invalid template interpolation value",
                            detail.to_owned(),
                        );
                    }
                },
            }
            if out.len() > LENGTH {
                break;
            }
        }
        self.text(file, expr, out)
    }

    fn object(&mut self, file: &'a ParsedFile<'a>, items: &[(Expr, Expr)]) -> Option<StaticValue> {
        let mut object = BTreeMap::new();
        for (key, value) in items {
            let Some(name) = self.value(file, key)?.to_text() else {
                let detail = "the key of an object must be a string".to_owned();
                return self.fail(file, key, UNABLE, detail);
            };
            object.insert(name, self.value(file, value)?);
        }
        Some(StaticValue::Object(object))
    }

    fn reference(
        &mut self,
        file: &'a ParsedFile<'a>,
        expr: &Expr,
        steps: &[Step],
    ) -> Option<StaticValue> {
        let (root, name, rest) = match steps {
            [Step::Name(root), Step::Name(name), rest @ ..] => (root.as_str(), name.as_str(), rest),
            [Step::Name(root), ..] => (root.as_str(), "", &[][..]),
            _ => ("", "", &[][..]),
        };
        let options = self.scope.options;
        let value = match (root, name) {
            ("local", name) if !name.is_empty() => self.local(file, expr, name),
            ("var", name) if !name.is_empty() => self.variable(file, expr, name),
            ("path", "module") => Some(StaticValue::Text(options.module_path.clone())),
            ("path", "root") => Some(StaticValue::Text(options.root_path.clone())),
            ("terraform" | "tofu", "workspace") => {
                Some(StaticValue::Text(options.workspace.clone()))
            }
            ("path" | "local" | "var" | "terraform" | "tofu", _) => {
                let detail = format!("{} is not computed here", spell(steps));
                self.fail(file, expr, UNABLE, detail)
            }
            ("module", _) => {
                let detail = format!("{} is known only after the module has run", spell(steps));
                self.fail(
                    file,
                    expr,
                    "Module output not supported in static context",
                    detail,
                )
            }
            _ => {
                let detail = format!(
                    "{} is known only while the configuration runs",
                    spell(steps)
                );
                self.fail(file, expr, DYNAMIC, detail)
            }
        }?;
        match rest.iter().try_fold(value, StaticValue::step) {
            Some(value) => Some(value),
            None => {
                let detail = format!("{} leads to no value", spell(steps));
                self.fail(file, expr, UNABLE, detail)
            }
        }
    }

    fn local(&mut self, file: &ParsedFile<'_>, expr: &Expr, name: &str) -> Option<StaticValue> {
        let Some(at) = self.scope.locals.get(name).copied() else {
            let detail = format!("the module has no local value {name:?}");
            return self.fail(file, expr, "Undefined local", detail);
        };
        self.follow(file, expr, format!("local.{name}"), at)
    }

    fn variable(&mut self, file: &ParsedFile<'_>, expr: &Expr, name: &str) -> Option<StaticValue> {
        let Some(variable) = self.scope.variables.get(name) else {
            let detail = format!("the module has no input variable {name:?}");
            return self.fail(file, expr, "Undefined variable", detail);
        };
        let refusal = if variable.sensitive {
            Some((
                "Sensitive value not allowed",
                "is sensitive, and would be shown",
            ))
        } else if variable.ephemeral {
            Some(("Ephemeral value not allowed", "is ephemeral"))
        } else if variable.not_const {
            Some((
                "Unable to use variable in static context",
                "says `const = false`",
            ))
        } else {
            None
        };
        if let Some((summary, reason)) = refusal {
            let detail = format!("the input variable {name:?} {reason}");
            return self.fail(file, expr, summary, detail);
        }
        match (self.scope.options.variables.get(name), variable.default) {
            (Some(CallArgument::Static(value)), _) => {
                self.charge(file, expr, value.weight())?;
                Some(value.clone())
            }
            (Some(CallArgument::Dynamic), _) => {
                let detail = format!(
                    "var.{name} gets a value that is known only while the configuration runs"
                );
                self.fail(file, expr, DYNAMIC, detail)
            }
            (None, Some(default)) => self.follow(file, expr, format!("var.{name}"), default),
            (None, None) => {
                let detail = format!("the input variable {name:?} has no value and no default");
                self.fail(file, expr, "Required variable not set", detail)
            }
        }
    }

    /// The value behind a name that `expr` used.
    fn follow(
        &mut self,
        file: &ParsedFile<'_>,
        expr: &Expr,
        name: String,
        at: Located<'a>,
    ) -> Option<StaticValue> {
        if self.within.contains(&name) {
            let detail = format!(
                "{} refers to itself through {}",
                name,
                self.within.join(", ")
            );
            return self.fail(file, expr, "Circular reference", detail);
        }
        if self.within.len() >= DEPTH {
            let detail = format!("names refer to one another more than {DEPTH} deep");
            return self.fail(file, expr, UNABLE, detail);
        }
        self.within.push(name);
        let value = self.value(at.file, at.expr);
        self.within.pop();
        value
    }
}
