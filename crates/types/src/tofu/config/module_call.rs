//! `module "NAME" { source = …, version = …, … }`

use std::collections::BTreeMap;
use std::ops::Range;

use super::parsed_file::{Findings, Located, ParsedFile};
use super::required_providers::INVALID_CONSTRAINT;
use super::scope::Scope;
use super::{CallArgument, FileRole, StaticValue};
use crate::tofu::syntax::SourceRange;
use crate::tofu::syntax::tree::Attribute;
use crate::tofu::{Hostname, ModuleConstraints, ModuleSource};

/// A call of another module.
#[derive(Debug, Clone, PartialEq)]
pub struct ModuleCall {
    /// The name: an identifier, so it is safe as the name of a directory.
    pub name: String,
    /// Where the module comes from.
    pub source: ModuleSource,
    /// The source as computed, before it was put into its normal spelling. It may hold user
    /// information: show [`ModuleCall::source`] to people.
    pub source_text: String,
    /// The acceptable versions, if the call says so. Only with a registry source.
    pub version: Option<ModuleConstraints>,
    /// The constraints as computed.
    pub version_text: Option<String>,
    /// What the call gives to the input variables of the module.
    pub arguments: BTreeMap<String, CallArgument>,
    /// The head of the block.
    pub at: SourceRange,
    /// The `source` argument.
    pub source_at: SourceRange,
}

/// Names in a call that are no input variables.
const RESERVED: [&str; 7] = [
    "source",
    "version",
    "count",
    "for_each",
    "depends_on",
    "providers",
    "_",
];

/// A call as the files put it together.
#[derive(Debug)]
struct Draft<'a> {
    file: &'a ParsedFile<'a>,
    header: &'a Range<usize>,
    arguments: BTreeMap<&'a str, Located<'a>>,
}

impl<'a> Draft<'a> {
    fn set(&mut self, file: &'a ParsedFile<'a>, attributes: &'a [Attribute]) {
        for Attribute {
            name, value: expr, ..
        } in attributes
        {
            self.arguments.insert(name, Located { file, expr });
        }
    }
}

/// The calls of a module, by name. Primary files come first; override files replace arguments.
pub(super) fn module_calls<'a>(
    files: &'a [ParsedFile<'a>],
    scope: &Scope<'a>,
    default_host: &Hostname,
    findings: &mut Findings,
) -> Vec<ModuleCall> {
    let mut calls = Vec::new();
    for (name, draft) in drafts(files, findings) {
        if let Some(call) = finish(name, &draft, scope, (default_host, findings)) {
            calls.push(call);
        }
    }
    calls
}

fn drafts<'a>(
    files: &'a [ParsedFile<'a>],
    findings: &mut Findings,
) -> BTreeMap<&'a str, Draft<'a>> {
    let mut drafts: BTreeMap<&str, Draft<'_>> = BTreeMap::new();
    for file in files {
        for block in file.body.blocks("module") {
            let Some([name]) = findings.labels(file, block) else {
                continue;
            };
            if hcl_edit::Ident::try_new(name).is_err() {
                let detail = format!(
                    "{name:?} is no name: it takes letters, digits, `_` and `-`, and begins with a letter or `_`"
                );
                findings.problem(file, &block.header, "Invalid module instance name", detail);
                continue;
            }
            let known = drafts.get_mut(name);
            match (known, file.role) {
                (Some(draft), FileRole::Override) => draft.set(file, &block.body.attributes),
                (None, FileRole::Primary) => {
                    let mut draft = Draft {
                        file,
                        header: &block.header,
                        arguments: BTreeMap::new(),
                    };
                    draft.set(file, &block.body.attributes);
                    drafts.insert(name, draft);
                }
                (Some(draft), FileRole::Primary) => {
                    let first = draft.file.range(draft.header);
                    let detail = format!("the module call {name:?} stands already at {first}");
                    findings.problem(file, &block.header, "Duplicate module call", detail);
                }
                (None, FileRole::Override) => {
                    let detail =
                        format!("there is no module call {name:?} that this could override");
                    findings.problem(
                        file,
                        &block.header,
                        "Missing module call to override",
                        detail,
                    );
                }
            }
        }
    }
    drafts
}

