use clap::Args;
use tofu_oci::types::oci::Address;

use super::address::address;

const EXAMPLES: &str = "\
Examples:
  tofu-oci delete oci.example.net/acme/demo:nightly
  tofu-oci delete dir:./registry//acme/demo:nightly --dry-run
  tofu-oci delete dir:./registry//acme/demo:1.2.3 --yes";

/// Delete a tag, or a manifest with all its tags
///
/// A tag leaves its manifest, which stays under its digest; a digest takes the manifest with it.
/// What it lists and what refers to it stays and is told. Content goes when the repository is
/// swept: in a directory with `tofu-oci gc`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DeleteArgs {
    /// The repository, with a tag or a digest
    #[arg(value_name = "REF", value_parser = address)]
    pub(crate) reference: Address,
    /// Delete published versions too; whoever has locked one cannot install it any more
    #[arg(long)]
    pub(crate) yes: bool,
    /// Print what would be deleted, and delete nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}
