//! Signatures of checksums files when a release is published.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    clippy::print_stderr
)]

#[path = "support/signing.rs"]
mod signing;
mod support;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use signing::{PUBLIC_ONE, SECRET_ONE, SIGNED_AT, armored, sign};
use support::*;
use tofu_oci::publish::{
    Gpg, ProfileChoice, ProviderOptions, ProviderReport, PublishError, PublishOutcome, SignError,
};
use tofu_oci::store::WritableRepository;
use tofu_oci::trust::pgp::SignatureProblem;
use tofu_oci::types::artifact::{Profile, Timestamp};
use tofu_oci::types::oci::Descriptor;

const LIST: &str = "terraform-provider-demo_1.2.3_SHA256SUMS";

/// A signed release, with the key beside it.
fn signed() -> Dist {
    let dist = Dist::new(&["linux_amd64", "darwin_arm64"]);
    dist.write(&format!("{LIST}.sig"), &sign(&dist.read(LIST)));
    dist.write("acme.asc", armored("PUBLIC", PUBLIC_ONE).as_bytes());
    dist
}

async fn publish_heard(
    dist: &Dist,
    options: &ProviderOptions,
) -> (Result<ProviderReport, PublishError>, Vec<String>) {
    let (publisher, heard) = hearing();
    let at = address("dir:r//acme/demo");
    let report = publisher
        .provider_into(&[dist.path()], (&at, memory()), options)
        .await;
    let mut warnings = heard.warnings();
    warnings.retain(|warning| warning.contains("signature"));
    (report, warnings)
}

#[tokio::test]
async fn keys_beside_the_release_are_found() {
    let dist = signed();
    // Of another signer, of another file, and not of anything.
    let other = std::fs::read(golden("../pgp/rsa2048.asc")).unwrap();
    dist.write("other.asc", &other);
    dist.write("some.zip.asc", b"-----BEGIN PGP SIGNATURE-----\n");
    dist.write("notes.asc", &[0xff; 10]);
    for paths in [vec![dist.path()], vec![dist.join(&zip_name("linux_amd64"))]] {
        let at = address("dir:r//acme/demo");
        let options = ProviderOptions::default();
        let report = publisher()
            .provider_into(&paths, (&at, memory()), &options)
            .await
            .unwrap();
        assert_eq!(
            report.attachments[0].filenames,
            [
                LIST.to_owned(),
                format!("{LIST}.sig"),
                "8F099C1B95579FCA.asc".to_owned(),
            ]
        );
    }
    // Named and found it is there once.
    let options = ProviderOptions {
        keys: vec![dist.join("acme.asc")],
        ..ProviderOptions::default()
    };
    let report = publish(&dist, &memory(), &options).await.unwrap();
    assert_eq!(report.attachments[0].filenames.len(), 3);
    // Without a signature a key proves nothing.
    std::fs::remove_file(dist.join(&format!("{LIST}.sig"))).unwrap();
    let report = publish(&dist, &memory(), &ProviderOptions::default()).await;
    assert_eq!(report.unwrap().attachments[0].filenames, [LIST]);
}

#[tokio::test]
async fn a_private_key_beside_the_release_is_refused() {
    let dist = signed();
    dist.write("mine.asc", armored("PRIVATE", SECRET_ONE).as_bytes());
    let error = publish(&dist, &memory(), &ProviderOptions::default()).await;
    let error = error.unwrap_err();
    assert!(matches!(error, PublishError::Key { .. }), "{error:?}");
    assert!(chain(&error).contains("private key"), "{}", chain(&error));
}

