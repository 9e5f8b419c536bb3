//! The command line. One file for each command; everything here is declaration.

mod address;
mod age;
mod byte_size;
mod cache;
mod cli_config;
mod completions;
mod copy;
mod delete;
mod fsck;
mod gc;
mod global;
mod install;
mod list;
mod login;
mod logout;
mod man;
mod module_from;
mod publish;
mod publish_module;
mod publish_provider;
mod pull;
mod requirements;
mod serve;
mod show;
mod signatures;
mod verify;

use std::ffi::OsString;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

pub(crate) use address::AddressError;
pub(crate) use cache::{CacheArgs, CacheCommand, CachePruneArgs};
pub(crate) use cli_config::CliConfigArgs;
pub(crate) use completions::CompletionsArgs;
pub(crate) use copy::CopyArgs;
pub(crate) use delete::DeleteArgs;
pub(crate) use fsck::FsckArgs;
pub(crate) use gc::GcArgs;
pub(crate) use global::{ColorWhen, GlobalArgs};
pub(crate) use install::{InstallArgs, LinkModeArg, OriginArg};
pub(crate) use list::ListArgs;
pub(crate) use login::LoginArgs;
pub(crate) use logout::LogoutArgs;
pub(crate) use man::ManArgs;
pub(crate) use module_from::ModuleFrom;
pub(crate) use publish::{
    ModuleProfile, PublishArgs, PublishCommand, PublishShared, ReleaseProfile,
};
pub(crate) use publish_module::PublishModuleArgs;
pub(crate) use publish_provider::PublishProviderArgs;
pub(crate) use pull::PullArgs;
pub(crate) use requirements::RequirementsArgs;
pub(crate) use serve::{ServeArgs, SyncArg, TlsArg};
pub(crate) use show::ShowArgs;
pub(crate) use signatures::SignatureArgs;
pub(crate) use verify::VerifyArgs;

const EXAMPLES: &str = "\
Examples:
  tofu-oci publish provider ./dist oci.example.net/acme/demo
  tofu-oci publish module ./label dir:./registry//modules/label:1.2.0
  tofu-oci install --from 'oci.example.net/{namespace}/{type}'";

const LONG_ABOUT: &str = "\
Makes OCI repositories the home of OpenTofu and Terraform providers and modules.

Repositories are named
  HOST[:PORT]/NAME[:TAG][@DIGEST] in a registry
  dir:PATH//NAME[:TAG][@DIGEST]   in a directory of OCI image layouts
  dir:PATH[:TAG][@DIGEST]         a directory that is itself one layout";

/// The home of OpenTofu and Terraform providers and modules in OCI repositories
#[derive(Debug, Parser)]
#[command(
    name = "tofu-oci",
    version,
    long_about = LONG_ABOUT,
    after_help = EXAMPLES,
    max_term_width = 100,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    /// The command.
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// Reads a command line, the first word of which is the program, and the environment.
    ///
    /// # Errors
    ///
    /// What the parser has to say, which may be help that was asked for.
    pub(crate) fn read(args: &[OsString]) -> Result<Self, clap::Error> {
        let matches = Self::command().try_get_matches_from(args)?;
        let mut cli =
            Self::from_arg_matches(&matches).map_err(|error| error.format(&mut Self::command()))?;
        if let (Command::Verify(args), Some((_, matches))) =
            (&mut cli.command, matches.subcommand())
        {
            args.signatures.note_sources(matches);
        }
        Ok(cli)
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "made once")]
pub(crate) enum Command {
    Publish(Box<PublishArgs>),
    Install(InstallArgs),
    List(ListArgs),
    Show(ShowArgs),
    Pull(PullArgs),
    Verify(VerifyArgs),
    Copy(CopyArgs),
    Delete(DeleteArgs),
    Requirements(RequirementsArgs),
    Login(LoginArgs),
    Logout(LogoutArgs),
    Serve(ServeArgs),
    Gc(GcArgs),
    Fsck(FsckArgs),
    Cache(CacheArgs),
    CliConfig(CliConfigArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}
