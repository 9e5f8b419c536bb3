//! A registry on disk, and configurations that use it.

#![allow(unreachable_pub)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use tempfile::TempDir;
use tofu_oci::cache::{CacheOptions, PackageCache};
use tofu_oci::install::{
    InstallError, InstallOptions, InstallReport, Installer, ModuleHosts, WarmInstaller,
};
use tofu_oci::source::{Connect, OciMirror};
use tofu_oci::store::files::Files;
use tofu_oci::store::{Blob, PutManifest, TagRule, WritableRepository};
use tofu_oci::trust::zip::DosTime;
use tofu_oci::trust::zip_writer::{FileMode, NewEntry, ZipWriter, measure};
use tofu_oci::types::artifact::{
    ModuleArtifact, ModuleDraft, PACKAGE_LAYER, PackageDraft, Profile, ProviderArtifact,
    ReleaseDraft, UserAnnotations,
};
use tofu_oci::types::oci::{Address, Descriptor, Digest, MediaType};
use tofu_oci::types::tofu::Platform;
use tofu_oci::{Event, Progress, Reporter, Warning};

/// A time long after the files of the tests were written: their packages were used long ago.
const NOW: u64 = 4_000_000_000;

/// Remembers what was said.
#[derive(Default)]
pub struct Heard(std::sync::Mutex<Vec<Event>>);

impl Reporter for Heard {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

/// A registry, a configuration, and what was said while installing.
pub struct World {
    pub dir: TempDir,
    pub heard: Arc<Heard>,
}

pub fn zip(files: &[(&str, &[u8], bool)]) -> Bytes {
    let mut writer = ZipWriter::new(Vec::new(), DosTime::EARLIEST);
    let mut files = files.to_vec();
    files.sort_by_key(|(name, ..)| *name);
    for (name, content, executable) in &files {
        let measured = measure(*content).unwrap();
        writer
            .add(
                NewEntry {
                    name: (*name).to_owned(),
                    mode: if *executable {
                        FileMode::Executable
                    } else {
                        FileMode::Plain
                    },
                    size: measured.size,
                    crc32: measured.crc32,
                },
                *content,
            )
            .unwrap();
    }
    Bytes::from(writer.finish().unwrap().0)
}

impl World {
    pub fn new(configuration: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("conf")).unwrap();
        let world = Self {
            dir,
            heard: Arc::default(),
        };
        world.write("main.tf", configuration);
        world
    }

