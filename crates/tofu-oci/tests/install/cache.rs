//! Packages that working directories share.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use tofu_oci::cache::LinkMode;
use tofu_oci::install::{
    InstallError, InstallOptions, LockChange, LockMode, PackageAction, PackageOrigin, Writes,
};
use tofu_oci::source::{Connect, OciMirror, Reach};
use tofu_oci::store::files::faults::{CountOps, OpKind};
use tofu_oci::store::files::{FileObserver, FileOp, Files, Verdict as Answer};
use tofu_oci::types::tofu::Platform;

use crate::support::{World, snapshot};

pub(crate) const TWO: &str = r#"
terraform {
  required_providers {
    a = { source = "registry.example.com/acme/a" }
    b = { source = "registry.example.com/acme/b" }
  }
}
"#;

/// Two providers, installed once by way of the cache.
pub(crate) async fn world() -> World {
    let world = World::new(TWO);
    let here = [Platform::current()];
    world.provider("acme/a", "1.0.0", &here).await;
    world.provider("acme/b", "1.0.0", &here).await;
    let report = world.install_cached().await.unwrap();
    assert!(
        report
            .providers
            .iter()
            .all(|p| p.origin == PackageOrigin::Source)
    );
    world
}

/// The directory of a package in the working directory.
pub(crate) fn place(world: &World, kind: &str) -> PathBuf {
    let here = Platform::current();
    world.conf().join(format!(
        ".terraform/providers/registry.example.com/acme/{kind}/1.0.0/{here}"
    ))
}

pub(crate) fn executable(world: &World, kind: &str) -> PathBuf {
    place(world, kind).join(format!("terraform-provider-{kind}_v1.0.0"))
}

/// The directories of the packages in the cache.
pub(crate) fn entries(world: &World) -> Vec<PathBuf> {
    let dir = world.dir.path().join("cache/v1/packages/sha256");
    let entries = std::fs::read_dir(dir).unwrap();
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

/// The entry of a provider, by the name of its executable.
pub(crate) fn entry(world: &World, kind: &str) -> PathBuf {
    let name = format!("tree/terraform-provider-{kind}_v1.0.0");
    let mut entries = entries(world).into_iter();
    entries.find(|entry| entry.join(&name).exists()).unwrap()
}

#[cfg(unix)]
pub(crate) fn inode(path: &std::path::Path) -> u64 {
    std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(path).unwrap())
}

/// What was opened and has the bytes of a package in it.
fn opened_packages(counter: &CountOps) -> Vec<PathBuf> {
    let seen = counter.take().into_iter();
    let opened = seen
        .filter(|seen| seen.op == OpKind::Open)
        .map(|seen| seen.path);
    opened
        .filter(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with("terraform-provider-") || name == "README.md"
        })
        .collect()
}

