use clap::Args;
use tofu_oci::types::oci::Address;

use super::address::address;

const EXAMPLES: &str = "\
Examples:
  tofu-oci list dir:./registry
  tofu-oci list oci.example.net/acme/demo
  tofu-oci list --json dir:./registry//acme/demo | jq -r '.versions[].version'";

/// List the versions and platforms in a repository, or the repositories of a directory
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ListArgs {
    /// A repository, or a directory of layouts
    #[arg(value_name = "REF", value_parser = address)]
    pub(crate) reference: Address,
}
