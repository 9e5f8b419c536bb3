//! The configuration as a whole.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::arguments::Context;
use super::credentials::{CredentialsHelper, tokens_of_environment};
use super::part::{ConfigPart, Place, Placed, SUMMARY};
use super::registry_protocols::PartialProtocols;
use super::{
    CliEnvironment, HostServices, OciCredentials, OciDefaultCredentials, ProviderInstallation,
    RegistryProtocols, Secret,
};
use crate::tofu::syntax::{SourceProblem, SourceText, describe};
use crate::tofu::{Hostname, hcl1};

/// What a CLI configuration says, all files and the environment together.
#[derive(Debug, Clone)]
pub struct CliConfig {
    /// The directory in which clients keep packages for all configurations.
    pub plugin_cache_dir: Option<PathBuf>,
    /// Whether a package from there may be used although the lock file then stays incomplete.
    pub plugin_cache_may_break_lock_file: bool,
    /// Services of hosts that are not looked up.
    pub hosts: BTreeMap<Hostname, HostServices>,
    /// Tokens of registries of providers and modules and of network mirrors, from `TF_TOKEN_…` or
    /// else from `credentials` blocks. Never for OCI registries.
    pub tokens: BTreeMap<Hostname, Secret>,
    /// A program that knows more of them.
    pub credentials_helper: Option<CredentialsHelper>,
    /// How registries of providers and modules are asked.
    pub registry_protocols: RegistryProtocols,
    /// Where providers come from; where nothing is said, from their own registries and some
    /// directories.
    pub provider_installation: Option<ProviderInstallation>,
    /// What OCI registries are told, in order.
    pub oci_credentials: Vec<OciCredentials>,
    /// Where else OCI credentials come from.
    pub oci_default_credentials: OciDefaultCredentials,
}

/// Everything that is wrong with a configuration. The problems are in the order in which the files
/// were read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct CliConfigErrors {
    /// The problems; at least one.
    pub problems: Vec<SourceProblem>,
}

impl fmt::Display for CliConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(&self.problems, f)
    }
}

/// Puts the files of a configuration together, in the order in which they are given to it: the main
/// file, then those of the directory by name.
#[derive(Debug)]
pub struct CliConfigReader<'a> {
    default_host: &'a Hostname,
    environment: &'a CliEnvironment,
    main: ConfigPart,
    directory: ConfigPart,
    problems: Vec<SourceProblem>,
}

impl<'a> CliConfigReader<'a> {
    /// Starts with nothing. Source addresses and patterns that name no host mean `default_host`.
    pub fn new(default_host: &'a Hostname, environment: &'a CliEnvironment) -> Self {
        Self {
            default_host,
            environment,
            main: ConfigPart::default(),
            directory: ConfigPart::default(),
            problems: Vec::new(),
        }
    }

    /// Reads the main file. Paths in its `oci_default_credentials` block start at the directory of
    /// `path`.
    pub fn main_file(&mut self, path: &Path, bytes: &[u8]) {
        self.main = self.file(path, bytes);
    }

    /// Reads the next file of the configuration directory.
    pub fn directory_file(&mut self, path: &Path, bytes: &[u8]) {
        let part = self.file(path, bytes);
        self.directory = std::mem::take(&mut self.directory).merge(part);
    }

    fn file(&mut self, path: &Path, bytes: &[u8]) -> ConfigPart {
        let document = match hcl1::read(&path.to_string_lossy(), bytes) {
            Ok(document) => document,
            Err(problem) => {
                self.problems.push(*problem);
                return ConfigPart::default();
            }
        };
        let mut context = Context {
            source: &document.source,
            spelling: document.spelling,
            default_host: self.default_host,
            variables: &self.environment.variables,
            directory: path.parent().unwrap_or(Path::new("")),
            problems: Vec::new(),
        };
        let part = ConfigPart::of_file(&mut context, &document.root);
        // Found block by block; people read from top to bottom.
        context.problems.sort_by_key(|problem| problem.range.start);
        self.problems.append(&mut context.problems);
        part
    }

