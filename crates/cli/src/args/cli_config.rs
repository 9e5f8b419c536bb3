use clap::Args;
use tofu_oci::types::ParseError;
use tofu_oci::types::tofu::cli_config::ProviderPattern;
use tofu_oci::types::tofu::{Hostname, RepositoryTemplate};

use super::OriginArg;
use super::address::template;

const EXAMPLES: &str = "\
Examples:
  tofu-oci cli-config 'oci.example.com/tofu/{namespace}/{type}' > ~/.tofurc
  tofu-oci cli-config 'oci.example.com/{hostname}/{namespace}/{type}' --include 'example.com/*/*'
  tofu-oci cli-config 'oci.example.com/{type}' --include 'hashicorp/*' --json > mirror.tfrc.json";

/// Print the CLI configuration that lets OpenTofu install providers from a registry
///
/// Write it to ~/.tofurc, or to a file that TF_CLI_CONFIG_FILE names. The providers of the mirror
/// are excluded from their own registries, because OpenTofu does not go on to another method where
/// a mirror lacks a version. With `--json` it is a CLI configuration in JSON.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CliConfigArgs {
    /// Where providers are: an address in a registry with {hostname}, {namespace} and {type}
    #[arg(value_name = "TEMPLATE", value_parser = template)]
    pub(crate) template: RepositoryTemplate,
    /// Install providers from there that match [HOST/]NAMESPACE/TYPE, with * for any (repeatable)
    /// [default: all, or those of registry.opentofu.org where the template has no {hostname}]
    #[arg(long, value_name = "PATTERN", value_delimiter = ',', value_parser = pattern)]
    pub(crate) include: Vec<ProviderPattern>,
    /// Let the program docker-credential-NAME say what the registry is told
    ///
    /// Without it, OpenTofu finds what `docker login` and `podman login` have stored.
    #[arg(long, value_name = "NAME", value_parser = helper)]
    pub(crate) credentials_helper: Option<String>,
    /// The client that is to read it; Terraform cannot install from OCI registries
    #[arg(
        long,
        value_name = "CLIENT",
        default_value = "tofu",
        env = "TOFU_OCI_ORIGIN",
        hide_env_values = true
    )]
    pub(crate) origin: OriginArg,
}

/// The value parser of patterns, which are those of OpenTofu.
fn pattern(text: &str) -> Result<ProviderPattern, ParseError> {
    ProviderPattern::parse_on(text, &Hostname::opentofu())
}

/// The value parser of helpers.
fn helper(text: &str) -> Result<String, &'static str> {
    if text.is_empty() || text.contains(['/', '\\']) {
        return Err("it is a part of a program's name, without slashes");
    }
    Ok(text.to_owned())
}
