mod bad_signatures;
mod refusals;

use proptest::prelude::*;
use tofu_oci_types::oci::Digest;
use tofu_oci_types::tofu::cli_config::ProviderPattern;
use tofu_oci_types::tofu::{Hostname, ProviderAddr};

use super::*;
use crate::evidence::{CheckedSignatures, CheckedSums};
use crate::pgp::{
    Fingerprint, GoodSignature, KeyOrigin, PgpError, PgpKind, SignatureCheck, SignatureNote,
    SignatureProblem, SignatureReport,
};
use crate::shasums::Shasums;

const ZIP: &str = "terraform-provider-demo_1.2.3_linux_amd64.zip";

fn fingerprint(digit: char) -> Fingerprint {
    digit.to_string().repeat(40).parse().unwrap()
}

fn good(key: char, key_origin: KeyOrigin) -> Result<GoodSignature, SignatureProblem> {
    Ok(GoodSignature {
        fingerprint: fingerprint(key),
        signer: fingerprint(key),
        name: None,
        key_origin,
        signed_at: "2024-03-01T00:00:00Z".parse().unwrap(),
        notes: Vec::new(),
    })
}

fn list(
    name: &str,
    zip: &[u8],
    results: impl IntoIterator<Item = Result<GoodSignature, SignatureProblem>>,
) -> CheckedSums {
    let checks = results.into_iter().map(|result| SignatureCheck {
        issuer: None,
        result,
    });
    CheckedSums {
        name: name.into(),
        list: Shasums::of([(ZIP.to_owned(), Digest::of(zip))]),
        signatures: vec![CheckedSignatures {
            file: format!("{name}.sig"),
            report: Ok(SignatureReport {
                armored: false,
                checks: checks.collect(),
            }),
        }],
        bad_keys: Vec::new(),
    }
}

fn judge(policy: Option<&Policy>, lock: LockStanding, lists: &[CheckedSums]) -> Verdict {
    let digest = Digest::of(b"zip");
    let subject = Subject {
        filename: ZIP,
        digest: &digest,
        lock,
    };
    evaluate(policy, &subject, lists)
}

fn policy(require: impl IntoIterator<Item = Requirement>) -> Policy {
    Policy {
        require: require.into_iter().collect(),
        ..Policy::new(ProviderPattern::all())
    }
}

