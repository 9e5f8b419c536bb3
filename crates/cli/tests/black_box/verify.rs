//! What is proven, and what is refused because it is not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tofu_oci_testkit::{ProviderRelease, Run, Sandbox};

use crate::signing::{FINGERPRINT, PUBLIC_ONE, SECRET_ONE, armored, sign};
use crate::{CONFIGURATION, FROM, check, sandbox};

const LIST: &str = "dist/terraform-provider-demo_1.2.3_SHA256SUMS";
pub(crate) const REF: &str = "dir:registry//acme/demo:1.2.3";
const REQUIRE: &str = "--require-signature --trusted-key acme.asc";

/// The files of a signed release, and its key.
fn signed() -> Sandbox {
    let sandbox = sandbox();
    ProviderRelease::new("1.2.3").write(sandbox.join("dist"));
    sandbox.write("acme.asc", armored("PUBLIC", PUBLIC_ONE));
    sandbox.write("dist/acme.asc", armored("PUBLIC", PUBLIC_ONE));
    let signature = sign(sandbox.read(LIST).as_bytes());
    sandbox.write(format!("{LIST}.sig"), signature);
    sandbox
}

fn publish(sandbox: &Sandbox) {
    let _ = sandbox
        .line("publish provider dist dir:registry//acme/demo")
        .ok();
}

/// A signed release in `registry`.
pub(crate) fn published() -> Sandbox {
    let sandbox = signed();
    publish(&sandbox);
    sandbox
}

/// What was published, installed in `infra`.
pub(crate) fn installed() -> Sandbox {
    let sandbox = published();
    let configuration = CONFIGURATION.split("\nmodule").next().unwrap();
    sandbox.write("infra/main.tf", configuration);
    let _ = sandbox.line(&format!("install infra {FROM}")).ok();
    sandbox
}

pub(crate) fn json(run: &Run) -> serde_json::Value {
    serde_json::from_str(&run.stdout).unwrap()
}

#[track_caller]
pub(crate) fn refused(run: &Run, code: &str) {
    assert_eq!(run.status, 3, "{run:?}");
    told(run, code);
}

#[track_caller]
pub(crate) fn told(run: &Run, code: &str) {
    let told = run.stderr.contains(&format!("error[{code}]"));
    assert!(told && run.stderr.contains("hint: "), "{}", run.stderr);
}

/// Replaces the bytes of a file of the checksums document in `registry`, with everything that names them: what
/// whoever may write to a repository can do.
fn attach(sandbox: &Sandbox, list: &str, signature: &[u8]) {
    let _ = std::fs::remove_dir_all(sandbox.join("registry"));
    let _ = std::fs::remove_file(sandbox.join(format!("{LIST}.sig")));
    let _ = std::fs::remove_file(sandbox.join(LIST));
    publish(sandbox);
    let show = sandbox.line(&format!("show {REF} --json")).ok();
    let index = json(&show)["root"].clone();
    let blob = |bytes: &[u8]| {
        let digest = tofu_oci::types::oci::Digest::of(bytes);
        sandbox.write(
            format!("registry/acme/demo/blobs/sha256/{}", digest.encoded()),
            bytes,
        );
        (digest.to_string(), bytes.len())
    };
    let (empty, _) = blob(b"{}");
    let layer = |kind: &str, name: &str, bytes: &[u8]| {
        let (digest, size) = blob(bytes);
        let title = "org.opencontainers.image.title";
        serde_json::json!({"mediaType": kind, "digest": digest, "size": size, "annotations": {title: name}})
    };
    let name = LIST.strip_prefix("dist/").unwrap();
    let kind = "application/vnd.tofu-oci.shasums.v1";
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": kind,
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": empty, "size": 2},
        "layers": [
            layer("text/plain", name, list.as_bytes()),
            layer("application/pgp-signature", &format!("{name}.sig"), signature),
            layer("application/pgp-keys", "key.asc", armored("PUBLIC", PUBLIC_ONE).as_bytes()),
        ],
        "subject": {"mediaType": index["media_type"], "digest": index["digest"], "size": index["size"]},
    });
    let (digest, size) = blob(manifest.to_string().as_bytes());
    let path = "registry/acme/demo/index.json";
    let mut entries: serde_json::Value = serde_json::from_str(&sandbox.read(path)).unwrap();
    entries["manifests"].as_array_mut().unwrap().push(serde_json::json!({
        "mediaType": manifest["mediaType"], "digest": digest, "size": size, "artifactType": kind,
    }));
    sandbox.write(path, entries.to_string());
}

