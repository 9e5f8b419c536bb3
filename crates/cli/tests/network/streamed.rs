//! Packages that are sent while they are looked into, and how a release is published to registries with quirks.

use std::sync::Arc;

use tofu_oci::store::MemoryStorage;
use tofu_oci::store::{
    Blob, Put, PutManifest, Repository, Storage, StorageRepository, TagRule, WritableRepository,
};
use tofu_oci::types::oci::{
    Descriptor, Digest, ImageManifest, Manifest, MediaType, RepositoryName, Tag,
};
use tofu_oci_testkit::{
    Canned, Created, ProviderRelease, Quirk, Quirks, Registry, Requests, Zip, ZipEntry, executable,
};

use crate::{Client, FROM, check};

const PACKAGE: &str = "terraform-provider-demo_2.0.0_linux_amd64.zip";
const PUBLISH: &str =
    "publish provider terraform-provider-demo_2.0.0_linux_amd64.zip HOST/acme/demo";

/// A package that is large enough to be sent before its digest is known.
fn large() -> ZipEntry {
    let mut program = executable("linux", "amd64", "demo");
    program.resize(17 * 1024 * 1024, b'x');
    ZipEntry::executable("terraform-provider-demo_v2.0.0", program)
}

/// The digest of the package.
fn digest(client: &Client) -> Digest {
    Digest::of(&std::fs::read(client.sandbox.join(PACKAGE)).unwrap())
}

/// What was asked about blobs, without the two bytes of an empty configuration.
fn blobs(registry: &Registry, package: &Digest) -> Vec<String> {
    let log = registry.log().take();
    let lines = log.iter().filter(|record| {
        let path = &record.path;
        path.contains("/blobs/uploads/") || path.contains(package.as_str())
    });
    lines
        .map(|record| format!("{} {}", record.method, record.status))
        .collect()
}

/// The requests that send the package, without those for what is small.
fn sends(quirks: &Quirks) -> Vec<String> {
    let seen = quirks.seen();
    let large = |seen: &&tofu_oci_testkit::Seen| {
        let length = seen
            .header("content-length")
            .and_then(|text| text.parse().ok());
        length.is_some_and(|length: u64| length > 1024 * 1024)
    };
    let sends = seen.iter().filter(large);
    sends.map(|seen| seen.method.clone()).collect()
}

#[test]
fn a_large_package_is_sent_while_it_is_looked_into() {
    let quirks = Quirks::new();
    let registry = Registry::with_quirks(&quirks);
    let client = Client::new(registry.host());
    Zip::new()
        .entry(large())
        .write(client.sandbox.join(PACKAGE));
    let _ = client.line(PUBLISH).ok();
    assert_eq!(sends(&quirks), ["PATCH"]);
    let package = digest(&client);
    let asked = blobs(&registry, &package);
    let put = asked.iter().filter(|line| *line == "PUT 201").count();
    assert!(put >= 1, "{asked:?}");
    let _ = client.line("pull HOST/acme/demo:2.0.0 -o out").ok();
    let pulled = std::fs::read(client.sandbox.join("out").join(PACKAGE)).unwrap();
    assert_eq!(Digest::of(&pulled), package);
    // Unchanged, it is looked into here, and only asked for.
    let _ = registry.requests();
    let _ = client.line(PUBLISH).ok();
    let requests = registry.requests();
    assert!(
        requests.iter().all(|request| request.starts_with("HEAD ")),
        "{requests:?}"
    );
    // A run that ended before its version had a tag: the package is there, and is not stored again.
    let _ = client.line("delete HOST/acme/demo:2.0.0 --yes").ok();
    let _ = registry.requests();
    let _ = client.line(PUBLISH).ok();
    let asked = registry.requests();
    let stored = asked
        .iter()
        .filter(|line| line.starts_with("PUT ") && line.contains("/blobs/"));
    assert_eq!(stored.count(), 0, "{asked:?}");
}

