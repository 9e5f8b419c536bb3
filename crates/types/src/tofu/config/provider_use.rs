//! The providers a module needs: those it lists, and those it uses without listing them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::config_file::FileRole;
use super::parsed_file::{Findings, ParsedFile};
use super::required_providers::{INVALID_CONSTRAINT, LocalNames, legacy};
use crate::tofu::syntax::SourceRange;
use crate::tofu::syntax::tree::{Block, Expr, Step};
use crate::tofu::{ProviderAddr, VersionConstraints};

/// One place in a module that asks for a provider.
///
/// A provider may be asked for several times: by its entry in `required_providers`, and by each
/// `provider` block with a version. A use without constraints is listed only where nothing else
/// names the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderRequirement {
    /// The provider. Built-in ones ([`ProviderAddr::is_builtin`]) are not installed.
    pub addr: ProviderAddr,
    /// What the module calls it.
    pub local_name: String,
    /// The versions that are acceptable, if the place says so.
    pub constraints: Option<VersionConstraints>,
    /// The constraints as written.
    pub constraint_text: Option<String>,
    /// The place.
    pub declared_at: SourceRange,
    /// What kind of place it is.
    pub kind: RequirementKind,
}

/// The kind of place that asks for a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequirementKind {
    /// An entry of `required_providers`.
    Explicit,
    /// A `provider` block.
    ProviderBlock,
    /// A resource, data source, ephemeral resource or import.
    Implied,
}

/// All requirements of a module, by address, then place.
pub(super) fn requirements<'a>(
    files: &'a [ParsedFile<'a>],
    names: &LocalNames<'a>,
    findings: &mut Findings,
) -> Vec<ProviderRequirement> {
    let mut uses = Uses {
        names,
        findings,
        found: Vec::new(),
        seen: BTreeSet::new(),
        used: BTreeSet::new(),
        overridden: overridden(files),
    };
    for (name, entry) in names.iter() {
        if !uses.seen.insert(entry.addr.clone()) {
            let detail = format!(
                "{} has another local name than {name:?} already",
                entry.addr
            );
            let summary = "Duplicate required provider";
            uses.findings
                .warning(entry.file, &entry.span, summary, detail);
        }
        uses.found.push(ProviderRequirement {
            addr: entry.addr.clone(),
            local_name: name.to_owned(),
            constraints: entry.constraints.as_ref().map(|(_, c)| c.clone()),
            constraint_text: entry.constraints.as_ref().map(|(text, _)| text.clone()),
            declared_at: entry.file.range(&entry.span),
            kind: RequirementKind::Explicit,
        });
    }
    for file in files {
        for block in file.body.blocks("provider") {
            uses.provider_block(file, block);
        }
    }
    for file in files {
        for block in &file.body.blocks {
            uses.block(file, block);
        }
    }
    let mut found = uses.found;
    found.sort_by(|a, b| (&a.addr, a.kind, &a.declared_at).cmp(&(&b.addr, b.kind, &b.declared_at)));
    found
}

struct Uses<'n, 'a, 'f> {
    names: &'n LocalNames<'a>,
    findings: &'f mut Findings,
    found: Vec<ProviderRequirement>,
    seen: BTreeSet<ProviderAddr>,
    /// Local names that were looked up already: big modules use few of them very often.
    used: BTreeSet<String>,
    /// Resources whose provider an override file names, and the block that does.
    overridden: BTreeMap<ResourceKey<'a>, &'a Block>,
}

/// Kind of block, type and name.
type ResourceKey<'a> = [&'a str; 3];

fn resource_key(block: &Block) -> Option<ResourceKey<'_>> {
    match (block.kind.as_str(), block.labels.as_slice()) {
        (kind @ ("resource" | "data" | "ephemeral"), [of, name]) => {
            Some([kind, of.text.as_str(), name.text.as_str()])
        }
        _ => None,
    }
}

/// The resources whose provider override files name, with the last block that does.
fn overridden<'a>(files: &'a [ParsedFile<'a>]) -> BTreeMap<ResourceKey<'a>, &'a Block> {
    let overriding = files.iter().filter(|file| file.role == FileRole::Override);
    let blocks = overriding.flat_map(|file| &file.body.blocks);
    blocks
        .filter(|block| block.body.attribute("provider").is_some())
        .filter_map(|block| Some((resource_key(block)?, block)))
        .collect()
}

