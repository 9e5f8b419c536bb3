use super::*;
use crate::tofu::ProviderAddr;

fn selector(include: &[&str], exclude: &[&str]) -> ProviderSelector {
    let patterns = |texts: &[&str]| {
        let read = |text: &&str| ProviderPattern::parse_on(text, &Hostname::opentofu()).unwrap();
        texts.iter().map(read).collect()
    };
    ProviderSelector {
        include: patterns(include),
        exclude: patterns(exclude),
    }
}

#[test]
fn selection() {
    let foo = "hashicorp/foo";
    let builtin = "terraform.io/builtin/bar";
    for (include, exclude, provider, selected) in [
        (&[][..], &[][..], foo, true),
        (&[], &[], builtin, true),
        (&["hashicorp/foo"], &[], foo, true),
        (&["hashicorp/*"], &[], foo, true),
        (&["*/*"], &[], foo, true),
        (&["HashiCorp/*"], &[], foo, true),
        (&["*/*/*"], &[], foo, true),
        (&["registry.OpenTofu.org/*/*"], &[], foo, true),
        (&["hashicorp/foo"], &[], builtin, false),
        (&["hashicorp/*"], &[], builtin, false),
        (&["*/*"], &[], builtin, false),
        (&["*/*/*"], &[], builtin, true),
        (&["terraform.io/builtin/*"], &[], builtin, true),
        (&[], &["hashicorp/foo"], foo, false),
        (&[], &["hashicorp/*"], foo, false),
        (&[], &["HashiCorp/*"], foo, false),
        (&[], &["hashicorp/bar"], foo, true),
        (&["hashicorp/foo"], &["hashicorp/*"], foo, false),
        (&["hashicorp/bar"], &["hashicorp/*"], foo, false),
        (&["hashicorp/*"], &["hashicorp/foo"], foo, false),
        (&["hashicorp/*"], &["hashicorp/bar"], foo, true),
        (&["a/b", "hashicorp/foo"], &[], foo, true),
    ] {
        let provider: ProviderAddr = provider.parse().unwrap();
        assert_eq!(
            selector(include, exclude).selects(&provider),
            selected,
            "{include:?} {exclude:?} {provider}"
        );
    }
}

#[test]
fn shown_in_full() {
    for (text, shown) in [
        ("hashicorp/*", "registry.opentofu.org/hashicorp/*"),
        ("Испытание.com/Foo/*", "испытание.com/foo/*"),
        ("*/*/*", "*/*/*"),
        ("example.com:8443/*/*", "example.com:8443/*/*"),
    ] {
        let pattern = ProviderPattern::parse_on(text, &Hostname::opentofu()).unwrap();
        assert_eq!(pattern.to_string(), shown);
        assert_eq!(
            ProviderPattern::parse_on(shown, &Hostname::terraform()),
            Ok(pattern)
        );
    }
    let terraform = ProviderPattern::parse_on("a/b", &Hostname::terraform()).unwrap();
    assert_eq!(terraform.to_string(), "registry.terraform.io/a/b");
}

#[test]
fn refused() {
    for (text, reason) in [
        ("foo", "the form is"),
        ("", "the form is"),
        ("a/b/c/d", "the form is"),
        ("*/foo", "the namespace can be *"),
        ("*/a/b", "the hostname can be *"),
        ("*/*/b", "the hostname can be *"),
        ("example.com/*/b", "the namespace can be *"),
        ("a b/*", "namespace \"a b\""),
        ("a/b*", "type \"b*\""),
        ("bad..host/*/*", "hostname \"bad..host\""),
    ] {
        let error = ProviderPattern::parse_on(text, &Hostname::opentofu()).unwrap_err();
        assert!(error.reason.starts_with(reason), "{text}: {error}");
    }
}

#[test]
fn what_is_pinned() {
    let template = |text: &str| text.parse::<crate::tofu::RepositoryTemplate>().unwrap();
    let type_only = template("example.com/${type}");
    assert!(
        type_only
            .require(&selector(&["a.com/b/*"], &[]).pinned())
            .is_ok()
    );
    assert!(
        type_only
            .require(&selector(&["a.com/*/*"], &[]).pinned())
            .is_err()
    );
    assert!(
        type_only
            .require(&selector(&["a/b", "c.com/a/b"], &[]).pinned())
            .is_err()
    );
    // Wildcards are not counted: OpenTofu's rule.
    let hostless = template("example.com/${namespace}/${type}");
    assert!(
        hostless
            .require(&selector(&["*/*/*", "a.com/*/*"], &[]).pinned())
            .is_ok()
    );
}
