use super::*;

#[test]
fn an_empty_configuration_says_nothing() {
    for text in [
        "",
        "# nothing",
        "{}",
        "providers {\n  aws = \"foo\"\n}\nprovisioners {}",
    ] {
        let config = read(text);
        assert_eq!(config.plugin_cache_dir, None);
        assert!(!config.plugin_cache_may_break_lock_file);
        assert_eq!(config.provider_installation, None);
        assert_eq!(
            config.oci_default_credentials,
            OciDefaultCredentials::default()
        );
        assert_eq!(config.registry_protocols, RegistryProtocols::default());
    }
}

#[test]
fn the_plugin_cache() {
    let dir = |main: &str, variables: &[(&str, &str)]| {
        let config = several(main, &[], variables).unwrap();
        config
            .plugin_cache_dir
            .map(|dir| dir.to_str().unwrap().to_owned())
    };
    let set = &[("CACHE", "/c"), ("EMPTY", "")][..];
    for (text, expanded) in [
        ("/x/cache", "/x/cache"),
        ("$CACHE/x", "/c/x"),
        ("${CACHE}x", "/cx"),
        ("/a/$UNSET/b", "/a//b"),
        ("/a$$b", "/ab"),
        ("/a$/b", "/a$/b"),
        ("/a$", "/a$"),
        ("/a$1b", "/ab"),
        ("/a${EMPTY}b", "/ab"),
    ] {
        let main = format!("plugin_cache_dir = \"{text}\"");
        assert_eq!(dir(&main, set).as_deref(), Some(expanded), "{text}");
    }
    assert_eq!(dir("plugin_cache_dir = \"\"", &[]), None);
    assert_eq!(dir("plugin_cache_dir = \"$UNSET\"", &[]), None);
    // The variable goes first, and is not expanded.
    let boop = &[("TF_PLUGIN_CACHE_DIR", "boop"), ("CACHE", "/c")][..];
    assert_eq!(
        dir("plugin_cache_dir = \"/x\"", boop).as_deref(),
        Some("boop")
    );
    let dollar = &[("TF_PLUGIN_CACHE_DIR", "$CACHE"), ("CACHE", "/c")][..];
    assert_eq!(dir("", dollar).as_deref(), Some("$CACHE"));
    assert_eq!(dir("", &[("TF_PLUGIN_CACHE_DIR", "")]), None);
    assert_eq!(
        problem("plugin_cache_dir = \"/missing\""),
        "1:1: Invalid CLI configuration: there is no plugin cache directory \"/missing\""
    );
    let missing = several("", &[], &[("TF_PLUGIN_CACHE_DIR", "/missing")]).unwrap_err();
    assert_eq!(
        missing.to_string(),
        "TF_PLUGIN_CACHE_DIR:1:1: Invalid CLI configuration: there is no plugin cache directory \"/missing\""
    );
}

#[test]
fn references_that_are_none() {
    let variables = variables(&[("A", "x")]);
    for (text, expanded) in [
        ("${", ""),
        ("a${}b", "ab"),
        ("${A", "A"),
        ("$A$A", "xx"),
        ("$A_", ""),
        ("${A}_", "x_"),
        ("é$é", "é$é"),
        ("${A b}", ""),
    ] {
        assert_eq!(variables.expand(text), expanded, "{text}");
    }
}

#[test]
fn whether_the_cache_may_break_the_lock_file() {
    let name = "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE";
    let file = "plugin_cache_may_break_dependency_lock_file = true";
    for (main, variables, expected) in [
        ("", &[(name, "anything_except_zero")][..], true),
        ("", &[(name, "0")], false),
        ("", &[(name, "")], false),
        (file, &[(name, "0")], true),
        (file, &[], true),
        (
            "plugin_cache_may_break_dependency_lock_file = false",
            &[],
            false,
        ),
    ] {
        let config = several(main, &[], variables).unwrap();
        assert_eq!(
            config.plugin_cache_may_break_lock_file, expected,
            "{main} {variables:?}"
        );
    }
    assert_eq!(
        problem("plugin_cache_may_break_dependency_lock_file = \"true\""),
        "1:1: Invalid CLI configuration: \"plugin_cache_may_break_dependency_lock_file\" must be true or false, without quotes"
    );
}

#[test]
fn of_variables_that_come_twice_the_last_counts() {
    assert_eq!(variables(&[("A", "x"), ("A", "y")]).get("A"), Some("y"));
}

