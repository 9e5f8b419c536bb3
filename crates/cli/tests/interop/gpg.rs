//! Releases signed with GnuPG: published, verified, tampered with, refused.

use std::fs;
use std::path::PathBuf;

use tofu_oci_testkit::{ProviderRelease, Run, Sandbox, peer, skipped};

const LIST: &str = "dist/terraform-provider-demo_1.2.3_SHA256SUMS";
const REF: &str = "dir:registry//acme/demo:1.2.3";

/// A sandbox with a home of GnuPG and the files of a release.
struct Signer {
    sandbox: Sandbox,
    gpg: PathBuf,
}

impl Signer {
    /// Nothing where there is no program, or one that has other options.
    fn new() -> Option<Self> {
        let gpg = peer("gpg")?;
        let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_tofu-oci"));
        ProviderRelease::new("1.2.3").write(sandbox.join("dist"));
        let signer = Self { sandbox, gpg };
        fs::create_dir(signer.sandbox.join("gpg")).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::Permissions::from_mode(0o700);
            fs::set_permissions(signer.sandbox.join("gpg"), mode).unwrap();
        }
        let made = signer
            .try_gpg("--passphrase= --quick-gen-key Acme<acme@example.com> ed25519 sign never");
        if made.status != 0 {
            skipped(&format!("gpg makes no key: {}", made.stderr));
            return None;
        }
        signer.export("acme.asc");
        Some(signer)
    }

    fn try_gpg(&self, line: &str) -> Run {
        let words = [
            "--batch",
            "--no-tty",
            "--homedir",
            "gpg",
            "--pinentry-mode",
            "loopback",
        ];
        let words: Vec<&str> = words.into_iter().chain(line.split_whitespace()).collect();
        self.sandbox
            .finish(&mut self.sandbox.other(&self.gpg, &words))
    }

    fn gpg(&self, line: &str) -> Run {
        self.try_gpg(line).ok()
    }

    fn export(&self, to: &str) {
        let _ = fs::remove_file(self.sandbox.join(to));
        let _ = self.gpg(&format!("--output {to} --armor --export"));
    }

    fn sign(&self, flags: &str) {
        let _ = fs::remove_file(self.sandbox.join(format!("{LIST}.sig")));
        let _ = self.gpg(&format!(
            "--passphrase= {flags} --output {LIST}.sig --detach-sign {LIST}"
        ));
    }

    fn publish(&self) {
        let _ = fs::remove_dir_all(self.sandbox.join("registry"));
        let line = "publish provider dist dir:registry//acme/demo";
        let _ = self.sandbox.line(line).ok();
    }

    fn verify(&self, key: &str) -> Run {
        let line = format!("verify {REF} --require-signature --trusted-key {key}");
        self.sandbox.line(&line)
    }
}

impl Drop for Signer {
    fn drop(&mut self) {
        // Its agent ends when its home is gone, and sooner where it is told.
        let _ = self.try_gpg("--version");
        if let Some(dir) = self.gpg.parent() {
            let gpgconf = dir.join("gpgconf");
            if gpgconf.is_file() {
                let words = ["--homedir", "gpg", "--kill", "all"];
                let _ = self.sandbox.other(&gpgconf, &words).output();
            }
        }
    }
}

fn refused(run: &Run, code: &str) {
    assert_eq!(run.status, 3, "{run:?}");
    assert!(
        run.stderr.contains(&format!("error[{code}]")),
        "{}",
        run.stderr
    );
}

#[test]
fn what_gpg_signed_is_verified() {
    let Some(signer) = Signer::new() else { return };
    signer.sign("");
    signer.publish();
    let run = signer.verify("acme.asc").ok();
    assert!(run.stdout.contains("trusted"), "{}", run.stdout);
    let sandbox = &signer.sandbox;
    let pull = format!("pull {REF} -o out --require-signature --trusted-key acme.asc");
    let _ = sandbox.line(&pull).ok();
    let list = "out/terraform-provider-demo_1.2.3_SHA256SUMS";
    let _ = signer.gpg(&format!("--verify {list}.sig {list}"));

    // The same signature over a list that somebody changed: by a line that says nothing.
    sandbox.write(
        LIST,
        sandbox.read(LIST)
            + "0000000000000000000000000000000000000000000000000000000000000000  x\n",
    );
    signer.publish();
    refused(&signer.verify("acme.asc"), "signature-refused");
    refused(
        &sandbox.line(&format!("pull {REF} -o other --trusted-key acme.asc")),
        "signature-refused",
    );
}

#[test]
fn hashes_and_keys_that_do_not_count() {
    let Some(signer) = Signer::new() else { return };
    signer.sign("--digest-algo SHA1 --allow-weak-digest-algos");
    signer.publish();
    refused(&signer.verify("acme.asc"), "signature-refused");

    // The owner takes the key back, and gives no reason.
    signer.sign("");
    signer.publish();
    let _ = signer.verify("acme.asc").ok();
    let revocations = signer.sandbox.join("gpg/openpgp-revocs.d");
    let Some(file) = fs::read_dir(revocations).unwrap().next() else {
        return;
    };
    let text = fs::read_to_string(file.unwrap().path()).unwrap();
    signer
        .sandbox
        .write("revocation.asc", text.replace(":-----BEGIN", "-----BEGIN"));
    let _ = signer.gpg("--import revocation.asc");
    signer.export("revoked.asc");
    refused(&signer.verify("revoked.asc"), "signature-refused");
    // Also where only the repository knows of it.
    let _ = fs::copy(
        signer.sandbox.join("revoked.asc"),
        signer.sandbox.join("dist/acme.asc"),
    )
    .unwrap();
    let run = signer
        .sandbox
        .line("publish provider dist dir:other//acme/demo");
    refused(&run, "signature-refused");
}

#[test]
fn a_key_that_has_expired_since_is_told() {
    let Some(signer) = Signer::new() else { return };
    let past = "--faked-system-time 20240101T000000!";
    let made = signer.try_gpg(&format!(
        "{past} --passphrase= --quick-gen-key Old<old@example.com> ed25519 sign 2024-06-01"
    ));
    if made.status != 0 {
        return skipped(&format!(
            "gpg makes no key of another time: {}",
            made.stderr
        ));
    }
    signer.sign(&format!("{past} --local-user old@example.com"));
    signer.export("all.asc");
    signer.publish();
    let run = signer.verify("all.asc").ok();
    assert!(
        run.stdout.contains("expired at 2024-06-01"),
        "{}",
        run.stdout
    );
}
