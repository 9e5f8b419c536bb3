use proptest::prelude::*;

use super::*;

fn v(text: &str) -> ModuleVersion {
    text.parse().unwrap()
}

fn c(text: &str) -> ModuleConstraints {
    text.parse().unwrap()
}

#[test]
fn versions() {
    for (text, canonical) in [
        ("1", "1.0.0"),
        ("v1.2", "1.2.0"),
        ("1.2.3.4", "1.2.3.4"),
        ("1.02", "1.2.0"),
        ("1.2.3beta", "1.2.3-beta"),
        ("1.2.3-beta.1+b", "1.2.3-beta.1+b"),
        ("1.2.3+b", "1.2.3+b"),
        ("1.2-3", "1.2.0-3"),
        ("1.2.3-01", "1.2.3-01"),
        ("1.2.3~x", "1.2.3-~x"),
        ("1.2.3--1", "1.2.3--1"),
        ("1.2.3-", "1.2.3--"),
        ("9223372036854775807", "9223372036854775807.0.0"),
    ] {
        assert_eq!(v(text).to_string(), canonical, "{text}");
    }
    for text in [
        "",
        "V1.2",
        " 1.2",
        "1.2 ",
        "1\n",
        "vv1",
        "1.",
        ".1",
        "1..2",
        "1.x",
        "1.2.3.beta",
        "1.2.3-a..b",
        "1.2.3-a_b",
        "1.2.3+",
        "1.2.3+a..b",
        "latest",
        "9223372036854775808",
        "1.99999999999999999999",
    ] {
        assert!(text.parse::<ModuleVersion>().is_err(), "{text:?}");
    }
}

#[test]
fn order() {
    for chain in [
        &[
            "0.9",
            "1.0.0-1",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.b",
            "1.0.0-beta",
            "1.0.0",
            "1.0.0+a",
            "1.0.0.1",
            "1.0.1",
            "1.10.0",
        ][..],
        &["1.0-2", "1.0-10", "1.0-10a"],
    ] {
        for pair in chain.windows(2) {
            assert!(v(pair[0]) < v(pair[1]), "{pair:?}");
        }
    }
    assert_ne!(v("1.2.3.0"), v("1.2.3"));
}

#[test]
fn membership() {
    for (text, inside, outside) in [
        ("~> 1", &["1.0.0", "2.0.0", "10.1"][..], &["0.9.0"][..]),
        (
            "~> 1.2",
            &["1.2.0", "1.9.0", "1.2.3.4"],
            &["2.0.0", "1.1.9"],
        ),
        (
            "~> 1.2.3",
            &["1.2.3", "1.2.9", "1.2.3.5", "1.2.4.5"],
            &["1.3.0", "1.2.2", "1.2.4-rc1"],
        ),
        ("~> 1.2.3.4", &["1.2.3.4", "1.2.3.5"], &["1.2.3", "1.2.4.4"]),
        (
            ">= 1.0.0-beta",
            &["1.0.0-rc1", "1.0.0", "2.0.0"],
            &["1.0.1-rc1", "1.0.0-alpha"],
        ),
        (
            "~> 1.2.0-beta1",
            &["1.2.0-beta1", "1.2.0-beta2"],
            &["1.2.0", "1.2.1"],
        ),
        (
            "= 1.0.0",
            &["1.0.0", "1.0.0+build", "1.0.0.0"],
            &["1.0.0-rc1", "1.0.1"],
        ),
        ("1.0.0-rc1", &["1.0.0-rc1"], &["1.0.0"]),
        ("< 2", &["1.9"], &["2.0", "1.0.0-rc1"]),
        ("<= 2", &["2.0"], &["2.0.1"]),
        ("> 1.0-beta", &["1.0"], &["1.0-beta.alpha", "1.0-beta"]),
        (
            "!= 2",
            &["1.0", "1.0.0-rc"],
            &["2.0.0", "2.0.0+x", "2.0.0.0-rc"],
        ),
        (" >=   v1.0 , < 2 ", &["1.5"], &["2.0"]),
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
fn selection() {
    let all: Vec<ModuleVersion> = ["1.0.0", "v1.2", "1.10.0", "2.0.0-rc1", "2.0.0-rc2"]
        .iter()
        .map(|text| v(text))
        .collect();
    for (text, expected) in [
        ("~> 1.0", Some("1.10.0")),
        ("< 1.10", Some("1.2.0")),
        (">= 2.0.0-rc1", None),
        ("2.0.0-rc1", Some("2.0.0-rc1")),
        ("= 2.0.0-rc2", Some("2.0.0-rc2")),
        ("2.0.0-rc1, > 1", None),
        ("> 3", None),
    ] {
        assert_eq!(
            c(text).newest_allowed(&all).cloned(),
            expected.map(v),
            "{text}"
        );
    }
    assert_eq!(
        ModuleConstraints::default().newest_allowed(&all),
        Some(&v("1.10.0"))
    );
}

#[test]
fn refused_lists() {
    let general = "this string does not use correct version constraint syntax";
    for (text, rest) in [
        ("", ": a constraint is missing"),
        ("1,", ": a constraint is missing"),
        (",1", ": a constraint is missing"),
        ("=> 1.0", ": malformed constraint \"=> 1.0\""),
        ("1.*", ": malformed constraint \"1.*\""),
        (">= 1.0 < 2", ": malformed constraint \">= 1.0 < 2\""),
        ("> 1, ==1", ": malformed constraint \"==1\""),
        ("||", ": malformed constraint \"||\""),
        ("! 1", ": malformed constraint \"! 1\""),
        (
            "> 9223372036854775808",
            ": malformed constraint \"> 9223372036854775808\"",
        ),
    ] {
        let error = text.parse::<ModuleConstraints>().unwrap_err();
        assert_eq!(error.reason, format!("{general}{rest}"), "{text}");
    }
}

#[test]
fn lists_as_shown() {
    for (text, shown) in [
        (" >=   v1.0 , < 2 ", ">= 1.0, < 2"),
        ("=1", "1"),
        ("~>1.2.3.4", "~> 1.2.3.4"),
        ("!= 1.0beta", "!= 1.0-beta"),
    ] {
        assert_eq!(c(text).to_string(), shown);
    }
}

fn any_version() -> impl Strategy<Value = String> {
    "[0-2](\\.[0-2]){0,3}(-(0|1|a|b|~)(\\.(0|1|10|a))?)?(\\+(a|b))?"
}

proptest! {
    #[test]
    fn reads_back_what_it_shows(text in "v?[0-9.]{1,6}[a-b~]?([-+][a-c0-9.~-]{0,4})?") {
        if let Ok(version) = text.parse::<ModuleVersion>() {
            prop_assert_eq!(v(&version.to_string()), version);
        }
    }

    #[test]
    fn lists_read_back(sign in "(|=|!=|>|>=|<|<=|~>) ?", a in any_version(), b in any_version()) {
        let list = c(&format!("{sign}{a},{b}"));
        prop_assert_eq!(c(&list.to_string()), list);
    }

    #[test]
    fn the_order_is_total(a in any_version(), b in any_version(), d in any_version()) {
        let (a, b, d) = (v(&a), v(&b), v(&d));
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert_eq!(a.cmp(&b) == Ordering::Equal, a == b);
        if a <= b && b <= d {
            prop_assert!(a <= d);
        }
    }

    #[test]
    fn never_panics(text in "[=!<>~ ,v]{0,3}\\PC{0,20}") {
        let _ = text.parse::<ModuleVersion>();
        let _ = text.parse::<ModuleConstraints>();
    }
}