#[tokio::test]
async fn what_is_locked_and_stamped_is_installed_without_a_source_and_without_being_read() {
    let world = world().await;
    let before = snapshot(&world.conf());
    world.forget_installed();
    std::fs::remove_dir_all(world.registry()).unwrap();
    let counter = Arc::new(CountOps::new());
    let files = Files::observed(counter.clone());
    let report = world.install_warm(&files).unwrap();
    assert!(
        report
            .providers
            .iter()
            .all(|p| p.action == PackageAction::Installed
                && p.origin == PackageOrigin::Cache
                && p.hashes.len() == 2)
    );
    assert_eq!(report.lock, LockChange::Unchanged);
    assert_eq!(opened_packages(&counter), Vec::<PathBuf>::new());
    let now = snapshot(&world.conf());
    let installed = |files: Vec<(String, Vec<u8>)>| -> Vec<_> {
        let installed = files.into_iter();
        installed
            .filter(|(name, _)| !name.contains(".tofu-oci"))
            .collect()
    };
    assert_eq!(installed(now), installed(before));
    // And what is in its place is not read either.
    let report = world.install_warm(&files).unwrap();
    assert!(
        report
            .providers
            .iter()
            .all(|p| p.action == PackageAction::Kept)
    );
    assert_eq!(opened_packages(&counter), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn what_was_unpacked_or_copied_is_not_read_again() {
    let world = world().await;
    for link_mode in [LinkMode::Copy, LinkMode::Auto] {
        world.forget_installed();
        let files = Files::default();
        let options = InstallOptions {
            link_mode,
            ..world.options()
        };
        let installer = world.installer(files.clone(), Some(world.cache(&files)));
        installer.install(&options).await.unwrap();
        let counter = Arc::new(CountOps::new());
        let report = world
            .install_warm(&Files::observed(counter.clone()))
            .unwrap();
        assert!(
            report
                .providers
                .iter()
                .all(|p| p.origin == PackageOrigin::Place)
        );
        assert_eq!(
            opened_packages(&counter),
            Vec::<PathBuf>::new(),
            "{link_mode:?}"
        );
    }
}

#[tokio::test]
async fn a_package_that_is_cached_needs_no_request_though_another_does() {
    let world = world().await;
    world
        .provider("acme/c", "1.0.0", &[Platform::current()])
        .await;
    let c = "    c = { source = \"registry.example.com/acme/c\" }\n  }\n}";
    world.write("main.tf", &TWO.replacen("  }\n}", c, 1));
    world.forget_installed();
    for gone in ["a", "b"] {
        std::fs::remove_dir_all(world.registry().join("acme").join(gone)).unwrap();
    }
    assert!(world.install_warm(&Files::default()).is_none());
    let report = world.install_cached().await.unwrap();
    let origins: Vec<_> = report.providers.iter().map(|p| p.origin).collect();
    assert_eq!(
        origins,
        [
            PackageOrigin::Cache,
            PackageOrigin::Cache,
            PackageOrigin::Source
        ]
    );
}

#[tokio::test]
async fn a_version_that_is_not_locked_is_taken_from_the_cache_when_the_source_names_its_zip() {
    let world = world().await;
    let lock = world.read(".terraform.lock.hcl");
    std::fs::remove_file(world.conf().join(".terraform.lock.hcl")).unwrap();
    world.forget_installed();
    // Its manifests are there, and its packages are not.
    let report = world.install_cached().await.unwrap();
    assert!(
        report
            .providers
            .iter()
            .all(|p| p.origin == PackageOrigin::Cache)
    );
    assert_eq!(world.read(".terraform.lock.hcl"), lock);
}

#[tokio::test]
async fn without_its_memory_the_cache_finds_a_package_by_the_locked_zips() {
    let world = world().await;
    world.forget_installed();
    std::fs::remove_dir_all(world.dir.path().join("cache/v1/releases")).unwrap();
    let report = world.install_warm(&Files::default()).unwrap();
    assert!(
        report
            .providers
            .iter()
            .all(|p| p.origin == PackageOrigin::Cache)
    );
    assert!(
        world
            .dir
            .path()
            .join("cache/v1/releases/registry.example.com/acme/a")
            .exists()
    );
}

#[tokio::test]
async fn a_package_for_another_platform_is_never_taken_for_this_one() {
    let world = World::new(TWO);
    let other: Platform = "darwin_arm64".parse().unwrap();
    let both = [Platform::current(), other.clone()];
    world.provider("acme/a", "1.0.0", &both).await;
    world.provider("acme/b", "1.0.0", &both).await;
    let files = Files::default();
    let options = InstallOptions {
        platforms: both.to_vec(),
        ..world.options()
    };
    let installer = world.installer(files.clone(), Some(world.cache(&files)));
    installer.install(&options).await.unwrap();
    let before = std::fs::read(executable(&world, "a")).unwrap();
    world.forget_installed();
    // The memory says that this platform's package is the other's.
    let memories = world
        .dir
        .path()
        .join("cache/v1/releases/registry.example.com/acme/a/1.0.0");
    std::fs::copy(
        memories.join(other.to_string()),
        memories.join(Platform::current().to_string()),
    )
    .unwrap();
    let report = world.install_warm(&files).unwrap();
    assert_eq!(report.providers[0].origin, PackageOrigin::Cache);
    assert_eq!(std::fs::read(executable(&world, "a")).unwrap(), before);
}

#[tokio::test]
async fn a_port_is_no_part_of_a_directory_name() {
    let world = World::new(&TWO.replace("registry.example.com", "registry.example.com:8443"));
    let here = [Platform::current()];
    world.provider("acme/a", "1.0.0", &here).await;
    world.provider("acme/b", "1.0.0", &here).await;
    world.install_cached().await.unwrap();
    assert!(
        world
            .dir
            .path()
            .join("cache/v1/releases/registry.example.com_8443/acme/a")
            .exists()
    );
    world.forget_installed();
    assert!(world.install_warm(&Files::default()).is_some());
}

#[tokio::test]
async fn a_restored_cache_is_hashed_against_the_lock_file() {
    let world = world().await;
    world.forget_installed();
    // As on another machine: the stamps are of other files.
    std::fs::remove_dir_all(world.dir.path().join("state")).unwrap();
    std::fs::remove_dir_all(world.registry()).unwrap();
    let counter = Arc::new(CountOps::new());
    let report = world
        .install_warm(&Files::observed(counter.clone()))
        .unwrap();
    assert!(
        report
            .providers
            .iter()
            .all(|p| p.origin == PackageOrigin::Cache)
    );
    // The zips were not seen here: their hashes are not ours to vouch for.
    assert!(
        report
            .providers
            .iter()
            .all(|p| p.hashes.len() == 1 && p.hashes[0].is_h1())
    );
    let read: BTreeSet<PathBuf> = opened_packages(&counter).into_iter().collect();
    assert_eq!(read.len(), 4);
    // They are stamped now.
    world.forget_installed();
    world
        .install_warm(&Files::observed(counter.clone()))
        .unwrap();
    assert_eq!(opened_packages(&counter), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn a_restored_cache_proves_nothing_where_nothing_is_locked() {
    let world = world().await;
    world.forget_installed();
    std::fs::remove_file(world.conf().join(".terraform.lock.hcl")).unwrap();
    std::fs::remove_dir_all(world.dir.path().join("state")).unwrap();
    let report = world.install_cached().await.unwrap();
    assert!(
        report
            .providers
            .iter()
            .all(|p| p.origin == PackageOrigin::Source)
    );
    assert!(report.providers.iter().all(|p| p.hashes.len() == 2));
}

#[tokio::test]
async fn a_run_without_a_network_names_everything_that_is_missing() {
    let world = world().await;
    world.forget_installed();
    let module = "\nmodule \"m\" {\n  source = \"oci://oci.example.net/m\"\n}\n";
    let c = "    c = { source = \"registry.example.com/acme/c\" }\n  }\n}";
    world.write("main.tf", &(TWO.replacen("  }\n}", c, 1) + module));
    std::fs::remove_dir_all(entry(&world, "b")).unwrap();
    let files = Files::default();
    let mut installer = world.installer(files.clone(), Some(world.cache(&files)));
    installer.connect = Connect::offline(files.clone());
    installer.source = Arc::new(OciMirror::new(
        "oci.example.net/{namespace}/{type}".parse().unwrap(),
        installer.connect.clone(),
    ));
    let options = InstallOptions {
        reach: Reach::Offline,
        ..world.options()
    };
    match installer.install(&options).await.unwrap_err() {
        InstallError::Offline { missing } => assert_eq!(
            missing,
            [
                "module.m (oci://oci.example.net/m)",
                "registry.example.com/acme/b 1.0.0",
                "registry.example.com/acme/c (no version is locked)",
            ]
        ),
        other => panic!("{other}"),
    }
    // Directories are read all the same.
    world.write("main.tf", TWO);
    let template = format!("dir:{}//{{namespace}}/{{type}}", world.registry().display());
    installer.source = Arc::new(OciMirror::new(
        template.parse().unwrap(),
        installer.connect.clone(),
    ));
    let report = installer.install(&options).await.unwrap();
    let origins: Vec<_> = report.providers.iter().map(|p| p.origin).collect();
    assert_eq!(origins, [PackageOrigin::Cache, PackageOrigin::Source]);
}

#[cfg(unix)]
#[tokio::test]
async fn links_are_the_caches_own_files_and_copies_are_not() {
    let world = world().await;
    let cached = inode(&entry(&world, "a").join("tree/terraform-provider-a_v1.0.0"));
    for (link_mode, same) in [(LinkMode::Hardlink, true), (LinkMode::Copy, false)] {
        world.forget_installed();
        let files = Files::default();
        let options = InstallOptions {
            link_mode,
            ..world.options()
        };
        let installer = world.installer(files.clone(), Some(world.cache(&files)));
        installer.install(&options).await.unwrap();
        let placed = inode(&executable(&world, "a"));
        assert_eq!(placed == cached, same, "{link_mode:?}");
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(executable(&world, "a"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o111, 0o111, "{link_mode:?}");
    }
}

/// A file system that has one name for each file.
struct NoLinks;

impl FileObserver for NoLinks {
    fn before(&self, op: &FileOp<'_>) -> Answer {
        match op {
            FileOp::HardLink { .. } => Answer::Fail(std::io::ErrorKind::CrossesDevices.into()),
            FileOp::Clone { .. } => Answer::Fail(std::io::ErrorKind::Unsupported.into()),
            _ => Answer::Proceed,
        }
    }
}

#[tokio::test]
async fn where_nothing_can_be_linked_packages_are_copied() {
    let world = world().await;
    let before = snapshot(&place(&world, "a"));
    world.forget_installed();
    let files = Files::observed(Arc::new(NoLinks));
    for link_mode in [LinkMode::Hardlink, LinkMode::Clone] {
        let options = InstallOptions {
            link_mode,
            ..world.options()
        };
        let installer = world.installer(files.clone(), Some(world.cache(&files)));
        let error = installer.install(&options).await.unwrap_err();
        let InstallError::Several(errors) = error else {
            panic!("{error}")
        };
        assert!(
            errors
                .iter()
                .all(|e| matches!(e, InstallError::Link { mode, .. } if *mode == link_mode))
        );
    }
    let report = world.install_warm(&files).unwrap();
    assert!(
        report
            .providers
            .iter()
            .all(|p| p.origin == PackageOrigin::Cache)
    );
    assert_eq!(snapshot(&place(&world, "a")), before);
}

#[tokio::test]
async fn an_upgrade_is_no_warm_install() {
    let world = world().await;
    let warm = |options: &InstallOptions| {
        let files = Files::default();
        tofu_oci::install::WarmInstaller {
            cache: Some(world.cache(&files)),
            files,
            progress: world.progress(),
        }
        .install(options)
    };
    for options in [
        InstallOptions {
            lock: LockMode::Upgrade,
            ..world.options()
        },
        InstallOptions {
            writes: Writes::DryRun,
            ..world.options()
        },
    ] {
        assert!(warm(&options).is_err());
    }
    assert!(
        warm(&InstallOptions {
            lock: LockMode::Locked,
            ..world.options()
        })
        .is_ok()
    );
    world.write(
        "more.tf",
        "module \"m\" {\n  source = \"oci://oci.example.com/m\"\n}\n",
    );
    assert!(warm(&world.options()).is_err());
}