#[tokio::test]
async fn signatures_and_keys_must_agree() {
    let list = signed().read(LIST);
    let future = Timestamp::from(SIGNED_AT - 3600);
    let now = Timestamp::from(SIGNED_AT + 3600);
    for (name, signature, now, problem) in [
        (
            "another file",
            sign(b"another"),
            now,
            SignatureProblem::Mismatch,
        ),
        (
            "SHA-1",
            std::fs::read(golden("../pgp/data-sha1.sig")).unwrap(),
            now,
            SignatureProblem::Hash {
                hash: "SHA1".into(),
            },
        ),
        (
            "the future",
            sign(&list),
            future,
            SignatureProblem::InFuture {
                made: Timestamp::from(SIGNED_AT),
            },
        ),
    ] {
        let dist = signed();
        dist.write(&format!("{LIST}.sig"), &signature);
        let options = ProviderOptions {
            now: Some(now),
            keys: vec![dist.join("acme.asc")],
            ..ProviderOptions::default()
        };
        let repository = memory();
        match publish(&dist, &repository, &options).await.unwrap_err() {
            PublishError::SignatureRefused { path, source } => {
                assert_eq!(source, problem, "{name}");
                assert_eq!(path, dist.join(&format!("{LIST}.sig")));
            }
            error => panic!("{name}: {error:?}"),
        }
        assert!(repository.tags().await.unwrap_err().is_absent());
    }
}

#[tokio::test]
async fn a_signature_that_nobody_can_check_is_told() {
    let dist = signed();
    std::fs::remove_file(dist.join("acme.asc")).unwrap();
    // Without any key there is nothing to compare.
    let (report, warnings) = publish_heard(&dist, &ProviderOptions::default()).await;
    assert_eq!((report.is_ok(), warnings), (true, Vec::new()));
    let options = ProviderOptions {
        keys: vec![golden("../pgp/rsa2048.asc")],
        ..ProviderOptions::default()
    };
    let (report, warnings) = publish_heard(&dist, &options).await;
    report.unwrap();
    assert_eq!(
        warnings,
        [format!(
            "the signature \"{LIST}.sig\" was made by none of the keys that are published with it"
        )]
    );
    let (report, warnings) = publish_heard(&signed(), &ProviderOptions::default()).await;
    assert_eq!((report.is_ok(), warnings), (true, Vec::new()));
}

/// A home of GnuPG with one key, or nothing where GnuPG is not installed.
struct Home {
    dir: tempfile::TempDir,
    fingerprint: String,
}

impl Home {
    fn new() -> Option<Self> {
        let dir = tempfile::Builder::new().prefix("gpg").tempdir().unwrap();
        let mut home = Self {
            dir,
            fingerprint: String::new(),
        };
        let arguments = ["--passphrase", "", "--quick-generate-key"];
        let arguments = [
            &arguments[..],
            &["Acme <acme@example.com>", "ed25519", "sign"],
        ]
        .concat();
        if home.gpg(&arguments).is_none() {
            eprintln!("skipped: gpg is not installed");
            return None;
        }
        let listed = home.gpg(&["--with-colons", "--list-keys"]).unwrap();
        let fingerprint = listed
            .lines()
            .find_map(|line| line.strip_prefix("fpr:::::::::"));
        home.fingerprint = fingerprint.unwrap().trim_end_matches(':').to_owned();
        Some(home)
    }

    fn gpg(&self, arguments: &[&str]) -> Option<String> {
        let output = Command::new("gpg")
            .args([
                "--batch",
                "--no-tty",
                "--pinentry-mode",
                "loopback",
                "--homedir",
            ])
            .arg(self.dir.path())
            .args(arguments)
            .output()
            .ok()?;
        assert!(output.status.success(), "{output:?}");
        Some(String::from_utf8(output.stdout).unwrap())
    }

    fn signer(&self, key: &str) -> Gpg {
        Gpg {
            home: Some(self.dir.path().to_owned()),
            ..Gpg::new("gpg", key.parse().unwrap())
        }
    }

