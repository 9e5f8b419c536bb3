use std::sync::Arc;

use tofu_oci::install::{InstallError, LockChange, PackageAction, Writes};
use tofu_oci::source::{
    Connect, FetchOptions, OciMirror, Source as _, SourceError, fetch_provider,
};
use tofu_oci::store::files::Files;
use tofu_oci::trust::content::Threads;
use tofu_oci::trust::evidence::LockCheck;
use tofu_oci::types::oci::Digest;
use tofu_oci::types::tofu::Platform;
use tokio::sync::Semaphore;

use crate::support::{World, snapshot};

const DEMO: &str = r#"
terraform {
  required_providers {
    demo = {
      source  = "registry.example.com/acme/demo"
      version = "~> 1.0"
    }
  }
}
"#;

fn other() -> Platform {
    "darwin_arm64".parse().unwrap()
}

async fn world() -> World {
    let world = World::new(DEMO);
    let here = Platform::current();
    for version in ["0.9.0", "1.0.0", "1.2.3", "2.0.0"] {
        world
            .provider("acme/demo", version, &[here.clone(), other()])
            .await;
    }
    world
}

#[tokio::test]
async fn the_newest_allowed_version_is_laid_out_as_init_does() {
    let world = world().await;
    let report = world.install().await.unwrap();
    assert_eq!(report.lock, LockChange::Created);
    assert_eq!(report.providers[0].version.to_string(), "1.2.3");
    let here = Platform::current();
    let dir = format!(".terraform/providers/registry.example.com/acme/demo/1.2.3/{here}");
    let script = world.read(&format!("{dir}/terraform-provider-demo_v1.2.3"));
    assert_eq!(script, format!("#!/bin/sh\necho acme/demo 1.2.3 {here}\n"));
    assert_eq!(world.read(&format!("{dir}/README.md")), "read me\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let path = world
            .conf()
            .join(dir)
            .join("terraform-provider-demo_v1.2.3");
        assert_eq!(
            std::fs::metadata(path).unwrap().permissions().mode() & 0o111,
            0o111
        );
    }
    let lock = world.read(".terraform.lock.hcl");
    let hashes = &report.providers[0].hashes;
    assert_eq!(hashes.len(), 2);
    assert_eq!(
        lock,
        format!(
            "# This file is maintained automatically by \"tofu init\".\n# Manual edits may be lost in future updates.\n\nprovider \"registry.example.com/acme/demo\" {{\n  version     = \"1.2.3\"\n  constraints = \"~> 1.0\"\n  hashes = [\n    \"{}\",\n    \"{}\",\n  ]\n}}\n",
            hashes.iter().find(|h| h.is_h1()).unwrap(),
            hashes.iter().find(|h| h.is_zh()).unwrap(),
        )
    );
}

#[tokio::test]
async fn a_second_install_keeps_everything() {
    let world = world().await;
    world.install().await.unwrap();
    let before = snapshot(&world.conf());
    // The registry is not asked: it could as well be gone.
    std::fs::remove_dir_all(world.registry()).unwrap();
    let report = world.install().await.unwrap();
    assert_eq!(report.providers[0].action, PackageAction::Kept);
    assert_eq!(report.lock, LockChange::Unchanged);
    assert_eq!(snapshot(&world.conf()), before);
}

#[tokio::test]
async fn a_package_that_was_changed_is_replaced() {
    let world = world().await;
    world.install().await.unwrap();
    let before = snapshot(&world.conf());
    let here = Platform::current();
    let dir = format!(".terraform/providers/registry.example.com/acme/demo/1.2.3/{here}");
    world.write(&format!("{dir}/README.md"), "changed");
    world.write(&format!("{dir}/more"), "more");
    let report = world.install().await.unwrap();
    assert_eq!(report.providers[0].action, PackageAction::Replaced);
    assert_eq!(snapshot(&world.conf()), before);
}

