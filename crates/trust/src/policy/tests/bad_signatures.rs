//! Signatures that do not count, and those by strangers.

use super::*;

#[test]
fn bad_signatures_are_refused_where_the_policy_says_so() {
    let refusing = Policy {
        bad_signatures: BadSignatures::Refuse,
        ..policy([])
    };
    let by_repository = || good('A', KeyOrigin::Repository);
    for (results, refused) in [
        (vec![], false),
        (vec![Err(SignatureProblem::UnknownKey)], false),
        (vec![Err(SignatureProblem::Mismatch)], true),
        (
            vec![Err(SignatureProblem::Mismatch), by_repository()],
            false,
        ),
        (
            vec![
                Err(SignatureProblem::UnknownKey),
                Err(SignatureProblem::Mismatch),
            ],
            true,
        ),
    ] {
        let lists = [list("one", b"zip", results.clone())];
        let verdict = judge(Some(&refusing), LockStanding::Unknown, &lists);
        let bad =
            matches!(&verdict.refusal, Some(Refusal::BadSignature { list, .. }) if list == "one");
        assert_eq!(bad, refused, "{results:?}: {verdict:?}");
        let verdict = judge(Some(&policy([])), LockStanding::Unknown, &lists);
        assert_eq!(verdict.refusal, None, "{results:?}");
    }
}

#[test]
fn lists_of_one_name_answer_for_their_own_signatures() {
    let refusing = Policy {
        bad_signatures: BadSignatures::Refuse,
        ..policy([])
    };
    let by_repository = good('A', KeyOrigin::Repository);
    let lists = [
        list(
            "one",
            b"zip",
            [Err(SignatureProblem::Mismatch), by_repository],
        ),
        // As it was before somebody added the key.
        list("one", b"zip", [Err(SignatureProblem::UnknownKey)]),
    ];
    let verdict = judge(Some(&refusing), LockStanding::Unknown, &lists);
    assert_eq!(verdict.refusal, None);
}

#[test]
fn who_names_keys_hears_of_others() {
    let named = Policy {
        pgp_fingerprints: [fingerprint('B')].into(),
        ..policy([])
    };
    let lists = [list("one", b"zip", [good('A', KeyOrigin::Repository)])];
    let verdict = judge(Some(&named), LockStanding::Unknown, &lists);
    assert_eq!(verdict.refusal, None);
    assert!(
        matches!(verdict.warnings[..], [PolicyWarning::NotBelieved { .. }]),
        "{verdict:?}"
    );
    let verdict = judge(Some(&policy([])), LockStanding::Unknown, &lists);
    assert_eq!(verdict.warnings, []);
}
