use std::sync::Arc;

use tofu_oci_types::oci::{Descriptor, Digest, MediaType};

use super::*;
use crate::content::{Examine, Examined, HashZip, NullSink, examine};
use crate::zip::raw::{RawEntry, RawZip, file_of};
use crate::zip::{Archive, ZipLimits};
use crate::{Expected, TrustError, VerifiedPackage};

const TREE: &str = "h1:rLyfpGMAgqOnGE2aKOY5Xb6cOc0/YQhPjHBHBwkblhs=";
const ARCHIVE: &str = "h1:5mobUXqB9Fl/FZPsMCZ2Td+kHBYl4Vr4yqH6IJuViqk=";

fn zip() -> Vec<u8> {
    RawZip::of([
        RawEntry::directory("prefix/"),
        RawEntry::stored("prefix/abc", b"data for abc"),
        RawEntry::stored("prefix/xyz", b"data for xyz"),
    ])
    .bytes()
}

fn examined_with(digest: HashZip) -> Examined {
    let bytes = zip();
    let file = file_of(&bytes);
    let archive = Archive::read(&file, bytes.len() as u64, &ZipLimits::default()).unwrap();
    let options = Examine {
        digest,
        ..Examine::default()
    };
    examine(&file, &Arc::new(archive), Box::new(NullSink), options).unwrap()
}

fn hash(text: &str) -> PackageHash {
    text.parse().unwrap()
}

fn zh() -> PackageHash {
    PackageHash::zh(&Digest::of(&zip())).unwrap()
}

fn other_zh() -> PackageHash {
    PackageHash::zh(&Digest::of(b"other")).unwrap()
}

fn verify(expected: &Expected) -> Result<VerifiedPackage, TrustError> {
    VerifiedPackage::verify(examined_with(HashZip::Yes), expected)
}

fn layer() -> Descriptor {
    Descriptor::of(MediaType::from_static("archive/zip"), &zip())
}

#[test]
fn a_package_that_is_what_was_asked_for() {
    let package = verify(&Expected {
        lock: LockCheck::of(&[hash(TREE), other_zh()]),
        claims: vec![Claim {
            hash: zh(),
            voucher: Voucher::ChecksumsFile {
                file: "x_SHA256SUMS".into(),
            },
        }],
        ..Expected::layer(&layer())
    })
    .unwrap();
    assert_eq!(package.digest(), &layer().digest);
    assert_eq!(package.size(), layer().size);
    assert_eq!(package.zh(), &zh());
    assert_eq!(package.h1(), &hash(TREE));
    assert_eq!(package.lock(), &LockMatch::Matched(vec![hash(TREE)]));
    let vouchers = |hash: &PackageHash| -> Vec<String> {
        let evidence = package.evidence();
        evidence.vouchers(hash).map(ToString::to_string).collect()
    };
    assert_eq!(vouchers(&hash(TREE)), ["the package", "the lock file"]);
    assert_eq!(vouchers(&hash(ARCHIVE)), ["the package"]);
    assert_eq!(
        vouchers(&zh()),
        [
            "the package",
            "the layer's descriptor",
            "the checksums file \"x_SHA256SUMS\""
        ]
    );
    assert!(vouchers(&other_zh()).is_empty());
}

#[test]
fn nothing_is_verified_without_the_digest_of_the_zip() {
    let result = VerifiedPackage::verify(examined_with(HashZip::No), &Expected::default());
    assert!(matches!(result, Err(TrustError::NoDigest)));
}

#[test]
fn another_blob_is_refused() {
    let mut larger = layer();
    larger.size += 1;
    assert!(matches!(
        verify(&Expected::layer(&larger)),
        Err(TrustError::Size { expected, actual }) if expected == actual + 1
    ));
    let mut other = layer();
    other.digest = Digest::of(b"other");
    let error = verify(&Expected::layer(&other)).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the zip has digest {}, and {} was expected",
            layer().digest,
            other.digest
        )
    );
    let mut wide = layer();
    wide.digest = format!("sha512:{}", "0".repeat(128)).parse().unwrap();
    assert!(verify(&Expected::layer(&wide)).is_err());
}

