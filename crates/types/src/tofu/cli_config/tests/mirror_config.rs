use proptest::prelude::*;

use super::*;
use crate::tofu::RepositoryTemplate;

fn config(template: &str, include: &[&str]) -> Result<MirrorConfig, crate::ParseError> {
    let template: RepositoryTemplate = template.parse().unwrap();
    let read = |text: &&str| ProviderPattern::parse_on(text, &Hostname::opentofu()).unwrap();
    let include = include.iter().map(read).collect();
    MirrorConfig::new(&template, include, &Hostname::opentofu())
}

#[test]
fn no_provider_is_in_both_blocks() {
    let text = config("oci.example.net/tofu/{namespace}/{type}", &[])
        .unwrap()
        .to_string();
    assert_eq!(
        text,
        "provider_installation {\n  oci_mirror {\n    repository_template = \"oci.example.net/tofu/${namespace}/${type}\"\n    include             = [\"registry.opentofu.org/*/*\"]\n  }\n  direct {\n    exclude = [\"registry.opentofu.org/*/*\"]\n  }\n}\n"
    );
    let found = read(&text).provider_installation.unwrap();
    for provider in ["acme/demo", "example.com/acme/demo"] {
        let provider = provider.parse().unwrap();
        let selecting = found
            .methods
            .iter()
            .filter(|m| m.selector.selects(&provider));
        assert_eq!(selecting.count(), 1, "{provider}");
    }
}

#[test]
fn a_mirror_of_everything_has_nothing_beside_it() {
    for include in [&[][..], &["*/*/*"]] {
        let config = config("a.com/{hostname}/{namespace}/{type}", include).unwrap();
        assert!(!config.to_string().contains("direct"), "{config}");
        let found = read(&config.to_string()).provider_installation.unwrap();
        assert_eq!(found.methods.len(), 1);
    }
}

#[test]
fn credentials_by_a_helper() {
    let config = config("a.com:5000/{namespace}/{type}", &["b/*"]).unwrap();
    let registry = config.template().registry().unwrap();
    let text = config.with_helper(registry, "pass".into()).to_string();
    assert!(text.ends_with(
        "}\n\noci_credentials \"a.com:5000\" {\n  docker_credentials_helper = \"pass\"\n}\n"
    ));
    let found = read(&text).oci_credentials;
    assert_eq!(found[0].credential, OciCredential::Helper("pass".into()));
}

#[test]
fn what_cannot_be_told_apart_is_refused() {
    for (template, include, part) in [
        (
            "a.com/{type}",
            &[][..],
            "must refer to the \"namespace\" symbol",
        ),
        (
            "a.com/{namespace}",
            &[],
            "must refer to the \"type\" symbol",
        ),
        (
            "a.com/{namespace}/{type}",
            &["*/*/*"],
            "must refer to the \"hostname\" symbol",
        ),
        (
            "a.com/{namespace}/{type}",
            &["x.com/*/*", "y.com/*/*"],
            "must refer to the \"hostname\" symbol",
        ),
        (
            "dir:x//{namespace}/{type}",
            &[],
            "clients reach registries only",
        ),
        // Clients count the brace in the text and find no end.
        (
            "a.com/${type == \"{\" ? \"x\" : type}/${namespace}",
            &[],
            "clients cannot read it",
        ),
    ] {
        let error = config(template, include).unwrap_err();
        assert!(error.reason.contains(part), "{template}: {error}");
    }
    assert!(config("a.com/{type}", &["x.com/acme/*"]).is_ok());
}

#[test]
fn quotes_are_escaped_where_clients_unescape_them() {
    let template = r#"a.com/${hostname == "x:1" ? "y" : hostname}/%{ if namespace == "x" }y%{ else }z%{ endif }/${namespace}/${type}"#;
    let config = config(template, &[]).unwrap();
    assert!(
        config
            .to_string()
            .contains(r#"${hostname == "x:1" ? "y" : hostname}/%{ if namespace == \"x\" }y"#)
    );
    let found = read(&config.to_string()).provider_installation.unwrap();
    let MethodKind::OciMirror {
        repository_template,
    } = &found.methods[0].kind
    else {
        panic!();
    };
    assert_eq!(repository_template.to_string(), template);
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        host in "[a-z]{1,5}(\\.[a-z]{1,5})?(:[1-9][0-9]{0,3})?",
        parts in prop::collection::vec(prop::sample::select(vec![
            "x", "{namespace}", "{type}", "{hostname}-y",
        ]), 0..4),
    ) {
        let template = format!("{host}/{}/{{hostname}}/{{namespace}}/{{type}}", parts.join("/"));
        if let Ok(template) = template.parse::<RepositoryTemplate>() {
            let config = MirrorConfig::new(&template, vec![], &Hostname::opentofu()).unwrap();
            let found = read(&config.to_string()).provider_installation.unwrap();
            let provider = "acme/demo".parse().unwrap();
            let MethodKind::OciMirror { repository_template } = &found.methods[0].kind else {
                panic!();
            };
            prop_assert_eq!(repository_template.for_provider(&provider), template.for_provider(&provider));
        }
    }
}