#[test]
fn a_large_package_that_is_bad_becomes_no_blob() {
    for (what, entry) in [
        ("crc", large().crc(1)),
        ("deflated", large().deflated().crc(1)),
    ] {
        let quirks = Quirks::new();
        let registry = Registry::with_quirks(&quirks);
        let client = Client::new(registry.host());
        let noise = ZipEntry::file("noise", (0..18_000_000u32).map(noise).collect::<Vec<u8>>());
        let zip = Zip::new().entry(noise).entry(entry);
        zip.write(client.sandbox.join(PACKAGE));
        let run = client.line(PUBLISH);
        assert_eq!(run.status, 3, "{what}: {}", run.stderr);
        assert!(
            run.stderr.contains("terraform-provider-demo_v2.0.0"),
            "{}",
            run.stderr
        );
        let requests = registry.requests();
        let stored = requests.iter().filter(|line| line.starts_with("PUT "));
        assert_eq!(stored.count(), 0, "{what}: {requests:?}");
        let run = client.line("list HOST/acme/demo");
        assert_eq!(run.status, 1, "{what}");
    }
}

/// A byte that does not repeat soon.
fn noise(n: u32) -> u8 {
    (n.wrapping_mul(2_654_435_761) >> 24) as u8
}

#[test]
fn a_registry_that_takes_no_patch_gets_the_package_all_the_same() {
    let quirks = Quirks::new();
    quirks.on(
        Requests::of("PATCH", ""),
        Quirk::Answer(Canned::status(405)),
    );
    let registry = Registry::with_quirks(&quirks);
    let client = Client::new(registry.host());
    Zip::new()
        .entry(large())
        .write(client.sandbox.join(PACKAGE));
    let _ = client.line(PUBLISH).ok();
    assert_eq!(sends(&quirks), ["PATCH", "PUT"]);
    let _ = client.line("pull HOST/acme/demo:2.0.0 -o out").ok();
}

#[test]
fn no_tag_has_a_plus() {
    let quirks = Quirks::new();
    for plus in ["+", "%2B", "%2b"] {
        quirks.on(Requests::to(plus), Quirk::Answer(Canned::status(400)));
    }
    let registry = Registry::with_quirks(&quirks);
    let client = Client::new(registry.host());
    ProviderRelease::new("1.2.3+build.7").write(client.sandbox.join("dist"));
    let _ = client.line("publish provider dist HOST/acme/demo").ok();
    // Again, and by somebody who knows the tag.
    let _ = client.line("publish provider dist HOST/acme/demo").ok();
    let listed = client.line("list HOST/acme/demo").ok();
    assert!(listed.stdout.contains("1.2.3+build.7"), "{}", listed.stdout);
    let _ = client.line("pull HOST/acme/demo:1.2.3_build.7 -o out").ok();
    let configuration = crate::CONFIGURATION.split("\nmodule").next().unwrap();
    let configuration = configuration.replace("~> 1.2", "1.2.3+build.7");
    client.sandbox.write("infra/main.tf", configuration);
    let _ = client.line(&format!("install infra {FROM}")).ok();
    let requests = registry.requests();
    assert!(
        requests.iter().any(|line| line.contains("1.2.3_build.7")),
        "{requests:?}"
    );
    assert!(
        !requests.iter().any(|line| line.contains('+')),
        "{requests:?}"
    );
}

