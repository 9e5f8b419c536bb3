//! Installs that ask for signatures: what they take, and what they refuse.

use std::sync::Arc;

use tofu_oci::store::MemoryStorage;
use tofu_oci_gateway::Distribution;
use tofu_oci_testkit::{Quirk, Quirks, Registry, Requests, Run};

use crate::signing::{FINGERPRINT, PUBLIC_ONE, armored, sign};
use crate::{CONFIGURATION, Client, FROM};

const LIST: &str = "dist/terraform-provider-demo_1.2.3_SHA256SUMS";
pub(crate) const REQUIRE: &str = "--require-signature --trusted-key acme.asc";

/// Whether the release is signed, and its key lies beside it.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Signed {
    Yes,
    No,
}

/// A registry with a release, a client that knows the key, and a configuration that needs the release.
fn published(signed: Signed) -> (Registry, Client) {
    published_on(Registry::new(), signed)
}

pub(crate) fn published_on(registry: Registry, signed: Signed) -> (Registry, Client) {
    let client = Client::new(registry.host());
    client.write_releases();
    let sandbox = &client.sandbox;
    sandbox.write("acme.asc", armored("PUBLIC", PUBLIC_ONE));
    if signed == Signed::Yes {
        sandbox.write(format!("{LIST}.sig"), sign(sandbox.read(LIST).as_bytes()));
        sandbox.write("dist/acme.asc", armored("PUBLIC", PUBLIC_ONE));
    }
    let _ = client.line("publish provider dist HOST/acme/demo").ok();
    let configuration = CONFIGURATION.split("\nmodule").next().unwrap();
    sandbox.write("infra/main.tf", configuration);
    let _ = registry.requests();
    (registry, client)
}

pub(crate) fn install(client: &Client, flags: &str) -> Run {
    client.line(&format!("install infra {FROM} {flags}"))
}

pub(crate) fn refused(run: &Run, code: &str) {
    assert_eq!(run.status, 3, "{run:?}");
    assert!(
        run.stderr.contains(&format!("error[{code}]")),
        "{}",
        run.stderr
    );
}

/// The requests, sorted, without digests.
fn requests(registry: &Registry, client: &Client) -> Vec<String> {
    let text = client.sandbox.normalised(&registry.requests().join("\n"));
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn evidence_costs_what_it_takes_and_only_where_it_is_asked_for() {
    let (registry, client) = published(Signed::Yes);
    let _ = install(&client, "").ok();
    let _ = registry.requests();
    client.forget("infra");
    let _ = install(&client, "--locked").ok();
    assert_eq!(
        requests(&registry, &client),
        [
            "GET /v2/acme/demo/blobs/sha256:[DIGEST] 200",
            "GET /v2/acme/demo/manifests/1.2.3 200",
            "GET /v2/acme/demo/manifests/sha256:[DIGEST] 200",
        ]
    );
    client.forget("infra");
    let _ = install(&client, &format!("--locked {REQUIRE}")).ok();
    // Beside that, what refers to the index and to the package's manifest, by the API and under the fallback tag;
    // the manifest of the checksums file; list, signature and key.
    assert_eq!(
        requests(&registry, &client),
        [
            "GET /v2/acme/demo/blobs/sha256:[DIGEST] 200",
            "GET /v2/acme/demo/blobs/sha256:[DIGEST] 200",
            "GET /v2/acme/demo/blobs/sha256:[DIGEST] 200",
            "GET /v2/acme/demo/blobs/sha256:[DIGEST] 200",
            "GET /v2/acme/demo/manifests/1.2.3 200",
            "GET /v2/acme/demo/manifests/sha256-[DIGEST] 404",
            "GET /v2/acme/demo/manifests/sha256-[DIGEST] 404",
            "GET /v2/acme/demo/manifests/sha256:[DIGEST] 200",
            "GET /v2/acme/demo/manifests/sha256:[DIGEST] 200",
            "GET /v2/acme/demo/referrers/sha256:[DIGEST] 200",
            "GET /v2/acme/demo/referrers/sha256:[DIGEST] 200",
        ]
    );
    // What is there is judged again, with what was kept: nobody is asked.
    let run = install(&client, &format!("{REQUIRE} --offline --json")).ok();
    assert_eq!(registry.requests(), Vec::<String>::new());
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["providers"][0]["action"], "kept");
    assert_eq!(document["providers"][0]["level"], "trusted");
    assert_eq!(
        document["providers"][0]["proofs"][0]["fingerprint"],
        FINGERPRINT
    );
    // The same where only the cache has it.
    std::fs::remove_dir_all(client.sandbox.join("infra/.terraform")).unwrap();
    let run = install(&client, &format!("{REQUIRE} --offline --json")).ok();
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["providers"][0]["from"], "cache");
    assert_eq!(document["providers"][0]["level"], "trusted");
}

