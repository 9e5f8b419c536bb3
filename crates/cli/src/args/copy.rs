use clap::Args;
use tofu_oci::types::oci::Address;

use super::address::address;

const EXAMPLES: &str = "\
Examples:
  tofu-oci copy oci.example.net/staging/demo:1.2.3 oci.example.net/acme/demo
  tofu-oci copy dir:./staging//acme/demo:1.2.3 dir:./registry//acme/demo
  tofu-oci copy dir:./registry//acme/demo oci.example.net/acme/demo --all-tags --dry-run";

/// Copy a version, or everything, from one repository to another
///
/// With what refers to it: checksums files, signatures, SBOMs. Digests are kept. Within one registry
/// or directory blobs are mounted instead of sent. Versions that are there with other content are
/// refused; other tags move.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CopyArgs {
    /// The repository to copy from, with a tag or a digest
    #[arg(value_name = "SRC", value_parser = address)]
    pub(crate) source: Address,
    /// The repository to copy to, perhaps with another tag
    #[arg(value_name = "DST", value_parser = address)]
    pub(crate) destination: Address,
    /// Copy everything that has a tag
    #[arg(long)]
    pub(crate) all_tags: bool,
    /// Leave out what refers to it
    #[arg(long)]
    pub(crate) no_referrers: bool,
    /// Replace versions that are there with other content
    #[arg(long)]
    pub(crate) force: bool,
    /// Print what would be copied, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}
