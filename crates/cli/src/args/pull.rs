use std::path::PathBuf;

use clap::Args;
use tofu_oci::types::oci::Address;
use tofu_oci::types::tofu::Platform;

use super::SignatureArgs;
use super::address::address;

const EXAMPLES: &str = "\
Examples:
  tofu-oci pull oci.example.net/acme/demo:1.2.3 -o ./dist --trusted-key acme.asc --require-signature
  tofu-oci pull dir:./registry//acme/demo:1.2.3 -o ./dist --platform linux_amd64
  tofu-oci pull dir:./registry//modules/label:1.2.0 -o ./label";

/// Write a release or module back as the files it was published from
///
/// Everything is checked before the first file is written: checksums files name every package with
/// its digest, and where there are signatures, one of them counts.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PullArgs {
    /// The repository, with a tag or a digest
    #[arg(value_name = "REF", value_parser = address)]
    pub(crate) reference: Address,
    /// Where the files go; the directory is made
    #[arg(long, short, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// Only the packages of this platform (repeatable) [default: all]
    #[arg(long, value_name = "P", value_delimiter = ',')]
    pub(crate) platform: Vec<Platform>,
    /// Replace files that are there and differ
    #[arg(long)]
    pub(crate) force: bool,
    /// Whose signatures count.
    #[command(flatten)]
    pub(crate) signatures: SignatureArgs,
}
