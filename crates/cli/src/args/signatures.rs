use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args};

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
    /// Whether one of these flags is on the command line. What is only in the environment is meant for commands that
    /// can heed it.
    #[arg(skip)]
    pub(crate) written: bool,
}

impl SignatureArgs {
    /// Notes where the values of a command are from.
    pub(super) fn note_sources(&mut self, matches: &ArgMatches) {
        self.written = ["require_signature", "trusted_key"]
            .iter()
            .any(|id| matches.value_source(id) == Some(ValueSource::CommandLine));
    }
}
