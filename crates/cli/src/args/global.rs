use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};
use tofu_oci::types::oci::RegistryHost;

/// What every command takes.
#[derive(Debug, Clone, Args)]
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
    /// How many packages are worked on at once [default: 8, or the number of processors where there are more]
    #[arg(
        long,
        short,
        global = true,
        value_name = "N",
        env = "TOFU_OCI_JOBS",
        hide_env_values = true
    )]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Read the CLI configuration of the client from FILE, and from nowhere else
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) cli_config: Option<PathBuf>,
    /// Keep packages that all working directories share in DIR [default: tofu-oci in the user's cache directory]
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "TOFU_OCI_CACHE_DIR",
        hide_env_values = true
    )]
    pub(crate) cache_dir: Option<PathBuf>,
    /// Trust the certificates in FILE as well, in PEM form (repeatable)
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "TOFU_OCI_CA_FILE",
        hide_env_values = true,
        value_delimiter = ','
    )]
    pub(crate) ca_file: Vec<PathBuf>,
    /// Show registries the certificate in FILE, in PEM form
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "TOFU_OCI_CLIENT_CERT",
        hide_env_values = true
    )]
    pub(crate) client_cert: Option<PathBuf>,
    /// The key of `--client-cert`, where it is not in the same file
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        requires = "client_cert",
        env = "TOFU_OCI_CLIENT_KEY",
        hide_env_values = true
    )]
    pub(crate) client_key: Option<PathBuf>,
    /// Reach this registry by plain HTTP, credentials included (repeatable)
    #[arg(
        long,
        global = true,
        value_name = "HOST",
        env = "TOFU_OCI_PLAIN_HTTP",
        hide_env_values = true,
        value_delimiter = ','
    )]
    pub(crate) plain_http: Vec<RegistryHost>,
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
