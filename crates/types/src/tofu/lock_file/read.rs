//! Reading a lock file.

use std::fmt;
use std::ops::Range;

use super::{LockFile, LockOrigin, ProviderLock};
use crate::tofu::syntax::tree::{Attribute, Block, Body, Expr, ExprKind};
use crate::tofu::syntax::{SourceProblem, SourceText, describe, native};
use crate::tofu::{PackageHash, ProviderAddr, Version, VersionConstraints};

/// The name that positions in a lock file are shown with.
const FILE: &str = ".terraform.lock.hcl";

/// Something in a lock file that is noted and passed over.
pub type LockWarning = SourceProblem;

/// A lock file with mistakes: all of them, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockFileError {
    /// The mistakes; at least one.
    pub problems: Vec<SourceProblem>,
}

impl fmt::Display for LockFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(&self.problems, f)
    }
}

impl std::error::Error for LockFileError {}

impl LockFile {
    /// Reads the text of a lock file. An empty text has no entries.
    ///
    /// A `module` block is a warning: a later version of the clients may write them.
    ///
    /// # Errors
    ///
    /// Every mistake, each with its place. Addresses, versions and constraints must be written in
    /// their canonical form, as the clients write them.
    pub fn read(text: &str) -> Result<(Self, Vec<LockWarning>), LockFileError> {
        let mut problems = Vec::new();
        let text = match SourceText::new(FILE, text.as_bytes()) {
            Ok(text) => text,
            Err(problem) => {
                return Err(LockFileError {
                    problems: vec![*problem],
                });
            }
        };
        let body = native::read(&text, &mut problems).unwrap_or_default();
        let mut reader = Reader {
            text: &text,
            problems,
            warnings: Vec::new(),
            file: LockFile {
                origin: origin(text.text()),
                ..LockFile::default()
            },
        };
        reader.body(&body);
        if reader.problems.is_empty() {
            Ok((reader.file, reader.warnings))
        } else {
            let mut problems = reader.problems;
            problems.sort_by_key(|problem| problem.range.start);
            Err(LockFileError { problems })
        }
    }
}

/// Whose header the text begins with.
fn origin(text: &str) -> Option<LockOrigin> {
    let first = text.lines().next().unwrap_or_default().trim_end();
    [LockOrigin::Tofu, LockOrigin::Terraform]
        .into_iter()
        .find(|origin| origin.header() == first)
}

struct Reader<'a> {
    text: &'a SourceText<'a>,
    problems: Vec<SourceProblem>,
    warnings: Vec<LockWarning>,
    file: LockFile,
}