#[test]
fn what_is_there_has_to_prove_as_much() {
    let (registry, client) = published(Signed::Yes);
    let _ = install(&client, "").ok();
    // Nobody has looked at evidence yet, and nobody may be asked.
    refused(
        &install(&client, &format!("{REQUIRE} --offline")),
        "proof-missing",
    );
    let _ = registry.requests();
    // The registry has it. The package is not fetched: we saw it unpacked.
    let _ = install(&client, REQUIRE).ok();
    let asked = requests(&registry, &client);
    assert_eq!(
        asked.iter().filter(|line| line.contains("/blobs/")).count(),
        3,
        "{asked:?}"
    );
    let _ = install(&client, &format!("{REQUIRE} --offline")).ok();
    // What is kept is no verdict: another key, another answer.
    refused(
        &install(&client, "--require-signature --offline"),
        "proof-missing",
    );
    // Evidence that was changed proves nothing.
    let kept = ".cache/tofu-oci/v1/evidence/registry.opentofu.org/acme/demo/1.2.3";
    client.sandbox.write(
        kept,
        client
            .sandbox
            .read(kept)
            .replace("zip", "ZIP")
            .replace('M', "N"),
    );
    refused(
        &install(&client, &format!("{REQUIRE} --offline")),
        "proof-missing",
    );
    // Asking repairs it.
    let _ = install(&client, REQUIRE).ok();
    let _ = install(&client, &format!("{REQUIRE} --offline")).ok();
}

#[test]
fn a_cache_that_was_restored_is_no_proof_of_a_zip() {
    let (registry, client) = published(Signed::Yes);
    let _ = install(&client, REQUIRE).ok();
    // Another machine: the cache and the working directory, without what this user saw.
    std::fs::remove_dir_all(client.sandbox.join(".local/state")).unwrap();
    let _ = registry.requests();
    let _ = install(&client, REQUIRE).ok();
    let asked = requests(&registry, &client);
    assert_eq!(
        asked.iter().filter(|line| line.contains("/blobs/")).count(),
        4,
        "{asked:?}"
    );
    // Without asking for signatures the lock file is enough.
    std::fs::remove_dir_all(client.sandbox.join(".local/state")).unwrap();
    let _ = install(&client, "").ok();
    assert_eq!(registry.requests(), Vec::<String>::new());
}

#[test]
fn what_is_not_signed_by_a_trusted_key_is_refused() {
    let (registry, client) = published(Signed::No);
    let run = install(&client, REQUIRE);
    refused(&run, "proof-missing");
    assert!(run.stderr.contains("hint: "), "{}", run.stderr);
    // Nothing was fetched and nothing written.
    let asked = requests(&registry, &client);
    let blobs = asked.iter().filter(|line| line.contains("/blobs/"));
    assert_eq!(blobs.count(), 1, "the list: {asked:?}");
    assert!(!client.sandbox.join("infra/.terraform.lock.hcl").exists());
    // Not required: it is installed.
    let _ = install(&client, "--trusted-key acme.asc").ok();

    // The key that lies beside the packages is nobody's word.
    let (_registry, client) = published(Signed::Yes);
    let run = install(&client, "--require-signature");
    refused(&run, "proof-missing");
    assert!(run.stderr.contains("--trusted-key"), "{}", run.stderr);
}

#[test]
fn signatures_by_others_are_told_where_keys_are_named() {
    let (_registry, client) = published(Signed::Yes);
    let other = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../testdata/pgp/rsa2048.asc"
    );
    client
        .sandbox
        .write("other.asc", std::fs::read(other).unwrap());
    let run = install(&client, "--trusted-key other.asc").ok();
    assert!(run.stderr.contains("warning[proof]"), "{}", run.stderr);
    assert!(run.stderr.contains(FINGERPRINT), "{}", run.stderr);
    // Also of what is there already, from what was kept.
    let run = install(&client, "--trusted-key other.asc --offline").ok();
    assert!(run.stderr.contains("warning[proof]"), "{}", run.stderr);
    refused(
        &install(&client, "--trusted-key other.asc --require-signature"),
        "proof-missing",
    );
    // One of several is enough.
    let run = install(
        &client,
        "--trusted-key other.asc,acme.asc --require-signature",
    )
    .ok();
    assert!(!run.stderr.contains("warning[proof]"), "{}", run.stderr);
}

