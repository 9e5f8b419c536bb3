use std::path::PathBuf;

use clap::Args;
use tofu_oci::types::ParseError;
use tofu_oci::types::oci::Address;
use tofu_oci::types::tofu::{Hostname, ModuleAddr, Version};

use super::address::address;
use super::{ModuleProfile, PublishShared};

const EXAMPLES: &str = "\
Examples:
  tofu-oci publish module ./label oci.example.net/modules/label:1.2.0
  tofu-oci publish module ./label dir:./registry//modules/label --version 1.2.0 --no-latest
  tofu-oci publish module ./label-1.2.0.zip dir:./registry//modules/label:1.2.0 --dry-run";

/// Publish a module package
///
/// A directory is packed so that the same files give the same bytes; `.terraformignore` is
/// honoured. Prints the `source` that calls exactly this package.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PublishModuleArgs {
    /// A directory, or a zip
    pub(crate) path: PathBuf,
    /// The repository, perhaps with the version as its tag
    #[arg(value_name = "REF", value_parser = address)]
    pub(crate) reference: Address,
    /// The version, where the tag does not tell
    #[arg(long, value_name = "V", value_parser = Version::canonical)]
    pub(crate) version: Option<Version>,
    /// The registry address to be recorded: HOST/NAMESPACE/NAME/SYSTEM
    #[arg(long, value_name = "HOST/NAMESPACE/NAME/SYSTEM", value_parser = module_addr)]
    pub(crate) source: Option<ModuleAddr>,
    /// Do not move the tag `latest`
    #[arg(long)]
    pub(crate) no_latest: bool,
    /// How much goes with the package
    #[arg(
        long,
        value_enum,
        value_name = "NAME",
        default_value_t,
        conflicts_with = "plain"
    )]
    pub(crate) profile: ModuleProfile,
    #[command(flatten)]
    pub(crate) shared: PublishShared,
}

/// An address without a host is one of OpenTofu's registry.
fn module_addr(text: &str) -> Result<ModuleAddr, ParseError> {
    ModuleAddr::parse_on(text, &Hostname::opentofu())
}
