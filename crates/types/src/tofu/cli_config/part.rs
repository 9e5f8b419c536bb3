//! What one file says, or the environment.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::arguments::{Body, Context, Showing, members};
use super::credentials::{self, CredentialsHelper};
use super::installation::{self, ProviderInstallation};
use super::oci_credentials::{self, OciCredentials, OciDefaultCredentials};
use super::registry_protocols::{self, PartialProtocols};
use super::services::{self, HostServices};
use super::{Secret, Variables};
use crate::tofu::hcl1::Object;
use crate::tofu::syntax::{Excerpt, SourceProblem, SourceRange};

/// The summary of problems that belong to no particular block.
pub(super) const SUMMARY: &str = "Invalid CLI configuration";

/// Something and where it is written.
#[derive(Debug, Clone)]
pub(super) struct Placed<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

/// Where something is written; nothing for the environment.
#[derive(Debug, Clone)]
pub(super) struct Place {
    range: SourceRange,
    excerpt: Excerpt,
}

impl Place {
    /// The place of a name or label.
    pub(super) fn of(context: &Context<'_>, span: &std::ops::Range<usize>) -> Self {
        let SourceProblem { range, excerpt, .. } =
            context
                .source
                .problem(SUMMARY, "", span.clone(), span.clone());
        Self { range, excerpt }
    }

    pub(super) fn range(&self) -> &SourceRange {
        &self.range
    }

    /// A problem here.
    pub(super) fn problem(&self, summary: &'static str, detail: String) -> SourceProblem {
        SourceProblem {
            summary,
            detail: detail.into(),
            range: self.range.clone(),
            excerpt: self.excerpt.clone(),
        }
    }
}

/// What one file says, or the environment, or several put together.
#[derive(Debug, Clone, Default)]
pub(super) struct ConfigPart {
    /// With its place, unless the environment says so.
    pub(super) plugin_cache_dir: Option<(PathBuf, Option<Place>)>,
    pub(super) may_break_lock_file: bool,
    pub(super) hosts: BTreeMap<String, Placed<HostServices>>,
    pub(super) credentials: BTreeMap<String, Placed<Option<Secret>>>,
    pub(super) helpers: BTreeMap<String, Placed<CredentialsHelper>>,
    pub(super) protocols: PartialProtocols,
    pub(super) installations: Vec<Placed<ProviderInstallation>>,
    pub(super) oci_defaults: Vec<Placed<OciDefaultCredentials>>,
    pub(super) oci_credentials: Vec<Placed<OciCredentials>>,
}

impl ConfigPart {
    /// What a file says; its problems are in `context`.
    pub(super) fn of_file(context: &mut Context<'_>, root: &Object) -> Self {
        let body = Body::new(root, SUMMARY, Showing::Values);
        let cache = body.text(context, "plugin_cache_dir").and_then(|found| {
            let dir = context.variables.expand(&found.value);
            let place = Place::of(context, &found.shown);
            (!dir.is_empty()).then(|| (PathBuf::from(dir), Some(place)))
        });
        let may_break = body.flag(context, "plugin_cache_may_break_dependency_lock_file");
        let all = members(root);
        Self {
            plugin_cache_dir: cache,
            may_break_lock_file: may_break.is_some_and(|found| found.value),
            hosts: services::read(context, &all),
            credentials: credentials::read(context, &all),
            helpers: credentials::read_helpers(context, &all),
            protocols: registry_protocols::read(context, root),
            installations: installation::read(context, root),
            oci_defaults: oci_credentials::read_defaults(context, root),
            oci_credentials: oci_credentials::read(context, root),
        }
    }

    /// What the environment says. The value of `TF_PLUGIN_CACHE_DIR` is not expanded.
    pub(super) fn of_environment(variables: &Variables) -> Self {
        let may_break = variables.non_empty("TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE");
        Self {
            plugin_cache_dir: variables
                .non_empty("TF_PLUGIN_CACHE_DIR")
                .map(|dir| (PathBuf::from(dir), None)),
            may_break_lock_file: may_break.is_some_and(|value| value != "0"),
            protocols: PartialProtocols::of_environment(variables),
            ..Self::default()
        }
    }

    /// Puts two parts together. For single settings `self` wins, for entries of a map `other`;
    /// blocks are all kept, those of `self` first.
    pub(super) fn merge(mut self, other: Self) -> Self {
        self.hosts.extend(other.hosts);
        self.credentials.extend(other.credentials);
        self.helpers.extend(other.helpers);
        self.installations.extend(other.installations);
        self.oci_defaults.extend(other.oci_defaults);
        self.oci_credentials.extend(other.oci_credentials);
        Self {
            plugin_cache_dir: self.plugin_cache_dir.or(other.plugin_cache_dir),
            may_break_lock_file: self.may_break_lock_file || other.may_break_lock_file,
            protocols: self.protocols.or(other.protocols),
            ..self
        }
    }
}
