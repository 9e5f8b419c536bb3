use proptest::prelude::*;

use super::*;

fn c(text: &str) -> VersionConstraints {
    text.parse().unwrap()
}

fn v(text: &str) -> Version {
    text.parse().unwrap()
}

#[test]
fn canonical_strings() {
    for (text, canonical) in [
        ("", ""),
        (" ", ""),
        ("1", "1.0.0"),
        ("= 1.1", "1.1.0"),
        ("~> 1.1.1", "~> 1.1.1"),
        ("~> 1.1", "~> 1.1"),
        ("~> 1", "~> 1.0"),
        (">1.1.1", "> 1.1.1"),
        ("> 1.1.1", "> 1.1.1"),
        (">= 1.0, < 2", ">= 1.0.0, < 2.0.0"),
        (">= 1.0 ,< 2", ">= 1.0.0, < 2.0.0"),
        ("1.0,", "1.0.0"),
        ("1 ,\n", "1.0.0"),
        (">= 3", ">= 3.0.0"),
        ("~> 3", "~> 3.0"),
        ("~> 3.0.0", "~> 3.0.0"),
        ("~> 1.2-beta", "~> 1.2-beta"),
        (
            "> 1.0.0, < 1.0.0, >= 1.0.0, <= 1.0.0, != 1.0.0",
            "> 1.0.0, >= 1.0.0, <= 1.0.0, < 1.0.0, != 1.0.0",
        ),
        (">= 3.0, < 4.0", ">= 3.0.0, < 4.0.0"),
        (">= 1.2.3, 1.2.3, ~> 1.2, 1.2.3", "~> 1.2, >= 1.2.3, 1.2.3"),
        (">= 2.68, >= 2.68.0", ">= 2.68.0"),
        ("~> 1.2, >= 1.2, 1.2.4", ">= 1.2.0, ~> 1.2, 1.2.4"),
        (">= 2, >= 1.2, < 1.3", ">= 1.2.0, < 1.3.0, >= 2.0.0"),
        (
            "< 1.2.3, <= 1.2.3, != 1.2.3, 1.2.3+local.2, 1.2.3+local.1, = 1.2.4, = 1.2.3, > 2, > 1.2.3, >= 1.2.3, ~> 1.2.3, ~> 1.2",
            "~> 1.2, > 1.2.3, >= 1.2.3, 1.2.3, ~> 1.2.3, <= 1.2.3, < 1.2.3, != 1.2.3, 1.2.3+local.1, 1.2.3+local.2, 1.2.4, > 2.0.0",
        ),
    ] {
        assert_eq!(c(text).to_string(), canonical, "{text}");
        assert_eq!(c(text), c(canonical), "{text}");
    }
    assert!(c("").is_empty());
    assert!(!c("1").is_empty());
}

#[test]
fn refusals() {
    for (text, reason) in [
        (
            "=  1.1.1",
            "only one space is expected after the operator \"=\"",
        ),
        (
            ">\t1",
            "only one space is expected after the operator \">\"",
        ),
        (
            "=> 1.1.1",
            "invalid constraint operator \"=>\"; did you mean \">=\"?",
        ),
        (
            "=< 1.1.1",
            "invalid constraint operator \"=<\"; did you mean \"<=\"?",
        ),
        (
            "v1.0.0",
            "a \"v\" prefix should not be used when specifying versions",
        ),
        (
            ">= v1.0.0",
            "a \"v\" prefix should not be used when specifying versions",
        ),
        (
            "~> v1.1.1",
            "a \"v\" prefix should not be used when specifying versions",
        ),
        (
            "> 1, v2",
            "invalid specification \"v2\": a \"v\" prefix should not be used when specifying versions",
        ),
        (">= 1.0 < 2", "missing comma after \">= 1.0\""),
        ("> 1, 2 3", "missing comma after \"2\""),
        ("garbage", "invalid characters \"garbage\""),
        ("1a", "invalid characters \"a\" after \"1\""),
        ("& 1.1.0", "invalid constraint operator \"&\""),
        ("≥ 1", "invalid constraint operator \"≥\""),
        (
            ",",
            "invalid specification \",\": invalid constraint operator \",\"",
        ),
        (
            "1,,2",
            "invalid specification \",2\": invalid constraint operator \",\"",
        ),
        (">=", "a version is missing after the operator \">=\""),
        (
            "1.*.*",
            "can't use wildcard for minor number; omit segments that should be unconstrained",
        ),
        (
            "1.0.x",
            "can't use wildcard for patch number; omit segments that should be unconstrained",
        ),
        ("1.0 || 2.0", "only one constraint may be specified"),
        ("1.0.0 - 2.0.0", "range constraints are not supported"),
        (
            "1.2.3.4",
            "too many numbered portions; only three are allowed (major, minor, patch)",
        ),
        (
            "> 18446744073709551616",
            "a number does not fit into 64 bits",
        ),
    ] {
        assert_eq!(
            text.parse::<VersionConstraints>().unwrap_err().reason,
            reason,
            "{text}"
        );
    }
}