#[tokio::test]
async fn packages_for_other_platforms_are_installed_beside() {
    let world = world().await;
    let mut options = world.options();
    options.platforms = vec![Platform::current(), other()];
    let report = world
        .install_with(Default::default(), &options)
        .await
        .unwrap();
    assert_eq!(report.providers.len(), 2);
    let lock = world.read(".terraform.lock.hcl");
    assert_eq!(lock.matches("\"zh:").count(), 2);
    assert_eq!(lock.matches("\"h1:").count(), 2);
}

#[tokio::test]
async fn a_dry_run_changes_nothing_of_the_installation() {
    let world = world().await;
    let mut options = world.options();
    options.writes = Writes::DryRun;
    let report = world
        .install_with(Default::default(), &options)
        .await
        .unwrap();
    assert_eq!(report.lock, LockChange::Created);
    assert!(report.providers[0].size > 0);
    assert!(!world.conf().join(".terraform.lock.hcl").exists());
    assert!(!world.conf().join(".terraform/providers").exists());
}

#[tokio::test]
async fn who_asked_for_what_is_named() {
    let world = World::new(DEMO);
    world.write("more.tf", "module \"child\" {\n  source = \"./child\"\n}\n");
    world.write(
        "child/main.tf",
        "terraform {\n  required_providers {\n    demo = {\n      source = \"registry.example.com/acme/demo\"\n      version = \">= 2.0.0\"\n    }\n  }\n}\n",
    );
    world
        .provider("acme/demo", "1.2.3", &[Platform::current()])
        .await;
    world
        .provider("acme/demo", "2.0.0", &[Platform::current()])
        .await;
    let error = world.install().await.unwrap_err().to_string();
    for part in [
        "\"~> 1.0\"",
        "\">= 2.0.0\"",
        "root at main.tf:4",
        "module.child at child/main.tf:3",
        "2.0.0, 1.2.3",
    ] {
        assert!(error.contains(part), "{part} is not in: {error}");
    }
}

#[tokio::test]
async fn two_providers_in_one_repository_are_refused_by_name() {
    let world = World::new(
        r#"
terraform {
  required_providers {
    a = { source = "registry.example.com/acme/demo" }
    b = { source = "other.example.com/acme/demo" }
  }
}
"#,
    );
    world
        .provider("acme/demo", "1.0.0", &[Platform::current()])
        .await;
    let InstallError::Source(error) = world.install().await.unwrap_err() else {
        panic!("the template leaves the host out")
    };
    let cause = std::error::Error::source(&*error).unwrap().to_string();
    assert!(
        cause.contains("registry.example.com") && cause.contains("other.example.com"),
        "{cause}"
    );
    assert!(!world.conf().join(".terraform/providers").exists());
}

#[tokio::test]
async fn what_is_missing_is_said_for_every_provider_at_once() {
    let world = World::new(
        r#"
terraform {
  required_providers {
    a = { source = "registry.example.com/acme/a" }
    b = { source = "registry.example.com/acme/b" }
    c = { source = "registry.example.com/acme/c" }
  }
}
"#,
    );
    world.provider("acme/b", "1.0.0", &[other()]).await;
    world
        .provider("acme/c", "1.0.0", &[Platform::current()])
        .await;
    let error = world.install().await.unwrap_err();
    let InstallError::Versions { .. } = error else {
        panic!("{error}")
    };
    assert!(error.to_string().contains("acme/a"), "{error}");
    world.provider("acme/a", "1.0.0", &[other()]).await;
    let InstallError::Several(errors) = world.install().await.unwrap_err() else {
        panic!("two platforms are missing")
    };
    assert_eq!(errors.len(), 2);
    assert!(!world.conf().join(".terraform.lock.hcl").exists());
}

