use proptest::prelude::*;

use super::*;

fn v(text: &str) -> Version {
    text.parse().unwrap()
}

fn tag(text: &str) -> Tag {
    text.parse().unwrap()
}

#[test]
fn reads_leniently() {
    for (text, canonical) in [
        ("1", "1.0.0"),
        ("1.1", "1.1.0"),
        ("1.1.1", "1.1.1"),
        ("1.0-beta2", "1.0.0-beta2"),
        ("1-1", "1.0.0-1"),
        ("1+a", "1.0.0+a"),
        ("1.0.0-beta.2", "1.0.0-beta.2"),
        ("1.0.0+foo.bar", "1.0.0+foo.bar"),
        ("1.0.0-beta1+foo.bar", "1.0.0-beta1+foo.bar"),
        ("01.2.3", "1.2.3"),
        ("1.2.3-", "1.2.3"),
        ("1.2.3+", "1.2.3"),
        ("1.2.3.", "1.2.3"),
        ("1.2.3-a..b", "1.2.3-a..b"),
        ("1.2.3+a-b", "1.2.3+a-b"),
        ("18446744073709551615", "18446744073709551615.0.0"),
        (
            "1.0.0-99999999999999999999999",
            "1.0.0-99999999999999999999999",
        ),
    ] {
        assert_eq!(v(text).to_string(), canonical, "{text}");
    }
}

#[test]
fn refusals() {
    for (text, reason) in [
        ("", "empty specification"),
        (" ", "empty specification"),
        (" 1.2.3", "extraneous spaces around the specification"),
        ("1.2.3\n", "extraneous spaces around the specification"),
        (
            "1.0.0.0",
            "too many numbered portions; only three are allowed (major, minor, patch)",
        ),
        ("v1.0.0", "a \"v\" prefix should not be used"),
        (
            "> 1.1.1",
            "can't use constraint operator \">\"; an exact version is required",
        ),
        (
            "~>1",
            "can't use constraint operator \"~>\"; an exact version is required",
        ),
        (
            "garbage",
            "invalid specification; required format is three positive integers separated by periods",
        ),
        (
            "latest",
            "invalid specification; required format is three positive integers separated by periods",
        ),
        (
            "& 1.1.0",
            "invalid sequence \"&\" at start of specification",
        ),
        ("-a", "invalid sequence \"-\" at start of specification"),
        (
            "1.*.*",
            "can't use wildcard for minor number; an exact version is required",
        ),
        (
            "1.0.x",
            "can't use wildcard for patch number; an exact version is required",
        ),
        (
            "x",
            "can't use wildcard for major number; an exact version is required",
        ),
        (
            "1.0 || 2.0",
            "can't specify multiple versions; a single exact version is required",
        ),
        (
            "1.0.0, 2.0.0",
            "can't specify multiple versions; a single exact version is required",
        ),
        (
            "1.0.0 - 2.0.0",
            "can't specify version range; a single exact version is required",
        ),
        ("1.2.3-+x", "invalid characters \"+x\""),
        ("1.2.3-a+b+c", "invalid characters \"+c\""),
        ("1.2.3-a_b", "invalid characters \"_b\""),
        ("1.2.3 x y", "invalid characters \"x\""),
        ("1.0.0-β", "invalid characters \"β\""),
        ("1..2", "invalid characters \".2\""),
        ("18446744073709551616", "a number does not fit into 64 bits"),
    ] {
        assert_eq!(
            text.parse::<Version>().unwrap_err().reason,
            reason,
            "{text}"
        );
    }
}

#[test]
fn only_the_canonical_text_is_canonical() {
    for text in [
        "1.2.3",
        "0.0.1",
        "1.2.3-rc.1",
        "1.2.3+build.5",
        "1.2.3-rc.1+build.5",
    ] {
        assert_eq!(Version::canonical(text).unwrap().to_string(), text);
    }
    for (text, reason) in [
        ("1.2", "it is not canonical; write 1.2.0"),
        ("01.2.3", "it is not canonical; write 1.2.3"),
        ("1.2.3-", "it is not canonical; write 1.2.3"),
        ("v1.2.3", "a \"v\" prefix should not be used; write 1.2.3"),
        ("V1.2", "a \"v\" prefix should not be used; write 1.2.0"),
        ("", "empty specification"),
    ] {
        assert_eq!(
            Version::canonical(text).unwrap_err().reason,
            reason,
            "{text}"
        );
    }
}

#[test]
fn fields() {
    let version = v("1.2.3-rc.1+b");
    assert_eq!(
        (version.major(), version.minor(), version.patch()),
        (1, 2, 3)
    );
    assert_eq!((version.prerelease(), version.metadata()), ("rc.1", "b"));
    assert!(version.is_prerelease());
    assert!(Version::new(0, 0, 0).is_unspecified());
    assert!(!v("0.0.0+a").is_unspecified());
    assert!(v("1.0.0+a").same_release(&v("1.0.0+b")));
    assert!(!v("1.0.0-a").same_release(&v("1.0.0")));
}

