//! The `tofu-oci` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    tofu_oci_cli::run(std::env::args_os())
}
