use super::*;

const HOST: &str = "oci_credentials \"example.com\"";

#[test]
fn tokens_of_hosts() {
    let text = r#"credentials "example.com" {
  token = "foo the bar baz"
}

credentials "example.net" {
  username = "foo"
  password = "baz"
}

credentials_helper "foo" {
  args = ["bar", "baz"]
}
"#;
    let json = r#"{
  "credentials": {"example.com": {"token": "foo the bar baz"}, "example.net": {"username": "foo"}},
  "credentials_helper": {"foo": {"args": ["bar", "baz"]}}
}"#;
    for text in [text, json] {
        let config = read(text);
        let tokens: Vec<_> = config
            .tokens
            .iter()
            .map(|(host, token)| (host.as_str(), token.expose()))
            .collect();
        assert_eq!(tokens, [("example.com", "foo the bar baz")]);
        assert_eq!(
            config.credentials_helper,
            Some(CredentialsHelper {
                name: "foo".into(),
                args: vec!["bar".into(), "baz".into()]
            })
        );
    }
    for (text, expected) in [
        (
            "credentials \"example..com\" {}",
            "1:13: Invalid CLI configuration: the label of a credentials block: hostname \"example..com\" is invalid: hostname contains empty label (two consecutive periods)",
        ),
        (
            "credentials_helper \"a\" {}\ncredentials_helper \"b\" {}",
            "2:20: Invalid CLI configuration: only one credentials_helper block can be there, and there is one at /home/u/.tofurc:1:20",
        ),
        (
            "credentials = \"x\"",
            "1:1: Invalid credentials block: \"credentials\" must be a block",
        ),
        (
            "credentials { \"a.com\" = \"x\" }",
            "1:15: Invalid credentials block: a block must follow the label",
        ),
        (
            "credentials_helper \"a\" { args = \"x\" }",
            "1:26: Invalid credentials_helper block: \"args\" must be a list of texts",
        ),
    ] {
        assert_eq!(problem(text), expected);
    }
}

#[test]
fn tokens_of_the_environment() {
    let file = "credentials \"configured.example.com\" {\n  token = \"file\"\n}";
    for (name, host) in [
        ("TF_TOKEN_configured_example_com", "configured.example.com"),
        ("TF_TOKEN_configured.example.com", "configured.example.com"),
        (
            "TF_TOKEN_CONFIGUREDUPPERCASE_EXAMPLE_COM",
            "configureduppercase.example.com",
        ),
        (
            "TF_TOKEN_env_xn--eckwd4c7cu47r2wf_com",
            "env.ドメイン名例.com",
        ),
        ("TF_TOKEN_env_xn____caf__dma_fr", "env.café.fr"),
    ] {
        let config = several(file, &[], &[(name, "token")]).unwrap();
        let token = config.tokens.get(&host.parse().unwrap());
        assert_eq!(token.map(Secret::expose), Some("token"), "{name}");
    }
    for name in [
        "TF_TOKEN_",
        "TF_TOKEN_a__",
        "tf_token_a_com",
        "TF_TOKEN_a b",
    ] {
        let config = several("", &[], &[(name, "token")]).unwrap();
        assert!(config.tokens.is_empty(), "{name}");
    }
    // An empty one is a token, too.
    let empty = several(file, &[], &[("TF_TOKEN_configured_example_com", "")]).unwrap();
    assert_eq!(empty.tokens.values().next().unwrap().expose(), "");
}

fn only(text: &str) -> OciCredentials {
    let mut all = read(text).oci_credentials;
    assert_eq!(all.len(), 1);
    all.remove(0)
}

