//! The CLI configuration of OpenTofu and Terraform: `.tofurc`, `*.tfrc`, `*.tfrc.json`.
//!
//! ```text
//! environment ─► ConfigLocations ─► (somebody reads the files) ─► CliConfigReader
//!                  file text ─ hcl1 ─► ConfigPart ─┐
//!                  environment ──────► ConfigPart ─┴─ merge ─ validate ─► CliConfig
//! ```
//!
//! Which file counts, what it may say and how several are put together is OpenTofu's behaviour.
//! What happens to mistakes is not: OpenTofu reports them, drops what they are in (often the whole
//! file) and goes on, with the origin registries if need be. Here all mistakes of all files come
//! together as [`CliConfigErrors`], and there is no configuration.
//!
//! Terraform reads the same language, other files ([`ConfigLocations::find`]), and knows neither
//! `oci_mirror` nor `oci_credentials`. Both are read for it too: it is we who install, and Terraform
//! only uses what is there.
//!
//! Values that are secret are [`Secret`]; no error and no `Debug` shows them.
//!
//! OpenTofu documentation, "CLI Configuration File".

mod arguments;
mod config;
mod credentials;
mod environment;
mod installation;
mod locations;
mod mirror_config;
mod oci_credentials;
mod part;
mod pattern;
mod registry_protocols;
mod secret;
mod services;

pub use config::{CliConfig, CliConfigErrors, CliConfigReader};
pub use credentials::CredentialsHelper;
pub use environment::{CliEnvironment, System, Variables};
pub use installation::{InstallationMethod, MethodKind, ProviderInstallation};
pub use locations::{ConfigLocations, data_directories, is_directory_entry};
pub use mirror_config::MirrorConfig;
pub use oci_credentials::{OciCredential, OciCredentials, OciDefaultCredentials, RepositoryPrefix};
pub use pattern::{ProviderPattern, ProviderSelector};
pub use registry_protocols::RegistryProtocols;
pub use secret::Secret;
pub use services::{HostServices, ServiceLocation};

#[cfg(test)]
mod tests;