#[test]
fn an_older_release_under_a_newer_tag_is_not_what_was_signed() {
    let (_registry, client) = published(Signed::Yes);
    let _ = client
        .line("copy HOST/acme/demo:1.2.3 dir:mirror//acme/demo")
        .ok();
    // Whoever may write tags gives the signed 1.2.3 the tag of a version that was never signed.
    let index = client.sandbox.read("mirror/acme/demo/index.json");
    client.sandbox.write(
        "mirror/acme/demo/index.json",
        index.replace("\"1.2.3\"", "\"1.2.4\""),
    );
    let run = client
        .line("verify dir:mirror//acme/demo:1.2.4 --trusted-key acme.asc --require-signature");
    refused(&run, "proof-missing");
    assert!(run.stderr.contains("demo_1.2.4_"), "{}", run.stderr);
}

#[test]
fn evidence_of_another_release_stops_an_install_that_asks() {
    let quirks = Quirks::new();
    let distribution = Distribution::new(Arc::new(MemoryStorage::new()));
    let registry = Registry::serving(quirks.around(distribution.router()));
    let (_registry, client) = published_on(registry, Signed::Yes);
    let show = client.line("show HOST/acme/demo:1.2.3 --json").ok();
    let shown: serde_json::Value = serde_json::from_str(&show.stdout).unwrap();
    // The manifest of a package stands in the list as if it were a checksums file.
    let package = &shown["root"]["children"][0];
    let list = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{
            "mediaType": shown["root"]["referrers"][0]["media_type"],
            "digest": shown["root"]["referrers"][0]["digest"],
            "size": shown["root"]["referrers"][0]["size"],
            "artifactType": "application/vnd.tofu-oci.shasums.v1",
        }],
    });
    let path = format!("/referrers/{}", package["digest"].as_str().unwrap());
    let body = Quirk::Body(list.to_string().into());
    quirks.on(Requests::of("GET", &path), body);
    let _ = install(&client, "--platform darwin_arm64").ok();
    let both = format!("{REQUIRE} --platform darwin_arm64");
    refused(&install(&client, &both), "evidence-mismatch");
    let run = client.line("verify HOST/acme/demo:1.2.3 --trusted-key acme.asc");
    refused(&run, "evidence-mismatch");
    assert!(run.stdout.contains("trusted"), "{}", run.stdout);
}

#[test]
fn a_list_that_is_believed_locks_all_platforms() {
    let (_registry, client) = published(Signed::Yes);
    let run = install(&client, "").ok();
    assert!(run.stderr.contains("incomplete-lock"), "{}", run.stderr);
    let hashes = |scheme: &str| {
        let lock = client.sandbox.read("infra/.terraform.lock.hcl");
        lock.matches(scheme).count()
    };
    assert_eq!((hashes("h1:"), hashes("zh:")), (1, 1));
    // Nobody believes the key beside the packages.
    client.forget("infra");
    std::fs::remove_file(client.sandbox.join("infra/.terraform.lock.hcl")).unwrap();
    let other = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../testdata/pgp/rsa2048.asc"
    );
    let other = std::fs::read(other).unwrap();
    client.sandbox.write("other.asc", other);
    let run = install(&client, "--trusted-key other.asc").ok();
    assert!(run.stderr.contains("incomplete-lock"), "{}", run.stderr);
    assert_eq!(hashes("zh:"), 1);

    client.forget("infra");
    std::fs::remove_file(client.sandbox.join("infra/.terraform.lock.hcl")).unwrap();
    let run = install(&client, REQUIRE).ok();
    assert!(!run.stderr.contains("incomplete-lock"), "{}", run.stderr);
    assert_eq!((hashes("h1:"), hashes("zh:")), (1, 2));
    // Somebody on another platform finds it locked, and the file fits.
    let both = format!("{REQUIRE} --locked --platform darwin_arm64");
    let _ = install(&client, &both).ok();
}
