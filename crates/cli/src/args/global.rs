use std::num::NonZeroUsize;

use clap::{ArgAction, Args, ValueEnum};

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Every command")]
pub(crate) struct GlobalArgs {
    /// Print results and errors as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print no progress, no warnings and no summary
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Print each piece of work as it begins and ends
    #[arg(short, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// How many packages are worked on at once [default: the number of processors]
    #[arg(
        long,
        short,
        global = true,
        value_name = "N",
        env = "TOFU_OCI_JOBS",
        hide_env_values = true
    )]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// When messages are coloured
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorWhen,
}

/// When messages are coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal, unless NO_COLOR says otherwise
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
