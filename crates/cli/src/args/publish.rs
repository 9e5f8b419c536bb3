use clap::{Args, Subcommand, ValueEnum};
use tofu_oci::types::artifact::Timestamp;

use super::{PublishModuleArgs, PublishProviderArgs};

const EXAMPLES: &str = "\
Examples:
  tofu-oci publish provider ./dist oci.example.net/acme/demo
  tofu-oci publish module ./label dir:./registry//modules/label:1.2.0";

/// Publish a provider or a module
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub(crate) struct PublishArgs {
    /// What is published.
    #[command(subcommand)]
    pub(crate) command: PublishCommand,
}

/// What is published.
#[derive(Debug, Subcommand)]
pub(crate) enum PublishCommand {
    Provider(PublishProviderArgs),
    Module(PublishModuleArgs),
}

/// Where the files beside the packages of a release go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReleaseProfile {
    /// Beside the packages, as manifests that refer to them
    #[default]
    Referrers,
    /// Into the manifests of the packages, for registries that refuse or lose referrers
    Embedded,
    /// Nowhere: they are left out, with all annotations that clients do not need
    Plain,
    /// Beside the packages where the registry keeps them there, else into the manifests of the packages
    Auto,
}

/// How much goes with the package of a module.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModuleProfile {
    /// Annotations that say version and registry address
    #[default]
    Referrers,
    /// Nothing that clients do not need
    Plain,
    /// As `referrers`: a module has nothing that a registry could refuse
    Auto,
}

/// What both take.
#[derive(Debug, Args)]
pub(crate) struct PublishShared {
    /// Replace a version that was published with other content
    #[arg(long)]
    pub(crate) force: bool,
    /// When it was made: RFC 3339, or seconds since 1970
    #[arg(
        long,
        value_name = "TIME",
        env = "SOURCE_DATE_EPOCH",
        hide_env_values = true
    )]
    pub(crate) created: Option<Timestamp>,
    /// Add an annotation (repeatable)
    #[arg(long, value_name = "K=V")]
    pub(crate) annotation: Vec<String>,
    /// Leave out everything that clients do not need, as `--profile plain`
    #[arg(long)]
    pub(crate) plain: bool,
    /// Check everything and print what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}
