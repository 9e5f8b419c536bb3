//! `terraform { required_providers { … } }`

use std::collections::BTreeMap;
use std::ops::Range;

use super::FileRole;
use super::parsed_file::{Findings, ParsedFile};
use crate::tofu::syntax::tree::{Attribute, Expr, ExprKind};
use crate::tofu::{Hostname, ProviderAddr, VersionConstraints};

/// What a module says about one local name.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) addr: ProviderAddr,
    pub(super) constraints: Option<(String, VersionConstraints)>,
    pub(super) file: &'a ParsedFile<'a>,
    pub(super) span: Range<usize>,
}

/// The local names of a module and the providers behind them.
#[derive(Debug)]
pub(super) struct LocalNames<'a> {
    entries: BTreeMap<&'a str, Entry<'a>>,
    default_host: &'a Hostname,
}

const INVALID_OBJECT: &str = "Invalid required_providers object";

impl<'a> LocalNames<'a> {
    /// Reads the blocks of all files, primary files first. Among those only one may have a block;
    /// override files replace single entries.
    pub(super) fn read(
        files: &'a [ParsedFile<'a>],
        default_host: &'a Hostname,
        findings: &mut Findings,
    ) -> Self {
        let mut names = Self {
            entries: BTreeMap::new(),
            default_host,
        };
        let mut first: Option<String> = None;
        for file in files {
            for terraform in file.body.blocks("terraform") {
                for block in terraform.body.blocks("required_providers") {
                    if file.role == FileRole::Primary {
                        if let Some(first) = &first {
                            let detail = format!(
                                "a module may have one such block; the first one is at {first}"
                            );
                            let summary = "Duplicate required providers configuration";
                            findings.problem(file, &block.header, summary, detail);
                            continue;
                        }
                        first = Some(file.range(&block.header).to_string());
                    }
                    for inner in &block.body.blocks {
                        let detail = format!("{:?} must be set with `=`", inner.kind);
                        findings.problem(file, &inner.header, "Unexpected block", detail);
                    }
                    for attribute in &block.body.attributes {
                        if let Some(entry) = names.entry(file, attribute, findings) {
                            names.entries.insert(&attribute.name, entry);
                        }
                    }
                }
            }
        }
        names
    }

    /// The entries, by local name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a str, &Entry<'a>)> {
        self.entries.iter().map(|(name, entry)| (*name, entry))
    }

    /// The provider that `name` means in this module.
    pub(super) fn provider(&self, name: &str) -> Result<ProviderAddr, String> {
        match self.entries.get(name) {
            Some(entry) => Ok(entry.addr.clone()),
            None => ProviderAddr::default_for(name, self.default_host)
                .map_err(|error| error.reason.into_owned()),
        }
    }

    /// Checks that a local name is written the way it is compared.
    pub(super) fn check(
        &self,
        file: &ParsedFile<'_>,
        name: &str,
        span: &Range<usize>,
        findings: &mut Findings,
    ) -> Option<()> {
        let detail = match ProviderAddr::default_for(name, self.default_host) {
            Err(error) => format!(
                "{name:?} is an invalid provider local name: {}",
                error.reason
            ),
            Ok(addr) if addr.kind() != name => format!(
                "provider names must be normalized: replace {name:?} with {:?}",
                addr.kind()
            ),
            Ok(_) => return Some(()),
        };
        findings.problem(file, span, "Invalid provider local name", detail);
        None
    }

    fn entry(
        &self,
        file: &'a ParsedFile<'a>,
        attribute: &'a Attribute,
        findings: &mut Findings,
    ) -> Option<Entry<'a>> {
        let (name, value) = (&attribute.name, &attribute.value);
        let span = attribute.name_span.start..value.span.end;
        let before = findings.problems.len();
        let (source, constraints) = match &value.kind {
            ExprKind::Object(items) => {
                self.check(file, name, &value.span, findings)?;
                object(file, items, self.default_host, findings)
            }
            ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::Text(_) | ExprKind::JsonText(_) => {
                (None, legacy(file, value, findings))
            }
            _ => {
                let detail = "an entry must be a literal string or object";
                findings.problem(file, &value.span, INVALID_OBJECT, detail);
                return None;
            }
        };
        if findings.problems.len() > before {
            return None;
        }
        let addr = match source {
            Some(addr) => addr,
            None => match ProviderAddr::default_for(name, self.default_host) {
                Ok(addr) => addr,
                Err(error) => {
                    let detail = format!("{name:?}: {}", error.reason);
                    findings.problem(file, &attribute.name_span, "Invalid provider name", detail);
                    return None;
                }
            },
        };
        if addr.is_builtin()
            && constraints
                .as_ref()
                .is_some_and(|(text, _)| !text.is_empty())
        {
            let detail = format!("{addr} is built in, so no version of it can be asked for");
            findings.problem(file, &value.span, INVALID_CONSTRAINT, detail);
            return None;
        }
        Some(Entry {
            addr,
            constraints,
            file,
            span,
        })
    }
}

