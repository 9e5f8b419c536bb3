//! Which files make a release.

use tofu_oci::publish::ProviderOptions;
use tofu_oci::types::artifact::annotation;

use crate::fixture::*;
use crate::support::*;

#[tokio::test]
async fn which_files_are_taken() {
    let options = ProviderOptions::default();
    // A directory of goreleaser: other files and directories do not count.
    let dist = Dist::new(&["linux_amd64", "darwin_arm64"]);
    dist.write("artifacts.json", b"[]");
    dist.write("CHANGELOG.md", b"# 1.2.3");
    dist.write("demo_linux_amd64_v1/terraform-provider-demo_v1.2.3", b"x");
    let report = publish(&dist, &memory(), &options).await.unwrap();
    assert_eq!(report.packages.len(), 2);
    assert_eq!(report.attachments.len(), 1);

    // Only some platforms; the list still covers them.
    let only = ProviderOptions {
        platforms: vec!["darwin_arm64".parse().unwrap()],
        ..ProviderOptions::default()
    };
    let report = publish(&dist, &memory(), &only).await.unwrap();
    assert_eq!(report.packages[0].platform.to_string(), "darwin_arm64");
    assert_eq!(report.packages.len(), 1);
    let missing = ProviderOptions {
        platforms: vec!["plan9_mips".parse().unwrap()],
        ..ProviderOptions::default()
    };
    let error = publish(&dist, &memory(), &missing).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no package for plan9_mips, only for darwin_arm64, linux_amd64"
    );

    // One zip by name: its list is found beside it, its neighbour is left.
    let at = address("dir:r//acme/demo");
    let zip = dist.join(&zip_name("linux_amd64"));
    let report = publisher()
        .provider_into(&[zip], (&at, memory()), &options)
        .await
        .unwrap();
    assert_eq!((report.packages.len(), report.attachments.len()), (1, 1));
}

#[tokio::test]
async fn a_mirror_directory() {
    let dist = Dist::empty();
    let zip = package("linux_amd64");
    for name in [
        "registry.example.com/acme/demo/terraform-provider-demo_1.2.3_linux_amd64.zip",
        "registry.example.com/acme/demo/terraform-provider-demo_1.3.0_linux_amd64.zip",
        "registry.example.com/acme/other/terraform-provider-other_1.2.3_linux_amd64.zip",
        "registry.example.com/acme/demo/index.json",
    ] {
        dist.write(name, &zip);
    }
    let error = publish(&dist, &memory(), &ProviderOptions::default())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "there are packages of several providers: registry.example.com/acme/demo, registry.example.com/acme/other"
    );
    let source = ProviderOptions {
        source: Some("registry.example.com/acme/demo".parse().unwrap()),
        ..ProviderOptions::default()
    };
    let error = publish(&dist, &memory(), &source).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "there are packages of several versions: 1.2.3, 1.3.0"
    );
    std::fs::remove_dir_all(dist.join("registry.example.com/acme/other")).unwrap();
    let one = ProviderOptions {
        version: Some("1.3.0".parse().unwrap()),
        ..ProviderOptions::default()
    };
    let repository = memory();
    let report = publish(&dist, &repository, &one).await.unwrap();
    assert_eq!(report.version.to_string(), "1.3.0");
    let index = repository.manifest(&tag("1.3.0")).await.unwrap();
    assert_eq!(
        index.annotations().unwrap()[annotation::PROVIDER_SOURCE],
        "registry.example.com/acme/demo"
    );
}

#[tokio::test]
async fn names_that_say_nothing() {
    let dist = Dist::empty();
    dist.write("build.zip", &package("linux_amd64"));
    let zip = [dist.join("build.zip")];
    let at = address("dir:r//acme/demo");
    let into = || (&at, memory());
    let error = publisher()
        .provider_into(&zip, into(), &ProviderOptions::default())
        .await
        .unwrap_err();
    assert!(
        error.to_string().ends_with(
            "does not say what it is, and its source address and its version and its one platform are not given"
        ),
        "{error}"
    );
    let options = ProviderOptions {
        source: Some("acme/demo".parse().unwrap()),
        version: Some("1.2.3".parse().unwrap()),
        platforms: vec!["linux_amd64".parse().unwrap()],
        ..ProviderOptions::default()
    };
    let report = publisher()
        .provider_into(&zip, into(), &options)
        .await
        .unwrap();
    assert_eq!(report.packages[0].filename, zip_name("linux_amd64"));
}