#[test]
fn hosts() {
    let native = "host \"example.com\" {\n  services = {\n    \"modules.v1\" = \"https://example.com/\",\n    \"login.v1\" = { client = \"x\" }\n  }\n}";
    let json = r#"{"host":{"example.com":{"services":{"modules.v1":"https://example.com/","login.v1":{"client":"x"}}}}}"#;
    for text in [native, json] {
        let config = read(text);
        let host = &config.hosts[&"example.com".parse().unwrap()];
        assert_eq!(
            host.services["modules.v1"],
            ServiceLocation::Url("https://example.com/".into())
        );
        assert_eq!(host.services["login.v1"], ServiceLocation::Settings);
        assert_eq!(host.services.len(), 2);
    }
    // All services in one object look like labels.
    let json = r#"{"host":{"a.com":{"services":{"login.v1":{"client":"x"}}}}}"#;
    assert_eq!(
        read(json).hosts[&"a.com".parse().unwrap()].services.len(),
        1
    );
    for (text, expected) in [
        (
            "host \"example..com\" {}",
            "1:6: Invalid CLI configuration: the label of a host block: hostname \"example..com\" is invalid: hostname contains empty label (two consecutive periods)",
        ),
        (
            "host \"a.com\" {\n  services = \"x\"\n}",
            "2:3: Invalid host block: \"services\" must be a block",
        ),
        (
            "host = 1",
            "1:1: Invalid host block: \"host\" must be a block",
        ),
    ] {
        assert_eq!(problem(text), expected);
    }
}

#[test]
fn registry_protocols() {
    let both = "registry_protocols {\n  retry_count = 256\n  request_timeout_seconds = 50\n}";
    let retries = "registry_protocols {\n  retry_count = 256\n}";
    let timeout = "registry_protocols {\n  request_timeout_seconds = 50\n}";
    let env_both = &[
        ("TF_REGISTRY_DISCOVERY_RETRY", "123"),
        ("TF_REGISTRY_CLIENT_TIMEOUT", "456"),
    ][..];
    let env_retries = &env_both[..1];
    let env_timeout = &env_both[1..];
    for (main, variables, expected) in [
        ("", &[][..], (1, 10)),
        (both, &[], (256, 50)),
        (retries, &[], (256, 10)),
        (timeout, &[], (1, 50)),
        (
            "registry_protocols {\n  hypothetical_future_option = \"...\"\n}",
            &[],
            (1, 10),
        ),
        ("", env_both, (123, 456)),
        ("", env_retries, (123, 10)),
        ("", env_timeout, (1, 456)),
        (both, env_both, (123, 456)),
        (both, env_retries, (123, 50)),
        (both, env_timeout, (256, 456)),
        (
            both,
            &[
                ("TF_REGISTRY_DISCOVERY_RETRY", "0"),
                ("TF_REGISTRY_CLIENT_TIMEOUT", "x"),
            ],
            (256, 50),
        ),
        ("registry_protocols {\n  retry_count = 0\n}", &[], (1, 10)),
        (
            "registry_protocols {\n  retry_count = \"0x10\"\n}",
            &[],
            (16, 10),
        ),
        (
            "registry_protocols {\n  retry_count = 017\n}",
            &[],
            (15, 10),
        ),
        ("registry_protocols = {\n  RETRY_COUNT = 5\n}", &[], (5, 10)),
        ("{\"registry_protocols\":{\"retry_count\":5}}", &[], (5, 10)),
    ] {
        let found = several(main, &[], variables).unwrap().registry_protocols;
        assert_eq!(
            (found.retry_count, found.request_timeout_seconds),
            expected,
            "{main} {variables:?}"
        );
    }
    for (text, expected) in [
        (
            "registry_protocols {\n  retry_count = \"not a number\"\n}",
            "2:3: Invalid registry_protocols block: \"retry_count\" must be a whole number that is not negative",
        ),
        (
            "registry_protocols {\n  request_timeout_seconds = \"not a number\"\n}",
            "2:3: Invalid registry_protocols block: \"request_timeout_seconds\" must be a whole number that is not negative",
        ),
        (
            "registry_protocols {\n  retry_count = -1\n}",
            "2:3: Invalid registry_protocols block: \"retry_count\" must be a whole number that is not negative",
        ),
        (
            "registry_protocols {}\nregistry_protocols {}",
            "2:1: Duplicate registry_protocols block: there is one in this file already",
        ),
        (
            "registry_protocols = \"invalid\"",
            "1:1: Invalid registry_protocols block: a brace must follow the name",
        ),
    ] {
        assert_eq!(problem(text), expected);
    }
}
