use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tofu_oci_gateway::TlsName;

const EXAMPLES: &str = "\
Examples:
  tofu-oci serve --data ./registry
  tofu-oci serve --data ./registry --listen 192.0.2.7:5000 --tls local --htpasswd users
  tofu-oci serve --data ./registry --htpasswd users --readers ci --anonymous-read";

/// Serve a directory of OCI image layouts as a registry
///
/// Everything that speaks the OCI distribution API can push and pull. On loopback everybody may do
/// everything, unless there are users; elsewhere everybody may read, and only users write. Tags of
/// versions do not move and do not go. The first interrupt finishes running requests and ends.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ServeArgs {
    /// The directory; it is created when it is missing
    #[arg(
        long,
        value_name = "DIR",
        env = "TOFU_OCI_DATA",
        hide_env_values = true
    )]
    pub(crate) data: PathBuf,
    /// Where to listen; port 0 picks a free one
    #[arg(
        long,
        value_name = "ADDR:PORT",
        default_value = "127.0.0.1:5000",
        value_parser = listen,
        env = "TOFU_OCI_LISTEN",
        hide_env_values = true
    )]
    pub(crate) listen: SocketAddr,
    /// Serve by TLS with this certificate, followed by those of its issuers, as PEM
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls_key",
        conflicts_with = "tls"
    )]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The key of the certificate, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Serve by TLS with certificates of an authority that is kept in the directory
    #[arg(long, value_name = "AUTHORITY")]
    pub(crate) tls: Option<TlsArg>,
    /// A name or address that the authority vouches for, beside those of loopback (repeatable)
    #[arg(long, value_name = "NAME", requires = "tls")]
    pub(crate) tls_name: Vec<TlsName>,
    /// The users, with bcrypt hashes of their passwords, as `htpasswd -B` writes them
    #[arg(long, value_name = "FILE")]
    pub(crate) htpasswd: Option<PathBuf>,
    /// A user who may only read (repeatable)
    #[arg(long, value_name = "NAME", requires = "htpasswd")]
    pub(crate) readers: Vec<String>,
    /// Let everybody read
    #[arg(long)]
    pub(crate) anonymous_read: bool,
    /// Let everybody read and write
    #[arg(long)]
    pub(crate) anonymous_write: bool,
    /// Let tags of versions move and go, like others
    #[arg(long)]
    pub(crate) mutable_tags: bool,
    /// Whether what was acknowledged survives power loss
    #[arg(long, value_name = "WHEN", default_value = "on")]
    pub(crate) sync: SyncArg,
}

/// Who makes certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TlsArg {
    /// An authority of this directory's own: clients trust DIR/tls/ca.pem
    Local,
}

/// Whether files are forced to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SyncArg {
    /// It does
    On,
    /// It may not; faster
    Off,
}

/// An address with a port; `localhost` is understood.
fn listen(text: &str) -> Result<SocketAddr, String> {
    let text = match text.strip_prefix("localhost:") {
        Some(port) => &format!("127.0.0.1:{port}"),
        None => text,
    };
    text.parse()
        .map_err(|_| "the form is ADDR:PORT, such as 127.0.0.1:5000 or [::1]:0".to_owned())
}
