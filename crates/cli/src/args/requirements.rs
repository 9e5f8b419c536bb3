use std::path::PathBuf;

use clap::Args;

use super::OriginArg;

const EXAMPLES: &str = "\
Examples:
  tofu-oci requirements
  tofu-oci requirements ./infra --origin terraform
  tofu-oci requirements --json ./infra | jq -r '.providers[].source'";

/// List the providers and modules that a configuration needs, and who asks for them
///
/// Only reads: nothing is installed. Modules that are called and not installed are named as such,
/// and what they would need is not known.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RequirementsArgs {
    /// The directory of the root module
    #[arg(default_value = ".", hide_default_value = true)]
    pub(crate) dir: PathBuf,
    /// Whose rules apply: default registry, and which files are read
    #[arg(
        long,
        value_name = "CLIENT",
        default_value = "tofu",
        env = "TOFU_OCI_ORIGIN",
        hide_env_values = true
    )]
    pub(crate) origin: OriginArg,
}
