use proptest::prelude::*;

use super::*;

const LABEL: &str =
    "must contain only letters, digits, and dashes, and may not use leading or trailing dashes";

#[test]
fn parts() {
    for (text, expected) in [
        ("foo", "foo"),
        ("FOO", "foo"),
        ("Foo", "foo"),
        ("abc-123", "abc-123"),
        ("Испытание", "испытание"),
        ("münchen", "münchen"),
        ("mu\u{308}nchen", "münchen"),
        ("ß", "ß"),
        ("ＡＢＣ", "abc"),
        ("1", "1"),
        ("אב", "אב"),
    ] {
        assert_eq!(normalize_part(text).unwrap(), expected, "{text}");
    }
    for (text, reason) in [
        ("abc--123", "cannot use multiple consecutive dashes"),
        ("xn--80akhbyknj4f", "cannot use multiple consecutive dashes"),
        ("a-\u{ad}-b", "cannot use multiple consecutive dashes"),
        ("abc.123", "dots are not allowed"),
        ("a。b", "dots are not allowed"),
        ("-abc", LABEL),
        ("abc-", LABEL),
        ("-", LABEL),
        ("", "must have at least one character"),
        ("\u{ad}", "must have at least one character"),
        ("a_b", LABEL),
        ("*", LABEL),
        ("a b", LABEL),
        ("a\u{1b}[1m", LABEL),
        ("aא", LABEL),
    ] {
        assert_eq!(normalize_part(text).unwrap_err().reason, reason, "{text}");
    }
}

#[test]
fn addresses() {
    for (text, full, short) in [
        (
            "registry.opentofu.org/HashiCorp/AWS",
            "registry.opentofu.org/hashicorp/aws",
            "hashicorp/aws",
        ),
        (
            "HashiCorp/AWS",
            "registry.opentofu.org/hashicorp/aws",
            "hashicorp/aws",
        ),
        (
            "aws",
            "registry.opentofu.org/hashicorp/aws",
            "hashicorp/aws",
        ),
        (
            "AWS",
            "registry.opentofu.org/hashicorp/aws",
            "hashicorp/aws",
        ),
        (
            "example.com/foo-bar/baz-boop",
            "example.com/foo-bar/baz-boop",
            "example.com/foo-bar/baz-boop",
        ),
        (
            "localhost:8080/foo/bar",
            "localhost:8080/foo/bar",
            "localhost:8080/foo/bar",
        ),
        ("a.com:443/foo/bar", "a.com/foo/bar", "a.com/foo/bar"),
        (
            "Испытание.com/ほげ/ふが",
            "испытание.com/ほげ/ふが",
            "испытание.com/ほげ/ふが",
        ),
        (
            "terraform.io/builtin/terraform",
            "terraform.io/builtin/terraform",
            "terraform.io/builtin/terraform",
        ),
        ("-/aws", "registry.opentofu.org/-/aws", "-/aws"),
    ] {
        let addr = ProviderAddr::parse(text).unwrap();
        assert_eq!(addr.to_string(), full, "{text}");
        assert_eq!(addr.for_display().to_string(), short, "{text}");
    }
}

#[test]
fn refusals() {
    let form = "the form is [HOSTNAME/][NAMESPACE/]NAME";
    for (text, reason) in [
        ("", form),
        ("///", form),
        ("too/many/parts/here", form),
        ("/a/b", form),
        ("a//b", form),
        ("a/", form),
        (
            "foo.com/-/aws",
            "the legacy namespace \"-\" belongs to the default hosts only",
        ),
        (
            "bad--namespace/aws",
            "namespace \"bad--namespace\": cannot use multiple consecutive dashes",
        ),
        (
            "bad.namespace/aws",
            "namespace \"bad.namespace\": dots are not allowed",
        ),
        (
            "hashicorp/bad--type",
            "type \"bad--type\": cannot use multiple consecutive dashes",
        ),
        (
            "hashicorp/bad.type",
            "type \"bad.type\": dots are not allowed",
        ),
        (
            "hashicorp/terraform-provider-bad",
            "a type does not begin with \"terraform-provider-\", which is a prefix of repositories; did you mean \"hashicorp/bad\"?",
        ),
        (
            "example.com/acme/opentofu-provider-bad",
            "a type does not begin with \"opentofu-provider-\", which is a prefix of repositories; did you mean \"example.com/acme/bad\"?",
        ),
        (
            "hashicorp/terraform-bad",
            "a type does not begin with \"terraform-\": every provider is one of Terraform; did you mean \"bad\"?",
        ),
        (
            "hashicorp/opentofu-bad",
            "a type does not begin with \"opentofu-\": every provider is one of OpenTofu; did you mean \"bad\"?",
        ),
    ] {
        assert_eq!(
            ProviderAddr::parse(text).unwrap_err().reason,
            reason,
            "{text}"
        );
    }
    for text in [
        "badhost!/hashicorp/aws",
        "-bad/aws",
        "bad-/aws",
        "hashicorp/-bad",
        "hashicorp/bad-",
        " a/b",
        "?/x",
        "a.com/b/*",
    ] {
        assert!(ProviderAddr::parse(text).is_err(), "{text}");
    }
}

