use std::path::PathBuf;

use clap::Args;
use tofu_oci::types::tofu::{Platform, RepositoryTemplate};

use super::SignatureArgs;
use super::address::template;

const EXAMPLES: &str = "\
Examples:
  tofu-oci verify oci.example.net/acme/demo:1.2.3 --trusted-key acme.asc --require-signature
  tofu-oci verify ./infra
  tofu-oci verify --lock-file ./infra/.terraform.lock.hcl --from 'oci.example.net/{namespace}/{type}'";

/// Say what is proven about packages, and by whom
///
/// Of a release in a repository: that its manifests have their digests, that its checksums files
/// name every package with its digest, and whose signatures over them count. Of a directory: that
/// every installed package is the one that the lock file has recorded, and every installed module
/// the one in the module lock file, where there is one. Of a lock file: that the
/// packages where they would come from are those that are locked, and what signatures prove.
///
/// A key that lies in the repository proves that list and signature belong together, and nothing
/// about who made them: the level is then self-asserted. Nothing proves that a version is the
/// newest. The exit status is 3 when something was checked and is not as it should be.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct VerifyArgs {
    /// A repository with a tag or a digest, or the directory of a root module [default: the current
    /// directory]; what is a directory and has neither `dir:`, a tag nor a digest is taken for one
    #[arg(value_name = "REF|DIR", conflicts_with = "lock_file")]
    pub(crate) subject: Option<String>,
    /// Verify what FILE names [default: .terraform.lock.hcl]
    #[arg(
        long,
        value_name = "FILE",
        num_args = 0..=1,
        default_missing_value = ".terraform.lock.hcl"
    )]
    pub(crate) lock_file: Option<PathBuf>,
    /// With `--lock-file`, where providers are [default: where the CLI configuration has oci_mirror
    /// blocks]
    #[arg(
        long,
        value_name = "TEMPLATE",
        env = "TOFU_OCI_FROM",
        hide_env_values = true,
        value_parser = template
    )]
    pub(crate) from: Option<RepositoryTemplate>,
    /// Only packages for this platform, which have to be there (repeatable) [default: all]
    #[arg(long, value_name = "P", value_delimiter = ',')]
    pub(crate) platform: Vec<Platform>,
    /// Read the packages in the repository, too, and check them as `install` does: digest, zip, executable, `h1:` hash.
    /// One after the other lies in the directory for temporary files where it comes over a network
    #[arg(long)]
    pub(crate) content: bool,
    /// Whose signatures count.
    #[command(flatten)]
    pub(crate) signatures: SignatureArgs,
}