#[tokio::test]
async fn an_index_that_lies_about_a_size_is_refused() {
    let world = World::new(DEMO);
    world
        .provider("acme/demo", "1.2.3", &[Platform::current()])
        .await;
    let layout = world.registry().join("acme/demo");
    let path = |digest: &str| layout.join("blobs/sha256").join(&digest["sha256:".len()..]);
    let list = std::fs::read(layout.join("index.json")).unwrap();
    let mut list: serde_json::Value = serde_json::from_slice(&list).unwrap();
    let digest = list["manifests"][0]["digest"].as_str().unwrap().to_owned();
    let index = std::fs::read(path(&digest)).unwrap();
    let mut index: serde_json::Value = serde_json::from_slice(&index).unwrap();
    let true_size = index["manifests"][0]["size"].as_u64().unwrap();
    for size in [true_size - 1, true_size + 1] {
        index["manifests"][0]["size"] = size.into();
        let bytes = serde_json::to_vec(&index).unwrap();
        let digest = Digest::of(&bytes).to_string();
        std::fs::write(path(&digest), &bytes).unwrap();
        list["manifests"][0]["digest"] = digest.into();
        list["manifests"][0]["size"] = bytes.len().into();
        let bytes = serde_json::to_vec(&list).unwrap();
        std::fs::write(layout.join("index.json"), bytes).unwrap();
        let error = world.install().await.unwrap_err();
        let InstallError::Source(source) = &error else {
            panic!("{error}")
        };
        assert!(matches!(**source, SourceError::Read { .. }), "{source}");
        assert!(!world.conf().join(".terraform.lock.hcl").exists());
    }
}

/// What is fetched waits for a processor before it is hashed and unpacked.
#[tokio::test]
async fn packages_take_turns() {
    let world = world().await;
    let template = format!("dir:{}//acme/{{type}}", world.registry().display());
    let source = OciMirror::new(template.parse().unwrap(), Connect::default());
    let provider = "registry.example.com/acme/demo".parse().unwrap();
    let release = source
        .release(&provider, &"1.2.3".parse().unwrap(), &[Platform::current()])
        .await
        .unwrap();
    let options = FetchOptions {
        files: Files::default(),
        threads: Threads::One,
        turns: Arc::new(Semaphore::new(0)),
    };
    let into = world.dir.path().join("unpacked");
    let check = LockCheck::unlocked();
    let meta = &release.packages[0];
    let mut fetch = std::pin::pin!(fetch_provider(
        meta,
        check,
        &options,
        into.clone(),
        Arc::new(|_| {}),
    ));
    for _ in 0..100 {
        assert!(poll_once(fetch.as_mut()).await.is_none());
        tokio::task::yield_now().await;
    }
    assert!(!into.exists());
    options.turns.add_permits(1);
    let fetched = fetch.await.unwrap();
    assert!(fetched.path().is_dir());
    // The next one can have it.
    assert_eq!(options.turns.available_permits(), 1);
}

async fn poll_once<F: Future + Unpin>(mut future: F) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        let polled = std::pin::Pin::new(&mut future).poll(context);
        std::task::Poll::Ready(match polled {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

/// A package is not put where a link leads to, at whatever level of `.terraform/providers` it is.
#[cfg(unix)]
#[tokio::test]
async fn nothing_behind_a_link_is_replaced() {
    let world = world().await;
    world.install().await.unwrap();
    let providers = world.conf().join(".terraform/providers");
    let precious = world.dir.path().join("precious");
    for link in [
        providers.clone(),
        providers.join("registry.example.com/acme"),
    ] {
        std::fs::rename(&link, &precious).unwrap();
        // What is there is not what is locked, so that it would have to go.
        for (name, _) in snapshot(&precious) {
            std::fs::write(precious.join(name), "theirs\n").unwrap();
        }
        let before = snapshot(&precious);
        std::os::unix::fs::symlink(&precious, &link).unwrap();
        let error = world.install().await.unwrap_err();
        let InstallError::Place { source, .. } = &error else {
            panic!("{error}")
        };
        assert_eq!(source.kind(), std::io::ErrorKind::NotADirectory);
        assert_eq!(snapshot(&precious), before);
        std::fs::remove_file(&link).unwrap();
        std::fs::rename(&precious, &link).unwrap();
    }
    world.install().await.unwrap();
}
