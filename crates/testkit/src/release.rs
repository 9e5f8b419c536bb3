//! The files of a provider's release.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use tofu_oci_types::oci::Digest;

use crate::{Zip, ZipEntry, executable};

/// A release of the provider type `demo`, unless told otherwise.
#[derive(Debug, Clone)]
pub struct ProviderRelease {
    kind: String,
    version: String,
    platforms: Vec<String>,
    body: String,
    shasums: bool,
    registry_manifest: bool,
}

impl ProviderRelease {
    /// A release for Linux and macOS, with a checksums file and a registry manifest.
    pub fn new(version: &str) -> Self {
        Self {
            kind: "demo".to_owned(),
            version: version.to_owned(),
            platforms: vec!["darwin_arm64".to_owned(), "linux_amd64".to_owned()],
            body: format!("demo {version}\n"),
            shasums: true,
            registry_manifest: true,
        }
    }

    /// Of another provider type.
    #[must_use]
    pub fn kind(mut self, kind: &str) -> Self {
        kind.clone_into(&mut self.kind);
        self
    }

    /// For these platforms.
    #[must_use]
    pub fn platforms(mut self, platforms: &[&str]) -> Self {
        self.platforms = platforms
            .iter()
            .map(|&platform| platform.to_owned())
            .collect();
        self
    }

    /// With executables that end so.
    #[must_use]
    pub fn body(mut self, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self
    }

    /// Packages only.
    #[must_use]
    pub fn bare(mut self) -> Self {
        self.shasums = false;
        self.registry_manifest = false;
        self
    }

    /// The file name of a package.
    pub fn filename(&self, platform: &str) -> String {
        format!(
            "terraform-provider-{}_{}_{platform}.zip",
            self.kind, self.version
        )
    }

    /// The zip of a platform.
    pub fn package(&self, platform: &str) -> Vec<u8> {
        let (os, arch) = platform.split_once('_').unwrap();
        let suffix = if os == "windows" { ".exe" } else { "" };
        let name = format!("terraform-provider-{}_v{}{suffix}", self.kind, self.version);
        Zip::new()
            .file("LICENSE", "as you like\n")
            .entry(ZipEntry::executable(name, executable(os, arch, &self.body)))
            .build()
    }

    /// Writes the files into `dir`, which is made.
    pub fn write(&self, dir: impl AsRef<Path>) {
        let dir = dir.as_ref();
        fs::create_dir_all(dir).unwrap();
        let stem = format!("terraform-provider-{}_{}", self.kind, self.version);
        let mut sums = String::new();
        let mut add = |name: &str, bytes: &[u8]| {
            fs::write(dir.join(name), bytes).unwrap();
            writeln!(sums, "{}  {name}", Digest::of(bytes).encoded()).unwrap();
        };
        for platform in &self.platforms {
            add(&self.filename(platform), &self.package(platform));
        }
        if self.registry_manifest {
            let manifest = b"{\"version\":1,\"metadata\":{\"protocol_versions\":[\"6.0\"]}}\n";
            add(&format!("{stem}_manifest.json"), manifest);
        }
        if self.shasums {
            fs::write(dir.join(format!("{stem}_SHA256SUMS")), sums).unwrap();
        }
    }
}
