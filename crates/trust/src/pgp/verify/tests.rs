use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;

use super::*;
use crate::pgp::{PgpKind, Revocation, SIGNATURES_LIMIT};

/// A week after the signatures, before anything was revoked or over.
pub(in crate::pgp) const SOON: &str = "2024-03-08T00:00:00Z";
pub(in crate::pgp) const LATER: &str = "2026-01-01T00:00:00Z";

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/pgp")
}

pub(in crate::pgp) fn file(name: &str) -> Vec<u8> {
    std::fs::read(directory().join(name)).unwrap()
}

pub(in crate::pgp) fn ring(names: &[&str]) -> Keyring {
    let mut keys = Keyring::new();
    for name in names {
        keys.add(&file(&format!("{name}.asc")), KeyOrigin::Pinned)
            .unwrap();
    }
    keys
}

pub(in crate::pgp) fn rules(now: &str) -> SignatureRules {
    SignatureRules::at(now.parse().unwrap())
}

fn strict(now: &str) -> SignatureRules {
    SignatureRules {
        expired: Expired::Refuse,
        ..rules(now)
    }
}

fn all(signature: &str, keys: &[&str], rules: &SignatureRules) -> Vec<SignatureCheck> {
    verify(&file("SHA256SUMS"), &file(signature), &ring(keys), rules)
        .unwrap()
        .checks
}

