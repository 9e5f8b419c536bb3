//! What a refusal says.

use super::*;

#[test]
fn a_refusal_says_what_was_found() {
    let lists = [list("one", b"zip", [Err(SignatureProblem::UnknownKey)])];
    let verdict = judge(
        Some(&Policy::signature_required()),
        LockStanding::Matches,
        &lists,
    );
    let Some(Refusal::Unproven {
        required, found, ..
    }) = verdict.refusal
    else {
        panic!("{verdict:?}");
    };
    assert_eq!(required.to_string(), "pgp-sums");
    assert_eq!(
        found[0].to_string(),
        "the signature \"one.sig\" does not count: none of the keys at hand made it"
    );
    assert_eq!(verdict.proofs, [Proof::Lock]);
}

#[test]
fn a_release_is_refused_once() {
    let unproven =
        |filename: &str, kinds: &[ProofKind], found: &[PolicyWarning]| Refusal::Unproven {
            filenames: vec![filename.to_owned()],
            required: Requirement::any_of(kinds.iter().copied()),
            found: found.to_vec(),
        };
    let mut refusal = unproven("a.zip", &[ProofKind::PgpSums], &[]);
    assert_eq!(
        refusal.to_string(),
        "no trusted key has signed the package \"a.zip\""
    );
    assert!(refusal.unite(&refusal.clone()));
    assert!(refusal.unite(&unproven("b.zip", &[ProofKind::PgpSums], &[])));
    assert_eq!(
        refusal.to_string(),
        "no trusted key has signed the package \"a.zip\" and another of its release"
    );
    assert!(refusal.unite(&unproven("c.zip", &[ProofKind::PgpSums], &[])));
    assert_eq!(
        refusal.to_string(),
        "no trusted key has signed the package \"a.zip\" and 2 others of its release"
    );
    // Something else is to be told apart.
    for other in [
        unproven("d.zip", &[ProofKind::Lock], &[]),
        unproven("d.zip", &[ProofKind::PgpSums], &[PolicyWarning::FirstUse]),
        Refusal::Locked {
            filename: "a.zip".to_owned(),
        },
    ] {
        let before = refusal.clone();
        assert!(!refusal.unite(&other), "{other}");
        assert_eq!(refusal, before);
    }
}