#[test]
fn membership() {
    for (text, inside, outside) in [
        (
            ">= 1.0.0",
            &["1.0.0", "1.0.1", "1.0.0+x"][..],
            &["1.0.0-beta1", "2.0.0-beta1", "0.9.9"][..],
        ),
        (
            "2.0.0-beta1",
            &["2.0.0-beta1"],
            &["2.0.0", "2.0.0-beta2", "2.0.0-beta1+x"],
        ),
        ("!= 2.0.0-beta1, 2.0.0-beta1", &[], &["2.0.0-beta1"]),
        ("~> 1.2.3", &["1.2.3", "1.2.5"], &["1.3.0", "1.2.2"]),
        ("~> 1.2", &["1.2.3", "1.2.5", "1.3.0"], &["2.0.0"]),
        ("~> 1", &["1.2.3", "1.3.0"], &["2.0.0"]),
        (
            ">= 1.0.0, < 2.0.0",
            &["1.0.0", "1.9.9"],
            &["0.0.2", "2.0.0", "2.0.1"],
        ),
        (
            ">= 1.0.0-beta1",
            &["1.0.0"],
            &["1.0.0-beta1", "1.0.0-beta2"],
        ),
        (">= 1.0.0-beta", &[], &["1.0.0-rc1"]),
        (
            "~> 1.0.0-beta1",
            &["1.0.0", "1.0.1"],
            &["1.0.0-beta1", "1.1.0"],
        ),
        ("~> 1.2.0-beta1", &["1.2.0"], &[]),
        ("1.0.0-beta1, >= 1.0.0", &[], &["1.0.0-beta1"]),
        ("1.3.0-beta1, ~> 1.2.3", &["1.3.0-beta1"], &[]),
        ("", &["1.0.0", "1.0.0+a"], &["1.0.0-rc1", "0.0.0"]),
        ("> 1.0", &["1.0.1"], &["1.0.0", "1.0.0+a"]),
        ("< 2.0.0", &["1.0.0"], &["2.0.0-rc1", "0.0.0"]),
        ("= 1.0.0", &["1.0.0"], &["1.0.0+a"]),
        ("= 1.0.0+a", &["1.0.0+a"], &["1.0.0", "1.0.0+b"]),
        ("!= 1.0.0", &["1.0.0+a", "1.0.1"], &["1.0.0"]),
        ("0.0.0", &[], &["0.0.0"]),
        (
            "~> 18446744073709551615",
            &["18446744073709551615.1.0"],
            &["1.0.0"],
        ),
    ] {
        for version in inside {
            assert!(c(text).allows(&v(version)), "{version} is in {text:?}");
        }
        for version in outside {
            assert!(!c(text).allows(&v(version)), "{version} is not in {text:?}");
        }
    }
}

#[test]
fn newest() {
    let all: Vec<Version> = [
        "1.2.0",
        "1.10.0",
        "2.0.0-rc1",
        "1.10.0+b",
        "1.10.0+a",
        "0.0.0",
    ]
    .iter()
    .map(|text| v(text))
    .collect();
    for (text, expected) in [
        ("", Some("1.10.0+b")),
        ("< 1.10", Some("1.2.0")),
        ("2.0.0-rc1", Some("2.0.0-rc1")),
        ("1.10.0", Some("1.10.0")),
        ("> 2", None),
    ] {
        assert_eq!(
            c(text).newest_allowed(&all).cloned(),
            expected.map(v),
            "{text}"
        );
    }
}

#[test]
fn first_pass() {
    for text in ["v1.0", "1.0.0.0", ">=  1.0", ">= 1.0, < 2", "~> 1"] {
        assert!(VersionConstraints::check_first_pass(text).is_ok(), "{text}");
    }
    for text in ["=> 1.0", "1.*", ">= 1.0 < 2", "1 || 2", "", "1.0,"] {
        assert!(
            VersionConstraints::check_first_pass(text).is_err(),
            "{text}"
        );
    }
    // What the first pass lets through can still be refused.
    for text in ["v1.0", "1.0.0.0", ">=  1.0"] {
        assert!(text.parse::<VersionConstraints>().is_err(), "{text}");
    }
}

#[test]
fn members() {
    let list = c("~> 1.2, != 1.2.4");
    let shown: Vec<String> = list.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["~> 1.2", "!= 1.2.4"]);
    let first = list.iter().next().unwrap();
    assert_eq!(
        (first.operator(), first.boundary()),
        (Operator::SameMajor, &v("1.2.0"))
    );
    assert_eq!(
        VersionConstraints::exactly(&v("1.2.3")).to_string(),
        "1.2.3"
    );
}

fn any_list() -> impl Strategy<Value = String> {
    let member = "(|=|!=|>|>=|<|<=|~>) ?[0-2](\\.[0-2]){0,2}(-(a|b))?(\\+x)?";
    proptest::collection::vec(member, 0..4).prop_map(|members| {
        members
            .iter()
            .map(|m| m.trim_start())
            .collect::<Vec<_>>()
            .join(", ")
    })
}

proptest! {
    #[test]
    fn reads_back_what_it_shows(text in any_list()) {
        prop_assert_eq!(c(&c(&text).to_string()), c(&text));
    }

    #[test]
    fn union_is_what_both_demand(a in any_list(), b in any_list(), version in "[0-2]\\.[0-2]\\.[0-2]") {
        let (a, b, version) = (c(&a), c(&b), v(&version));
        prop_assert_eq!(a.union(&b), b.union(&a));
        prop_assert_eq!(a.union(&a), a.clone());
        prop_assert_eq!(a.union(&VersionConstraints::default()), a.clone());
        prop_assert_eq!(a.union(&b).allows(&version), a.allows(&version) && b.allows(&version));
    }

    #[test]
    fn never_panics(text in "[=!<>~ ,]{0,3}\\PC{0,20}") {
        let _ = text.parse::<VersionConstraints>();
        let _ = VersionConstraints::check_first_pass(&text);
    }
}
