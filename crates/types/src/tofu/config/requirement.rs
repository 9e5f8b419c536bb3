//! What all modules of a tree together ask of one provider.

use std::collections::BTreeMap;

use super::Module;
use crate::tofu::syntax::SourceRange;
use crate::tofu::{ProviderAddr, VersionConstraints};

/// A provider that a tree of modules needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The provider. Built-in ones ([`ProviderAddr::is_builtin`]) are not installed.
    pub addr: ProviderAddr,
    /// What all of them ask for together; empty where nobody asks for a version.
    pub constraints: VersionConstraints,
    /// Who asks, in the order of the modules.
    pub required_by: Vec<RequiredBy>,
}

/// A module that needs a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiredBy {
    /// The dot-joined path of the module call; empty for the root module.
    pub module: String,
    /// The constraints as written, if there are any.
    pub constraints: Option<String>,
    /// The place.
    pub at: SourceRange,
}

/// The requirements of a tree of modules, given as pairs of the dot-joined path of the call and
/// the module, sorted by address.
pub fn merge_requirements<'a>(
    modules: impl IntoIterator<Item = (&'a str, &'a Module)>,
) -> Vec<Requirement> {
    let mut merged: BTreeMap<ProviderAddr, Requirement> = BTreeMap::new();
    for (path, module) in modules {
        for asked in &module.providers {
            let entry = merged
                .entry(asked.addr.clone())
                .or_insert_with(|| Requirement {
                    addr: asked.addr.clone(),
                    constraints: VersionConstraints::default(),
                    required_by: Vec::new(),
                });
            if let Some(constraints) = &asked.constraints {
                entry.constraints = entry.constraints.union(constraints);
            }
            entry.required_by.push(RequiredBy {
                module: path.to_owned(),
                constraints: asked.constraint_text.clone(),
                at: asked.declared_at.clone(),
            });
        }
    }
    merged.into_values().collect()
}
