use std::time::Duration;

use clap::{Args, Subcommand};

use super::age::age;
use super::byte_size::byte_size;

const EXAMPLES: &str = "\
Examples:
  tofu-oci cache list
  tofu-oci cache verify
  tofu-oci cache prune --older-than 30d --max-size 10GB";

const LIST_EXAMPLES: &str = "\
Examples:
  tofu-oci cache list
  tofu-oci cache list --json | jq -r '.packages[] | select(.in_use | not) | .digest'";

const VERIFY_EXAMPLES: &str = "\
Examples:
  tofu-oci cache verify
  tofu-oci cache verify --cache-dir /mnt/ci/tofu-oci --json";

const DIR_EXAMPLES: &str = "\
Examples:
  tofu-oci cache dir
  tofu-oci cache dir --json";

const PRUNE_EXAMPLES: &str = "\
Examples:
  tofu-oci cache prune --older-than 30d --dry-run
  tofu-oci cache prune --max-size 10GB
  tofu-oci cache prune --unused";

/// Look at the package cache that all working directories share, and make room in it
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub(crate) struct CacheArgs {
    /// What is done.
    #[command(subcommand)]
    pub(crate) command: CacheCommand,
}

/// What is done with the cache.
#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// Print where the cache is
    #[command(after_help = DIR_EXAMPLES)]
    Dir,
    /// List the packages in the cache
    ///
    /// A cache that is not there yet has none: the command says so, and ends with status 0.
    #[command(after_help = LIST_EXAMPLES)]
    List,
    /// Hash every package in the cache, and put aside what is damaged
    ///
    /// A package that is not what it was goes to the folder `quarantine` of the cache, and the command ends with
    /// status 3. The next install fetches it again. A cache that can only be read is verified as well; what is damaged
    /// stays in its place then, and no install uses it. A cache that is not there is an error.
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify,
    Prune(CachePruneArgs),
}

/// Remove packages from the cache, and what stopped programs left there
///
/// Installs may go on meanwhile, and what is installed stays: its files are its own, or have another name.
#[derive(Debug, Args)]
#[command(after_help = PRUNE_EXAMPLES)]
pub(crate) struct CachePruneArgs {
    /// Remove packages that were not used for so long, such as 30d
    #[arg(long, value_name = "AGE", value_parser = age)]
    pub(crate) older_than: Option<Duration>,
    /// Remove what is in the quarantine, then what was used least recently, until everything is no larger, such as 10GB
    #[arg(long, value_name = "SIZE", value_parser = byte_size)]
    pub(crate) max_size: Option<u64>,
    /// Remove packages that no working directory has hard links to
    #[arg(long)]
    pub(crate) unused: bool,
    /// Remove everything, and empty the quarantine
    #[arg(long, conflicts_with_all = ["older_than", "max_size", "unused"])]
    pub(crate) all: bool,
    /// Print what would be removed, and remove nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}
