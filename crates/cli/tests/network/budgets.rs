//! How many requests it takes. Counted on the registry's log.

use tofu_oci_testkit::{ProviderRelease, Registry};

use crate::{CONFIGURATION, Client, FROM, published};

/// The requests, without digests.
fn requests(registry: &Registry, client: &Client) -> String {
    client.sandbox.normalised(&registry.requests().join("\n"))
}

/// Requests that are sent side by side, and answered in any order.
fn sorted(requests: &str) -> String {
    let mut sorted: Vec<&str> = requests.lines().collect();
    sorted.sort_unstable();
    sorted.join("\n")
}

/// The part of the configuration that needs a provider and no module.
fn provider_only(client: &Client, dir: &str) {
    let configuration = CONFIGURATION.split("\nmodule").next().unwrap();
    client
        .sandbox
        .write(format!("{dir}/main.tf"), configuration);
}

#[test]
fn an_install_lists_the_versions_once() {
    let (registry, client) = published();
    provider_only(&client, "infra");
    let _ = client.line(&format!("install infra {FROM}")).ok();
    insta::assert_snapshot!(requests(&registry, &client), @r"
    GET /v2/acme/demo/tags/list 200
    GET /v2/acme/demo/manifests/1.2.3 200
    GET /v2/acme/demo/manifests/sha256:[DIGEST] 200
    GET /v2/acme/demo/blobs/sha256:[DIGEST] 200
    ");
}

#[test]
fn a_locked_install_reads_three_things_a_provider() {
    let (registry, client) = published();
    provider_only(&client, "infra");
    let _ = client.line(&format!("install infra {FROM}")).ok();
    let _ = registry.requests();
    // A machine that has the lock file and nothing else.
    client.forget("infra");
    for flags in ["--locked", ""] {
        let _ = client.line(&format!("install infra {FROM} {flags}")).ok();
        match flags {
            "--locked" => {
                insta::assert_snapshot!(requests(&registry, &client), @r"
                GET /v2/acme/demo/manifests/1.2.3 200
                GET /v2/acme/demo/manifests/sha256:[DIGEST] 200
                GET /v2/acme/demo/blobs/sha256:[DIGEST] 200
                ");
            }
            // What is installed and locked costs nothing.
            _ => assert_eq!(registry.requests(), Vec::<String>::new()),
        }
    }
}

#[test]
fn platforms_share_the_index() {
    let (registry, client) = published();
    provider_only(&client, "infra");
    let both = format!("install infra {FROM} --platform darwin_arm64");
    let _ = client.line(&both).ok();
    let _ = registry.requests();
    client.forget("infra");
    let _ = client.line(&format!("{both} --locked")).ok();
    insta::assert_snapshot!(requests(&registry, &client), @r"
    GET /v2/acme/demo/manifests/1.2.3 200
    GET /v2/acme/demo/manifests/sha256:[DIGEST] 200
    GET /v2/acme/demo/manifests/sha256:[DIGEST] 200
    GET /v2/acme/demo/blobs/sha256:[DIGEST] 200
    GET /v2/acme/demo/blobs/sha256:[DIGEST] 200
    ");
}

#[test]
fn a_module_takes_two_reads() {
    let (registry, client) = published();
    let configuration = CONFIGURATION.replace("HOST", &client.host);
    let (_, module) = configuration.split_once("\nmodule").unwrap();
    client
        .sandbox
        .write("infra/main.tf", format!("module{module}"));
    let _ = client.line("install infra").ok();
    insta::assert_snapshot!(requests(&registry, &client), @r"
    GET /v2/modules/label/manifests/1.2.0 200
    GET /v2/modules/label/blobs/sha256:[DIGEST] 200
    ");
}

#[test]
fn a_locked_module_is_read_by_its_digest() {
    let (registry, client) = published();
    let configuration = CONFIGURATION.replace("HOST", &client.host);
    let (_, module) = configuration.split_once("\nmodule").unwrap();
    client
        .sandbox
        .write("infra/main.tf", format!("module{module}"));
    let _ = client.line("install infra --module-lock").ok();
    let _ = registry.requests();
    // A machine that has the lock files and nothing else.
    client.forget("infra");
    let _ = client.line("install infra --locked").ok();
    insta::assert_snapshot!(requests(&registry, &client), @r"
    GET /v2/modules/label/manifests/sha256:[DIGEST] 200
    GET /v2/modules/label/blobs/sha256:[DIGEST] 200
    ");
    // What is installed and locked costs nothing.
    let _ = client.line("install infra").ok();
    assert_eq!(registry.requests(), Vec::<String>::new());
}

#[test]
fn a_publish_reads_no_package() {
    let (registry, client) = published();
    ProviderRelease::new("1.2.4").write(client.sandbox.join("next"));
    let _ = client.line("publish provider next HOST/acme/demo").ok();
    let requests = registry.requests();
    let reads = requests.iter().filter(|request| {
        request.starts_with("GET") && request.contains("/blobs/") && request.ends_with(" 200")
    });
    assert_eq!(reads.count(), 0, "{requests:?}");
    // The two zips and the checksums file are sent, each in one piece; the registry manifest is there already.
    let count = |start: &str| requests.iter().filter(|r| r.starts_with(start)).count();
    assert_eq!(count("PATCH"), 0, "{requests:?}");
    let puts = requests
        .iter()
        .filter(|r| r.starts_with("PUT") && r.contains("/uploads/"))
        .count();
    assert_eq!((count("POST"), puts), (3, 3), "{requests:?}");
}

#[test]
fn an_unchanged_publish_only_looks() {
    let (registry, client) = published();
    for line in [
        "publish provider dist HOST/acme/demo",
        "publish module label HOST/modules/label:1.2.0",
    ] {
        let run = client.line(line).ok();
        assert!(run.stdout.starts_with("Unchanged"), "{}", run.stdout);
        let requests = requests(&registry, &client);
        assert!(
            requests.lines().all(|r| r.starts_with("HEAD ")),
            "{requests}"
        );
        let requests = sorted(&requests);
        match line.contains("provider") {
            true => {
                insta::assert_snapshot!(requests, @r"
                HEAD /v2/acme/demo/blobs/sha256:[DIGEST] 200
                HEAD /v2/acme/demo/blobs/sha256:[DIGEST] 200
                HEAD /v2/acme/demo/blobs/sha256:[DIGEST] 200
                HEAD /v2/acme/demo/blobs/sha256:[DIGEST] 200
                HEAD /v2/acme/demo/blobs/sha256:[DIGEST] 200
                HEAD /v2/acme/demo/blobs/sha256:[DIGEST] 200
                HEAD /v2/acme/demo/blobs/sha256:[DIGEST] 200
                HEAD /v2/acme/demo/manifests/1.2.3 200
                HEAD /v2/acme/demo/manifests/sha256:[DIGEST] 200
                HEAD /v2/acme/demo/manifests/sha256:[DIGEST] 200
                HEAD /v2/acme/demo/manifests/sha256:[DIGEST] 200
                HEAD /v2/acme/demo/manifests/sha256:[DIGEST] 200
                HEAD /v2/acme/demo/manifests/sha256:[DIGEST] 200
                HEAD /v2/acme/demo/referrers/sha256:[DIGEST] 200
                ");
            }
            false => {
                insta::assert_snapshot!(requests, @r"
                HEAD /v2/modules/label/blobs/sha256:[DIGEST] 200
                HEAD /v2/modules/label/blobs/sha256:[DIGEST] 200
                HEAD /v2/modules/label/manifests/1.2.0 200
                HEAD /v2/modules/label/manifests/1.2.0 200
                HEAD /v2/modules/label/manifests/latest 200
                HEAD /v2/modules/label/manifests/sha256:[DIGEST] 200
                ");
            }
        }
    }
}

#[test]
fn an_unchanged_copy_only_looks() {
    let (registry, client) = published();
    let target = Registry::new();
    let copy = format!("copy HOST/acme/demo:1.2.3 {}/acme/demo", target.host());
    let _ = client.line(&copy).ok();
    let _ = (registry.requests(), target.requests());
    let _ = client.line(&copy).ok();
    insta::assert_snapshot!(sorted(&requests(&registry, &client)), @r"
    GET /v2/acme/demo/manifests/sha256-[DIGEST] 404
    GET /v2/acme/demo/manifests/sha256-[DIGEST] 404
    GET /v2/acme/demo/manifests/sha256-[DIGEST] 404
    GET /v2/acme/demo/manifests/sha256-[DIGEST] 404
    GET /v2/acme/demo/manifests/sha256-[DIGEST] 404
    GET /v2/acme/demo/manifests/sha256:[DIGEST] 200
    GET /v2/acme/demo/referrers/sha256:[DIGEST] 200
    GET /v2/acme/demo/referrers/sha256:[DIGEST] 200
    GET /v2/acme/demo/referrers/sha256:[DIGEST] 200
    GET /v2/acme/demo/referrers/sha256:[DIGEST] 200
    GET /v2/acme/demo/referrers/sha256:[DIGEST] 200
    HEAD /v2/acme/demo/manifests/1.2.3 200
    ");
    insta::assert_snapshot!(sorted(&requests(&target, &client)), @r"
    GET /v2/acme/demo/manifests/sha256-[DIGEST] 404
    GET /v2/acme/demo/manifests/sha256-[DIGEST] 404
    GET /v2/acme/demo/manifests/sha256-[DIGEST] 404
    GET /v2/acme/demo/manifests/sha256-[DIGEST] 404
    GET /v2/acme/demo/manifests/sha256-[DIGEST] 404
    GET /v2/acme/demo/referrers/sha256:[DIGEST] 200
    GET /v2/acme/demo/referrers/sha256:[DIGEST] 200
    GET /v2/acme/demo/referrers/sha256:[DIGEST] 200
    GET /v2/acme/demo/referrers/sha256:[DIGEST] 200
    GET /v2/acme/demo/referrers/sha256:[DIGEST] 200
    HEAD /v2/acme/demo/manifests/1.2.3 200
    ");
}

#[test]
fn a_copy_in_one_registry_sends_no_blob() {
    let (registry, client) = published();
    let _ = client
        .line("copy HOST/acme/demo:1.2.3 HOST/copied/demo")
        .ok();
    let requests = requests(&registry, &client);
    let uploads = requests.lines().filter(|r| r.contains("/blobs/uploads/"));
    // Each of them was a mount.
    assert!(uploads.clone().count() > 0, "{requests}");
    for upload in uploads {
        assert_eq!(
            upload, "POST /v2/copied/demo/blobs/uploads/ 201",
            "{requests}"
        );
    }
}

#[test]
fn nobody_asks_whether_it_is_a_registry() {
    let (registry, client) = published();
    client.configure("infra");
    for line in [
        "publish provider dist HOST/acme/other",
        "list HOST/acme/demo",
        "show HOST/acme/demo:1.2.3",
        "pull HOST/acme/demo:1.2.3 -o out",
        &format!("install infra {FROM}"),
    ] {
        let _ = client.line(line).ok();
        let requests = registry.requests();
        assert!(!requests.is_empty(), "{line}");
        let pings = requests.iter().filter(|r| r.contains(" /v2/ "));
        assert_eq!(pings.count(), 0, "{line}: {requests:?}");
    }
}