    /// The configuration; `exists` says whether something is at a path.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with any of the files, and with all of them together.
    pub fn finish(self, exists: &dyn Fn(&Path) -> bool) -> Result<CliConfig, CliConfigErrors> {
        let mut problems = self.problems;
        let environment = ConfigPart::of_environment(&self.environment.variables);
        let builtin = ConfigPart {
            protocols: PartialProtocols::builtin(),
            ..ConfigPart::default()
        };
        let merged = environment.merge(self.main.merge(builtin).merge(self.directory));
        let tokens = tokens_of_environment(&self.environment.variables);
        let config = validated(merged, tokens, exists, &mut problems);
        if problems.is_empty() {
            Ok(config)
        } else {
            Err(CliConfigErrors { problems })
        }
    }
}

fn validated(
    part: ConfigPart,
    mut tokens: BTreeMap<Hostname, Secret>,
    exists: &dyn Fn(&Path) -> bool,
    problems: &mut Vec<SourceProblem>,
) -> CliConfig {
    if let Some((dir, place)) = &part.plugin_cache_dir
        && !exists(dir)
    {
        let detail = format!("there is no plugin cache directory {dir:?}");
        problems.push(match place {
            Some(place) => place.problem(SUMMARY, detail),
            None => SourceText::blank("TF_PLUGIN_CACHE_DIR").problem(SUMMARY, detail, 0..0),
        });
    }
    let hosts = by_host("host", part.hosts, problems);
    for (host, token) in by_host("credentials", part.credentials, problems) {
        if let Some(token) = token {
            tokens.entry(host).or_insert(token);
        }
    }
    let helpers = part.helpers.into_values().collect();
    let mut seen: Vec<&Placed<OciCredentials>> = Vec::new();
    for block in &part.oci_credentials {
        let prefix = &block.value.prefix;
        match seen
            .iter()
            .find(|first| first.value.prefix.as_str() == prefix.as_str())
        {
            Some(first) => problems.push(block.place.problem(
                "Duplicate oci_credentials block",
                format!(
                    "there is one for {:?} at {}",
                    prefix.as_str(),
                    first.place.range()
                ),
            )),
            None => seen.push(block),
        }
    }
    CliConfig {
        plugin_cache_dir: part.plugin_cache_dir.map(|(dir, _)| dir),
        plugin_cache_may_break_lock_file: part.may_break_lock_file,
        hosts,
        tokens,
        credentials_helper: only("credentials_helper", helpers, problems),
        registry_protocols: part.protocols.complete(),
        provider_installation: only("provider_installation", part.installations, problems),
        oci_default_credentials: only("oci_default_credentials", part.oci_defaults, problems)
            .unwrap_or_default(),
        oci_credentials: part.oci_credentials.into_iter().map(|b| b.value).collect(),
    }
}

/// The blocks whose labels are hosts.
fn by_host<T>(
    block: &str,
    found: BTreeMap<String, Placed<T>>,
    problems: &mut Vec<SourceProblem>,
) -> BTreeMap<Hostname, T> {
    let mut hosts = BTreeMap::new();
    for (label, placed) in found {
        match label.parse::<Hostname>() {
            Ok(host) => {
                hosts.insert(host, placed.value);
            }
            Err(error) => {
                let detail = format!("the label of a {block} block: {error}");
                problems.push(placed.place.problem(SUMMARY, detail));
            }
        }
    }
    hosts
}

/// The only block of its kind.
fn only<T>(block: &str, found: Vec<Placed<T>>, problems: &mut Vec<SourceProblem>) -> Option<T> {
    let mut first: Option<(T, Place)> = None;
    for Placed { value, place } in found {
        match &first {
            None => first = Some((value, place)),
            Some((_, before)) => problems.push(place.problem(
                SUMMARY,
                format!(
                    "only one {block} block can be there, and there is one at {}",
                    before.range()
                ),
            )),
        }
    }
    first.map(|(value, _)| value)
}
