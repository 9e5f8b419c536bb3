mod sets;

use proptest::prelude::*;

use super::*;

fn t(text: &str) -> RepositoryTemplate {
    text.parse().unwrap()
}

fn addr(text: &str) -> ProviderAddr {
    text.parse().unwrap()
}

fn reason(text: &str) -> String {
    text.parse::<RepositoryTemplate>()
        .unwrap_err()
        .reason
        .into_owned()
}

#[test]
fn repositories_of_providers() {
    for (template, provider, repository) in [
        (
            "example.com/${hostname}/${namespace}/${type}",
            "opentofu/foo",
            "example.com/registry.opentofu.org/opentofu/foo",
        ),
        (
            "example.net/opentofu-registry/${namespace}/${type}",
            "opentofu/foo",
            "example.net/opentofu-registry/opentofu/foo",
        ),
        (
            "example.net/opentofu-registry/opentofu-namespace/foo-type",
            "opentofu/foo",
            "example.net/opentofu-registry/opentofu-namespace/foo-type",
        ),
        (
            "127.0.0.1:5000/${type}",
            "example.com/test/foo",
            "127.0.0.1:5000/foo",
        ),
        (
            "example.com/{hostname}/{namespace}/{type}",
            "a/b",
            "example.com/registry.opentofu.org/a/b",
        ),
        (
            "oci://example.com/{namespace}/{type}",
            "a/b",
            "example.com/a/b",
        ),
        (
            "dir:./registry//{namespace}/{type}",
            "a/b",
            "dir:./registry//a/b",
        ),
        (
            "dir:./registry//${namespace}/${type}",
            "a/b",
            "dir:./registry//a/b",
        ),
        ("dir:./100%/{namespace}", "a/b", "dir:./100%/a"),
        (
            "example.com/{hostname}/{type}",
            "münchen.de/a/b",
            "example.com/xn--mnchen-3ya.de/b",
        ),
        (
            r#"example.com/${hostname == "localhost:8080" ? "l-8080" : hostname}/${type}"#,
            "localhost:8080/acme/p",
            "example.com/l-8080/p",
        ),
        (
            r#"example.com/%{if namespace == "x" || !(type != "y")}special%{else}${namespace}%{endif}/${type}"#,
            "a/y",
            "example.com/special/y",
        ),
        (
            r#"example.com/${ {"example.com": "okay"}[hostname] }/${type}"#,
            "example.com/a/b",
            "example.com/okay/b",
        ),
        (
            r#"example.com/${["a", "b"][1]}/${"x-${type}"}"#,
            "a/p",
            "example.com/b/x-p",
        ),
    ] {
        let parsed = t(template);
        assert_eq!(
            parsed.for_provider(&addr(provider)).unwrap().to_string(),
            repository
        );
        assert_eq!(parsed.to_string(), template);
    }
}

#[test]
fn templates_of_oci_mirrors() {
    let read = RepositoryTemplate::for_oci_mirror;
    for (template, part) in [
        (
            "dir:./x//${namespace}/${type}",
            "clients reach registries only",
        ),
        (
            "oci://example.com/${namespace}/${type}",
            "clients reach registries only",
        ),
        (
            "example.com/{namespace}/{type}",
            "template must generate a valid OCI repository address",
        ),
        (
            "example.com/${name}/${system}",
            "the unknown symbol \"name\"; for providers",
        ),
        (
            "example.com",
            "template must generate a valid OCI repository address",
        ),
    ] {
        let reason = read(template).unwrap_err().reason;
        assert!(reason.contains(part), "{template}: {reason}");
    }
    // What is a registry for the sample can be a directory for another address.
    let tricky =
        r#"${hostname == "evil.example" ? "dir:/etc" : "example.com"}/${namespace}/${type}"#;
    let error = read(tricky)
        .unwrap()
        .for_provider(&addr("evil.example/a/b"))
        .unwrap_err();
    assert!(error.reason.contains("clients reach registries only"));
}

