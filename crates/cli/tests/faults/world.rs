//! Everything that a schedule runs on: a directory with releases, a registry, a configuration.
//!
//! ```text
//! dist-1.0.0/ dist-1.1.0/   files of releases of a provider
//! label/                    a module
//! scratch/                  what lives as long as a run
//! registry/                 a directory of layouts
//! source/                   another one, which is only read
//! conf/                     a configuration
//! out/                      where releases are pulled to
//! cache/ state/             a package cache, and its stamps
//! ```

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tofu_oci::Progress;
use tofu_oci::publish::{ModuleOptions, ProviderOptions, Publisher};
use tofu_oci::source::Connect;
use tofu_oci::store::Files;
use tofu_oci::types::tofu::Platform;
use tofu_oci_testkit::ProviderRelease;

use crate::tree;

pub(crate) struct World {
    dir: TempDir,
}

impl World {
    /// An empty directory; in memory where the system has such a place, because all that is written is synced.
    fn empty() -> Self {
        let memory = Path::new("/dev/shm");
        let dir = tempfile::tempdir_in(memory).or_else(|_| TempDir::new());
        Self { dir: dir.unwrap() }
    }

    /// A world with releases, and nothing published.
    pub(crate) fn new() -> Self {
        let world = Self::empty();
        let platform = Platform::current().to_string();
        for version in ["1.0.0", "1.1.0"] {
            let release = ProviderRelease::new(version).platforms(&[&platform, "plan9_386"]);
            let release = if platform == "linux_amd64" {
                release.platforms(&[&platform, "linux_arm64"])
            } else {
                release
            };
            release.write(world.path(&format!("dist-{version}")));
        }
        for dir in ["label", "scratch", "conf", "registry"] {
            std::fs::create_dir_all(world.path(dir)).unwrap();
        }
        std::fs::write(world.path("label/main.tf"), "variable \"name\" {}\n").unwrap();
        std::fs::write(world.path("label/README.md"), "label\n").unwrap();
        world
    }

    /// The same world once more.
    pub(crate) fn copy(&self) -> Self {
        let world = Self::empty();
        tree::copy(self.dir.path(), world.dir.path());
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn root(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn registry(&self) -> PathBuf {
        self.path("registry")
    }

    /// Publishes a version of the provider `acme/demo` into one of the directories of layouts.
    pub(crate) async fn publish(&self, into: &str, version: &str) {
        let address = format!("dir:{}//acme/demo", self.path(into).display());
        let dist = [self.path(&format!("dist-{version}"))];
        let options = ProviderOptions::default();
        publisher(&Files::new())
            .provider(&dist, &address.parse().unwrap(), &options)
            .await
            .unwrap();
    }

    /// Publishes a version of the module `modules/label` into one of the directories of layouts.
    pub(crate) async fn publish_module(&self, into: &str, version: &str) {
        let address = format!("dir:{}//modules/label:{version}", self.path(into).display());
        let options = ModuleOptions::new(self.path("scratch"));
        let module = self.path("label");
        publisher(&Files::new())
            .module(&module, &address.parse().unwrap(), &options)
            .await
            .unwrap();
    }

    /// Changes the module.
    pub(crate) fn edit_module(&self) {
        std::fs::write(
            self.path("label/main.tf"),
            "variable \"name\" {}\nvariable \"more\" {}\n",
        )
        .unwrap();
    }

    /// Empties the directory for what lives as long as a run.
    pub(crate) fn clear_scratch(&self) {
        std::fs::remove_dir_all(self.path("scratch")).unwrap();
        std::fs::create_dir(self.path("scratch")).unwrap();
    }

    /// All that a user or a later run can see, leftovers of runs that were killed apart.
    pub(crate) fn visible(&self) -> tree::Tree {
        let mut tree = tree::read(self.root());
        tree.retain(|name, _| {
            !is_leftover(name)
                && !name.contains("/.tofu-oci/")
                && !name.ends_with(".lock")
                && !name.starts_with("state/")
        });
        tree
    }
}

/// Whether only a run that did not end cleanly leaves such a file.
pub(crate) fn is_leftover(name: &str) -> bool {
    let inside = |part: &str| name.contains(part);
    name.starts_with("scratch/")
        || name.ends_with(".tmp")
        || inside("/.tofu-oci/uploads/")
        || inside("/.tofu-oci/new/")
        || inside("/.tofu-oci/old/")
        || name.starts_with("cache/v1/new/")
}

/// Somebody who publishes.
pub(crate) fn publisher(files: &Files) -> Publisher {
    Publisher {
        files: files.clone(),
        connect: Connect::new(files.clone()),
        progress: Progress::default(),
    }
}
