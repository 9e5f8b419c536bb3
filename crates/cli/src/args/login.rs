use std::path::PathBuf;

use clap::Args;

const EXAMPLES: &str = "\
Examples:
  tofu-oci login oci.example.com
  tofu-oci login oci.example.com --username ci --password-stdin < token.txt
  tofu-oci login example.azurecr.io --identity-token-stdin < token.txt";

/// Log in to a registry
///
/// The credential is tried, and then kept where `docker` and `podman` find it: in the file that has
/// one for the registry already, else in `config.json` of Docker. Where that file names a
/// credential helper, the helper keeps it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct LoginArgs {
    /// The registry: HOST[:PORT]
    #[arg(value_name = "HOST")]
    pub(crate) registry: String,
    /// The user; asked for on a terminal
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// Read the password, or a token in its place, from standard input
    #[arg(long, requires = "username")]
    pub(crate) password_stdin: bool,
    /// Read an identity token from standard input, for registries that give such tokens
    #[arg(long, conflicts_with_all = ["username", "password_stdin"])]
    pub(crate) identity_token_stdin: bool,
    /// Keep it in FILE [default: REGISTRY_AUTH_FILE, else the file that is read first]
    #[arg(long, value_name = "FILE")]
    pub(crate) authfile: Option<PathBuf>,
}
