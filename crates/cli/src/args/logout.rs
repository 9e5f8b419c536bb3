use std::path::PathBuf;

use clap::Args;

const EXAMPLES: &str = "\
Examples:
  tofu-oci logout oci.example.com
  tofu-oci logout oci.example.com --authfile ./auth.json";

/// Remove the credentials of a registry
///
/// From every file in which they are looked for, and from the credential helpers that these files
/// name. Credentials for a part of the registry only, HOST/NAME, stay and are named.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct LogoutArgs {
    /// The registry: HOST[:PORT]
    #[arg(value_name = "HOST")]
    pub(crate) registry: String,
    /// Look into FILE only [default: REGISTRY_AUTH_FILE, else every file that is read]
    #[arg(long, value_name = "FILE")]
    pub(crate) authfile: Option<PathBuf>,
}
