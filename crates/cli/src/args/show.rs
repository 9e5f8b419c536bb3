use clap::Args;
use tofu_oci::types::oci::Address;

use super::address::address;

const EXAMPLES: &str = "\
Examples:
  tofu-oci show oci.example.net/acme/demo:1.2.3
  tofu-oci show dir:./registry//modules/label
  tofu-oci show --json dir:./registry//acme/demo:1.2.3 | jq -r '.root.digest'";

/// Show a release or module with everything that belongs to it
///
/// Manifests, packages and their hashes, and what refers to them: checksums files, signatures,
/// SBOMs. Without a tag or digest the newest stable version is shown.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ShowArgs {
    /// The repository, with a tag or a digest
    #[arg(value_name = "REF", value_parser = address)]
    pub(crate) reference: Address,
}
