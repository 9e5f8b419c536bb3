use clap::Args;
use clap_complete::Shell;

const EXAMPLES: &str = "\
Examples:
  tofu-oci completions bash > ~/.local/share/bash-completion/completions/tofu-oci
  tofu-oci completions zsh > ~/.zfunc/_tofu-oci
  tofu-oci completions fish > ~/.config/fish/completions/tofu-oci.fish";

/// Print the completions of a shell
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: Shell,
}
