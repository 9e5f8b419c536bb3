use super::*;
use crate::tofu::ProviderAddr;

/// The repository of a provider under a template with `include` patterns.
fn repository(template: &str, include: &str, provider: &str) -> Result<String, String> {
    let include = match include {
        "" => String::new(),
        include => format!("include = [{include:?}]"),
    };
    let text = format!(
        "provider_installation {{\n  oci_mirror {{\n    repository_template = \"{template}\"\n    {include}\n  }}\n}}"
    );
    let config = several(&text, &[], &[]).map_err(|errors| errors.to_string())?;
    let method = config.provider_installation.unwrap().methods.remove(0);
    let MethodKind::OciMirror {
        repository_template,
    } = method.kind
    else {
        panic!("{method:?}");
    };
    let provider: ProviderAddr = provider.parse().unwrap();
    assert!(method.selector.selects(&provider), "{include} {provider}");
    match repository_template.for_provider(&provider) {
        Ok(address) => Ok(address.to_string()),
        Err(error) => Err(format!("on use: {error}")),
    }
}

#[test]
fn repositories_of_oci_mirrors() {
    let foo = "opentofu/foo";
    for (template, include, provider, expected) in [
        (
            "example.com/${hostname}/${namespace}/${type}",
            "",
            foo,
            "example.com/registry.opentofu.org/opentofu/foo",
        ),
        (
            "example.net/opentofu-registry/${namespace}/${type}",
            "registry.opentofu.org/*/*",
            foo,
            "example.net/opentofu-registry/opentofu/foo",
        ),
        (
            "example.net/opentofu-registry/opentofu-namespace/${type}",
            "registry.opentofu.org/opentofu/*",
            foo,
            "example.net/opentofu-registry/opentofu-namespace/foo",
        ),
        (
            "example.net/opentofu-registry/opentofu-namespace/foo-type",
            "registry.opentofu.org/opentofu/foo",
            foo,
            "example.net/opentofu-registry/opentofu-namespace/foo-type",
        ),
        (
            "127.0.0.1:4711/${type}",
            "example.com/test/*",
            "example.com/test/foo",
            "127.0.0.1:4711/foo",
        ),
        (
            r#"example.com/${hostname == "localhost:8080" ? "l-8080" : hostname}/${namespace}/${type}"#,
            "",
            "localhost:8080/acme/p",
            "example.com/l-8080/acme/p",
        ),
        (
            r#"example.com/${hostname}/%{ if namespace == \"x\" }y%{ else }${namespace}%{ endif }/${type}"#,
            "",
            "a.com/x/p",
            "example.com/a.com/y/p",
        ),
        (
            r#"example.com/${ {"example.com": "okay"}[hostname] }/${namespace}/${type}"#,
            "",
            "example.com/a/b",
            "example.com/okay/a/b",
        ),
    ] {
        assert_eq!(
            repository(template, include, provider).as_deref(),
            Ok(expected)
        );
    }
}

#[test]
fn templates_of_oci_mirrors_that_are_refused() {
    let foo = "opentofu/foo";
    for (template, include, provider, part) in [
        (
            "example.com/${namespace}/${type}",
            "",
            foo,
            "template must refer to the \"hostname\" symbol unless the \"include\" argument selects exactly one registry hostname",
        ),
        (
            "example.com/${hostname}/${type}",
            "",
            foo,
            "template must refer to the \"namespace\" symbol unless the \"include\" argument selects exactly one provider namespace",
        ),
        (
            "example.com/${hostname}/${namespace}",
            "",
            foo,
            "template must refer to the \"type\" symbol unless the \"include\" argument selects exactly one provider",
        ),
        (
            "example.com/${hostname[1]}/${namespace}/${type}",
            "",
            foo,
            "cannot be evaluated",
        ),
        (
            "example.com/${hostname + 1}/${namespace}/${type}",
            "",
            foo,
            "\"+\" is not supported",
        ),
        (
            r#"example.com/${ {"acme": "x"}[namespace] }/${hostname}/${type}"#,
            "",
            foo,
            "no such key",
        ),
        (
            "example.com/${lower(type)}",
            "",
            foo,
            "function calls not allowed",
        ),
        (
            "example.com/${hostname}/${name}",
            "",
            foo,
            "unknown symbol \"name\"",
        ),
        (
            "example.com/X/${hostname}/${namespace}/${type}",
            "",
            foo,
            "upper-case letters",
        ),
        (
            "example.com/${hostname}/${namespace}/${type}:1",
            "",
            foo,
            "a tag or a digest",
        ),
        (
            "dir:/x//${hostname}/${namespace}/${type}",
            "",
            foo,
            "clients reach registries only",
        ),
        (
            r#"example.com/${ {"example.com": "okay"}[hostname] }/${namespace}/${type}"#,
            "",
            "example.net/a/b",
            "on use: ",
        ),
        (
            "example.org/${hostname}/${namespace}/${type}",
            "",
            "example.com/ほげ/ふが",
            "on use: ",
        ),
        (
            "example.com/${hostname}/${namespace}/${type}",
            "",
            "localhost:8080/acme/p",
            "on use: ",
        ),
    ] {
        let error = repository(template, include, provider).unwrap_err();
        assert!(error.contains(part), "{template}: {error}");
    }
}

#[test]
fn a_bad_pattern_says_nothing_of_the_template() {
    // What the template must tell apart is not known then.
    let text = "provider_installation {\n  oci_mirror {\n    repository_template = \"a.com/${type}\"\n    include = [\"x\"]\n  }\n}";
    assert!(
        problem(text).contains("inclusion patterns"),
        "{}",
        problem(text)
    );
}

#[test]
fn the_place_is_shown() {
    let text = "provider_installation {\n  oci_mirror {\n    repository_template = \"a.com/${typo}\" # x\n  }\n}";
    let errors = several(text, &[], &[]).unwrap_err();
    let problem = &errors.problems[0];
    assert_eq!(
        problem.excerpt.line,
        "    repository_template = \"a.com/${typo}\"…"
    );
    assert_eq!(problem.excerpt.caret, 26..41);
    assert_eq!(
        (problem.range.start.line, problem.range.start.column),
        (3, 27)
    );
}