#[test]
fn precedence() {
    for chain in [
        &[
            "0.9.9", "1.0.0-1", "1.0.0", "1.0.1", "1.1.0", "1.10.0", "2.0.0",
        ][..],
        // Fewer dots come first, whatever the words say.
        &[
            "1.0.0-1",
            "1.0.0-9",
            "1.0.0-10",
            "1.0.0-alpha",
            "1.0.0-beta",
            "1.0.0-1.1",
            "1.0.0-alpha.1",
        ],
        &[
            "1.0.0-1",
            "1.0.0-01",
            "1.0.0-99999999999999999999999998",
            "1.0.0-99999999999999999999999999",
        ],
        &["1.0.0-a..b", "1.0.0-a.1.b", "1.0.0-a.a.b"],
        &["1.0.0-B", "1.0.0-a"],
    ] {
        for pair in chain.windows(2) {
            assert_eq!(
                v(pair[0]).precedence_cmp(&v(pair[1])),
                Ordering::Less,
                "{pair:?}"
            );
        }
    }
    assert_eq!(v("1.0.0+a").precedence_cmp(&v("1.0.0+b")), Ordering::Equal);
    assert!(v("1.0.0") < v("1.0.0+a") && v("1.0.0+a") < v("1.0.0+b"));
}

#[test]
fn tags() {
    for (text, version) in [
        ("1.0.0", Some("1.0.0")),
        ("1.0.2_foo.1", Some("1.0.2+foo.1")),
        ("1.0.0-beta.1", Some("1.0.0-beta.1")),
        ("1.0.0-rc1_build.5", Some("1.0.0-rc1+build.5")),
        ("latest", None),
        ("v1.0.0", None),
        ("1.0.0.0", None),
        ("1.0.x", None),
        ("x", None),
        ("sha256-0123", None),
        ("1.0.0__a", None),
        ("1.0.0_a_b", None),
        ("18446744073709551616", None),
    ] {
        let version = version.map(v);
        assert_eq!(Version::from_tag(&tag(text)), version, "{text}");
        assert_eq!(Version::listed_from_tag(&tag(text)), version, "{text}");
    }
}

#[test]
fn tags_that_only_opentofu_lists() {
    for (text, listed) in [
        ("1", "1.0.0"),
        ("1.0", "1.0.0"),
        ("01.2.3", "1.2.3"),
        ("1.2.3-", "1.2.3"),
        ("20240101", "20240101.0.0"),
        ("2024-01-01", "2024.0.0-01-01"),
        ("1.0.0-linux_amd64", "1.0.0-linux+amd64"),
    ] {
        assert_eq!(
            Version::listed_from_tag(&tag(text)),
            Some(v(listed)),
            "{text}"
        );
        let canonical = v(listed).to_tag().unwrap().as_str() == text;
        assert_eq!(Version::from_tag(&tag(text)).is_some(), canonical, "{text}");
    }
    assert!(Version::from_tag(&tag("2024-01-01")).is_none());
    assert!(v(&format!("1.0.0+{}", "a".repeat(123))).to_tag().is_err());
    assert!(v(&format!("1.0.0+{}", "a".repeat(122))).to_tag().is_ok());
}

fn any_version() -> impl Strategy<Value = String> {
    "(0|[1-9][0-9]{0,2})\\.[0-3]\\.[0-3](-(0|1|01|a|b|rc)(\\.(0|1|10|a|))?)?(\\+(a|b\\.1))?"
}

proptest! {
    #[test]
    fn reads_back_what_it_shows(text in "v?[0-9x.]{0,8}([-+ ][a-c0-9.+-]{0,5})?") {
        if let Ok(version) = text.parse::<Version>() {
            prop_assert_eq!(version.to_string().parse::<Version>().unwrap(), version.clone());
            prop_assert_eq!(Version::canonical(&version.to_string()).unwrap(), version);
        }
    }

    #[test]
    fn a_tag_stands_for_its_version(text in any_version()) {
        let version: Version = text.parse().unwrap();
        prop_assert_eq!(Version::from_tag(&version.to_tag().unwrap()), Some(version));
    }

    #[test]
    fn the_order_is_total(a in any_version(), b in any_version(), c in any_version()) {
        let (a, b, c) = (v(&a), v(&b), v(&c));
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert_eq!(a.cmp(&b) == Ordering::Equal, a == b);
        if a <= b && b <= c {
            prop_assert!(a <= c);
        }
    }

    #[test]
    fn never_panics(text in "\\PC{0,30}") {
        let _ = text.parse::<Version>();
        let _ = Version::canonical(&text);
    }
}