impl Uses<'_, '_, '_> {
    /// `provider "NAME" { … }`
    fn provider_block(&mut self, file: &ParsedFile<'_>, block: &Block) {
        let Some([name]) = self.findings.labels(file, block) else {
            return;
        };
        let span = &block.header;
        if self.names.check(file, name, span, self.findings).is_none() {
            return;
        }
        let Some(version) = block.body.attribute("version") else {
            return self.used(file, name, span, RequirementKind::ProviderBlock);
        };
        let detail = format!("put the constraint of {name:?} into required_providers");
        self.findings.warning(
            file,
            &version.value.span,
            "Version constraints inside provider configuration blocks are deprecated",
            detail,
        );
        let Some((text, constraints)) = legacy(file, &version.value, self.findings) else {
            return self.used(file, name, span, RequirementKind::ProviderBlock);
        };
        // The name was checked above, so this cannot fail.
        let Ok(addr) = self.names.provider(name) else {
            return;
        };
        if addr.is_builtin() {
            let detail = format!("{addr} is built in, so no version of it can be asked for");
            return self
                .findings
                .problem(file, &version.value.span, INVALID_CONSTRAINT, detail);
        }
        self.seen.insert(addr.clone());
        self.found.push(ProviderRequirement {
            addr,
            local_name: name.to_owned(),
            constraints: Some(constraints),
            constraint_text: Some(text),
            declared_at: file.range(span),
            kind: RequirementKind::ProviderBlock,
        });
    }

    /// Any block that may use a provider.
    fn block(&mut self, file: &ParsedFile<'_>, block: &Block) {
        match block.kind.as_str() {
            "resource" | "data" | "ephemeral" => {
                let key = resource_key(block);
                let by = key.and_then(|key| self.overridden.get(&key));
                if by.is_none_or(|by| std::ptr::eq(*by, block)) {
                    self.resource(file, block);
                }
            }
            "import" => self.import(file, block),
            "check" => block
                .body
                .blocks("data")
                .for_each(|data| self.resource(file, data)),
            _ => {}
        }
    }

    fn resource(&mut self, file: &ParsedFile<'_>, block: &Block) {
        let Some([kind, _]) = self.findings.labels(file, block) else {
            return;
        };
        match block.body.attribute("provider") {
            Some(attribute) => self.named(file, &attribute.value),
            _ => self.used(
                file,
                type_prefix(kind),
                &block.header,
                RequirementKind::Implied,
            ),
        }
    }

    fn import(&mut self, file: &ParsedFile<'_>, block: &Block) {
        if let Some(attribute) = block.body.attribute("provider") {
            return self.named(file, &attribute.value);
        }
        // An import without a usable target is for the client to refuse.
        let target = block.body.attribute("to").and_then(|to| {
            let kind = resource_type(&to.value.reference()?)?;
            Some((kind, &to.value.span))
        });
        if let Some((kind, span)) = target {
            self.used(file, type_prefix(&kind), span, RequirementKind::Implied);
        }
    }

    /// `provider = NAME`, `NAME.ALIAS`, `NAME.ALIAS[KEY]`
    fn named(&mut self, file: &ParsedFile<'_>, value: &Expr) {
        let steps = value.reference();
        let Some(Step::Name(name)) = steps.as_deref().and_then(<[Step]>::first) else {
            let detail =
                "the name of a provider configuration is required, as in `aws` or `aws.west`";
            let summary = "Invalid provider configuration reference";
            return self.findings.problem(file, &value.span, summary, detail);
        };
        if self
            .names
            .check(file, name, &value.span, self.findings)
            .is_some()
        {
            self.used(file, name, &value.span, RequirementKind::Implied);
        }
    }

    /// Notes a use without constraints, unless the provider is known already.
    fn used(
        &mut self,
        file: &ParsedFile<'_>,
        name: &str,
        span: &Range<usize>,
        kind: RequirementKind,
    ) {
        if !self.used.insert(name.to_owned()) {
            return;
        }
        let addr = match self.names.provider(name) {
            Ok(addr) => addr,
            Err(reason) => {
                let detail = format!("{name:?} cannot be the name of a provider: {reason}");
                return self
                    .findings
                    .problem(file, span, "Invalid provider local name", detail);
            }
        };
        if self.seen.insert(addr.clone()) {
            self.found.push(ProviderRequirement {
                addr,
                local_name: name.to_owned(),
                constraints: None,
                constraint_text: None,
                declared_at: file.range(span),
                kind,
            });
        }
    }
}

/// The local name that a resource type implies: everything before the first `_`.
fn type_prefix(kind: &str) -> &str {
    kind.split('_').next().unwrap_or(kind)
}

/// The resource type of an import target: `TYPE.NAME`, possibly inside modules. Data sources
/// cannot be imported.
fn resource_type(mut steps: &[Step]) -> Option<String> {
    loop {
        match steps {
            [
                Step::Name(word),
                Step::Name(_),
                Step::Index(_) | Step::Key(_) | Step::Dynamic,
                rest @ ..,
            ] if word == "module" => {
                steps = rest;
            }
            [Step::Name(word), Step::Name(_), rest @ ..] if word == "module" => steps = rest,
            [Step::Name(kind), Step::Name(_), ..] if kind != "data" => return Some(kind.clone()),
            _ => return None,
        }
    }
}
