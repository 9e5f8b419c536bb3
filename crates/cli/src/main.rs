//! The `tofu-oci` command.

use std::process::ExitCode;

/// The allocator of musl is slow where threads share it.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tofu_oci_cli::run(std::env::args_os())
}