#[test]
fn credentials_of_registries() {
    let secret = |text: &str| Secret::new(text);
    let basic = OciCredential::Static {
        username: "foo".into(),
        password: secret("bar"),
    };
    let tokens = OciCredential::Tokens {
        access_token: secret("foo"),
        refresh_token: secret("bar"),
    };
    let helper = OciCredential::Helper("osxkeychain".into());
    for (arguments, json, expected) in [
        (
            "username = \"foo\"\npassword = \"bar\"",
            r#""username":"foo","password":"bar""#,
            basic,
        ),
        (
            "access_token = \"foo\"\nrefresh_token = \"bar\"",
            r#""access_token":"foo","refresh_token":"bar""#,
            tokens,
        ),
        (
            "docker_credentials_helper = \"osxkeychain\"",
            r#""docker_credentials_helper":"osxkeychain""#,
            helper,
        ),
    ] {
        let json = format!("{{\"oci_credentials\":{{\"example.com\":{{{json}}}}}}}");
        for text in [format!("{HOST} {{\n{arguments}\n}}"), json] {
            let found = only(&text);
            assert_eq!(found.credential, expected, "{text}");
            assert_eq!(found.prefix.as_str(), "example.com");
        }
    }
    let empty = only(&format!(
        "{HOST} {{\n  username = \"\"\n  password = \"\"\n}}"
    ));
    assert_eq!(
        empty.credential,
        OciCredential::Static {
            username: String::new(),
            password: secret("")
        }
    );
}

#[test]
fn several_labels() {
    let native = "oci_credentials \"example.com\" {\n  username = \"foo\"\n  password = \"bar\"\n}\noci_credentials \"example.net/x\" {\n  username = \"baz\"\n  password = \"beep\"\n}";
    let json = r#"{"oci_credentials":{"example.com":{"username":"foo","password":"bar"},"example.net/x":{"username":"baz","password":"beep"}}}"#;
    for text in [native, json] {
        let found = read(text).oci_credentials;
        let prefixes: Vec<_> = found
            .iter()
            .map(|block| {
                (
                    block.prefix.host().as_str(),
                    block.prefix.name().map(crate::oci::RepositoryName::as_str),
                )
            })
            .collect();
        assert_eq!(
            prefixes,
            [("example.com", None), ("example.net", Some("x"))]
        );
    }
}

#[test]
fn prefixes() {
    for text in [
        "example.com",
        "example.com:5000",
        "example.com/a/b",
        "localhost:5000/a",
        "[::1]:5000/a",
        "EXAMPLE.com",
    ] {
        assert_eq!(text.parse::<RepositoryPrefix>().unwrap().to_string(), text);
    }
    for text in [
        "",
        "/a",
        "example.com/",
        "example.com/a:1",
        "example.com/A",
        "https://example.com",
        "u@example.com",
        "a/b@sha256:00",
        "example.com:x",
    ] {
        assert!(text.parse::<RepositoryPrefix>().is_err(), "{text}");
    }
}