fn one(
    signature: &str,
    keys: &[&str],
    rules: &SignatureRules,
) -> Result<GoodSignature, SignatureProblem> {
    let mut checks = all(signature, keys, rules);
    assert_eq!(checks.len(), 1, "{signature}");
    checks.remove(0).result
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn keys_of_every_kind_sign() {
    for (name, notes) in [
        ("rsa2048", vec![]),
        ("rsa4096", vec![]),
        ("ed25519", vec![]),
        ("dsa", vec![SignatureNote::ShortKey { bits: 1024 }]),
        ("sha1", vec![]),
    ] {
        let good = one(&format!("{name}.sig"), &["retired", name], &rules(LATER));
        let good = good.unwrap_or_else(|problem| panic!("{name}: {problem}"));
        assert_eq!(good.notes, notes, "{name}");
        assert_eq!(good.fingerprint, good.signer, "{name}");
        assert_eq!(good.name.unwrap(), format!("{name} <{name}@example.com>"));
        assert_eq!(good.signed_at, time("2024-03-01T00:00:00Z"));
        assert_eq!(good.key_origin, KeyOrigin::Pinned);
    }
    assert!(one("sha512.sig", &["rsa2048"], &rules(LATER)).is_ok());
}

#[test]
fn a_subkey_signs_for_its_key() {
    let good = one("subkey.sig", &["subkey"], &rules(LATER)).unwrap();
    let key = super::super::public_keys(&file("subkey.asc"))
        .unwrap()
        .remove(0);
    assert_eq!(good.fingerprint, key.fingerprint);
    assert_eq!(good.signer, key.subkeys[0]);
}

#[test]
fn what_is_refused() {
    let now = &rules(SOON);
    use SignatureProblem::*;
    for (signature, keys, problem) in [
        ("rsa2048.sig", "rsa4096", UnknownKey),
        ("text.sig", "rsa2048", NotADocument),
        ("condition.sig", "ed25519", UnknownCondition),
        (
            "data-sha1.sig",
            "rsa2048",
            Hash {
                hash: "SHA1".into(),
            },
        ),
        (
            "data-ripemd.sig",
            "rsa2048",
            Hash {
                hash: "RIPEMD160".into(),
            },
        ),
        (
            "sha224.sig",
            "rsa2048",
            Hash {
                hash: "SHA224".into(),
            },
        ),
    ] {
        assert_eq!(
            one(signature, &[keys], now).unwrap_err(),
            problem,
            "{signature}"
        );
    }
    let nobody = verify(&file("SHA256SUMS"), &file("two.sig"), &Keyring::new(), now).unwrap();
    let bad: Vec<_> = nobody.bad().map(|(_, problem)| problem.clone()).collect();
    assert_eq!(bad, [UnknownKey, UnknownKey]);
}

#[test]
fn other_bytes_are_refused() {
    let keys = ring(&["rsa2048", "rsa4096", "ed25519", "dsa", "subkey"]);
    let list = file("SHA256SUMS");
    let mut changed = list.clone();
    changed[0] ^= 1;
    let crlf = String::from_utf8(list.clone())
        .unwrap()
        .replace('\n', "\r\n");
    for (name, bytes) in [
        ("changed", changed),
        ("a blank line more", [&list[..], b"\n"].concat()),
        ("other line ends", crlf.into_bytes()),
        ("cut", list[..list.len() - 1].to_vec()),
        ("nothing", Vec::new()),
    ] {
        for signature in ["rsa2048", "rsa4096", "ed25519", "dsa", "subkey"] {
            let report = verify(
                &bytes,
                &file(&format!("{signature}.sig")),
                &keys,
                &rules(SOON),
            );
            let check = report.unwrap().checks.remove(0);
            assert_eq!(
                check.result,
                Err(SignatureProblem::Mismatch),
                "{name} {signature}"
            );
        }
    }
}

#[test]
fn one_of_two_signatures_is_enough_to_tell() {
    for (keys, good) in [
        (&["rsa2048", "ed25519"][..], [true, true]),
        (&["rsa2048"], [true, false]),
        (&["ed25519"], [false, true]),
    ] {
        let checks = all("two.sig", keys, &rules(SOON));
        let found: Vec<bool> = checks.iter().map(|check| check.result.is_ok()).collect();
        assert_eq!(found, good);
        assert!(checks.iter().all(|check| check.issuer.is_some()));
    }
}

#[test]
fn text_form_is_read_and_told() {
    let report = |name: &str| {
        let keys = ring(&["ed25519"]);
        verify(&file("SHA256SUMS"), &file(name), &keys, &rules(SOON)).unwrap()
    };
    let armored = report("ed25519.sig.asc");
    assert!(armored.armored && armored.good().count() == 1);
    assert!(!report("ed25519.sig").armored);
}

#[test]
fn expiry_is_judged_when_it_was_signed() {
    let end = time("2024-06-01T00:00:00Z");
    let valid = one("expiring.sig", &["expiring"], &strict(SOON)).unwrap();
    assert_eq!(valid.notes, []);
    let since = one("expiring.sig", &["expiring"], &rules(LATER)).unwrap();
    assert_eq!(since.notes, [SignatureNote::KeyExpired { at: end }]);
    assert_eq!(
        one("expiring.sig", &["expiring"], &strict(LATER)),
        Err(SignatureProblem::KeyExpired { at: end })
    );
    // Without a clock nothing has expired since.
    let timeless = SignatureRules {
        now: None,
        expired: Expired::Refuse,
    };
    assert!(one("expiring.sig", &["expiring"], &timeless).is_ok());
    // What the owner said last counts, in whichever order the copies came.
    for keys in [
        ["expiring", "expiring-extended"],
        ["expiring-extended", "expiring"],
    ] {
        let extended = one("expiring.sig", &keys, &strict(LATER)).unwrap();
        assert_eq!(extended.notes, []);
    }
    // Signed when it was over already: the key of an older clock.
    let occasion = Occasion {
        made: 1_720_000_000,
        rules: &timeless,
        budget: &Budget::default(),
    };
    let expiring = ring(&["expiring"]);
    let (_, key) = expiring.certificates().next().unwrap();
    assert_eq!(
        occasion.judge(key, None),
        Err(SignatureProblem::KeyExpired { at: end })
    );
}

#[test]
fn signatures_that_end() {
    let end = time("2024-03-31T00:00:00Z");
    assert_eq!(
        one("ends.sig", &["ed25519"], &strict(SOON)).unwrap().notes,
        []
    );
    assert_eq!(
        one("ends.sig", &["ed25519"], &rules(LATER)).unwrap().notes,
        [SignatureNote::SignatureExpired { at: end }]
    );
    assert_eq!(
        one("ends.sig", &["ed25519"], &strict(LATER)),
        Err(SignatureProblem::SignatureExpired { at: end })
    );
}

#[test]
fn revocations_of_either_kind() {
    let at = time("2024-06-01T00:00:00Z");
    let revoked = |reason| Err(SignatureProblem::Revoked { reason, at });
    for (key, reason) in [
        ("compromised", Revocation::Compromised),
        ("unexplained", Revocation::Unsaid),
    ] {
        for when in ["before", "after"] {
            let signature = format!("{key}-{when}.sig");
            assert_eq!(one(&signature, &[key], &rules(LATER)), revoked(reason));
            let unrevoked = format!("{key}-unrevoked");
            assert!(one(&signature, &[&unrevoked], &rules(LATER)).is_ok());
            // A copy that knows of it is enough, wherever it comes from.
            let both = [unrevoked.as_str(), key];
            assert_eq!(one(&signature, &both, &rules(LATER)), revoked(reason));
        }
    }
    let before = one("retired-before.sig", &["retired"], &rules(LATER)).unwrap();
    assert_eq!(before.notes, [SignatureNote::KeyRetired { at }]);
    assert_eq!(
        one("retired-after.sig", &["retired"], &rules(LATER)),
        revoked(Revocation::Retired)
    );
}

#[test]
fn signatures_of_the_future() {
    let made = time("2024-03-01T00:00:00Z");
    for (now, good) in [
        ("2024-02-29T23:54:59Z", false),
        ("2024-02-29T23:55:00Z", true),
    ] {
        let result = one("ed25519.sig", &["ed25519"], &rules(now));
        match good {
            true => assert!(result.is_ok()),
            false => assert_eq!(result, Err(SignatureProblem::InFuture { made })),
        }
    }
}

#[test]
fn the_best_origin_of_a_key_counts() {
    let check = |origins: &[KeyOrigin]| {
        let mut keys = Keyring::new();
        for origin in origins {
            keys.add(&file("ed25519.asc"), *origin).unwrap();
        }
        let report = verify(
            &file("SHA256SUMS"),
            &file("ed25519.sig"),
            &keys,
            &rules(SOON),
        );
        report.unwrap().good().next().unwrap().key_origin
    };
    use KeyOrigin::*;
    assert_eq!(check(&[Repository]), Repository);
    assert_eq!(check(&[Repository, Pinned, OriginRegistry]), Pinned);
    assert_eq!(check(&[OriginRegistry, Repository]), OriginRegistry);
}

#[test]
fn files_that_hold_something_else() {
    let check = |bytes: &[u8]| verify(b"", bytes, &Keyring::new(), &rules(SOON)).unwrap_err();
    let kind = PgpKind::Signature;
    assert_eq!(check(b""), PgpError::NotOpenPgp { kind });
    assert_eq!(check(&file("ed25519.asc")), PgpError::OtherPackets { kind });
    assert_eq!(check(&file("private.asc")), PgpError::PrivateKey);
    let one = file("ed25519.sig");
    assert_eq!(check(&one[..50]), PgpError::Damaged { kind });
    assert_eq!(
        check(&one.repeat(SIGNATURES_LIMIT + 1)),
        PgpError::TooMany { kind }
    );
    let private = Keyring::new().add(&file("private.asc"), KeyOrigin::Pinned);
    assert_eq!(private.unwrap_err(), PgpError::PrivateKey);
}

/// What GnuPG says about the same files.
#[test]
fn gnupg_agrees() {
    if Command::new("gpg").arg("--version").output().is_err() {
        eprintln!("skipped: gpg is not installed");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new("gpg");
        command
            .args(["--batch", "--no-tty", "--no-autostart", "--homedir"])
            .arg(home.path())
            .args([
                "--faked-system-time",
                "20240308T000000!",
                "--allow-weak-key-signatures",
            ])
            .args(arguments)
            .current_dir(directory());
        command.output().unwrap().status.success()
    };
    for name in ["rsa2048", "rsa4096", "ed25519", "dsa", "subkey"] {
        assert!(run(&["--import", &format!("{name}.asc")]), "{name}");
        let signature = format!("{name}.sig");
        assert!(run(&["--verify", &signature, "SHA256SUMS"]), "{name}");
        assert!(!run(&["--verify", &signature, "README.md"]), "{name}");
        assert!(one(&signature, &[name], &rules(SOON)).is_ok(), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A changed byte of signature or key makes no other signature good, and nothing panics.
    #[test]
    fn changed_bytes_never_panic(
        which in 0..7_usize,
        at in any::<prop::sample::Index>(),
        value in any::<u8>(),
    ) {
        let name = ["rsa2048", "rsa4096", "ed25519", "dsa", "subkey", "compromised", "retired"][which];
        let list = file("SHA256SUMS");
        let signature = match which {
            5 | 6 => file(&format!("{name}-after.sig")),
            _ => file(&format!("{name}.sig")),
        };
        let key = file(&format!("{name}.asc"));
        let mut key = super::super::packets::dearmor(&key, PgpKind::Keys).unwrap();
        let mut changed = signature.clone();
        let place = at.index(changed.len());
        changed[place] = value;
        let mut keys = Keyring::new();
        keys.add(&key, KeyOrigin::Repository).unwrap();
        let _ = verify(&list, &changed, &keys, &rules(LATER));
        let place = at.index(key.len());
        key[place] = value;
        let mut keys = Keyring::new();
        if keys.add(&key, KeyOrigin::Repository).is_ok() {
            let _ = verify(&list, &signature, &keys, &rules(LATER));
        }
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut keys = ring(&["ed25519"]);
        let _ = verify(b"", &bytes, &keys, &rules(SOON));
        let _ = keys.add(&bytes, KeyOrigin::Repository);
    }

    /// Fingerprints print as they are read.
    #[test]
    fn fingerprints(text in "[0-9A-F]{40}|[0-9A-F]{64}") {
        let fingerprint: Fingerprint = text.parse().unwrap();
        prop_assert_eq!(fingerprint.to_string(), text);
    }
}

#[test]
fn fingerprints_are_whole() {
    let spaced = "7282 46A1 0724 386B CD45  D335 8F09 9C1B 9557 9FCA";
    let fingerprint: Fingerprint = spaced.parse().unwrap();
    assert_eq!(
        fingerprint.as_str(),
        "728246A10724386BCD45D3358F099C1B95579FCA"
    );
    assert_eq!(fingerprint.key_id(), "8F099C1B95579FCA");
    assert_eq!(fingerprint.as_str().to_lowercase().parse(), Ok(fingerprint));
    for text in [
        "8F099C1B95579FCA",
        "",
        "0x8F099C1B",
        "G28246A10724386BCD45D3358F099C1B95579FCA",
    ] {
        assert!(text.parse::<Fingerprint>().is_err(), "{text}");
    }
}
