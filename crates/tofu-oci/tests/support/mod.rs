//! Releases and repositories for tests.
#![allow(dead_code)]

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tofu_oci::publish::{ProviderOptions, ProviderReport, PublishError, Publisher};
use tofu_oci::source::Connect;
use tofu_oci::store::files::{FileObserver, Files};
use tofu_oci::store::{MemoryStorage, StorageRepository, WritableRepository};
use tofu_oci::trust::zip::DosTime;
use tofu_oci::trust::zip_writer::{FileMode, NewEntry, ZipWriter, measure};
use tofu_oci::types::oci::{Address, Digest};
use tofu_oci::{Event, Progress, Reporter};

pub(crate) fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../testdata/golden")
        .join(name)
}

/// A stored zip of these files, all executable.
pub(crate) fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut files = files.to_vec();
    files.sort();
    let mut zip = ZipWriter::new(Vec::new(), DosTime::from_unix(1_767_323_044));
    for (name, content) in files {
        let measured = measure(content).unwrap();
        let entry = NewEntry {
            name: name.to_owned(),
            mode: FileMode::Executable,
            size: measured.size,
            crc32: measured.crc32,
        };
        zip.add(entry, Cursor::new(content)).unwrap();
    }
    zip.finish().unwrap().0
}

/// The zip of the provider `demo` for a platform: a script.
pub(crate) fn package(platform: &str) -> Vec<u8> {
    let name = match platform.starts_with("windows") {
        true => "terraform-provider-demo_v1.2.3.exe",
        false => "terraform-provider-demo_v1.2.3",
    };
    let content = format!("#!/bin/sh\necho {platform}\n");
    zip_of(&[(name, content.as_bytes()), ("LICENSE", b"Apache-2.0\n")])
}

pub(crate) fn zip_name(platform: &str) -> String {
    format!("terraform-provider-demo_1.2.3_{platform}.zip")
}

/// A directory with the files of a release.
pub(crate) struct Dist {
    pub(crate) dir: TempDir,
}

impl Dist {
    pub(crate) fn empty() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    /// A release for platforms, with its checksums file.
    pub(crate) fn new(platforms: &[&str]) -> Self {
        let dist = Self::empty();
        for platform in platforms {
            dist.write(&zip_name(platform), &package(platform));
        }
        dist.list();
        dist
    }

    /// The two packages of the golden documents.
    pub(crate) fn golden() -> Self {
        let dist = Self::empty();
        for platform in ["linux_amd64", "darwin_arm64"] {
            let zip = std::fs::read(golden(&format!("artifact/{}", zip_name(platform)))).unwrap();
            dist.write(&zip_name(platform), &zip);
        }
        dist
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().to_owned()
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &[u8]) {
        let path = self.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.join(name)).unwrap()
    }

    /// Writes the checksums file of everything that is there.
    pub(crate) fn list(&self) {
        let mut names: Vec<String> = std::fs::read_dir(self.dir.path())
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.file_type().unwrap().is_file())
            .map(|entry| entry.file_name().into_string().unwrap())
            .filter(|name| !name.contains("SHA256SUMS"))
            .collect();
        names.sort();
        let lines = names
            .iter()
            .map(|name| format!("{}  {name}\n", Digest::of(&self.read(name)).encoded()));
        let list: String = lines.collect();
        self.write("terraform-provider-demo_1.2.3_SHA256SUMS", list.as_bytes());
    }
}

/// Remembers every event.
#[derive(Default)]
pub(crate) struct Heard(pub Mutex<Vec<Event>>);

impl Heard {
    pub(crate) fn warnings(&self) -> Vec<String> {
        let events = self.0.lock().unwrap();
        let warnings = events.iter().filter_map(|event| match event {
            Event::Warning(warning) => Some(warning.to_string()),
            _ => None,
        });
        warnings.collect()
    }
}

impl Reporter for Heard {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

pub(crate) fn publisher() -> Publisher {
    publisher_with(Files::new().with_sync(tofu_oci::store::files::Sync::Off))
}

pub(crate) fn publisher_with(files: Files) -> Publisher {
    Publisher {
        connect: Connect::new(files.clone()),
        files,
        progress: Progress::default(),
    }
}

pub(crate) fn observed(observer: Arc<dyn FileObserver>) -> Publisher {
    publisher_with(Files::observed(observer))
}

/// Without syncs: what a killed process leaves is the same, and the test is much faster.
pub(crate) fn killed(observer: Arc<dyn FileObserver>) -> Publisher {
    let off = tofu_oci::store::files::Sync::Off;
    publisher_with(Files::observed(observer).with_sync(off))
}

pub(crate) fn hearing() -> (Publisher, Arc<Heard>) {
    let heard = Arc::new(Heard::default());
    let publisher = Publisher {
        progress: Progress::new(Arc::clone(&heard) as Arc<dyn Reporter>),
        ..publisher()
    };
    (publisher, heard)
}

pub(crate) fn memory() -> Arc<dyn WritableRepository> {
    let storage = Arc::new(MemoryStorage::new());
    Arc::new(StorageRepository::new(
        storage,
        "acme/demo".parse().unwrap(),
    ))
}

pub(crate) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

pub(crate) fn layout(dir: &Path) -> Address {
    address(&format!("dir:{}//acme/demo", dir.display()))
}

pub(crate) async fn publish(
    dist: &Dist,
    repository: &Arc<dyn WritableRepository>,
    options: &ProviderOptions,
) -> Result<ProviderReport, PublishError> {
    let at = address("dir:r//acme/demo");
    let into = (&at, Arc::clone(repository));
    publisher()
        .provider_into(&[dist.path()], into, options)
        .await
}

/// The error with its causes, as one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