#[test]
fn written_for_clients() {
    for (template, written, registry) in [
        (
            "example.com/x/{namespace}/{type}",
            "example.com/x/${namespace}/${type}",
            Some("example.com"),
        ),
        (
            "oci://example.com:5000/{type}",
            "example.com:5000/${type}",
            Some("example.com:5000"),
        ),
        (
            "oci://example.com/${type}",
            "example.com/${type}",
            Some("example.com"),
        ),
        ("${hostname}/x/${type}", "${hostname}/x/${type}", None),
    ] {
        let template = t(template);
        assert_eq!(template.to_oci_mirror().unwrap().to_string(), written);
        let found = template.registry().map(|host| host.to_string());
        assert_eq!(found.as_deref(), registry);
    }
    assert!(t("dir:x//{namespace}/{type}").to_oci_mirror().is_err());
    assert!(t("example.com/{name}/{system}").to_oci_mirror().is_err());
}

#[test]
fn refused_on_reading() {
    for (template, part) in [
        ("example.com/${hostname[1]}/${type}", "unexpected value"),
        ("example.com/${hostname.x}/${type}", "unexpected value"),
        (
            "example.com/${hostname + 1}/${type}",
            "\"+\" is not supported",
        ),
        ("example.com/${-(1)}/${type}", "\"-\" is not supported"),
        ("example.com/${1 % 0}/${type}", "\"%\" is not supported"),
        (
            r#"example.com/${ {"acme": "a"}[namespace] }/${type}"#,
            "no such key: `example-namespace`",
        ),
        (
            "example.com/${lower(type)}",
            "function calls not allowed: lower",
        ),
        (
            "example.com/${tipe}",
            "it refers to the unknown symbol \"tipe\"; for providers it may refer to \"hostname\", \"namespace\" and \"type\"",
        ),
        (
            "example.com/{tipe}",
            "it refers to the unknown symbol \"tipe\"",
        ),
        (
            "example.com/${false ? tipe : type}",
            "the unknown symbol \"tipe\"",
        ),
        (
            "example.com/%{for x in [type]}${x}%{endfor}",
            "\"for\" is not supported",
        ),
        (
            "example.com/${[for x in [type] : x][0]}",
            "\"for\" is not supported",
        ),
        ("example.com/${type", "line 1, column "),
        ("example.com/${type}:1.0", "has a tag or a digest"),
        ("example.com/{type}:1.0", "has a tag or a digest"),
        (
            "example.com/UPPER/${type}",
            "upper-case letters are not allowed",
        ),
        (
            "example.com",
            "template must generate a valid OCI repository address, including",
        ),
        (
            "",
            "template must generate a valid OCI repository address, including",
        ),
        (
            "example.com/$${type}",
            "template must generate a valid OCI repository address",
        ),
        (
            "example.com/{type}/{name}",
            "the unknown symbol \"type\"; for modules it may refer to",
        ),
        ("example.com/${type}/${namespace", "line 1"),
        ("{oops", "unclosed URI template expression"),
        (
            "a.com/{+type}",
            "level 2 template expression operator '+' not allowed",
        ),
        (
            "a.com/{#type}",
            "level 2 template expression operator '#' not allowed",
        ),
        (
            "a.com/{.type}",
            "level 3 template expression operator '.' not allowed",
        ),
        (
            "a.com/{/type}",
            "level 3 template expression operator '/' not allowed",
        ),
        (
            "a.com/{;type}",
            "level 3 template expression operator ';' not allowed",
        ),
        (
            "a.com/{?type}",
            "level 3 template expression operator '?' not allowed",
        ),
        (
            "a.com/{&type}",
            "level 3 template expression operator '&' not allowed",
        ),
        (
            "a.com/{=type}",
            "reserved template expression operator '=' not allowed",
        ),
        (
            "a.com/{,type}",
            "reserved template expression operator ',' not allowed",
        ),
        (
            "a.com/{!type}",
            "reserved template expression operator '!' not allowed",
        ),
        (
            "a.com/{@type}",
            "reserved template expression operator '@' not allowed",
        ),
        (
            "a.com/{|type}",
            "reserved template expression operator '|' not allowed",
        ),
        ("a.com/{type:12}", "level 4 modifier ':' not allowed"),
        ("a.com/{type*}", "level 4 modifier '*' not allowed"),
        ("a.com/%no", "invalid percent-encoded character"),
        ("a.com/%", "invalid percent-encoded character"),
        ("a.com/{bleep bloop}", "invalid symbol ' ' in variable name"),
        ("a.com/{}", "variable name is missing"),
        ("a.com/type}", "a closing brace has no opening one"),
    ] {
        let reason = reason(template);
        assert!(reason.contains(part), "{template}: {reason}");
        assert!(!reason.contains('\n'), "{template}: {reason}");
    }
    assert_eq!(reason(&"a".repeat(5000)), "it is longer than 4096 bytes");
}