impl Reader<'_> {
    fn problem(
        &mut self,
        summary: &'static str,
        detail: impl Into<std::borrow::Cow<'static, str>>,
        span: &Range<usize>,
    ) {
        self.text.report(&mut self.problems, summary, detail, span);
    }

    fn body(&mut self, body: &Body) {
        for attribute in &body.attributes {
            self.unsupported(attribute);
        }
        for block in &body.blocks {
            match block.kind.as_str() {
                "provider" => self.provider(block),
                "module" if self.warnings.is_empty() => self.warnings.push(self.text.problem(
                    "Dependency locks for modules are not yet supported",
                    "the block is ignored",
                    block.header.clone(),
                )),
                "module" => {}
                kind => {
                    let detail = format!("blocks of type {kind:?} are not expected here");
                    self.problem("Unsupported block type", detail, &block.header);
                }
            }
        }
    }

    fn unsupported(&mut self, attribute: &Attribute) {
        let detail = format!(
            "an argument named {:?} is not expected here",
            attribute.name
        );
        self.problem("Unsupported argument", detail, &attribute.name_span);
    }

    fn provider(&mut self, block: &Block) {
        let Some(addr) = self.address(block) else {
            return;
        };
        if self.file.get(&addr).is_some() {
            let detail = format!("the file has another entry for {addr} above");
            return self.problem("Duplicate provider lock", detail, &block.header);
        }
        for attribute in &block.body.attributes {
            if !matches!(
                attribute.name.as_str(),
                "version" | "constraints" | "hashes"
            ) {
                self.unsupported(attribute);
            }
        }
        for inner in &block.body.blocks {
            let detail = format!("blocks of type {:?} are not expected here", inner.kind);
            self.problem("Unsupported block type", detail, &inner.header);
        }
        let version = self.version(block);
        let constraints = self.constraints(block);
        let hashes = self.hashes(block);
        if let (Some(version), Some(constraints), Some(hashes)) = (version, constraints, hashes) {
            self.file.set(ProviderLock {
                addr,
                version,
                constraints,
                hashes,
            });
        }
    }

    fn address(&mut self, block: &Block) -> Option<ProviderAddr> {
        const INVALID: &str = "Invalid provider source address";
        let label = match block.labels.as_slice() {
            [label] => label,
            [] => {
                let detail = "a provider block takes the provider source address as its label";
                self.problem("Missing name for provider", detail, &block.header);
                return None;
            }
            [_, extra, ..] => {
                let detail = "a provider block takes one label, the provider source address";
                self.problem("Extraneous label for provider", detail, &extra.span);
                return None;
            }
        };
        let addr: ProviderAddr = match label.text.parse() {
            Ok(addr) => addr,
            Err(error) => {
                self.problem(INVALID, error.to_string(), &label.span);
                return None;
            }
        };
        let refusal = if addr.is_builtin() {
            Some("the provider is built in and has no package to lock")
        } else if addr.is_legacy() {
            Some("the address has no namespace, so there is no package to lock")
        } else {
            None
        };
        if let Some(detail) = refusal {
            self.problem(INVALID, detail, &label.span);
            return None;
        }
        let canonical = addr.to_string();
        if canonical != label.text {
            let detail = format!("the address must be written {canonical:?}");
            self.problem(
                "Non-normalized provider source address",
                detail,
                &label.span,
            );
            return None;
        }
        Some(addr)
    }

    fn version(&mut self, block: &Block) -> Option<Version> {
        const INVALID: &str = "Invalid provider version number";
        let attribute = block.body.attribute("version");
        let Some(attribute) = attribute.filter(|a| !a.value.is_null()) else {
            let detail = "the argument \"version\" is required";
            self.problem("Missing required argument", detail, &block.header);
            return None;
        };
        let text = self.string(&attribute.value)?;
        match Version::canonical(&text) {
            Ok(version) => Some(version),
            Err(error) => {
                self.problem(INVALID, error.to_string(), &attribute.value.span);
                None
            }
        }
    }

    fn constraints(&mut self, block: &Block) -> Option<VersionConstraints> {
        const INVALID: &str = "Invalid provider version constraints";
        let attribute = block.body.attribute("constraints");
        let Some(attribute) = attribute.filter(|a| !a.value.is_null()) else {
            return Some(VersionConstraints::default());
        };
        let text = self.string(&attribute.value)?;
        match text.parse::<VersionConstraints>() {
            Ok(constraints) if constraints.to_string() == text => Some(constraints),
            Ok(constraints) => {
                let detail = format!("the constraints must be written \"{constraints}\"");
                self.problem(INVALID, detail, &attribute.value.span);
                None
            }
            Err(error) => {
                self.problem(INVALID, error.to_string(), &attribute.value.span);
                None
            }
        }
    }

    fn hashes(&mut self, block: &Block) -> Option<Vec<PackageHash>> {
        const INVALID: &str = "Invalid provider hash set";
        let Some(attribute) = block.body.attribute("hashes") else {
            return Some(Vec::new());
        };
        let span = &attribute.value.span;
        let items = match &attribute.value.kind {
            ExprKind::List(items) if items.is_empty() => {
                self.problem(INVALID, "leave it out or give at least one hash", span);
                return None;
            }
            ExprKind::List(items) => items,
            _ => {
                self.problem(INVALID, "a list of hash strings is expected", span);
                return None;
            }
        };
        let mut hashes = Vec::with_capacity(items.len());
        for item in items {
            let Some(text) = self.string(item) else {
                continue;
            };
            match text.parse() {
                Ok(hash) => hashes.push(hash),
                Err(error) => {
                    let error: crate::ParseError = error;
                    self.problem(
                        "Invalid provider hash string",
                        error.to_string(),
                        &item.span,
                    );
                }
            }
        }
        (hashes.len() == items.len()).then_some(hashes)
    }

    /// The text of a string that must be literal.
    fn string(&mut self, value: &Expr) -> Option<String> {
        let (summary, detail) = match &value.kind {
            ExprKind::Text(text) => return Some(text.clone()),
            ExprKind::Reference(_) | ExprKind::Template(_) => (
                "Variables not allowed",
                "the value must be a literal string",
            ),
            ExprKind::Call(_) => (
                "Function calls not allowed",
                "the value must be a literal string",
            ),
            _ => ("Incorrect attribute value type", "a string is required"),
        };
        self.problem(summary, detail, &value.span);
        None
    }
}
