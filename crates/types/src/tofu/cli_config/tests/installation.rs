use super::*;

const NATIVE: &str = r#"provider_installation {
  dev_overrides {
    "hashicorp/boop" = "/tmp/bloop/../boop"
    "hashicorp/blorp" = "/tmp/blorp"
  }
  filesystem_mirror {
    path    = "/tmp/example1"
    include = ["example.com/*/*"]
  }
  network_mirror {
    url     = "https://tf-Mirror.example.com/"
    include = ["registry.opentofu.org/*/*"]
    exclude = ["registry.OpenTofu.org/foobar/*"]
    download_retry_count = 2
    trust_all_hashes = true
  }
  filesystem_mirror {
    path    = "/tmp/example2"
  }
  direct {
    exclude = ["example.com/*/*"]
    download_retry_count = 3
  }
}
"#;

const JSON: &str = r#"{
  "provider_installation": {
    "dev_overrides": {
      "hashicorp/boop": "/tmp/bloop/../boop",
      "hashicorp/blorp": "/tmp/blorp"
    },
    "filesystem_mirror": [{"path": "/tmp/example1", "include": ["example.com/*/*"]}],
    "network_mirror": [{
      "url": "https://tf-Mirror.example.com/",
      "include": ["registry.opentofu.org/*/*"],
      "exclude": ["registry.OpenTofu.org/foobar/*"],
      "download_retry_count": 2,
      "trust_all_hashes": true
    }],
    "filesystem_mirror": [{"path": "/tmp/example2"}],
    "direct": [{"exclude": ["example.com/*/*"], "download_retry_count": 3}]
  }
}"#;

fn patterns(texts: &[&str]) -> Vec<ProviderPattern> {
    let read = |text: &&str| ProviderPattern::parse_on(text, &Hostname::opentofu()).unwrap();
    texts.iter().map(read).collect()
}

#[test]
fn every_method() {
    for text in [NATIVE, JSON] {
        let found = read(text).provider_installation.unwrap();
        let methods: Vec<_> = found
            .methods
            .into_iter()
            .map(|method| {
                (
                    method.kind,
                    method.selector.include,
                    method.selector.exclude,
                )
            })
            .collect();
        let example = || patterns(&["example.com/*/*"]);
        assert_eq!(
            methods,
            [
                (
                    MethodKind::FilesystemMirror {
                        path: "/tmp/example1".into()
                    },
                    example(),
                    vec![]
                ),
                (
                    MethodKind::NetworkMirror {
                        url: "https://tf-Mirror.example.com/".into(),
                        download_retry_count: Some(2),
                        trust_all_hashes: true
                    },
                    patterns(&["*/*"]),
                    patterns(&["foobar/*"])
                ),
                (
                    MethodKind::FilesystemMirror {
                        path: "/tmp/example2".into()
                    },
                    vec![],
                    vec![]
                ),
                (
                    MethodKind::Direct {
                        download_retry_count: Some(3)
                    },
                    vec![],
                    example()
                ),
            ]
        );
        let overrides: Vec<_> = found
            .dev_overrides
            .iter()
            .map(|(provider, dir)| (provider.to_string(), dir.to_str().unwrap()))
            .collect();
        assert_eq!(
            overrides,
            [
                ("registry.opentofu.org/hashicorp/blorp".into(), "/tmp/blorp"),
                ("registry.opentofu.org/hashicorp/boop".into(), "/tmp/boop"),
            ]
        );
    }
}

#[test]
fn addresses_without_a_host_are_those_of_the_client() {
    let environment = environment(&[]);
    let host = Hostname::terraform();
    let mut reader = CliConfigReader::new(&host, &environment);
    let text = "provider_installation {\n  dev_overrides {\n    \"a/b\" = \"/x\"\n  }\n  direct {\n    include = [\"a/*\"]\n  }\n}";
    reader.main_file(Path::new("/x"), text.as_bytes());
    let found = reader
        .finish(&|_| true)
        .unwrap()
        .provider_installation
        .unwrap();
    assert_eq!(
        found.methods[0].selector.include[0].to_string(),
        "registry.terraform.io/a/*"
    );
    let provider = found.dev_overrides.into_keys().next().unwrap();
    assert_eq!(provider.to_string(), "registry.terraform.io/a/b");
}

#[test]
fn every_mistake_is_told() {
    let text = r#"provider_installation {
  not_a_thing {} # unknown source type
  filesystem_mirror {} # missing "path" argument
  network_mirror {} # missing "host" argument
  direct = {} # should be a block, not an argument
  direct "what" {} # should not have a label
}

provider_installation "what" {} # should not have a label

provider_installation = {} # should be a block, not an argument
"#;
    const BLOCK: &str = "Invalid provider_installation block";
    const METHOD: &str = "Invalid provider_installation method block";
    assert_eq!(
        problems(text),
        [
            format!("2:3: {METHOD}: there is no such method; there are direct, filesystem_mirror, network_mirror, oci_mirror and dev_overrides"),
            format!("3:3: {METHOD}: filesystem_mirror needs the argument \"path\""),
            format!("4:3: {METHOD}: network_mirror needs the argument \"url\""),
            format!("5:3: {METHOD}: it is a block, without an equals sign"),
            format!("6:3: {METHOD}: it has no labels"),
            format!("9:1: {BLOCK}: it has no labels"),
            format!("11:1: {BLOCK}: it is a block, without an equals sign"),
            // Only clients that went on with the second block would not say so.
            "9:1: Invalid CLI configuration: only one provider_installation block can be there, and there is one at /home/u/.tofurc:1:1".to_owned(),
        ]
    );
}

