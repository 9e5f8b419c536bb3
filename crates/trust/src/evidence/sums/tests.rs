use super::*;
use crate::pgp::SignatureProblem;

const SIGNATURE: &[u8] = include_bytes!("../../../../../testdata/pgp/two.sig");
const LIST: &[u8] = include_bytes!("../../../../../testdata/pgp/SHA256SUMS");
const KEY: &[u8] = include_bytes!("../../../../../testdata/pgp/ed25519.asc");
const PRIVATE: &[u8] = include_bytes!("../../../../../testdata/pgp/private.asc");
const ZIP: &str = "terraform-provider-demo_1.2.3_linux_amd64.zip";

fn named<'a>(name: &'a str, content: &'a [u8]) -> NamedFile<'a> {
    NamedFile { name, content }
}

fn checked(list: &[u8], keys: Vec<NamedFile<'_>>) -> CheckedSums {
    let files = SumsFiles {
        list: named("SHA256SUMS", list),
        signatures: vec![named("SHA256SUMS.sig", SIGNATURE)],
        keys,
    };
    files
        .check(&Keyring::new(), &SignatureRules::default())
        .unwrap()
}

#[test]
fn layers_are_told_by_their_types() {
    let text: MediaType = "text/plain; charset=utf-8".parse().unwrap();
    let layers = [
        (&text, named("list", LIST)),
        (&PGP_SIGNATURE, named("sig", SIGNATURE)),
        (&PGP_KEYS, named("key", KEY)),
        (&TEXT, named("readme", b"")),
    ];
    let files = SumsFiles::of_layers(layers).unwrap();
    assert_eq!(files.list.name, "list");
    assert_eq!((files.signatures.len(), files.keys.len()), (1, 1));
    assert_eq!(SumsFiles::of_layers(layers.into_iter().skip(4)), None);
}

#[test]
fn a_proof_covers_what_the_list_names() {
    let sums = checked(
        LIST,
        vec![named("key.asc", KEY), named("private.asc", PRIVATE)],
    );
    assert_eq!(
        sums.bad_keys,
        [("private.asc".into(), PgpError::PrivateKey)]
    );
    let proofs: Vec<_> = sums.proofs().collect();
    let [proof] = &proofs[..] else {
        panic!("{proofs:?}");
    };
    let digest: Digest = format!("sha256:{}", "2".repeat(64)).parse().unwrap();
    assert_eq!(proof.covers.len(), 2);
    assert!(proof.proves(ZIP, &digest));
    assert!(!proof.proves(ZIP, &Digest::of(b"")));
    assert!(!proof.proves("terraform-provider-demo_1.2.3_linux_arm64.zip", &digest));
    let claim = proof.claim(ZIP).unwrap();
    assert_eq!(claim.hash.digest(), Some(digest));
    assert_eq!(
        claim.voucher,
        Voucher::Signed {
            file: "SHA256SUMS".into(),
            fingerprint: proof.signature.fingerprint.clone(),
            key_origin: KeyOrigin::Repository,
            signed_at: "2024-03-01T00:00:00Z".parse().unwrap(),
        }
    );
}

#[test]
fn a_list_that_was_changed_proves_nothing() {
    // Clients read it, and it was not signed.
    let sums = checked(&[LIST, b"\n"].concat(), vec![named("key.asc", KEY)]);
    assert_eq!(sums.proofs().count(), 0);
    let report = sums.signatures[0].report.as_ref().unwrap();
    let bad: Vec<_> = report.bad().map(|(_, problem)| problem).collect();
    assert_eq!(
        bad,
        [&SignatureProblem::UnknownKey, &SignatureProblem::Mismatch]
    );
}

#[test]
fn a_file_with_two_digests_is_not_covered() {
    let line = |digit: &str, name: &str| format!("{}  {name}\n", digit.repeat(64));
    let text = [
        line("1", "a"),
        line("2", "a"),
        line("3", "b"),
        line("3", "b"),
    ]
    .concat();
    let sums = checked(text.as_bytes(), Vec::new());
    assert_eq!(sums.digest("a"), None);
    assert!(sums.digest("b").is_some());
    assert_eq!(sums.covers().into_keys().collect::<Vec<_>>(), ["b"]);
}
