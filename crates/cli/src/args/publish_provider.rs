use std::path::PathBuf;

use clap::Args;
use tofu_oci::publish::SigningKey;
use tofu_oci::types::oci::Address;
use tofu_oci::types::tofu::{Platform, ProviderAddr, Version};

use super::address::address;
use super::{PublishShared, ReleaseProfile};

const EXAMPLES: &str = "\
Examples:
  tofu-oci publish provider ./dist oci.example.net/acme/demo --profile auto
  tofu-oci publish provider ./dist oci.example.net/acme/demo --sign-with 0123456789ABCDEF
  tofu-oci publish provider demo_linux.zip demo_darwin.zip dir:./registry//acme/demo:1.2.3";

/// Publish a release of a provider
///
/// Packages are zips, a directory of them such as the `dist` of goreleaser, or what `providers
/// mirror` made. A checksums file, its signatures, the registry manifest and SBOMs that lie beside
/// them are published with them, and so are the public keys (`*.asc`) that made the signatures. Each package is checked; the version's tag is written last, and
/// never moved to other content.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PublishProviderArgs {
    /// Zips and directories with zips
    #[arg(value_name = "PATH", required = true, num_args = 1..)]
    pub(crate) paths: Vec<PathBuf>,
    /// The repository, perhaps with the version as its tag
    #[arg(value_name = "REF", required = true, value_parser = address)]
    pub(crate) reference: Address,
    /// The source address to be recorded: HOST/NAMESPACE/TYPE
    #[arg(long, value_name = "HOST/NAMESPACE/TYPE", value_parser = ProviderAddr::parse)]
    pub(crate) source: Option<ProviderAddr>,
    /// The version, where the file names do not tell
    #[arg(long, value_name = "V", value_parser = Version::canonical)]
    pub(crate) version: Option<Version>,
    /// Publish only the packages of this platform (repeatable) [default: all]
    #[arg(long, value_name = "P", value_delimiter = ',')]
    pub(crate) platform: Vec<Platform>,
    /// Publish this file of public keys beside the checksums file (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Vec<PathBuf>,
    /// Sign the checksums file with this key of `gpg`: its id or fingerprint, or those of the subkey
    ///
    /// Where there is no checksums file, one is made. The signature and the public key are published
    /// with it, and no file is written. A release that is published again keeps its signature.
    #[arg(long, value_name = "KEYID", conflicts_with = "plain")]
    pub(crate) sign_with: Option<SigningKey>,
    /// Where the files beside the packages go
    #[arg(
        long,
        value_enum,
        value_name = "NAME",
        default_value_t,
        conflicts_with = "plain"
    )]
    pub(crate) profile: ReleaseProfile,
    #[command(flatten)]
    pub(crate) shared: PublishShared,
}