/// The mistake of one method.
fn method(text: &str) -> String {
    let text = problem(&format!("provider_installation {{\n  {text}\n}}"));
    text.split_once(": ").unwrap().1.to_owned()
}

#[test]
fn mistakes_of_methods() {
    for (text, expected) in [
        (
            r#"filesystem_mirror { path = "" }"#,
            "Invalid provider_installation method block: filesystem_mirror needs the argument \"path\"",
        ),
        (
            r#"filesystem_mirror { path = ["x"] }"#,
            "Invalid provider_installation method block: \"path\" must be text",
        ),
        (
            r#"filesystem_mirror { path = true }"#,
            "Invalid provider_installation method block: \"path\" must be text",
        ),
        (
            r#"direct { include = "a/*" }"#,
            "Invalid provider_installation method block: \"include\" must be a list of texts",
        ),
        (
            "direct { include { } }",
            "Invalid provider_installation method block: \"include\" must be a list of texts",
        ),
        (
            "direct { include = [true] }",
            "Invalid provider_installation method block: the entries of \"include\" must be texts",
        ),
        (
            r#"direct { include = ["a"] }"#,
            "Invalid provider source inclusion patterns: provider pattern \"a\" is invalid: the form is [HOSTNAME/]NAMESPACE/TYPE, and each part may be *",
        ),
        (
            r#"direct { exclude = ["*/a"] }"#,
            "Invalid provider source exclusion patterns: provider pattern \"*/a\" is invalid: the namespace can be * only where the type is * too",
        ),
        (
            r#"direct { download_retry_count = "x" }"#,
            "Invalid provider_installation method block: \"download_retry_count\" must be a whole number that is not negative",
        ),
        (
            r#"network_mirror { url = "http://a/" }"#,
            "Invalid URL for provider installation source: a network mirror has a URL that begins with https://",
        ),
        (
            r#"network_mirror { url = "https:///x" }"#,
            "Invalid URL for provider installation source: the URL of a network mirror names a host",
        ),
        (
            r#"network_mirror { url = "/x" }"#,
            "Invalid URL for provider installation source: a network mirror has a URL that begins with https://",
        ),
        (
            r#"network_mirror { url = "https://u:p@a/" }"#,
            "Invalid URL for provider installation source: the URL of a network mirror has no user information; a credentials block does that",
        ),
        (
            r#"network_mirror { url = "https://a/" trust_all_hashes = "true" }"#,
            "Invalid provider_installation method block: \"trust_all_hashes\" must be true or false, without quotes",
        ),
        (
            "oci_mirror {}",
            "Invalid provider_installation method block: oci_mirror needs the argument \"repository_template\"",
        ),
        (
            "Direct {}",
            "Invalid provider_installation method block: there is no such method; there are direct, filesystem_mirror, network_mirror, oci_mirror and dev_overrides",
        ),
        (
            r#"direct {} dev_overrides { "a/b" = "/x" }"#,
            "Invalid provider_installation method block: dev_overrides must stand before all other methods, because it goes before them",
        ),
        (
            r#"dev_overrides { "a/b/c/d" = "/x" }"#,
            "Invalid provider installation dev overrides: provider source address \"a/b/c/d\" is invalid: the form is [HOSTNAME/][NAMESPACE/]NAME",
        ),
        (
            r#"dev_overrides { "a/b" = ["/x"] }"#,
            "Invalid provider installation dev overrides: the directory must be text",
        ),
    ] {
        assert_eq!(method(text), expected, "{text}");
    }
}

#[test]
fn what_clients_tolerate() {
    let methods = |text: &str| {
        let found = read(text).provider_installation.map(|found| found.methods);
        found.map(|methods| methods.iter().map(|m| m.kind.name()).collect::<Vec<_>>())
    };
    for (text, expected) in [
        ("Provider_Installation { direct {} }", None),
        ("provider_installation {}", Some(vec![])),
        (
            "provider_installation { direct { unknown = 1 } }",
            Some(vec!["direct"]),
        ),
        (
            "provider_installation { filesystem_mirror { PATH = 7 } }",
            Some(vec!["filesystem_mirror"]),
        ),
        (
            r#"{"provider_installation":[{"direct":[{}]}]}"#,
            Some(vec!["direct"]),
        ),
        (
            r#"{"provider_installation":{"direct":[{},{}]}}"#,
            Some(vec!["direct", "direct"]),
        ),
        (
            r#"{"provider_installation":{"direct":{},"oci_mirror":[{"repository_template":"a.com/${hostname}/${namespace}/${type}"}]}}"#,
            Some(vec!["direct", "oci_mirror"]),
        ),
    ] {
        assert_eq!(methods(text), expected, "{text}");
    }
}

#[test]
fn json_that_clients_overlook() {
    for text in [
        r#"{"provider_installation":{"direct":{}}}"#,
        r#"{"provider_installation":{"oci_mirror":{"repository_template":"x"}}}"#,
    ] {
        assert_eq!(
            problem(text),
            "1:2: Invalid provider_installation block: in JSON, clients overlook methods that are not lists: write \"direct\": [{…}]"
        );
    }
}
