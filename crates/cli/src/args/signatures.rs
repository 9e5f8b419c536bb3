use std::path::PathBuf;

use clap::Args;
use clap::builder::FalseyValueParser;

/// Whose signatures count, and whether there has to be one.
#[derive(Debug, Clone, Args)]
pub(crate) struct SignatureArgs {
    /// Refuse packages without a signed checksums file by a `--trusted-key`; a key that lies beside the packages
    /// does not count, so that without any `--trusted-key` every package is refused
    #[arg(
        long,
        env = "TOFU_OCI_REQUIRE_SIGNATURE",
        hide_env_values = true,
        value_parser = FalseyValueParser::new()
    )]
    pub(crate) require_signature: bool,
    /// Believe the public keys in FILE (repeatable); signatures by others are warned about
    #[arg(
        long,
        value_name = "FILE",
        env = "TOFU_OCI_TRUSTED_KEY",
        hide_env_values = true,
        value_delimiter = ','
    )]
    pub(crate) trusted_key: Vec<PathBuf>,
}