    pub fn conf(&self) -> PathBuf {
        self.dir.path().join("conf")
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.conf().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.conf().join(name)).unwrap()
    }

    pub fn address(&self, name: &str) -> Address {
        format!("dir:{}//{name}", self.registry().display())
            .parse()
            .unwrap()
    }

    pub fn registry(&self) -> PathBuf {
        self.dir.path().join("registry")
    }

    async fn writer(&self, name: &str) -> Arc<dyn WritableRepository> {
        Connect::default()
            .writer(&self.address(name))
            .await
            .unwrap()
    }

    /// Publishes a provider with one script per platform.
    pub async fn provider(&self, name: &str, version: &str, platforms: &[Platform]) {
        let kind = name.rsplit('/').next().unwrap();
        let repository = self.writer(name).await;
        let mut packages = Vec::new();
        for platform in platforms {
            let script = format!("#!/bin/sh\necho {name} {version} {platform}\n");
            let zip = zip(&[
                (
                    &format!("terraform-provider-{kind}_v{version}"),
                    script.as_bytes(),
                    true,
                ),
                ("README.md", b"read me\n", false),
            ]);
            let layer = Descriptor::of(PACKAGE_LAYER, &zip);
            repository.put_blob(&layer, Blob::Bytes(zip)).await.unwrap();
            packages.push(PackageDraft {
                platform: platform.clone(),
                filename: format!("terraform-provider-{kind}_{version}_{platform}.zip"),
                digest: layer.digest,
                size: layer.size,
                h1: None,
                created: None,
            });
        }
        let version: tofu_oci::types::tofu::Version = version.parse().unwrap();
        let tag = version.to_tag().unwrap();
        let artifact = ProviderArtifact::write(&ReleaseDraft {
            version,
            source: None,
            protocols: Vec::new(),
            packages,
            created: None,
            annotations: UserAnnotations::default(),
            profile: Profile::Referrers,
            evidence: Vec::new(),
        })
        .unwrap();
        let mut batch = Vec::new();
        for target in &artifact.targets {
            repository
                .put_blob(&target.config, Blob::Bytes(target.config_bytes.clone()))
                .await
                .unwrap();
            batch.push(PutManifest::untagged(target.manifest.clone()));
        }
        batch.push(PutManifest::tagged(artifact.index, tag, TagRule::Overwrite));
        repository.put_manifests(&batch).await.unwrap();
    }

    /// Publishes a module package under `tag`.
    pub async fn module(&self, name: &str, tag: &str, files: &[(&str, &str)]) -> Digest {
        let repository = self.writer(name).await;
        let files: Vec<_> = files
            .iter()
            .map(|(n, t)| (*n, t.as_bytes(), false))
            .collect();
        let zip = zip(&files);
        let layer = Descriptor::of(PACKAGE_LAYER, &zip);
        repository.put_blob(&layer, Blob::Bytes(zip)).await.unwrap();
        repository
            .put_blob(
                &Descriptor::of(MediaType::EMPTY, b"{}"),
                Blob::Bytes(Bytes::from_static(b"{}")),
            )
            .await
            .unwrap();
        let artifact = ModuleArtifact::write(&ModuleDraft {
            version: None,
            source: None,
            filename: "module.zip".into(),
            digest: layer.digest,
            size: layer.size,
            created: None,
            annotations: UserAnnotations::default(),
            profile: Profile::Referrers,
        });
        let digest = artifact.manifest.digest().clone();
        let tag = tag.parse().unwrap();
        repository
            .put_manifests(&[PutManifest::tagged(
                artifact.manifest,
                tag,
                TagRule::Overwrite,
            )])
            .await
            .unwrap();
        digest
    }

    pub fn options(&self) -> InstallOptions {
        InstallOptions::new(self.conf())
    }

    pub async fn install_with(
        &self,
        files: Files,
        options: &InstallOptions,
    ) -> Result<InstallReport, InstallError> {
        self.installer(files, None).install(options).await
    }

    /// Who installs from the registry, by way of a cache.
    pub fn installer(&self, files: Files, cache: Option<Arc<PackageCache>>) -> Installer {
        let template = format!("dir:{}//{{namespace}}/{{type}}", self.registry().display());
        let mut module_hosts = ModuleHosts::default();
        module_hosts.map("oci.example.com".parse().unwrap(), self.registry());
        Installer {
            source: Arc::new(OciMirror::new(
                template.parse().unwrap(),
                Connect::new(files.clone()),
            )),
            connect: Connect::new(files.clone()),
            files,
            module_hosts,
            cache,
            progress: self.progress(),
        }
    }

    /// The shared cache as a process of its own sees it.
    pub fn cache(&self, files: &Files) -> Arc<PackageCache> {
        self.cache_at(files, NOW)
    }

    pub fn cache_at(&self, files: &Files, seconds: u64) -> Arc<PackageCache> {
        let options = CacheOptions {
            dir: self.dir.path().join("cache"),
            state: Some(self.dir.path().join("state")),
            now: UNIX_EPOCH + Duration::from_secs(seconds),
        };
        Arc::new(PackageCache::open(files, options, self.progress()))
    }

    /// Installs by way of the cache, the whole way.
    pub async fn install_cached(&self) -> Result<InstallReport, InstallError> {
        let files = Files::default();
        self.installer(files.clone(), Some(self.cache(&files)))
            .install(&self.options())
            .await
    }

    /// Installs what is at hand, if that is everything.
    pub fn install_warm(&self, files: &Files) -> Option<InstallReport> {
        WarmInstaller {
            files: files.clone(),
            cache: Some(self.cache(files)),
            progress: self.progress(),
        }
        .install(&self.options())
        .ok()
    }

    /// As another working directory with the same configuration and lock file, or as that machine after a restart.
    pub fn forget_installed(&self) {
        std::fs::remove_dir_all(self.conf().join(".terraform")).unwrap();
    }

    pub fn progress(&self) -> Progress {
        let reporter: Arc<dyn Reporter> = self.heard.clone();
        Progress::new(reporter)
    }

    pub async fn install(&self) -> Result<InstallReport, InstallError> {
        self.install_with(Files::default(), &self.options()).await
    }

    pub fn forget_said(&self) {
        self.heard.0.lock().unwrap().clear();
    }

    pub fn warnings(&self) -> Vec<Warning> {
        let heard = self.heard.0.lock().unwrap();
        heard
            .iter()
            .filter_map(|event| match event {
                Event::Warning(warning) => Some(warning.clone()),
                _ => None,
            })
            .collect()
    }
}

/// Every file below `dir`, with its content; for comparing trees.
pub fn snapshot(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(path) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&path) else {
            continue;
        };
        for entry in entries {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            } else {
                let name = entry
                    .path()
                    .strip_prefix(dir)
                    .unwrap()
                    .display()
                    .to_string();
                found.push((name, std::fs::read(entry.path()).unwrap()));
            }
        }
    }
    found.sort();
    found
}
