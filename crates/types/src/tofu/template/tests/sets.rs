//! What holds for several addresses together.

use super::*;

#[test]
fn include_rule() {
    let pinned = |patterns: &[(&str, &str, &str)]| {
        let mut parts = PinnedParts::default();
        for (host, namespace, kind) in patterns {
            if *host != "*" {
                parts.add_hostname(&host.parse().unwrap());
            }
            if *namespace != "*" {
                parts.add_namespace(namespace);
            }
            if *kind != "*" {
                parts.add_kind(kind);
            }
        }
        parts
    };
    let host = "registry.opentofu.org";
    let hostname = "template must refer to the \"hostname\" symbol unless the \"include\" argument selects exactly one registry hostname";
    let namespace = "template must refer to the \"namespace\" symbol unless the \"include\" argument selects exactly one provider namespace";
    let kind = "template must refer to the \"type\" symbol unless the \"include\" argument selects exactly one provider";
    for (template, include, expected) in [
        ("e.com/${hostname}/${namespace}/${type}", &[][..], None),
        ("e.net/x/${namespace}/${type}", &[(host, "*", "*")], None),
        ("e.net/x/y/${type}", &[(host, "opentofu", "*")], None),
        ("e.net/x/y/z", &[(host, "opentofu", "foo")], None),
        ("e.com/${namespace}/${type}", &[], Some(hostname)),
        ("e.com/${hostname}/${type}", &[], Some(namespace)),
        ("e.com/${hostname}/${namespace}", &[], Some(kind)),
        (
            "e.com/${namespace}/${type}",
            &[(host, "*", "*"), ("a.com", "*", "*")],
            Some(hostname),
        ),
        (
            "e.com/${hostname}/${type}",
            &[(host, "a", "*"), (host, "b", "*")],
            Some(namespace),
        ),
        // Wildcards do not count.
        (
            "e.com/${namespace}/${type}",
            &[("*", "*", "*"), ("a.com", "*", "*")],
            None,
        ),
    ] {
        let got = t(template)
            .require(&pinned(include))
            .map_err(|e| e.reason.into_owned());
        assert_eq!(got.err().as_deref(), expected, "{template}");
    }
}

#[test]
fn collisions() {
    let template = t("a.com/{namespace}/{type}");
    let collision = template
        .check_distinct(&[
            addr("acme/x"),
            addr("acme/y"),
            addr("acme/x"),
            addr("registry.terraform.io/acme/x"),
        ])
        .unwrap_err();
    assert_eq!(
        collision.to_string(),
        "registry.opentofu.org/acme/x and registry.terraform.io/acme/x both map to a.com/acme/x"
    );
    assert!(
        template
            .check_distinct(&[
                addr("acme/x"),
                addr("acme/y"),
                addr("ほげ/x"),
                addr("ほげ/x")
            ])
            .is_ok()
    );
}