#[test]
fn levels_of_a_release() {
    let sandbox = published();
    for (flags, level, key) in [
        ("", "self-asserted", "repository"),
        ("--trusted-key acme.asc", "trusted", "named"),
        (
            "--content --require-signature --trusted-key acme.asc",
            "trusted",
            "named",
        ),
    ] {
        let run = sandbox.line(&format!("verify {REF} --json {flags}")).ok();
        let document = json(&run);
        assert_eq!(document["verified"], true);
        assert_eq!(document["freshness"], "not-proven");
        let packages = document["packages"].as_array().unwrap();
        assert_eq!(packages.len(), 2);
        for package in packages {
            assert_eq!(package["level"], level, "{flags}");
            assert_eq!(package["proofs"][0]["key"], key);
            assert_eq!(package["proofs"][0]["fingerprint"], FINGERPRINT);
            let integrity = if flags.contains("content") {
                "content"
            } else {
                "manifests"
            };
            assert_eq!(package["integrity"], integrity);
        }
    }
    let run = sandbox
        .line(&format!("verify {REF} --platform linux_amd64 --json"))
        .ok();
    assert_eq!(json(&run)["packages"].as_array().unwrap().len(), 1);
    let run = sandbox.line(&format!("verify {REF}")).ok();
    for text in ["self-asserted", FINGERPRINT, "--content", "is not proven"] {
        assert!(run.stdout.contains(text), "{text}: {}", run.stdout);
    }
    // A key beside the packages is nobody's word, which is said once for all platforms.
    let run = sandbox.line(&format!("verify {REF} --require-signature"));
    refused(&run, "proof-missing");
    assert_eq!(run.stderr.matches("error[").count(), 1, "{}", run.stderr);
    assert!(
        run.stderr.contains(
            "no trusted key has signed the package \"terraform-provider-demo_1.2.3_darwin_arm64.zip\" and another of its release\n"
        ),
        "{}",
        run.stderr
    );
    let run = sandbox.line(&format!("pull {REF} -o out --require-signature"));
    refused(&run, "proof-missing");
    assert_eq!(run.stderr.matches("error[").count(), 1, "{}", run.stderr);
    let run = sandbox.line(&format!("verify {REF} --platform plan9_arm"));
    told(&run, "platform-missing");
}

#[test]
fn a_release_without_signature() {
    let sandbox = crate::published();
    let run = sandbox.line(&format!("verify {REF} --json")).ok();
    assert_eq!(json(&run)["packages"][0]["level"], "integrity");
    refused(
        &sandbox.line(&format!("verify {REF} --require-signature")),
        "proof-missing",
    );
    let run = sandbox.line(&format!("pull {REF} -o out")).ok();
    assert!(run.stdout.contains("not signed"), "{}", run.stdout);
    let run = sandbox.line(&format!("pull {REF} -o other --require-signature"));
    refused(&run, "proof-missing");
    assert!(!sandbox.join("other").exists());
    // Modules have none.
    let run = sandbox
        .line("verify dir:registry//modules/label:1.2.0")
        .ok();
    assert!(run.stdout.contains("module"), "{}", run.stdout);
}

#[test]
fn pulls_say_who_signed() {
    let sandbox = published();
    let run = sandbox
        .line(&format!("pull {REF} -o out {REQUIRE} --json"))
        .ok();
    let document = json(&run);
    let files = document["files"].as_array().unwrap();
    let package = files.iter().find(|file| file["kind"] == "package").unwrap();
    assert_eq!(package["level"], "trusted");
    assert_eq!(package["proofs"][0]["name"], "Test One <one@example.com>");
    let run = sandbox.line(&format!("pull {REF} -o again")).ok();
    assert!(
        run.stdout.contains("a key that lay beside the package"),
        "{}",
        run.stdout
    );
}

