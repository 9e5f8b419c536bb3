//! Versions and places.

use tofu_oci::publish::{Existing, ProviderOptions, PublishError, PublishOutcome};
use tofu_oci::types::oci::Tag;

use crate::support::*;

#[tokio::test]
async fn places_that_do_not_fit() {
    let dist = Dist::new(&["linux_amd64"]);
    let module = Dist::empty();
    module.write("main.tf", b"# nothing\n");
    let registry = tempfile::tempdir().unwrap();
    let options = ProviderOptions::default();
    let module_options = tofu_oci::publish::ModuleOptions {
        version: Some("2.0.0".parse().unwrap()),
        ..tofu_oci::publish::ModuleOptions::new(registry.path())
    };
    let root = registry.path().display().to_string();
    let provider = async |at: String| {
        let at = address(&at);
        publisher().provider(&[dist.path()], &at, &options).await
    };
    provider(format!("dir:{root}//acme/demo")).await.unwrap();
    let at = address(&format!("dir:{root}//acme/demo"));
    let error = publisher()
        .module(&module.path(), &at, &module_options)
        .await
        .unwrap_err();
    assert!(
        matches!(error, PublishError::MixedRepository { .. }),
        "{error}"
    );
    let at = address(&format!("dir:{root}//acme/label"));
    publisher()
        .module(&module.path(), &at, &module_options)
        .await
        .unwrap();
    let error = provider(format!("dir:{root}//acme/label"))
        .await
        .unwrap_err();
    assert!(
        matches!(error, PublishError::MixedRepository { .. }),
        "{error}"
    );
    let error = provider(format!("dir:{root}")).await.unwrap_err();
    assert!(matches!(error, PublishError::NameMissing { .. }), "{error}");
    let error = provider(format!("dir:{root}/acme/demo//x"))
        .await
        .unwrap_err();
    assert!(
        matches!(error, PublishError::NameBelowLayout { .. }),
        "{error}"
    );
    assert!(!registry.path().join("index.json").exists());
    assert!(!registry.path().join("acme/demo/x").exists());
}

#[tokio::test]
async fn a_version_does_not_change() {
    let repository = memory();
    let dist = Dist::new(&["linux_amd64"]);
    let options = ProviderOptions::default();
    let first = publish(&dist, &repository, &options).await.unwrap();
    let other = Dist::new(&["linux_amd64", "darwin_arm64"]);
    let error = publish(&other, &repository, &options).await.unwrap_err();
    let PublishError::VersionExists {
        existing,
        new,
        tag: at,
        ..
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!((existing, at.as_str()), (first.digest.clone(), "1.2.3"));
    let head = repository
        .head(&"1.2.3".parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(head.digest, first.digest);
    // Unless it is wanted.
    let options = ProviderOptions {
        existing: Existing::Replace,
        ..options
    };
    let forced = publish(&other, &repository, &options).await.unwrap();
    assert_eq!(forced.outcome, PublishOutcome::Published);
    assert_eq!((forced.digest, forced.replaced), (new, Some(first.digest)));
    let head = repository
        .head(&"1.2.3".parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        head.digest,
        forced
            .packages
            .len()
            .eq(&2)
            .then_some(head.digest.clone())
            .unwrap()
    );
}

#[tokio::test]
async fn versions_that_no_client_can_tell_apart() {
    let repository = memory();
    publish(
        &Dist::new(&["linux_amd64"]),
        &repository,
        &ProviderOptions::default(),
    )
    .await
    .unwrap();
    let dist = Dist::empty();
    dist.write(
        "terraform-provider-demo_1.2.3+build.5_linux_amd64.zip",
        &package("linux_amd64"),
    );
    let error = publish(&dist, &repository, &ProviderOptions::default())
        .await
        .unwrap_err();
    assert!(matches!(error, PublishError::Twin { .. }), "{error:?}");
    // Alone it is fine, and `+` is `_` in the tag.
    let repository = memory();
    let report = publish(&dist, &repository, &ProviderOptions::default())
        .await
        .unwrap();
    assert_eq!(report.tag.as_str(), "1.2.3_build.5");
    let tags: Vec<Tag> = repository.tags().await.unwrap();
    assert_eq!(tags.len(), 1);
}