#[test]
fn one_usable_hash_of_the_lock_file_is_enough() {
    let unknown = hash("h2:aaaa");
    for (case, locked, passes) in [
        ("no entry", vec![], true),
        ("only unknown schemes", vec![unknown.clone()], true),
        ("tree", vec![hash(TREE)], true),
        ("archive", vec![hash(ARCHIVE)], true),
        ("zip", vec![zh(), other_zh()], true),
        ("tree, and another zip", vec![hash(TREE), other_zh()], true),
        ("another zip", vec![other_zh()], false),
        ("another tree", vec![hash("h1:AAAA")], false),
        ("another zip, and unknown", vec![other_zh(), unknown], false),
    ] {
        let result = verify(&Expected {
            lock: LockCheck::of(&locked),
            ..Expected::default()
        });
        match result {
            Ok(_) => assert!(passes, "{case}"),
            Err(TrustError::Locked { locked, actual }) => {
                assert!(!passes, "{case}");
                assert!(!locked.is_empty(), "{case}");
                let mut expected = [hash(TREE), hash(ARCHIVE), zh()];
                expected.sort();
                assert_eq!(actual, expected, "{case}");
            }
            Err(error) => panic!("{case}: {error:?}"),
        }
    }
}

#[test]
fn the_zip_is_compared_before_it_is_fetched() {
    let digest = Digest::of(&zip());
    for (case, locked, expected) in [
        ("no entry", vec![], Some(BeforeFetch::Unlocked)),
        ("known", vec![zh(), other_zh()], Some(BeforeFetch::Known)),
        ("another zip", vec![other_zh()], None),
        (
            "another zip, and a tree",
            vec![other_zh(), hash(TREE)],
            None,
        ),
        (
            "only trees",
            vec![hash(TREE)],
            Some(BeforeFetch::AfterFetch),
        ),
    ] {
        match LockCheck::of(&locked).before_fetch(&digest) {
            Ok(found) => assert_eq!(Some(found), expected, "{case}"),
            Err(TrustError::Locked { actual, .. }) => {
                assert_eq!(expected, None, "{case}");
                assert_eq!(actual, [zh()], "{case}");
            }
            Err(error) => panic!("{case}: {error:?}"),
        }
    }
}

#[test]
fn claims_that_disagree_are_never_passed_over() {
    let claim = |hash: PackageHash, voucher: &Voucher| Claim {
        hash,
        voucher: voucher.clone(),
    };
    let sums = Voucher::ChecksumsFile { file: "s".into() };
    let note = Voucher::Annotation { key: "k".into() };
    let mirror = Voucher::Mirror { place: "m".into() };
    let elsewhere = Voucher::Mirror { place: "n".into() };
    for (case, claims, refused) in [
        ("checksums", vec![claim(zh(), &sums)], None),
        (
            "other checksums",
            vec![claim(other_zh(), &sums)],
            Some(zh()),
        ),
        ("annotation", vec![claim(hash(TREE), &note)], None),
        (
            "annotation of the archive",
            vec![claim(hash(ARCHIVE), &note)],
            None,
        ),
        (
            "other annotation",
            vec![claim(hash("h1:AAAA"), &note)],
            Some(hash(TREE)),
        ),
        ("unknown scheme", vec![claim(hash("h9:AAAA"), &note)], None),
        (
            "mirror, one of two",
            vec![claim(other_zh(), &mirror), claim(zh(), &mirror)],
            None,
        ),
        ("mirror, none", vec![claim(other_zh(), &mirror)], Some(zh())),
        (
            "two mirrors",
            vec![claim(other_zh(), &mirror), claim(zh(), &elsewhere)],
            Some(zh()),
        ),
    ] {
        let result = verify(&Expected {
            claims,
            ..Expected::default()
        });
        match result {
            Ok(package) => {
                assert_eq!(refused, None, "{case}");
                assert_eq!(
                    package.evidence().vouchers(&other_zh()).count(),
                    0,
                    "{case}"
                );
            }
            Err(TrustError::Claim { actual, .. }) => assert_eq!(Some(actual), refused, "{case}"),
            Err(error) => panic!("{case}: {error:?}"),
        }
    }
}

#[test]
fn only_computed_hashes_of_the_tree_are_recorded() {
    let package = verify(&Expected::layer(&layer())).unwrap();
    let mut expected = vec![hash(TREE), zh()];
    expected.sort();
    assert_eq!(install_hashes(&package), expected);
    assert!(package.hashes().any(|computed| *computed == hash(ARCHIVE)));
}