/// What whoever may write to the repository can put beside the packages. Nothing of it is let through.
#[test]
fn signatures_that_do_not_count() {
    let sandbox = signed();
    let list = sandbox.read(LIST);
    let sha1 = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../testdata/pgp/data-sha1.sig"
    );
    let sha1 = std::fs::read(sha1).unwrap();
    let other = ProviderRelease::new("1.2.4");
    other.write(sandbox.join("newer"));
    let newer = sandbox.read("newer/terraform-provider-demo_1.2.4_SHA256SUMS");
    let wrong = list.replace(&list[..8], "00000000");
    for (name, list, signature, code) in [
        (
            "over another file",
            &list,
            sign(b"another"),
            "signature-refused",
        ),
        ("over SHA-1", &list, sha1, "signature-refused"),
        (
            "no signature",
            &list,
            b"hello".to_vec(),
            "signature-invalid",
        ),
        (
            "a list of another release",
            &newer,
            sign(newer.as_bytes()),
            "checksums-mismatch",
        ),
        (
            "a list with another digest",
            &wrong,
            sign(wrong.as_bytes()),
            "checksums-mismatch",
        ),
    ] {
        attach(&sandbox, list, &signature);
        let run = sandbox.line(&format!("pull {REF} -o out"));
        refused(&run, code);
        assert!(!sandbox.join("out").exists(), "{name}");
        let run = sandbox.line(&format!("verify {REF}"));
        refused(&run, code);
        let run = sandbox.line(&format!("verify {REF} {REQUIRE}"));
        assert_eq!(run.status, 3, "{name}: {run:?}");
    }
}

#[test]
fn lists_that_disagree() {
    let sandbox = signed();
    let list = sandbox.read(LIST);
    let wrong = list.replace(&list[..8], "00000000");
    attach(&sandbox, &wrong, &sign(wrong.as_bytes()));
    // The right one lies there as well.
    sandbox.write(LIST, &list);
    sandbox.write(format!("{LIST}.sig"), sign(list.as_bytes()));
    publish(&sandbox);
    let run = sandbox.line(&format!("verify {REF} --trusted-key acme.asc"));
    refused(&run, "checksums-disagree");
    refused(
        &sandbox.line(&format!("pull {REF} -o out {REQUIRE}")),
        "checksums-disagree",
    );
}