#[test]
fn mistakes_in_credentials_of_registries() {
    for (text, expected) in [
        (format!("{HOST} {{}}"), "it must set either username and password, or access_token and refresh_token, or docker_credentials_helper"),
        (format!("{HOST} {{\n  username = \"foo\"\n  access_token = \"bar\"\n}}"), "it must set only one of: username and password, access_token and refresh_token, docker_credentials_helper"),
        (format!("{HOST} {{\n  username = \"foo\"\n}}"), "username and password must be set together"),
        (format!("{HOST} {{\n  password = \"bar\"\n}}"), "username and password must be set together"),
        (format!("{HOST} {{\n  access_token = \"foo\"\n}}"), "access_token and refresh_token must be set together"),
        (format!("{HOST} {{\n  refresh_token = \"bar\"\n}}"), "access_token and refresh_token must be set together"),
        (format!("{HOST} {{\n  docker_credentials_helper = \"not/valid\"\n}}"), "docker_credentials_helper must be a part of a program's name: not empty, without slashes"),
        (format!("{HOST} {{\n  docker_credentials_helper = \"\"\n}}"), "docker_credentials_helper must be a part of a program's name: not empty, without slashes"),
        (format!("{HOST} {{\n  docker_credentials_helper = \"a\\\\b\"\n}}"), "docker_credentials_helper must be a part of a program's name: not empty, without slashes"),
        ("oci_credentials \"example.com/foo\" {\n  docker_credentials_helper = \"osxkeychain\"\n}".to_owned(), "docker_credentials_helper cannot be set for repositories, because helpers know about whole registries only"),
        ("oci_credentials {}".to_owned(), "it must have one label, the registry or the repositories that it is for, and no equals sign"),
        ("oci_credentials \"a\" \"b\" {}".to_owned(), "it must have one label, the registry or the repositories that it is for, and no equals sign"),
        ("oci_credentials = {}".to_owned(), "it must have one label, the registry or the repositories that it is for, and no equals sign"),
        ("oci_credentials \"example.com/x:1\" {}".to_owned(), "the label is no registry and no repository: repository name: each part takes lower-case letters and digits, divided by one of `.`, `_`, `__` or dashes"),
        (format!("{HOST} {{\n  username = true\n  password = \"x\"\n}}"), "\"username\" must be text"),
        (r#"{"oci_credentials":{"example.com":"x"}}"#.to_owned(), "it must have one label, the registry or the repositories that it is for, and no equals sign"),
    ] {
        let found = problem(&text);
        let (_, found) = found.split_once(": Invalid oci_credentials block: ").unwrap();
        assert_eq!(found, expected, "{text}");
    }
    let twice = format!(
        "{HOST} {{\n  username = \"foo\"\n  password = \"bar\"\n}}\n{HOST} {{\n  docker_credentials_helper = \"x\"\n}}"
    );
    assert_eq!(
        problem(&twice),
        "5:17: Duplicate oci_credentials block: there is one for \"example.com\" at /home/u/.tofurc:1:17"
    );
}

#[test]
fn default_credentials() {
    let full = "discover_ambient_credentials = true\ndocker_style_config_files = [\n\"/foo/bar/auth.json\", \"x.json\"\n]\ndocker_credentials_helper = \"osxkeychain\"";
    let json = r#"{"oci_default_credentials":{"discover_ambient_credentials":true,"docker_style_config_files":["/foo/bar/auth.json","x.json"],"docker_credentials_helper":"osxkeychain"}}"#;
    let files = vec![
        PathBuf::from("/foo/bar/auth.json"),
        PathBuf::from("/home/u/x.json"),
    ];
    let expected = OciDefaultCredentials {
        discover_ambient: true,
        docker_style_files: Some(files),
        helper: Some("osxkeychain".into()),
    };
    let native = format!("oci_default_credentials {{\n{full}\n}}");
    for text in [native.as_str(), json] {
        assert_eq!(read(text).oci_default_credentials, expected);
    }
    let default = OciDefaultCredentials::default();
    assert_eq!(
        read("oci_default_credentials {}").oci_default_credentials,
        default
    );
    assert_eq!(
        read("oci_default_credentials {\n  docker_style_config_files = []\n}")
            .oci_default_credentials,
        OciDefaultCredentials {
            docker_style_files: Some(vec![]),
            ..default.clone()
        }
    );
    assert_eq!(
        read("oci_default_credentials {\n  discover_ambient_credentials = false\n}")
            .oci_default_credentials,
        OciDefaultCredentials {
            discover_ambient: false,
            ..default
        }
    );
    for (text, expected) in [
        (
            "oci_default_credentials {\n  discover_ambient_credentials = false\n  docker_style_config_files = []\n}",
            "1:1: Invalid oci_default_credentials block: docker_style_config_files says which files are read, and discover_ambient_credentials = false that none are",
        ),
        (
            "oci_default_credentials {}\noci_default_credentials {}",
            "2:1: Invalid CLI configuration: only one oci_default_credentials block can be there, and there is one at /home/u/.tofurc:1:1",
        ),
        (
            "oci_default_credentials {\n  docker_credentials_helper = \"a/b\"\n}",
            "2:31: Invalid oci_default_credentials block: docker_credentials_helper must be a part of a program's name: not empty, without slashes",
        ),
        (
            "oci_default_credentials \"x\" {}",
            "1:1: Invalid oci_default_credentials block: it is a block without labels and without an equals sign",
        ),
        (
            "oci_default_credentials = {}",
            "1:1: Invalid oci_default_credentials block: it is a block without labels and without an equals sign",
        ),
        (
            "{\"oci_default_credentials\":1}",
            "1:2: Invalid oci_default_credentials block: a brace must follow the name",
        ),
    ] {
        assert_eq!(problem(text), expected);
    }
}
