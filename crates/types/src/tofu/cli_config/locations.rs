//! Where configurations are.

use std::path::{Path, PathBuf};

use super::{CliEnvironment, System};
use crate::tofu::config::Dialect;

/// The files that make up a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigLocations {
    /// One file that somebody named; no directory is looked at. It is an error if it is not there.
    Named(PathBuf),
    /// The usual places.
    Usual {
        /// The main file, which need not be there.
        file: Option<PathBuf>,
        /// A directory of further files ([`is_directory_entry`]), which need not be there.
        directory: Option<PathBuf>,
    },
}

impl ConfigLocations {
    /// Where `client` looks; `exists` says whether something is at a path.
    ///
    /// `TF_CLI_CONFIG_FILE`, else `TERRAFORM_CONFIG`, names a file for both clients. Terraform's
    /// usual places are the older half of OpenTofu's: `.terraformrc` and `.terraform.d` in the home
    /// directory (`terraform.rc` and `terraform.d` on Windows), without regard to `XDG_CONFIG_HOME`.
    pub fn find(
        client: Dialect,
        environment: &CliEnvironment,
        exists: &dyn Fn(&Path) -> bool,
    ) -> Self {
        let variables = &environment.variables;
        let named = ["TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG"];
        if let Some(file) = named.iter().find_map(|name| variables.non_empty(name)) {
            return Self::Named(PathBuf::from(file));
        }
        let xdg = match (client, environment.system) {
            (Dialect::Tofu, System::Unix) => xdg(environment, "XDG_CONFIG_HOME"),
            _ => None,
        };
        let Some(base) = base(environment) else {
            return Self::Usual {
                file: xdg.as_ref().map(|dir| dir.join("tofurc")),
                directory: xdg,
            };
        };
        let (new, old, directory) = match environment.system {
            System::Unix => (".tofurc", ".terraformrc", ".terraform.d"),
            System::Windows => ("tofu.rc", "terraform.rc", "terraform.d"),
        };
        let (new, old, directory) = (base.join(new), base.join(old), base.join(directory));
        let file = match (client, &xdg) {
            (Dialect::Terraform, _) => old,
            (Dialect::Tofu, _) if exists(&new) => new,
            (Dialect::Tofu, _) if exists(&old) => old,
            (Dialect::Tofu, Some(xdg)) => xdg.join("tofurc"),
            (Dialect::Tofu, None) => new,
        };
        let directory = match xdg {
            Some(xdg) if !exists(&directory) => xdg,
            _ => directory,
        };
        Self::Usual {
            file: Some(file),
            directory: Some(directory),
        }
    }
}

/// The directories in which `client` looks for plugins (below `plugins`), in order.
pub fn data_directories(client: Dialect, environment: &CliEnvironment) -> Vec<PathBuf> {
    let name = match environment.system {
        System::Unix => ".terraform.d",
        System::Windows => "terraform.d",
    };
    let mut found: Vec<PathBuf> = base(environment)
        .map(|base| base.join(name))
        .into_iter()
        .collect();
    if (client, environment.system) == (Dialect::Tofu, System::Unix) {
        found.extend(xdg(environment, "XDG_DATA_HOME"));
    }
    found
}

/// Whether a file of the configuration directory belongs to the configuration. Files are read in
/// the order of their names' bytes.
pub fn is_directory_entry(name: &str) -> bool {
    name.ends_with(".tfrc") || name.ends_with(".tfrc.json")
}

fn base(environment: &CliEnvironment) -> Option<&Path> {
    match environment.system {
        System::Unix => environment.home.as_deref(),
        System::Windows => environment.app_data.as_deref(),
    }
}

fn xdg(environment: &CliEnvironment, name: &str) -> Option<PathBuf> {
    let dir = environment.variables.non_empty(name)?;
    Some(Path::new(dir).join("opentofu"))
}