#[test]
fn keys_that_are_none() {
    let sandbox = published();
    sandbox.write("mine.asc", armored("PRIVATE", SECRET_ONE));
    sandbox.write("text.asc", "hello\n");
    for (file, code, status) in [
        ("mine.asc", "private-key", 3),
        ("text.asc", "signature-invalid", 3),
        ("absent.asc", "file-not-found", 1),
    ] {
        for line in [
            format!("verify {REF}"),
            format!("pull {REF} -o out"),
            format!("install . {FROM}"),
        ] {
            let run = sandbox.line(&format!("{line} --trusted-key {file}"));
            assert_eq!(run.status, status, "{line} {file}: {run:?}");
            told(&run, code);
        }
    }
    check!(sandbox, &format!("verify {REF} --trusted-key keys/absent.asc"), @r#"
    exit 1
    -- stderr
    error[file-not-found]: there is no key file "keys/absent.asc"
      hint: correct the path, which starts at the directory in which the command runs, in `--trusted-key` or TOFU_OCI_TRUSTED_KEY; `gpg --export --armor KEYID` writes such a file
    "#);
}

/// The key with statements that its owner never made, all of them newer than the one that they made.
fn noisy_key() -> String {
    let key = STANDARD.decode(PUBLIC_ONE).unwrap();
    // The key, the name, what is said about it.
    let said = &key[key.len() - 146..];
    assert_eq!(said[..2], [0x88, 144]);
    let mut said = said.to_vec();
    let at = said.windows(2).position(|two| two == [5, 2]).unwrap();
    said[at + 4] += 1;
    let mut noisy = key;
    for number in 0..20 {
        noisy.extend([0xb4, 9]);
        noisy.extend(format!("Number {number:02}").as_bytes());
        noisy.extend(said.repeat(60));
    }
    armored("PUBLIC", &STANDARD.encode(noisy))
}

#[test]
fn keys_that_take_too_much_work() {
    let sandbox = published();
    sandbox.write("noisy.asc", noisy_key());
    let run = sandbox.line(&format!("verify {REF} --trusted-key noisy.asc"));
    refused(&run, "signature-limit");
    let require = "--require-signature --trusted-key noisy.asc";
    let run = sandbox.line(&format!("install infra {FROM} {require}"));
    assert_ne!(run.status, 0);
    // Nobody publishes one.
    sandbox.write("dist/acme.asc", noisy_key());
    let run = sandbox.line("publish provider dist dir:other//acme/demo");
    refused(&run, "signature-limit");
}

#[test]
fn a_lock_file_against_its_source() {
    let sandbox = installed();
    let from = "--from dir:registry//{namespace}/{type}";
    let line = format!("verify --lock-file infra/.terraform.lock.hcl {from}");
    let run = sandbox.line(&format!("{line} --json {REQUIRE}")).ok();
    let document = json(&run);
    let standings: Vec<_> = document["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| {
            let text = |key: &str| package[key].as_str().unwrap().to_owned();
            (text("platform"), text("lock_file"), text("level"))
        })
        .collect();
    let all = |a: &str, b: &str| (a.to_owned(), b.to_owned(), "trusted".to_owned());
    assert_eq!(
        standings,
        [
            all("darwin_arm64", "unknown"),
            all("linux_amd64", "matches")
        ]
    );
    // The default is the file in this directory; a directory stands for the file in it.
    let _ = sandbox
        .line(&format!("verify --lock-file infra {from} --content"))
        .ok();
    told(
        &sandbox.line(&format!("verify {from} --lock-file")),
        "file-not-found",
    );
    // A platform that was asked for has to be one that is locked.
    refused(
        &sandbox.line(&format!("{line} --platform darwin_arm64")),
        "lock-mismatch",
    );

    // An entry with hashes of unpacked files only says something to whoever reads the packages.
    let lock = "infra/.terraform.lock.hcl";
    let whole = sandbox.read(lock);
    let lines: Vec<&str> = whole.lines().filter(|line| !line.contains("zh:")).collect();
    sandbox.write(lock, lines.join("\n"));
    for (flags, standing) in [("", "unknown"), ("--content", "matches")] {
        let run = sandbox.line(&format!("{line} {flags} --json")).ok();
        assert_eq!(json(&run)["packages"][1]["lock_file"], standing, "{flags}");
    }
    sandbox.write(lock, whole.replace("h1:", "h1:AAAA"));
    let _ = sandbox.line(&line).ok();
    sandbox.write(lock, lines.join("\n").replace("h1:", "h1:AAAA"));
    refused(&sandbox.line(&format!("{line} --content")), "lock-mismatch");
    sandbox.write(lock, whole);

    // The registry has another release under the tag.
    std::fs::remove_dir_all(sandbox.join("registry")).unwrap();
    ProviderRelease::new("1.2.3")
        .body("another\n")
        .write(sandbox.join("dist"));
    let _ = std::fs::remove_file(sandbox.join(format!("{LIST}.sig")));
    publish(&sandbox);
    let run = sandbox.line(&format!("{line} --json"));
    refused_json(&run, "lock-mismatch");

    // It has nothing any more.
    std::fs::remove_dir_all(sandbox.join("registry")).unwrap();
    let run = sandbox.line(&line);
    assert_eq!(run.status, 1, "{run:?}");
    // Nobody says where to look.
    let run = sandbox.line("verify --lock-file infra");
    assert_eq!(run.status, 2, "{run:?}");
    told(&run, "provider-unmapped");
}

#[track_caller]
fn refused_json(run: &Run, code: &str) {
    assert_eq!(run.status, 3, "{run:?}");
    let document = json(run);
    assert_eq!(document["verified"], false);
    let failures = document["failures"].as_array().unwrap();
    assert!(
        failures.iter().any(|failure| failure["code"] == code),
        "{failures:?}"
    );
}

#[test]
fn what_a_subject_is() {
    let sandbox = sandbox();
    let run = sandbox.line("verify nothing");
    assert_eq!(run.status, 2, "{run:?}");
    let run = sandbox.line("verify ./nothing");
    told(&run, "file-not-found");
    let run = sandbox.line("verify x --lock-file");
    assert_eq!(run.status, 2, "{run:?}");
}
