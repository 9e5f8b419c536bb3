//! Calls cargo for the provider, with the `protoc` that came as a dependency.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Builds the provider in `folder` and returns its executable's content.
pub fn provider(folder: &Path) -> Result<Vec<u8>> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["build", "--locked", "--package", "terraform-provider-demo"])
        .args([
            "--message-format",
            "json-render-diagnostics",
            "--manifest-path",
        ])
        .arg(folder.join("Cargo.toml"))
        .stderr(Stdio::inherit());
    if env::var_os("PROTOC").is_none() {
        command.env("PROTOC", protoc()?);
    }
    let output = command.output().context("cannot start cargo")?;
    if !output.status.success() {
        bail!("the provider does not build ({})", output.status);
    }
    let executable = executable(&output.stdout).context("cargo named no executable")?;
    std::fs::read(&executable).with_context(|| format!("cannot read {}", executable.display()))
}

/// The executable that cargo's messages, one JSON object a line, name last.
fn executable(messages: &[u8]) -> Option<PathBuf> {
    messages
        .split(|byte| *byte == b'\n')
        .rev()
        .filter_map(|line| serde_json::from_slice::<Value>(line).ok())
        .find_map(|message| message.get("executable")?.as_str().map(PathBuf::from))
}

#[cfg(any(
    all(
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "x86")
    ),
    all(
        target_os = "macos",
        any(target_arch = "x86_64", target_arch = "aarch64")
    ),
    windows
))]
fn protoc() -> Result<PathBuf> {
    Ok(protoc::protoc_bin_path())
}

#[cfg(not(any(
    all(
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "x86")
    ),
    all(
        target_os = "macos",
        any(target_arch = "x86_64", target_arch = "aarch64")
    ),
    windows
)))]
fn protoc() -> Result<PathBuf> {
    bail!(
        "no protoc comes with this build on this machine: install one and name it in the variable PROTOC"
    )
}
