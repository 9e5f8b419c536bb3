//! `requirements [DIR]`

use std::collections::BTreeSet;

use tofu_oci::install::{InstallOptions, ModuleTree};
use tofu_oci::store::Files;
use tofu_oci::types::tofu::config::Requirement;

use super::{Ending, install, output};
use crate::args::RequirementsArgs;
use crate::document::{ModuleEntry, ProviderEntry, RequirementsDocument};
use crate::interrupt::{Stop, run_reading};
use crate::printer::{Align, Table};
use crate::settings::Settings;

pub(super) fn run(args: &RequirementsArgs, settings: &Settings) -> Result<Ending, Stop> {
    let options = InstallOptions {
        data_dir: settings.data_dir.clone(),
        ..install::base_options(&args.dir, args.origin)
    };
    let files = Files::new();
    let tree = run_reading(ModuleTree::read(&files, &options))?;
    let document = document(&tree);
    settings
        .printer
        .result(&document, || human(&document))
        .map_err(output)?;
    Ok(Ending::Done)
}

fn document(tree: &ModuleTree) -> RequirementsDocument {
    let providers = tree.requirements();
    let mut modules: Vec<ModuleEntry> = Vec::new();
    for node in &tree.nodes {
        for call in &node.module.module_calls {
            let mut path = node.path.clone();
            path.push(call.name.clone());
            modules.push(ModuleEntry {
                missing: tree.missing.iter().any(|missing| missing.path == path),
                path: module_name(&path),
                source: call.source.to_string(),
                version: call.version_text.clone(),
            });
        }
    }
    modules.sort_by(|a, b| a.path.cmp(&b.path));
    RequirementsDocument {
        version: 1,
        providers: providers
            .iter()
            .filter(|requirement| !requirement.addr.is_builtin())
            .map(provider)
            .collect(),
        modules,
    }
}

fn provider(requirement: &Requirement) -> ProviderEntry {
    let asking = || requirement.required_by.iter();
    let constraints: BTreeSet<String> = asking().filter_map(|by| by.constraints.clone()).collect();
    let required_by: BTreeSet<String> = asking().map(|by| asker(&by.module)).collect();
    ProviderEntry {
        source: requirement.addr.to_string(),
        constraints: constraints.into_iter().collect(),
        required_by: required_by.into_iter().collect(),
    }
}

/// `root`, or `module.network.module.subnets`.
pub(super) fn module_name(path: &[String]) -> String {
    if path.is_empty() {
        return "root".to_owned();
    }
    let parts: Vec<String> = path.iter().map(|name| format!("module.{name}")).collect();
    parts.join(".")
}

/// The same of a path that is joined by dots.
fn asker(path: &str) -> String {
    let parts: Vec<String> = path
        .split('.')
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    module_name(&parts)
}

fn human(document: &RequirementsDocument) -> String {
    let mut providers = Table::new(&[
        ("PROVIDER", Align::Left),
        ("CONSTRAINTS", Align::Left),
        ("REQUIRED BY", Align::Left),
    ]);
    for entry in &document.providers {
        let constraints = entry.constraints.join(", ");
        providers.row([&entry.source, &constraints, &entry.required_by.join(", ")]);
    }
    let mut modules = Table::new(&[
        ("MODULE", Align::Left),
        ("SOURCE", Align::Left),
        ("VERSION", Align::Left),
        ("", Align::Left),
    ]);
    for entry in &document.modules {
        let version = entry.version.as_deref().unwrap_or_default();
        let state = if entry.missing { "not installed" } else { "" };
        modules.row([entry.path.as_str(), &entry.source, version, state]);
    }
    match (providers.is_empty(), modules.is_empty()) {
        (true, true) => "no providers and no modules are required\n".to_owned(),
        (false, true) => providers.to_string(),
        (true, false) => modules.to_string(),
        (false, false) => format!("{providers}\n{modules}"),
    }
}