/// Level by requirement by failure.
#[test]
fn the_matrix() {
    use KeyOrigin::*;
    use LockStanding::*;
    let any = || policy([]);
    let pgp = || policy([ProofKind::PgpSums.into()]);
    let lock = || policy([ProofKind::Lock.into()]);
    let either = || policy([Requirement::any_of([ProofKind::Lock, ProofKind::PgpSums])]);
    let both = || policy([ProofKind::Lock.into(), ProofKind::PgpSums.into()]);
    let named = || Policy {
        pgp_fingerprints: [fingerprint('A')].into(),
        ..pgp()
    };
    let origin = || Policy {
        origin_keys: OriginKeys::Accept,
        ..pgp()
    };
    let signed = |from| vec![list("one", b"zip", [good('A', from)])];
    let bad = || vec![list("one", b"zip", [Err(SignatureProblem::Mismatch)])];
    let mixed = || {
        let results = [Err(SignatureProblem::Mismatch), good('A', Pinned)];
        vec![list("one", b"zip", results)]
    };
    let foreign = |from| vec![list("one", b"other", [good('A', from)])];
    for (name, policy, standing, lists, level, accepted, warnings) in [
        (
            "nothing asked, nothing there",
            any(),
            Unknown,
            vec![],
            "integrity",
            true,
            0,
        ),
        (
            "nothing asked, a failure",
            any(),
            Unknown,
            bad(),
            "integrity",
            true,
            1,
        ),
        (
            "nothing asked, beside the package",
            any(),
            Unknown,
            signed(Repository),
            "self-asserted",
            true,
            0,
        ),
        (
            "nothing asked, from the origin",
            any(),
            Unknown,
            signed(OriginRegistry),
            "origin",
            true,
            0,
        ),
        (
            "nothing asked, another digest",
            any(),
            Unknown,
            foreign(Repository),
            "integrity",
            true,
            1,
        ),
        (
            "nothing asked, believed, another digest",
            any(),
            Unknown,
            foreign(Pinned),
            "integrity",
            false,
            1,
        ),
        (
            "a signature, none",
            pgp(),
            Unknown,
            vec![],
            "integrity",
            false,
            0,
        ),
        (
            "a signature, a bad one",
            pgp(),
            Unknown,
            bad(),
            "integrity",
            false,
            1,
        ),
        (
            "a signature, beside the package",
            pgp(),
            Unknown,
            signed(Repository),
            "self-asserted",
            false,
            1,
        ),
        (
            "a signature, from the origin",
            pgp(),
            Unknown,
            signed(OriginRegistry),
            "origin",
            false,
            1,
        ),
        (
            "a signature, origins believed",
            origin(),
            Unknown,
            signed(OriginRegistry),
            "origin",
            true,
            0,
        ),
        (
            "origins believed, beside the package",
            origin(),
            Unknown,
            signed(Repository),
            "self-asserted",
            false,
            1,
        ),
        (
            "a signature, pinned",
            pgp(),
            Unknown,
            signed(Pinned),
            "trusted",
            true,
            0,
        ),
        (
            "a signature, named",
            named(),
            Unknown,
            signed(Repository),
            "trusted",
            true,
            0,
        ),
        (
            "a signature, one of two",
            pgp(),
            Unknown,
            mixed(),
            "trusted",
            true,
            1,
        ),
        (
            "a signature, of another zip",
            pgp(),
            Unknown,
            foreign(Pinned),
            "integrity",
            false,
            1,
        ),
        (
            "a signature does not replace itself by a lock",
            pgp(),
            Matches,
            bad(),
            "integrity",
            false,
            1,
        ),
        (
            "a lock, first use",
            lock(),
            Unknown,
            vec![],
            "integrity",
            true,
            1,
        ),
        (
            "a lock, known",
            lock(),
            Matches,
            vec![],
            "integrity",
            true,
            0,
        ),
        (
            "a lock, another",
            lock(),
            Differs,
            vec![],
            "integrity",
            false,
            0,
        ),
        (
            "a lock is never passed over",
            any(),
            Differs,
            signed(Pinned),
            "trusted",
            false,
            0,
        ),
        (
            "either, none",
            either(),
            Unknown,
            vec![],
            "integrity",
            false,
            0,
        ),
        (
            "either, the lock",
            either(),
            Matches,
            bad(),
            "integrity",
            true,
            1,
        ),
        (
            "either, the signature",
            either(),
            Unknown,
            signed(Pinned),
            "trusted",
            true,
            0,
        ),
        ("both, one", both(), Matches, vec![], "integrity", false, 0),
        (
            "both, both",
            both(),
            Matches,
            signed(Pinned),
            "trusted",
            true,
            0,
        ),
        (
            "nothing is enough for nothing",
            Policy {
                require: vec![Requirement::any_of([])],
                ..any()
            },
            Matches,
            signed(Pinned),
            "trusted",
            false,
            0,
        ),
    ] {
        let verdict = judge(Some(&policy), standing, &lists);
        assert_eq!(verdict.level.to_string(), level, "{name}");
        assert_eq!(verdict.accepted().is_ok(), accepted, "{name}: {verdict:?}");
        assert_eq!(
            verdict.warnings.len(),
            warnings,
            "{name}: {:?}",
            verdict.warnings
        );
    }
}

#[test]
fn lists_that_disagree() {
    let by = |name, zip: &[u8], from| list(name, zip, [good('A', from)]);
    let believed = [
        by("one", b"zip", KeyOrigin::Pinned),
        by("two", b"other", KeyOrigin::Pinned),
    ];
    for policy in [None, Some(policy([]))] {
        let verdict = judge(policy.as_ref(), LockStanding::Unknown, &believed);
        assert!(
            matches!(&verdict.refusal, Some(Refusal::ListsDisagree { filename, .. }) if filename == ZIP),
            "{verdict:?}"
        );
    }
    // Nobody believes the second: it is told.
    let doubtful = [
        by("one", b"zip", KeyOrigin::Pinned),
        by("two", b"other", KeyOrigin::Repository),
    ];
    let verdict = judge(Some(&policy([])), LockStanding::Unknown, &doubtful);
    assert_eq!(verdict.refusal, None);
    assert!(matches!(
        verdict.warnings[..],
        [PolicyWarning::OtherDigest { .. }]
    ));
    // The same twice is no contradiction.
    let same = [
        by("one", b"zip", KeyOrigin::Pinned),
        by("two", b"zip", KeyOrigin::Pinned),
    ];
    let verdict = judge(Some(&policy([])), LockStanding::Unknown, &same);
    assert_eq!((verdict.refusal, verdict.proofs.len()), (None, 2));
}

