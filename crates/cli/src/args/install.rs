use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, ValueEnum};
use tofu_oci::types::tofu::{Platform, RepositoryTemplate};

use super::address::template;
use super::{ModuleFrom, SignatureArgs};

const EXAMPLES: &str = "\
Examples:
  tofu-oci install --from 'oci.example.net/{namespace}/{type}'
  tofu-oci install ./infra --from 'dir:/srv/oci//{namespace}/{type}' --module-from oci.example.com=dir:/srv/oci
  tofu-oci install --from 'oci.example.net/{namespace}/{type}' --require-signature --trusted-key acme.asc";

/// Install the modules and providers of a configuration, as `init` does
///
/// Writes `.terraform/modules`, `.terraform/providers` and the lock file. Afterwards `plan`,
/// `validate` and `init -plugin-dir=.terraform/providers` work without a network, in `tofu` and in
/// `terraform`.
///
/// Signatures are looked at where `--require-signature` or `--trusted-key` asks for that: of every
/// provider package, also of those that are installed or in the cache. Modules are not signed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct InstallArgs {
    /// The directory of the root module
    #[arg(default_value = ".", hide_default_value = true)]
    pub(crate) dir: PathBuf,
    /// Where providers are: an address with {hostname}, {namespace} and {type} [default: where the
    /// CLI configuration has oci_mirror blocks]
    #[arg(
        long,
        value_name = "TEMPLATE",
        env = "TOFU_OCI_FROM",
        hide_env_values = true,
        value_parser = template
    )]
    pub(crate) from: Option<RepositoryTemplate>,
    /// Where modules with oci:// sources of HOST are (repeatable)
    #[arg(
        long,
        value_name = "HOST=dir:PATH",
        env = "TOFU_OCI_MODULE_FROM",
        hide_env_values = true,
        value_delimiter = ','
    )]
    pub(crate) module_from: Vec<ModuleFrom>,
    /// Fail where a lock file would have to change
    #[arg(
        long,
        env = "TOFU_OCI_LOCKED",
        hide_env_values = true,
        value_parser = FalseyValueParser::new()
    )]
    pub(crate) locked: bool,
    /// Lock modules too, in .terraform.modules.lock.json; once it is there, every install uses it
    #[arg(
        long,
        env = "TOFU_OCI_MODULE_LOCK",
        hide_env_values = true,
        value_parser = FalseyValueParser::new()
    )]
    pub(crate) module_lock: bool,
    /// Take the newest versions allowed and what tags stand for now, whatever is locked or installed
    #[arg(long)]
    pub(crate) upgrade: bool,
    /// Ask no registry: install from the package cache and from directories
    #[arg(
        long,
        env = "TOFU_OCI_OFFLINE",
        hide_env_values = true,
        value_parser = FalseyValueParser::new()
    )]
    pub(crate) offline: bool,
    /// Whose signatures count.
    #[command(flatten)]
    pub(crate) signatures: SignatureArgs,
    /// How files get from the package cache into the working directory
    #[arg(
        long,
        value_name = "MODE",
        default_value = "auto",
        env = "TOFU_OCI_LINK_MODE",
        hide_env_values = true
    )]
    pub(crate) link_mode: LinkModeArg,
    /// Install for this platform (repeatable) [default: this machine's]
    #[arg(
        long,
        value_name = "P",
        env = "TOFU_OCI_PLATFORM",
        hide_env_values = true,
        value_delimiter = ','
    )]
    pub(crate) platform: Vec<Platform>,
    /// Whose rules apply: default registry, which files are read, header of a new lock file
    #[arg(
        long,
        value_name = "CLIENT",
        default_value = "tofu",
        env = "TOFU_OCI_ORIGIN",
        hide_env_values = true
    )]
    pub(crate) origin: OriginArg,
    /// Print what would be installed, and install nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// How files get from the package cache into the working directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LinkModeArg {
    /// Cloned where the file system can, else hard links where the cache is yours alone, else copies
    Auto,
    /// They share their bytes until one is written to
    Clone,
    /// They are the cache's own files: who writes to them writes to the cache
    Hardlink,
    /// They have bytes of their own
    Copy,
}

/// Whose rules apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OriginArg {
    /// OpenTofu's
    Tofu,
    /// Terraform's
    Terraform,
}