fn finish<'a>(
    name: &str,
    draft: &Draft<'a>,
    scope: &Scope<'a>,
    (default_host, findings): (&Hostname, &mut Findings),
) -> Option<ModuleCall> {
    let Some(source) = draft.arguments.get("source").copied() else {
        let detail = "the argument \"source\" is required";
        findings.problem(
            draft.file,
            draft.header,
            "Missing required argument",
            detail,
        );
        return None;
    };
    let version = match draft.arguments.get("version") {
        Some(&at) => version(at, scope, findings),
        None => Some(None),
    };
    let source_text = text(source, scope, findings, "Invalid module source address");
    let (version, source_text) = (version?, source_text?);
    let (parsed, summary) = if version.is_some() {
        (
            ModuleSource::parse_registry_on(&source_text, default_host),
            "Invalid registry module source address",
        )
    } else {
        (
            ModuleSource::parse_on(&source_text, default_host),
            "Invalid module source address",
        )
    };
    let parsed = match parsed {
        Ok(parsed) => parsed,
        Err(error) if version.is_some() => {
            let detail =
                format!("{error}; a version can be asked for only of a module in a registry");
            findings.problem(source.file, &source.expr.span, summary, detail);
            return None;
        }
        Err(error) => {
            findings.problem(source.file, &source.expr.span, summary, error.to_string());
            return None;
        }
    };
    let (version_text, version) = version.unzip();
    Some(ModuleCall {
        name: name.to_owned(),
        source: parsed,
        source_text,
        version,
        version_text,
        arguments: arguments(draft, scope),
        at: draft.file.range(draft.header),
        source_at: source.file.range(&source.expr.span),
    })
}

/// The constraints of a call: `Some(None)` for `null`, `None` if there was a problem.
fn version<'a>(
    at: Located<'a>,
    scope: &Scope<'a>,
    findings: &mut Findings,
) -> Option<Option<(String, ModuleConstraints)>> {
    let text = match scope.evaluate(at, findings)? {
        StaticValue::Null => return Some(None),
        value => value.to_text(),
    };
    let Some(text) = text else {
        let detail = "a string is required";
        findings.problem(at.file, &at.expr.span, INVALID_CONSTRAINT, detail);
        return None;
    };
    match text.parse::<ModuleConstraints>() {
        Ok(constraints) => Some(Some((text, constraints))),
        Err(error) => {
            let detail = format!(
                "{text:?} does not use correct version constraint syntax: {}",
                error.reason
            );
            findings.problem(at.file, &at.expr.span, INVALID_CONSTRAINT, detail);
            None
        }
    }
}

fn text<'a>(
    at: Located<'a>,
    scope: &Scope<'a>,
    findings: &mut Findings,
    summary: &'static str,
) -> Option<String> {
    let text = scope.evaluate(at, findings)?.to_text();
    if text.is_none() {
        findings.problem(at.file, &at.expr.span, summary, "a string is required");
    }
    text
}

/// The values for the input variables. What cannot be computed is no mistake here: only a use in
/// the source or version of a call inside the module would make it one.
fn arguments<'a>(draft: &Draft<'a>, scope: &Scope<'a>) -> BTreeMap<String, CallArgument> {
    let mut unused = Findings::default();
    let given = draft.arguments.iter();
    given
        .filter(|(name, _)| !RESERVED.contains(name))
        .map(|(name, &at)| {
            let value = scope.evaluate(at, &mut unused);
            let argument = value.map_or(CallArgument::Dynamic, CallArgument::Static);
            ((*name).to_owned(), argument)
        })
        .collect()
}
