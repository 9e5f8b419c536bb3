use std::path::PathBuf;

use clap::Args;

const EXAMPLES: &str = "\
Examples:
  tofu-oci man | man -l -
  tofu-oci man -o ~/.local/share/man/man1";

/// Print the manual page, or write one for each command
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ManArgs {
    /// Write the pages of all commands into DIR, which is made
    #[arg(long, short, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
}
