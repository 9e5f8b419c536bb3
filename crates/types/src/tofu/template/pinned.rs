//! What the `include` patterns of an installation method leave open.

use std::collections::BTreeSet;

use super::TemplateVariable;
use crate::tofu::Hostname;

/// The distinct values that `include` patterns name; wildcards are not counted.
///
/// A part is pinned when exactly one value is named for it. That is OpenTofu's rule, gap included:
/// beside a named value, a wildcard of another pattern unpins nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PinnedParts {
    hostnames: BTreeSet<Hostname>,
    namespaces: BTreeSet<String>,
    kinds: BTreeSet<String>,
}

impl PinnedParts {
    /// A pattern names this host.
    pub fn add_hostname(&mut self, hostname: &Hostname) {
        self.hostnames.insert(hostname.clone());
    }

    /// A pattern names this namespace, already normalised.
    pub fn add_namespace(&mut self, namespace: &str) {
        self.namespaces.insert(namespace.to_owned());
    }

    /// A pattern names this type, already normalised.
    pub fn add_kind(&mut self, kind: &str) {
        self.kinds.insert(kind.to_owned());
    }

    /// The variables that a template must refer to, and what `include` would have to select.
    pub(super) fn required(&self) -> impl Iterator<Item = (TemplateVariable, &'static str)> {
        [
            (
                self.hostnames.len(),
                TemplateVariable::Hostname,
                "registry hostname",
            ),
            (
                self.namespaces.len(),
                TemplateVariable::Namespace,
                "provider namespace",
            ),
            (self.kinds.len(), TemplateVariable::Type, "provider"),
        ]
        .into_iter()
        .filter(|(values, ..)| *values != 1)
        .map(|(_, variable, unique)| (variable, unique))
    }
}
