//! Builds the demo provider and leaves it in a directory the way goreleaser leaves a release of a provider.
//!
//! ```text
//! DIST/
//!   metadata.json
//!   terraform-provider-demo_1.2.3_SHA256SUMS          the zips and the manifest, sorted by name
//!   terraform-provider-demo_1.2.3_manifest.json       plugin protocol versions
//!   terraform-provider-demo_1.2.3_linux_amd64.zip     README.md, terraform-provider-demo_v1.2.3
//!   …                                                 two more platforms
//!   terraform-provider-demo_linux_amd64/terraform-provider-demo_v1.2.3
//! ```
//!
//! The package of this machine's platform holds the real provider. The other two hold a shell script that says so and
//! fails: a script is a legal executable of a provider, and cross compilers are not everywhere.
#![forbid(unsafe_code)]

mod archive;
mod build;

use std::env::consts;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::archive::{Entry, Mode};

/// The version of the provider: both packages of this workspace share it.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What every release file's name begins with.
const NAME: &str = "terraform-provider-demo";
/// Where the two stand-ins are chosen from, in this order.
const STAND_INS: [&str; 3] = ["linux_amd64", "linux_arm64", "darwin_arm64"];

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(dist), None) = (arguments.next(), arguments.next()) else {
        bail!("usage: pack DIST (a directory that is empty or does not exist yet)");
    };
    let dist = PathBuf::from(dist);
    fs::create_dir_all(&dist).with_context(|| format!("cannot create {}", dist.display()))?;
    if fs::read_dir(&dist)?.next().is_some() {
        bail!("{} is not empty", dist.display());
    }

    // pack/ lies in the folder of the provider.
    let provider = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let host = host_platform()?;
    let readme =
        fs::read(provider.join("README.md")).context("cannot read the provider's README.md")?;

    let mut files = vec![write_manifest(&dist, &provider)?];
    files.push(write_package(
        &dist,
        &host,
        &build::provider(&provider)?,
        &readme,
    )?);
    for platform in STAND_INS.into_iter().filter(|other| *other != host).take(2) {
        files.push(write_package(
            &dist,
            platform,
            &stand_in(platform),
            &readme,
        )?);
    }
    write_checksums(&dist, files)?;
    write_metadata(&dist)
}

/// This machine as `OS_ARCH`, in the names Go uses.
fn host_platform() -> Result<String> {
    let os = match consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let arch = match consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        "powerpc64" if cfg!(target_endian = "little") => "ppc64le",
        known @ ("arm" | "riscv64" | "loongarch64" | "s390x") => known,
        other => bail!("no Go name is known for the architecture {other}"),
    };
    Ok(format!("{os}_{arch}"))
}

fn stand_in(platform: &str) -> Vec<u8> {
    format!("#!/bin/sh\necho 'stand-in for {NAME} {VERSION} on {platform}: build it there' >&2\nexit 1\n").into_bytes()
}

/// Writes the executable beside its zip, as goreleaser does, and the zip; returns the zip's name.
fn write_package(dist: &Path, platform: &str, executable: &[u8], readme: &[u8]) -> Result<String> {
    let suffix = if platform.starts_with("windows_") {
        ".exe"
    } else {
        ""
    };
    let executable_name = format!("{NAME}_v{VERSION}{suffix}");
    let unpacked = dist.join(format!("{NAME}_{platform}"));
    fs::create_dir(&unpacked)?;
    archive::write_executable(&unpacked.join(&executable_name), executable)?;

    let entries = [
        Entry {
            name: "README.md",
            mode: Mode::File,
            content: readme,
        },
        Entry {
            name: &executable_name,
            mode: Mode::Executable,
            content: executable,
        },
    ];
    let name = format!("{NAME}_{VERSION}_{platform}.zip");
    archive::write_zip(&dist.join(&name), &entries)?;
    Ok(name)
}

fn write_manifest(dist: &Path, provider: &Path) -> Result<String> {
    let name = format!("{NAME}_{VERSION}_manifest.json");
    fs::copy(
        provider.join("terraform-registry-manifest.json"),
        dist.join(&name),
    )?;
    Ok(name)
}

fn write_checksums(dist: &Path, mut files: Vec<String>) -> Result<()> {
    files.sort_unstable();
    let mut list = String::new();
    for name in &files {
        for byte in Sha256::digest(fs::read(dist.join(name))?) {
            write!(list, "{byte:02x}")?;
        }
        writeln!(list, "  {name}")?;
    }
    fs::write(dist.join(format!("{NAME}_{VERSION}_SHA256SUMS")), list)?;
    Ok(())
}

fn write_metadata(dist: &Path) -> Result<()> {
    let metadata = serde_json::json!({ "project_name": NAME, "tag": format!("v{VERSION}"), "version": VERSION });
    fs::write(dist.join("metadata.json"), format!("{metadata}\n"))?;
    Ok(())
}
