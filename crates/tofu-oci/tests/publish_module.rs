//! Publishing modules: what is packed, when a version is the same, where `latest` goes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod support;

use std::path::Path;
use std::sync::Arc;

use support::*;
use tempfile::TempDir;
use tofu_oci::install::Writes;
use tofu_oci::publish::{
    Existing, Latest, LatestChange, ModuleOptions, ModuleReport, PublishError, PublishOutcome,
};
use tofu_oci::store::files::faults::{CountOps, KillAt};
use tofu_oci::store::{Repository, WritableRepository};
use tofu_oci::trust::zip::{Archive, ZipLimits};
use tofu_oci::types::artifact::ModuleManifest;
use tofu_oci::types::oci::{Digest, TagOrDigest};

/// A module directory, and a place for temporary files.
struct Module {
    dir: TempDir,
    scratch: TempDir,
}

impl Module {
    fn new(files: &[(&str, &str)]) -> Self {
        let module = Self {
            dir: tempfile::tempdir().unwrap(),
            scratch: tempfile::tempdir().unwrap(),
        };
        for (name, content) in files {
            module.write(name, content);
        }
        module
    }

    fn label() -> Self {
        Self::new(&[
            ("main.tf", "variable \"name\" {}\n"),
            ("modules/tag/main.tf", "output \"tag\" { value = 1 }\n"),
        ])
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn options(&self) -> ModuleOptions {
        ModuleOptions::new(self.scratch.path())
    }

    async fn publish(
        &self,
        to: &Arc<dyn WritableRepository>,
        version: &str,
    ) -> Result<ModuleReport, PublishError> {
        self.publish_with(to, version, &self.options()).await
    }

    async fn publish_with(
        &self,
        to: &Arc<dyn WritableRepository>,
        version: &str,
        options: &ModuleOptions,
    ) -> Result<ModuleReport, PublishError> {
        let at = address(&format!("dir:r//modules/label:{version}"));
        publisher()
            .module_into(self.path(), (&at, Arc::clone(to)), options)
            .await
    }
}

fn tag(text: &str) -> TagOrDigest {
    TagOrDigest::Tag(text.parse().unwrap())
}

/// The names in the package that a tag stands for.
async fn names(repository: &dyn Repository, at: &str) -> Vec<String> {
    let manifest = repository.manifest(&tag(at)).await.unwrap();
    let module = ModuleManifest::read(&manifest).unwrap();
    let zip = repository
        .blob(&module.package)
        .await
        .unwrap()
        .into_bytes(1 << 20)
        .await
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("module.zip");
    std::fs::write(&path, &zip).unwrap();
    let file = std::fs::File::open(&path).unwrap();
    let archive = Archive::read(&file, zip.len() as u64, &ZipLimits::default()).unwrap();
    archive
        .entries()
        .iter()
        .map(|entry| entry.name().to_owned())
        .collect()
}

#[tokio::test]
async fn a_directory_becomes_the_same_zip_everywhere() {
    let module = Module::label();
    for name in [
        ".git/HEAD",
        ".terraform/x",
        "terraform.tfstate",
        ".terraform.lock.hcl",
        "docs/a.md",
    ] {
        module.write(name, "x");
    }
    module.write(".terraformignore", "docs/\n");
    let repository = memory();
    let report = module.publish(&repository, "1.2.0").await.unwrap();
    assert_eq!(report.outcome, PublishOutcome::Published);
    assert_eq!(report.latest, LatestChange::Moved);
    assert_eq!(report.filename, "label-1.2.0.zip");
    assert_eq!(
        names(&*repository, "1.2.0").await,
        [".terraformignore", "main.tf", "modules/tag/main.tf"]
    );
    let latest = repository
        .head(&"latest".parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(latest.digest, report.digest);
    // Another copy, written later, in another place.
    let copy = Module::label();
    copy.write(".terraformignore", "docs/\n");
    let other = copy.publish(&memory(), "1.2.0").await.unwrap();
    assert_eq!(other.digest, report.digest);
    assert!(
        std::fs::read_dir(module.scratch.path())
            .unwrap()
            .next()
            .is_none()
    );
}

#[tokio::test]
async fn publishing_twice_writes_nothing() {
    let module = Module::label();
    let registry = tempfile::tempdir().unwrap();
    let at = address(&format!(
        "dir:{}//modules/label:1.0.0",
        registry.path().display()
    ));
    let first = publisher()
        .module(module.path(), &at, &module.options())
        .await
        .unwrap();
    let counter = Arc::new(CountOps::new());
    let second = observed(counter.clone())
        .module(module.path(), &at, &module.options())
        .await;
    let second = second.unwrap();
    assert_eq!(
        (second.outcome, second.latest),
        (PublishOutcome::Unchanged, LatestChange::Unchanged)
    );
    assert_eq!(second.digest, first.digest);
    let seen = counter.take();
    let written: Vec<_> = seen
        .iter()
        .filter(|seen| seen.changes && seen.path != registry.path())
        .collect();
    assert!(written.is_empty(), "{written:?}");
}

#[tokio::test]
async fn the_same_tree_packed_by_another_tool_is_the_same_module() {
    let module = Module::new(&[("main.tf", "# one\n")]);
    let zip = zip_of(&[("main.tf", b"# one\n")]);
    let packed = module.scratch.path().join("other.zip");
    std::fs::write(&packed, zip).unwrap();
    let repository = memory();
    let at = address("dir:r//modules/label:1.0.0");
    // The zip of the helper marks its files as executable, so it is another tree.
    let into = || (&at, Arc::clone(&repository));
    let first = publisher()
        .module_into(&packed, into(), &module.options())
        .await
        .unwrap();
    assert_eq!(first.outcome, PublishOutcome::Published);
    let error = module.publish(&repository, "1.0.0").await.unwrap_err();
    assert!(
        matches!(error, PublishError::VersionExists { .. }),
        "{error:?}"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(module.path().join("main.tf"), mode).unwrap();
        let same = module.publish(&repository, "1.0.0").await.unwrap();
        assert_eq!(
            (same.outcome, same.digest),
            (PublishOutcome::Unchanged, first.digest)
        );
    }
    module.write("main.tf", "# two\n");
    let error = module.publish(&repository, "1.0.0").await.unwrap_err();
    assert!(
        matches!(error, PublishError::VersionExists { .. }),
        "{error:?}"
    );
    let forced = ModuleOptions {
        existing: Existing::Replace,
        ..module.options()
    };
    let forced = module
        .publish_with(&repository, "1.0.0", &forced)
        .await
        .unwrap();
    assert_eq!(forced.outcome, PublishOutcome::Published);
    let head = repository
        .head(&"1.0.0".parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(head.digest, forced.digest);
}

#[tokio::test]
async fn latest_is_the_newest_stable_version() {
    let repository = memory();
    let module = Module::label();
    let mut latest = Vec::new();
    for (version, change) in [
        ("1.0.0-rc.1", LatestChange::NotNewest),
        ("1.1.0", LatestChange::Moved),
        ("1.0.9", LatestChange::NotNewest),
        ("2.0.0-rc.1", LatestChange::NotNewest),
        ("1.10.0", LatestChange::Moved),
    ] {
        let report = module.publish(&repository, version).await.unwrap();
        assert_eq!(report.latest, change, "{version}");
        let head = repository.head(&"latest".parse().unwrap()).await.unwrap();
        latest.push(head.map(|head| head.digest == report.digest));
    }
    assert_eq!(
        latest,
        [None, Some(true), Some(false), Some(false), Some(true)]
    );
    let left = ModuleOptions {
        latest: Latest::Leave,
        ..module.options()
    };
    let report = module
        .publish_with(&repository, "3.0.0", &left)
        .await
        .unwrap();
    assert_eq!(report.latest, LatestChange::Left);
    // A later run repairs it.
    let report = module.publish(&repository, "3.0.0").await.unwrap();
    assert_eq!(
        (report.outcome, report.latest),
        (PublishOutcome::Completed, LatestChange::Moved)
    );
}

#[tokio::test]
async fn a_killed_publish_leaves_no_version() {
    let module = Module::label();
    for n in 0.. {
        let registry = tempfile::tempdir().unwrap();
        let at = address(&format!(
            "dir:{}//modules/label:1.0.0",
            registry.path().display()
        ));
        let kill = Arc::new(KillAt::new(n));
        let result = killed(kill.clone())
            .module(module.path(), &at, &module.options())
            .await;
        if !kill.reached() {
            result.unwrap();
            assert!(n > 10, "{n} operations only");
            break;
        }
        let repository = publisher().connect.reader(&at).await;
        if let Ok(repository) = repository
            && repository
                .head(&"1.0.0".parse().unwrap())
                .await
                .unwrap()
                .is_some()
        {
            assert_eq!(names(&*repository, "1.0.0").await.len(), 2);
        }
        publisher()
            .module(module.path(), &at, &module.options())
            .await
            .unwrap();
        let repository = publisher().connect.reader(&at).await.unwrap();
        assert_eq!(names(&*repository, "latest").await.len(), 2);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn links() {
    use std::os::unix::fs::symlink;
    let module = Module::label();
    symlink("main.tf", module.path().join("copy.tf")).unwrap();
    symlink("modules", module.path().join("again")).unwrap();
    let repository = memory();
    module.publish(&repository, "1.0.0").await.unwrap();
    assert_eq!(
        names(&*repository, "1.0.0").await,
        [
            "again/tag/main.tf",
            "copy.tf",
            "main.tf",
            "modules/tag/main.tf"
        ]
    );
    module.write("terraform.tfstate", "secret");
    let outside = tempfile::NamedTempFile::new().unwrap();
    for (name, target) in [
        ("outside", outside.path()),
        ("up", Path::new("..")),
        ("cycle", Path::new(".")),
        ("state.txt", Path::new("terraform.tfstate")),
        ("nowhere", Path::new("missing")),
    ] {
        symlink(target, module.path().join(name)).unwrap();
        let error = module.publish(&memory(), "1.0.0").await.unwrap_err();
        assert!(chain(&error).contains(name), "{name}: {}", chain(&error));
        std::fs::remove_file(module.path().join(name)).unwrap();
    }
    let fifo = module.path().join("fifo");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let error = module.publish(&memory(), "1.0.0").await.unwrap_err();
    assert!(
        matches!(error, PublishError::SpecialFile { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn what_is_refused() {
    let empty = Module::new(&[(".terraform/x", "x")]);
    let error = empty.publish(&memory(), "1.0.0").await.unwrap_err();
    assert!(
        matches!(error, PublishError::EmptyModule { .. }),
        "{error:?}"
    );
    let module = Module::label();
    for (at, says) in [
        ("v1.0.0", "write 1.0.0"),
        ("1.0", "write 1.0.0"),
        ("latest", "not one of a version"),
    ] {
        let error = module.publish(&memory(), at).await.unwrap_err();
        assert!(chain(&error).contains(says), "{at}: {}", chain(&error));
    }
    let at = address("dir:r//modules/label");
    let error = publisher()
        .module_into(module.path(), (&at, memory()), &module.options())
        .await;
    assert!(matches!(error.unwrap_err(), PublishError::NoVersion));
    let pinned = address(&format!("dir:r//modules/label@{}", Digest::of(b"")));
    let error = publisher()
        .module_into(module.path(), (&pinned, memory()), &module.options())
        .await;
    assert!(matches!(
        error.unwrap_err(),
        PublishError::DigestGiven { .. }
    ));
    let error = publisher()
        .module_into(
            Path::new("/nowhere"),
            (&address("dir:r//a:1.0.0"), memory()),
            &module.options(),
        )
        .await;
    assert!(matches!(error.unwrap_err(), PublishError::Read { .. }));
    let broken = module.scratch.path().join("broken.zip");
    std::fs::write(&broken, b"PK\x03\x04").unwrap();
    let error = publisher()
        .module_into(
            &broken,
            (&address("dir:r//a:1.0.0"), memory()),
            &module.options(),
        )
        .await;
    assert!(matches!(error.unwrap_err(), PublishError::Package { .. }));
}

#[tokio::test]
async fn a_plan_writes_nothing() {
    let module = Module::label();
    let registry = tempfile::tempdir().unwrap();
    let at = address(&format!(
        "dir:{}/new//modules/label:1.0.0",
        registry.path().display()
    ));
    let plan = ModuleOptions {
        writes: Writes::DryRun,
        ..module.options()
    };
    let counter = Arc::new(CountOps::new());
    let report = observed(counter.clone())
        .module(module.path(), &at, &plan)
        .await
        .unwrap();
    assert_eq!(
        (report.outcome, report.bytes),
        (PublishOutcome::Planned, report.size)
    );
    assert!(counter.take().iter().all(|seen| !seen.changes));
    let real = publisher()
        .module(module.path(), &at, &module.options())
        .await
        .unwrap();
    assert_eq!(real.digest, report.digest);
}

#[tokio::test]
async fn oddities_are_told() {
    let module = Module::new(&[("readme.md", "x"), ("README.md", "y")]);
    let (publisher, heard) = hearing();
    let at = address("dir:r//modules/label:1.0.0");
    publisher
        .module_into(module.path(), (&at, memory()), &module.options())
        .await
        .unwrap();
    let warnings = heard.warnings();
    assert!(
        warnings.iter().any(|w| w.contains("case does not count")),
        "{warnings:?}"
    );
    assert!(
        warnings.iter().any(|w| w.contains("no configuration file")),
        "{warnings:?}"
    );
}
