//! What a hundred signed releases cost: for each the list is read, its key parsed, its signature
//! checked, and the package judged. Beside it `gpg --verify`, where it is installed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tofu_oci_trust::evidence::{NamedFile, SumsFiles};
use tofu_oci_trust::pgp::{KeyOrigin, Keyring, SignatureRules};
use tofu_oci_trust::policy::{Level, LockStanding, Policy, Subject, evaluate};

const RELEASES: u32 = 100;
const GPG_RUNS: u32 = 10;
/// What one release may cost.
const TARGET: Duration = Duration::from_millis(2);
const ZIP: &str = "terraform-provider-demo_1.2.3_linux_amd64.zip";

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/pgp")
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(directory().join(name)).unwrap()
}

/// The shortest, the median, and all of them together.
fn ours(name: &str) -> (Duration, Duration, Duration) {
    let (list, signature) = (file("SHA256SUMS"), file(&format!("{name}.sig")));
    let key = file(&format!("{name}.asc"));
    let mut trusted = Keyring::new();
    trusted.add(&key, KeyOrigin::Pinned).unwrap();
    let rules = SignatureRules::at("2026-01-01T00:00:00Z".parse().unwrap());
    let policy = Policy::signature_required();
    let digest = format!("sha256:{}", "2".repeat(64)).parse().unwrap();
    let named = |content| NamedFile {
        name: "file",
        content,
    };
    let mut took: Vec<Duration> = (0..RELEASES)
        .map(|_| {
            let start = Instant::now();
            let files = SumsFiles {
                list: named(&list),
                signatures: vec![named(&signature)],
                keys: vec![named(&key)],
            };
            let checked = files.check(&trusted, &rules).unwrap();
            let subject = Subject {
                filename: ZIP,
                digest: &digest,
                lock: LockStanding::Unknown,
            };
            let verdict = evaluate(Some(&policy), &subject, &[checked]);
            assert_eq!(verdict.level, Level::Trusted);
            verdict.accepted().unwrap();
            start.elapsed()
        })
        .collect();
    took.sort();
    (took[0], took[took.len() / 2], took.iter().sum())
}

fn gpg(name: &str) -> Option<Duration> {
    let home = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new("gpg");
        command.args([
            "--batch",
            "--no-tty",
            "--quiet",
            "--no-autostart",
            "--homedir",
        ]);
        command
            .arg(home.path())
            .args(arguments)
            .current_dir(directory());
        command.output().ok().map(|output| output.status.success())
    };
    run(&["--import", &format!("{name}.asc")])?;
    let start = Instant::now();
    for _ in 0..GPG_RUNS {
        assert_eq!(
            run(&["--verify", &format!("{name}.sig"), "SHA256SUMS"]),
            Some(true)
        );
    }
    Some(start.elapsed() / GPG_RUNS)
}

fn milliseconds(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}

fn main() {
    println!(
        "{RELEASES} signed releases: least and median of one, which is to take less than {:.0} ms; all of them",
        milliseconds(TARGET)
    );
    for name in ["rsa2048", "rsa4096", "ed25519", "dsa", "subkey"] {
        let (least, median, together) = ours(name);
        let gpg = gpg(name).map_or_else(
            || "not installed".to_owned(),
            |took| format!("{:.2} ms", milliseconds(took)),
        );
        println!(
            "{name:>8}  {:.2} ms, median {:.2} ms; all {:.0} ms; gpg --verify {gpg}",
            milliseconds(least),
            milliseconds(median),
            milliseconds(together),
        );
    }
}