type Constraints = Option<(String, VersionConstraints)>;

pub(super) const INVALID_CONSTRAINT: &str = "Invalid version constraint";

/// The old form: only a version constraint, possibly written as a number.
pub(super) fn legacy(file: &ParsedFile<'_>, value: &Expr, findings: &mut Findings) -> Constraints {
    let text = match &value.kind {
        ExprKind::Null => return None,
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::Number(text) | ExprKind::Text(text) | ExprKind::JsonText(text) => text.clone(),
        _ => {
            let detail = "a literal string is required";
            findings.problem(file, &value.span, INVALID_CONSTRAINT, detail);
            return None;
        }
    };
    constraints(file, &text, value, findings)
}

/// The form with `source` and `version`.
fn object(
    file: &ParsedFile<'_>,
    items: &[(Expr, Expr)],
    default_host: &Hostname,
    findings: &mut Findings,
) -> (Option<ProviderAddr>, Constraints) {
    let (mut addr, mut version) = (None, None);
    for (key, value) in items {
        match key.literal_text() {
            Some("version") => match value.literal_text() {
                Some(text) => version = constraints(file, text, value, findings),
                None => {
                    let detail = "the version must be given as a literal string";
                    findings.problem(file, &value.span, INVALID_CONSTRAINT, detail);
                }
            },
            Some("source") => match value.literal_text() {
                Some(text) => match ProviderAddr::parse_on(text, default_host) {
                    Ok(parsed) => addr = Some(parsed),
                    Err(error) => findings.problem(
                        file,
                        &value.span,
                        "Invalid provider source string",
                        error.to_string(),
                    ),
                },
                None => {
                    let detail = "the source must be given as a literal string";
                    findings.problem(file, &value.span, "Invalid source", detail);
                }
            },
            Some("configuration_aliases") => {}
            _ => {
                let detail =
                    "only \"version\", \"source\" and \"configuration_aliases\" can be set here";
                findings.problem(file, &key.span, INVALID_OBJECT, detail);
            }
        }
    }
    (addr, version)
}

/// Reads a constraint of a provider: first as loosely as the clients do when they read a file, then
/// as strictly as they do when they use it. The two refusals are worded apart, as theirs are.
pub(super) fn constraints(
    file: &ParsedFile<'_>,
    text: &str,
    value: &Expr,
    findings: &mut Findings,
) -> Constraints {
    let detail = if VersionConstraints::check_first_pass(text).is_err() {
        format!("{text:?} does not use correct version constraint syntax")
    } else {
        match text.parse::<VersionConstraints>() {
            Ok(constraints) => return Some((text.to_owned(), constraints)),
            Err(error) => format!("incorrect version constraint syntax: {}", error.reason),
        }
    };
    findings.problem(file, &value.span, INVALID_CONSTRAINT, detail);
    None
}