#[test]
fn everything_odd_is_told() {
    let mut odd = list("one", b"zip", []);
    odd.bad_keys.push(("key.asc".into(), PgpError::PrivateKey));
    let mut signature = good('A', KeyOrigin::Pinned).unwrap();
    let at = "2025-01-01T00:00:00Z".parse().unwrap();
    signature.notes.push(SignatureNote::KeyExpired { at });
    odd.signatures = vec![
        CheckedSignatures {
            file: "junk.sig".into(),
            report: Err(PgpError::NotOpenPgp {
                kind: PgpKind::Signature,
            }),
        },
        CheckedSignatures {
            file: "text.sig".into(),
            report: Ok(SignatureReport {
                armored: true,
                checks: vec![SignatureCheck {
                    issuer: None,
                    result: Ok(signature),
                }],
            }),
        },
    ];
    let mut elsewhere = list("two", b"zip", []);
    elsewhere.list = Shasums::of([("another.zip".to_owned(), Digest::of(b"zip"))]);
    let verdict = judge(None, LockStanding::Unknown, &[odd, elsewhere]);
    assert_eq!(verdict.refusal, None);
    let told: Vec<String> = verdict.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "no policy is about it: only integrity was checked",
            "the key \"key.asc\" is not used: the key file holds a private key",
            "the signature \"junk.sig\" does not count: the signature is not OpenPGP data",
            "the signature \"text.sig\" is in text form, which clients refuse",
            "the signature of \"one\": its key was valid when it signed, and expired at 2025-01-01T00:00:00Z",
            "the list \"two\" does not cover the package",
        ]
    );
}

#[test]
fn the_first_policy_that_matches_counts() {
    let host: Hostname = "registry.example.com".parse().unwrap();
    let pattern = |text| ProviderPattern::parse_on(text, &host).unwrap();
    let acme = Policy {
        require: vec![ProofKind::PgpSums.into()],
        ..Policy::new(pattern("registry.example.com/acme/*"))
    };
    let rest = Policy {
        require: vec![ProofKind::Lock.into()],
        ..Policy::new(pattern("*/*/*"))
    };
    let policies = Policies(vec![acme.clone(), rest.clone()]);
    let of = |text| ProviderAddr::parse(text).unwrap();
    assert_eq!(
        policies.of(&of("registry.example.com/acme/demo")),
        Some(&acme)
    );
    assert_eq!(
        policies.of(&of("registry.example.com/other/demo")),
        Some(&rest)
    );
    let none = Policies(vec![acme]);
    assert_eq!(none.of(&of("registry.example.com/other/demo")), None);
}

proptest! {
    /// More failures never let a package in, and never keep out one that was let in.
    #[test]
    fn failures_decide_nothing(origin in 0..3_usize, failures in 0..4_usize, required in any::<bool>()) {
        let origin = [KeyOrigin::Repository, KeyOrigin::OriginRegistry, KeyOrigin::Pinned][origin];
        let policy = match required {
            true => Policy::signature_required(),
            false => policy([]),
        };
        let alone = judge(Some(&policy), LockStanding::Unknown, &[list("one", b"zip", [good('A', origin)])]);
        let results = std::iter::repeat_n(Err(SignatureProblem::Mismatch), failures).chain([good('A', origin)]);
        let beside = judge(Some(&policy), LockStanding::Unknown, &[list("one", b"zip", results)]);
        prop_assert_eq!(alone.accepted().is_ok(), beside.accepted().is_ok());
        prop_assert_eq!(alone.level, beside.level);
        prop_assert_eq!(alone.warnings.len() + failures, beside.warnings.len());
    }
}