#[test]
fn deep_nesting_is_refused_not_followed() {
    for (open, close) in [
        ("${\"", "\"}"),
        ("(", ")"),
        ("[", "][0]"),
        ("!", ""),
        ("true ? type : ", ""),
    ] {
        let depth = 400;
        let nested = format!("{}type{}", open.repeat(depth), close.repeat(depth));
        let text = match open {
            "${\"" => format!("a.com/{nested}"),
            _ => format!("a.com/${{{nested}}}"),
        };
        let text = text.get(..LIMIT).unwrap_or(&text);
        assert!(text.parse::<RepositoryTemplate>().is_err(), "{open}");
    }
}

#[test]
fn refused_on_use() {
    for (template, provider, part) in [
        (
            "example.org/${hostname}/${namespace}/${type}",
            "example.com/ほげ/ふが",
            "for example.com/ほげ/ふが: it gives \"example.org/example.com/ほげ/ふが\", whose",
        ),
        (
            "example.org/{hostname}/{type}",
            "localhost:8080/acme/p",
            "it gives \"example.org/localhost:8080/p\"",
        ),
        (
            "dir:./x/{hostname}",
            "localhost:8080/acme/p",
            "has a tag or a digest",
        ),
        (
            r#"example.com/${ {"example.com": "okay"}[hostname] }/${type}"#,
            "example.net/a/b",
            "it cannot be evaluated: no such key: `example.net`",
        ),
        (
            "example.org/{namespace}-{name}-{system}",
            "a/b",
            "the unknown symbol \"name\"; for providers",
        ),
    ] {
        let reason = t(template)
            .for_provider(&addr(provider))
            .unwrap_err()
            .reason;
        assert!(reason.contains(part), "{template}: {reason}");
    }
}

#[test]
fn repositories_of_modules() {
    let host = Hostname::terraform();
    let template = t("oci.example.net/modules/${name}-${system}");
    assert_eq!(
        template
            .for_module(&host, "terraform-aws-modules", "vpc", "aws")
            .unwrap()
            .to_string(),
        "oci.example.net/modules/vpc-aws"
    );
    let template = t("dir:r//{hostname}/{namespace}/{name}/{system}");
    assert_eq!(
        template
            .for_module(&host, "acme", "net_work", "aws")
            .unwrap()
            .to_string(),
        "dir:r//registry.terraform.io/acme/net_work/aws"
    );
    assert!(
        template
            .for_module(&host, "Acme", "network", "aws")
            .is_err()
    );
    assert!(
        template
            .for_module(&host, "acme", "../network", "aws")
            .is_err()
    );
    assert!(template.for_module(&host, "acme", "", "aws").is_err());
    let provider = t("a.com/{type}")
        .for_module(&host, "a", "b", "c")
        .unwrap_err()
        .reason;
    assert!(
        provider.contains("the unknown symbol \"type\"; for modules"),
        "{provider}"
    );
    // Without a symbol that only one of them has, a template is for both.
    let both = t("dir:registry");
    assert!(
        both.for_module(&host, "a", "b", "c").is_ok() && both.for_provider(&addr("a/b")).is_ok()
    );
}

#[test]
fn variables() {
    use TemplateVariable::{Hostname, Name, Namespace, System, Type};
    for (template, expected) in [
        ("a.com/{hostname}/{type}", &[Hostname, Type][..]),
        ("a.com/${namespace}", &[Namespace]),
        (r#"a.com/x${true ? "" : "-${namespace}"}"#, &[Namespace]),
        (
            r#"a.com/${ {"${"example-type"}" = "x", (type) = "y"}[type] }"#,
            &[Type],
        ),
        ("a.com/{name}/{system}", &[Name, System]),
        ("a.com/b", &[]),
    ] {
        let variables: Vec<_> = t(template).variables().iter().copied().collect();
        assert_eq!(variables, expected, "{template}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn never_panics(text in "(a\\.com/|dir:)?([$%]?\\{[a-z \"=!?:&|0-9+*/%<>\\[\\](){}~.-]{0,12}\\}?|\\PC{0,6}){0,4}") {
        if let Ok(template) = text.parse::<RepositoryTemplate>() {
            prop_assert_eq!(template.to_string(), text);
            let _ = template.for_provider(&addr("a/b"));
        }
    }
}