#[test]
fn a_repository_may_come_into_being_by_a_push() {
    let quirks = Quirks::new();
    quirks.on(Requests::all(), Quirk::CreatesOnPush(Created::default()));
    let registry = Registry::with_quirks(&quirks);
    let client = Client::new(registry.host());
    client.write_releases();
    let _ = client.line("publish provider dist HOST/acme/demo").ok();
    let _ = client.line("pull HOST/acme/demo:1.2.3 -o out").ok();
    // Where it does not, that is what is told.
    let quirks = Quirks::new();
    let unknown = Canned::error(
        404,
        "NAME_UNKNOWN",
        "repository name not known to registry",
        "",
    );
    quirks.on(Requests::all(), Quirk::Answer(unknown));
    let registry = Registry::with_quirks(&quirks);
    let client = Client {
        host: registry.host().to_owned(),
        ..client
    };
    check!(client, "publish provider dist HOST/acme/demo --platform linux_amd64", @r#"
    exit 1
    -- stderr
    error[registry-refused]: cannot put "dist/terraform-provider-demo_1.2.3_linux_amd64.zip" into [HOST]/acme/demo
      cause: [HOST] does not accept starting an upload to [HOST]/acme/demo: 404 NAME_UNKNOWN: repository name not known to registry
      hint: some registries want a repository or project to be created before the first push
    "#);
}

/// A cache in front of another registry lists what it was asked for before, if anything.
#[test]
fn a_locked_install_needs_no_list() {
    let quirks = Quirks::new();
    let registry = Registry::with_quirks(&quirks);
    let client = Client::new(registry.host());
    client.publish();
    let configuration = crate::CONFIGURATION.split("\nmodule").next().unwrap();
    client.sandbox.write("infra/main.tf", configuration);
    let install = format!("install infra {FROM}");
    let _ = client.line(&install).ok();
    let empty = Canned::json(200, r#"{"name":"acme/demo","tags":null}"#);
    quirks.on(Requests::to("/tags/list"), Quirk::Answer(empty));
    std::fs::remove_dir_all(client.sandbox.join("infra/.terraform")).unwrap();
    let _ = client.line(&install).ok();
    // Without a lock file nobody knows what there is.
    std::fs::remove_dir_all(client.sandbox.join("infra/.terraform")).unwrap();
    std::fs::remove_file(client.sandbox.join("infra/.terraform.lock.hcl")).unwrap();
    check!(client, &install, @r#"
    exit 1
    -- stderr
    error[no-version]: no version of registry.opentofu.org/acme/demo satisfies "~> 1.2" (root at main.tf:3:5); there is no version at all
      hint: change one of the constraints, or publish a version that satisfies all of them
    "#);
}

/// A module in a registry, made by hand of this zip.
fn module_of(zip: &[u8]) -> Registry {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let name: RepositoryName = "modules/label".parse().unwrap();
    let repository = StorageRepository::new(Arc::clone(&storage), name);
    let layer = Descriptor::of(MediaType::from_static("archive/zip"), zip);
    let kind = "application/vnd.opentofu.modulepkg";
    let manifest = Manifest::from_image(&ImageManifest {
        artifact_type: Some(MediaType::from_static(kind)),
        config: Descriptor::empty(),
        layers: vec![layer.clone()],
        subject: None,
        annotations: Default::default(),
    });
    let put = async {
        let zip = Blob::Bytes(zip.to_vec().into());
        assert_eq!(
            repository.put_blob(&layer, zip).await.unwrap(),
            Put::Uploaded
        );
        let empty = Blob::Bytes("{}".into());
        repository
            .put_blob(&Descriptor::empty(), empty)
            .await
            .unwrap();
        let tag: Tag = "1.2.0".parse().unwrap();
        let batch = [PutManifest::tagged(manifest, tag.clone(), TagRule::Create)];
        repository.put_manifests(&batch).await.unwrap();
        assert!(repository.head(&tag).await.unwrap().is_some());
    };
    on_this_thread(put);
    Registry::over(storage)
}

fn on_this_thread(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(future);
}

/// What was not published by us may hold links, symbolic and by name.
#[test]
fn links_in_a_package_are_not_unpacked() {
    let outside = tempfile::tempdir().unwrap();
    let victim = outside.path().join("victim");
    for (what, zip) in [
        (
            "a link, and a file through it",
            Zip::new()
                .entry(ZipEntry::link("out", outside.path().to_str().unwrap()))
                .file("out/victim", "x"),
        ),
        (
            "a link to a file",
            Zip::new().entry(ZipEntry::link("main.tf", victim.to_str().unwrap())),
        ),
        ("a path", Zip::new().file(victim.to_str().unwrap(), "x")),
    ] {
        let registry = module_of(&zip.build());
        let client = Client::new(registry.host());
        let (_, module) = crate::CONFIGURATION.split_once("\nmodule").unwrap();
        let module = format!("module{}", module.replace("HOST", &client.host));
        client.sandbox.write("infra/main.tf", module);
        let run = client.line("install infra");
        assert_eq!(run.status, 3, "{what}: {}", run.stderr);
        assert!(!victim.exists(), "{what}");
        assert!(
            !client
                .sandbox
                .join("infra/.terraform/modules/label")
                .exists(),
            "{what}"
        );
        // As a file it can be looked at.
        let _ = client.line("pull HOST/modules/label:1.2.0 -o out").ok();
        assert!(!victim.exists(), "{what}");
    }
}
