//! A module directory, read.

use std::collections::BTreeMap;
use std::fmt;

use super::module_call::module_calls;
use super::parsed_file::{Findings, ParsedFile};
use super::provider_use::requirements;
use super::required_providers::{INVALID_CONSTRAINT, LocalNames};
use super::scope::Scope;
use super::{CallArgument, Dialect, FileRole, ModuleCall, ProviderRequirement, config_files};
use crate::tofu::syntax::{SourceProblem, SourceRange, describe};
use crate::tofu::{Hostname, ModuleConstraints};

/// What one module directory says about providers and other modules.
#[derive(Debug, Clone, PartialEq)]
pub struct Module {
    /// Who in the module asks for which provider, by address, then place.
    pub providers: Vec<ProviderRequirement>,
    /// The calls of other modules, by name.
    pub module_calls: Vec<ModuleCall>,
    /// What the module demands of the client's own version.
    pub required_versions: Vec<RequiredVersion>,
    /// What works but should be changed, by place.
    pub warnings: Vec<SourceProblem>,
}

/// A `required_version` of a `terraform` block.
#[derive(Debug, Clone, PartialEq)]
pub struct RequiredVersion {
    /// The constraints as written.
    pub text: String,
    /// The constraints; `None` if they are not valid and not honoured either.
    pub constraints: Option<ModuleConstraints>,
    /// Whether clients of the dialect honour it. Terraform does always; OpenTofu, since 1.12, only
    /// in `.tofu` files: those in `.tf` files are meant for Terraform.
    pub honoured: bool,
    /// Where it is.
    pub at: SourceRange,
}

/// By which rules, and with which values, a module is read.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// Whose rules.
    pub dialect: Dialect,
    /// The host of addresses without one.
    pub default_host: Hostname,
    /// The values of input variables: what the calling module gives, or the user to the root
    /// module. Others have their defaults.
    pub variables: BTreeMap<String, CallArgument>,
    /// `path.module`, relative to the root module; messages show files below it.
    pub module_path: String,
    /// `path.root`
    pub root_path: String,
    /// `terraform.workspace`
    pub workspace: String,
}

impl Default for ReadOptions {
    /// OpenTofu's rules, its default host, the root module in `.`, the workspace `default`, no
    /// values.
    fn default() -> Self {
        Self {
            dialect: Dialect::default(),
            default_host: Hostname::opentofu(),
            variables: BTreeMap::new(),
            module_path: ".".to_owned(),
            root_path: ".".to_owned(),
            workspace: "default".to_owned(),
        }
    }
}

/// A configuration with mistakes: all of them, by file and place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    /// The mistakes; at least one.
    pub problems: Vec<SourceProblem>,
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(&self.problems, f)
    }
}

impl std::error::Error for ConfigErrors {}

impl Module {
    /// Reads a module from the files of its directory: their names and contents, in any order.
    /// Files that are no configuration ([`config_files`]) are skipped.
    ///
    /// # Errors
    ///
    /// All mistakes of all files that concern providers or module calls, each with its place (the
    /// first hundred, where there are more). A
    /// file with a syntax error adds that one.
    pub fn read(
        files: &[(impl AsRef<str>, impl AsRef<[u8]>)],
        options: &ReadOptions,
    ) -> Result<Self, ConfigErrors> {
        let mut findings = Findings::default();
        let contents: BTreeMap<&str, &[u8]> = files
            .iter()
            .map(|(name, bytes)| (name.as_ref(), bytes.as_ref()))
            .collect();
        let parsed: Vec<ParsedFile<'_>> = config_files(contents.keys().copied(), options.dialect)
            .iter()
            .filter_map(|file| {
                let bytes = contents.get(file.name.as_str())?;
                ParsedFile::read(file, &options.module_path, bytes, &mut findings)
            })
            .collect();
        let names = LocalNames::read(&parsed, &options.default_host, &mut findings);
        let providers = requirements(&parsed, &names, &mut findings);
        let scope = Scope::new(&parsed, options);
        let module_calls = module_calls(&parsed, &scope, &options.default_host, &mut findings);
        let required_versions = required_versions(&parsed, options.dialect, &mut findings);
        let Findings {
            mut problems,
            mut warnings,
        } = findings;
        if problems.is_empty() {
            warnings.sort_by(|a, b| a.range.cmp(&b.range));
            return Ok(Self {
                providers,
                module_calls,
                required_versions,
                warnings,
            });
        }
        problems.sort_by(|a, b| a.range.cmp(&b.range));
        problems.dedup();
        Err(ConfigErrors { problems })
    }
}

/// The constraints on the client. Those of an override file replace all before it.
fn required_versions(
    files: &[ParsedFile<'_>],
    dialect: Dialect,
    findings: &mut Findings,
) -> Vec<RequiredVersion> {
    let mut found: Vec<RequiredVersion> = Vec::new();
    for file in files {
        let honoured = dialect == Dialect::Terraform || file.tofu_only;
        let mut here = Vec::new();
        for block in file.body.blocks("terraform") {
            let Some(attribute) = block.body.attribute("required_version") else {
                continue;
            };
            let value = &attribute.value;
            let Some(text) = value.literal_text() else {
                if honoured && !value.is_null() {
                    let detail = "a literal string is required";
                    findings.problem(file, &value.span, INVALID_CONSTRAINT, detail);
                }
                continue;
            };
            let constraints = text.parse::<ModuleConstraints>();
            if let (Err(error), true) = (&constraints, honoured) {
                let detail = format!(
                    "{text:?} does not use correct version constraint syntax: {}",
                    error.reason
                );
                findings.problem(file, &value.span, INVALID_CONSTRAINT, detail);
            }
            here.push(RequiredVersion {
                text: text.to_owned(),
                constraints: constraints.ok(),
                honoured,
                at: file.range(&value.span),
            });
        }
        if file.role == FileRole::Override && !here.is_empty() {
            found.clear();
        }
        found.append(&mut here);
    }
    found
}