#[test]
fn defaults() {
    let on = |text: &str| ProviderAddr::parse_on(text, &Hostname::terraform()).unwrap();
    assert_eq!(on("aws").to_string(), "registry.terraform.io/hashicorp/aws");
    assert_eq!(
        on("acme/x").for_display().to_string(),
        "registry.terraform.io/acme/x"
    );
    assert_eq!(
        on("registry.opentofu.org/acme/x").for_display().to_string(),
        "acme/x"
    );
    let default = |name: &str| ProviderAddr::default_for(name, &Hostname::terraform());
    assert_eq!(
        default("null").unwrap().to_string(),
        "registry.terraform.io/hashicorp/null"
    );
    let terraform = default("terraform").unwrap();
    assert_eq!(terraform.to_string(), "terraform.io/builtin/terraform");
    assert!(terraform.is_builtin());
    assert!(default("my_test").is_err());
}

#[test]
fn special_namespaces() {
    let parse = |text: &str| ProviderAddr::parse(text).unwrap();
    assert!(parse("terraform.io/builtin/terraform").is_builtin());
    assert!(parse("opentofu.org/builtin/opentofu").is_builtin());
    assert!(!parse("example.com/builtin/terraform").is_builtin());
    assert!(parse("registry.opentofu.org/-/null").is_legacy());
    assert!(!parse("hashicorp/null").is_legacy());
}

#[test]
fn directory_names_may_have_the_prefix() {
    let addr =
        ProviderAddr::from_parts(Hostname::opentofu(), "AwesomeCorp", "terraform-x").unwrap();
    assert_eq!(
        addr.to_string(),
        "registry.opentofu.org/awesomecorp/terraform-x"
    );
    assert!(
        ProviderAddr::from_parts(Hostname::opentofu(), "-", "legacy")
            .unwrap()
            .is_legacy()
    );
    assert!(ProviderAddr::from_parts(Hostname::opentofu(), "a", "b_c").is_err());
}

#[test]
fn sorts_as_lock_files_do() {
    let mut addrs: Vec<ProviderAddr> = [
        "example.com/b/a",
        "ünder.com/a/a",
        "b/a",
        "a/b",
        "a/a",
        "zz.com/a/a",
    ]
    .iter()
    .map(|text| text.parse().unwrap())
    .collect();
    addrs.sort();
    let shown: Vec<String> = addrs.iter().map(|a| a.for_display().to_string()).collect();
    assert_eq!(
        shown,
        [
            "example.com/b/a",
            "a/a",
            "a/b",
            "b/a",
            "ünder.com/a/a",
            "zz.com/a/a"
        ]
    );
    assert!(addrs.is_sorted_by_key(|a| a.lock_sort_key().0.to_owned()));
}

proptest! {
    #[test]
    fn reads_back_what_it_shows(text in "(\\PC{1,6}\\.[a-z]{1,3}/)?([\\PC--/]{1,6}/)?[\\PC--/]{1,6}") {
        if let Ok(addr) = ProviderAddr::parse(&text) {
            prop_assert_eq!(ProviderAddr::parse(&addr.to_string()).unwrap(), addr.clone());
            prop_assert_eq!(ProviderAddr::parse(&addr.for_display().to_string()).unwrap(), addr);
        }
    }

    #[test]
    fn never_panics(text in "\\PC{0,40}") {
        let _ = ProviderAddr::parse(&text);
        let _ = normalize_part(&text);
    }
}