    fn options(&self) -> ProviderOptions {
        ProviderOptions {
            sign_with: Some(self.signer(&self.fingerprint)),
            ..ProviderOptions::default()
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let mut agent = Command::new("gpgconf");
        let agent = agent.arg("--homedir").arg(self.dir.path());
        let _ = agent.args(["--kill", "gpg-agent"]).output();
    }
}

async fn referrers(repository: &Arc<dyn WritableRepository>, report: &ProviderReport) -> usize {
    let manifest = repository.manifest(&report.digest.clone().into()).await;
    let subject: Descriptor = manifest.unwrap().descriptor().clone();
    repository.referrers(&subject, None).await.unwrap().len()
}

#[tokio::test]
async fn gpg_signs_once() {
    let Some(home) = Home::new() else { return };
    let id = home.fingerprint[24..].to_owned();
    for (list_there, profile) in [
        (true, Profile::Referrers),
        (false, Profile::Referrers),
        (true, Profile::Embedded),
    ] {
        let dist = Dist::new(&["linux_amd64", "darwin_arm64"]);
        let list = dist.read(LIST);
        if !list_there {
            std::fs::remove_file(dist.join(LIST)).unwrap();
        }
        let repository = memory();
        let options = ProviderOptions {
            profile: ProfileChoice::Given(profile),
            ..home.options()
        };
        let report = publish(&dist, &repository, &options).await.unwrap();
        let names = &report.attachments[0].filenames;
        assert_eq!(
            *names,
            [LIST.to_owned(), format!("{LIST}.sig"), format!("{id}.asc")]
        );
        let count = referrers(&repository, &report).await;
        // Signed again at another time it would be another signature: so it is not asked at all.
        let again = publish(&dist, &repository, &exporting(&home, &options))
            .await
            .unwrap();
        assert_eq!(again.outcome, PublishOutcome::Unchanged);
        assert_eq!(again.digest, report.digest);
        assert_eq!(again.attachments[0].digest, report.attachments[0].digest);
        assert_eq!(referrers(&repository, &again).await, count);
        // The user's files stay as they are, and the list is the one that `sha256sum` would make.
        assert_eq!(dist.join(LIST).exists(), list_there);
        assert!(!dist.join(&format!("{LIST}.sig")).exists());
        if profile == Profile::Referrers {
            let manifest = report.attachments[0].digest.clone().into();
            let manifest = repository.manifest(&manifest).await.unwrap();
            let layers = manifest.as_image().unwrap().layers.clone();
            let mut files = Vec::new();
            for layer in &layers {
                files.push(
                    repository
                        .blob(layer)
                        .await
                        .unwrap()
                        .into_bytes(1 << 20)
                        .await
                        .unwrap(),
                );
            }
            assert_eq!(files[0], list);
            verified_by_gpg(&files[0], &files[1], &files[2]);
        }
    }
}

/// The same, with a program that exports the key and refuses to sign.
fn exporting(home: &Home, options: &ProviderOptions) -> ProviderOptions {
    let mut options = options.clone();
    #[cfg(unix)]
    if let Some(gpg) = &mut options.sign_with {
        use std::os::unix::fs::PermissionsExt as _;

        let script = "#!/bin/sh\ncase \"$*\" in *--detach-sign*) exit 9;; esac\nexec gpg \"$@\"\n";
        gpg.program = home.dir.path().join("exporting");
        if !gpg.program.exists() {
            std::fs::write(&gpg.program, script).unwrap();
            let mode = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(&gpg.program, mode).unwrap();
        }
    }
    options
}

fn verified_by_gpg(list: &[u8], signature: &[u8], key: &[u8]) {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let run = |arguments: &[&Path]| {
        let mut command = Command::new("gpg");
        command.args(["--batch", "--no-tty", "--no-autostart", "--homedir"]);
        let output = command.arg(dir.path()).args(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    run(&[Path::new("--import"), &write("key.asc", key)]);
    run(&[
        Path::new("--verify"),
        &write("list.sig", signature),
        &write("list", list),
    ]);
}

#[tokio::test]
async fn a_signature_by_the_same_key_is_enough() {
    let Some(home) = Home::new() else { return };
    let dist = Dist::new(&["linux_amd64"]);
    let list = dist.join(LIST);
    let key = home.fingerprint.clone();
    let list = list.to_str().unwrap();
    home.gpg(&["--local-user", &key, "--detach-sign", list])
        .unwrap();
    let signature = dist.read(&format!("{LIST}.sig"));
    let report = publish(&dist, &memory(), &home.options()).await.unwrap();
    assert_eq!(report.attachments[0].filenames.len(), 3);
    assert_eq!(dist.read(&format!("{LIST}.sig")), signature);
    // Somebody else's signature stays, and ours gets another name.
    dist.write(&format!("{LIST}.sig"), &sign(&dist.read(LIST)));
    let report = publish(&dist, &memory(), &home.options()).await.unwrap();
    assert_eq!(
        report.attachments[0].filenames,
        [
            LIST.to_owned(),
            format!("{LIST}.{}.sig", home.fingerprint),
            format!("{LIST}.sig"),
            format!("{}.asc", &home.fingerprint[24..]),
        ]
    );
}

#[tokio::test]
async fn keys_that_gpg_does_not_have() {
    let Some(home) = Home::new() else { return };
    let options = ProviderOptions {
        sign_with: Some(home.signer("0123456789ABCDEF")),
        ..ProviderOptions::default()
    };
    let repository = memory();
    let error = publish(&Dist::new(&["linux_amd64"]), &repository, &options).await;
    match error.unwrap_err() {
        PublishError::Sign {
            source: SignError::NoKey { .. },
        } => {}
        error => panic!("{error:?}"),
    }
    assert!(repository.tags().await.unwrap_err().is_absent());
}

/// Programs that are no GnuPG.
#[cfg(unix)]
#[tokio::test]
async fn programs_that_do_not_sign() {
    use std::os::unix::fs::PermissionsExt as _;

    let dist = signed();
    let key = armored("PUBLIC", PUBLIC_ONE);
    dist.write("tools/key.asc", key.as_bytes());
    let tool = |name: &str, script: &str| {
        let script = format!("#!/bin/sh\nhere=$(dirname \"$0\")\n{script}\n");
        dist.write(&format!("tools/{name}"), script.as_bytes());
        let path = dist.join(&format!("tools/{name}"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    };
    let export = "case \"$*\" in *--export*) cat \"$here/key.asc\"; exit;; esac";
    std::fs::remove_file(dist.join(&format!("{LIST}.sig"))).unwrap();
    let bytes: String = sign(b"another")
        .iter()
        .map(|b| format!("\\{b:03o}"))
        .collect();
    for (name, script, expected) in [
        ("nothing", "exit 0".to_owned(), "NoKey"),
        (
            "complains",
            "echo 'no agent' >&2; exit 2".to_owned(),
            "Failed { message: \"no agent\" }",
        ),
        (
            "silent",
            "exit 3".to_owned(),
            "Failed { message: \"exit status: 3\" }",
        ),
        ("no key", "echo hello".to_owned(), "Output(NotOpenPgp"),
        (
            "no signature",
            format!("{export}\necho hello"),
            "Output(NotOpenPgp",
        ),
        ("hangs", format!("{export}\nexec sleep 600"), "Timeout"),
        (
            "another file",
            format!("{export}\nprintf '{bytes}'"),
            "Signature(Mismatch)",
        ),
    ] {
        let gpg = Gpg {
            limit: match name {
                "hangs" => Duration::from_millis(300),
                _ => Duration::from_secs(60),
            },
            ..Gpg::new(tool(name, &script), "8F099C1B95579FCA".parse().unwrap())
        };
        let options = ProviderOptions {
            sign_with: Some(gpg),
            ..ProviderOptions::default()
        };
        match publish(&dist, &memory(), &options).await.unwrap_err() {
            PublishError::Sign { source } => {
                let source = format!("{source:?}");
                assert!(source.starts_with(expected), "{name}: {source}");
            }
            error => panic!("{name}: {error:?}"),
        }
    }
    let gpg = Gpg::new(
        dist.join("tools/absent"),
        "8F099C1B95579FCA".parse().unwrap(),
    );
    let options = ProviderOptions {
        sign_with: Some(gpg),
        ..ProviderOptions::default()
    };
    let error = publish(&dist, &memory(), &options).await.unwrap_err();
    assert!(chain(&error).contains("cannot run"), "{}", chain(&error));
}
