//! Which of several credentials is used.

use std::sync::Arc;

use tofu_oci_store::files::faults::CountOps;

use super::*;

fn password(user: &str) -> ConfiguredLogin {
    ConfiguredLogin::Password {
        username: user.to_owned(),
        password: "x".into(),
    }
}

fn tokens(access: &str, refresh: &str) -> ConfiguredLogin {
    ConfiguredLogin::Tokens {
        access: access.into(),
        refresh: refresh.into(),
    }
}

fn configured(label: &str, login: ConfiguredLogin) -> ConfiguredCredential {
    let (registry, path) = match label.split_once('/') {
        Some((registry, path)) => (registry, Some(path.parse().unwrap())),
        None => (label, None),
    };
    ConfiguredCredential {
        host: host(registry),
        path,
        login,
    }
}

#[tokio::test]
async fn two_files() {
    let home = Home::new();
    for name in ["h1", "h2", "global-helper-2"] {
        home.knowing_helper(name);
    }
    let only = r#"case $server in *globalcredshelper.example.com) printf '{"Username":"global","Secret":"x"}' ;;
        *) echo 'credentials not found in native keychain'; exit 1 ;; esac"#;
    home.helper("global-helper-1", only);
    let first = home.write(
        "1.json",
        &format!(
            r#"{{"credsStore":"global-helper-1","credHelpers":{{"example.com":"h1"}},
                "auths":{{"example.net":{{"auth":"{}"}}}}}}"#,
            auth("U0")
        ),
    );
    let second = home.write(
        "2.json",
        &format!(
            r#"{{"credsStore":"global-helper-2","credHelpers":{{"example.com":"h2"}},"auths":{{
                "example.com":{{"auth":"{}"}},"example.com/foo":{{"auth":"{}"}},"example.com/empty":{{}},
                "example.net/foo":{{"auth":"{}"}},"example.net/foo/bar":{{"auth":"{}"}},"example.net/baz":{{"auth":"{}"}},
                "empty.example.org":{{}},"null.example.org":null,"emptystr.example.org":{{"auth":""}}}}}}"#,
            auth("U1"),
            auth("U2"),
            auth("U3"),
            auth("U4"),
            auth("U5")
        ),
    );
    let store = store(CredentialSettings {
        files: AuthFiles::Listed(vec![first, second]),
        ..home.settings()
    });
    for (repository, expected) in [
        ("unconfigured.example.com/doot", "anonymous"),
        ("globalcredshelper.example.com/doot", "global:x"),
        (
            "example.com/not-explicitly-configured",
            "from-h1:for example.com",
        ),
        ("example.com/foo", "U2:x"),
        ("example.com/empty", "from-h1:for example.com"),
        ("example.net/not-explicitly-configured", "U0:x"),
        ("example.net/foo", "U3:x"),
        ("example.net/foo/doot", "U3:x"),
        ("example.net/foo/bar", "U4:x"),
        ("example.net/baz", "U5:x"),
        ("empty.example.org/blah", "anonymous"),
        ("null.example.org/blah", "anonymous"),
        ("emptystr.example.org/blah", "anonymous"),
    ] {
        assert_eq!(ask(&store, repository).await, expected, "{repository}");
    }
    for unasked in ["h2", "global-helper-2"] {
        assert!(home.runs(unasked).is_empty(), "{unasked}");
    }
    assert!(
        home.runs("global-helper-1")
            .contains(&"get emptystr.example.org".to_owned())
    );
}

#[tokio::test]
async fn configuration_and_files() {
    let home = Home::new();
    home.knowing_helper("fake");
    home.write(
        "home/.config/containers/auth.json",
        &auths(&[
            ("example.com", "ambient-host"),
            ("example.com/foo", "ambient-foo"),
            ("example.com/bar", "ambient-bar"),
        ]),
    );
    let store = store(CredentialSettings {
        configured: vec![
            configured("example.com", password("explicit-host")),
            configured("example.com/foo", password("explicit-foo")),
        ],
        default_helper: Some(helper("fake")),
        ..home.settings()
    });
    for (repository, expected) in [
        ("example.org/foo", "from-fake:for example.org"),
        ("example.com/else", "explicit-host:x"),
        ("example.com", "explicit-host:x"),
        ("example.com/not-foo", "explicit-host:x"),
        ("example.com/not-bar", "explicit-host:x"),
        ("example.com/foo", "explicit-foo:x"),
        ("example.com/bar", "ambient-bar:x"),
    ] {
        assert_eq!(ask(&store, repository).await, expected, "{repository}");
    }
}

#[tokio::test]
async fn closer_blocks_go_first() {
    let home = Home::new();
    home.knowing_helper("fake");
    let store = store(CredentialSettings {
        configured: vec![
            configured("example.com", password("host")),
            configured("example.com/foo/bar", password("bar")),
            configured("example.com/foo", password("foo")),
            configured("example.net", ConfiguredLogin::Helper(helper("fake"))),
            configured("example.net/foo", tokens("acc", "ref")),
            configured("example.net/refresh", tokens("", "ref")),
            configured("example.net/none", tokens("", "")),
            configured("empty.example", password("")),
        ],
        ..home.settings()
    });
    for (repository, expected) in [
        ("example.org/foo", "anonymous"),
        ("example.com/x", "host:x"),
        ("example.com/foo", "foo:x"),
        ("example.com/foo/bar", "bar:x"),
        ("example.com/foo/not-bar", "foo:x"),
        ("example.com/not-foo/not-bar", "host:x"),
        ("example.net/x", "from-fake:for example.net"),
        ("example.net/foo", "access acc"),
        ("example.net/not-foo", "from-fake:for example.net"),
        ("example.net/refresh", "identity ref"),
        ("example.net/none", "anonymous"),
        ("empty.example/x", "anonymous"),
        ("example.com:5000/foo", "anonymous"),
        ("sub.example.com/foo", "anonymous"),
    ] {
        assert_eq!(ask(&store, repository).await, expected, "{repository}");
    }
}

#[tokio::test]
async fn a_default_helper_goes_before_that_of_a_file() {
    let home = Home::new();
    home.knowing_helper("ours");
    home.write("home/.docker/config.json", r#"{"credsStore":"theirs"}"#);
    let store = store(CredentialSettings {
        default_helper: Some(helper("ours")),
        ..home.settings()
    });
    assert_eq!(
        ask(&store, "example.com/x").await,
        "from-ours:for example.com"
    );
}

#[tokio::test]
async fn each_place_is_read_and_the_first_goes_first() {
    let places = [
        "run/containers/auth.json",
        "home/.config/containers/auth.json",
        "home/.docker/config.json",
        "home/.dockercfg",
    ];
    for (at, place) in places.iter().enumerate() {
        let home = Home::new();
        for (number, later) in places.iter().enumerate().skip(at) {
            home.write(later, &auths(&[("example.com", &format!("u{number}"))]));
        }
        let expected = format!("u{at}:x");
        assert_eq!(
            ask(&store(home.settings()), "example.com/x").await,
            expected,
            "{place}"
        );
    }
}

#[tokio::test]
async fn variables_of_docker_and_podman() {
    let home = Home::new();
    home.write(
        "home/.docker/config.json",
        &auths(&[("example.com", "home")]),
    );
    home.write("docker/config.json", &auths(&[("example.com", "moved")]));
    home.write("one.json", &auths(&[("example.org", "one")]));
    let mut settings = home.settings();
    settings.environment.docker_config = Some(home.join("docker"));
    assert_eq!(
        ask(&store(settings.clone()), "example.com/x").await,
        "moved:x"
    );
    settings.environment.registry_auth_file = Some(home.join("one.json"));
    assert_eq!(
        ask(&store(settings.clone()), "example.com/x").await,
        "anonymous"
    );
    assert_eq!(
        ask(&store(settings.clone()), "example.org/x").await,
        "one:x"
    );
    // Before the first login.
    settings.environment.registry_auth_file = Some(home.join("not-yet.json"));
    assert_eq!(ask(&store(settings), "example.org/x").await, "anonymous");
}

#[tokio::test]
async fn no_discovery_reads_nothing() {
    let home = Home::new();
    home.write("home/.docker/config.json", "damaged");
    let store = store(CredentialSettings {
        files: AuthFiles::Listed(vec![]),
        ..home.settings()
    });
    assert_eq!(ask(&store, "example.com/x").await, "anonymous");
}

#[tokio::test]
async fn what_is_configured_and_unusable_is_an_error() {
    let home = Home::new();
    let listed = |name: &str| CredentialSettings {
        files: AuthFiles::Listed(vec![home.join(name)]),
        ..home.settings()
    };
    home.write("damaged.json", r#"{"auths":{"example.com":"s3cret"}"#);
    home.write("bad.json", r#"{"auths":{"example.com":{"auth":"s3cret"}}}"#);
    home.write("name.json", r#"{"credsStore":"../x"}"#);
    home.write("missing.json", r#"{"credsStore":"nobody"}"#);
    for (name, expected) in [
        ("absent.json", "it is not there"),
        ("damaged.json", "line 1, column"),
        ("bad.json", "its entry \"example.com\" has"),
        ("name.json", "is not the name of a credential helper"),
        (
            "missing.json",
            "docker-credential-nobody\" is not on the PATH",
        ),
    ] {
        let error = try_ask(&store(listed(name)), "example.com/x")
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{name}: {error}");
        assert!(!error.contains("s3cret"), "{name}: {error}");
    }
    // One of those that are searched, too.
    home.write("home/.docker/config.json", &auths(&[("example.com", "a")]));
    home.write("home/.dockercfg", "damaged");
    assert!(
        try_ask(&store(home.settings()), "example.com/x")
            .await
            .is_err()
    );
}

#[tokio::test]
async fn nothing_is_read_before_somebody_asks_and_then_once() {
    let home = Home::new();
    home.write("home/.docker/config.json", &auths(&[("example.com", "a")]));
    let count = Arc::new(CountOps::new());
    let store = CredentialStore::new(Files::observed(count.clone()), home.settings());
    assert!(count.take().is_empty());
    assert_eq!(ask(&store, "example.com/x").await, "a:x");
    assert!(!count.take().is_empty());
    home.write("home/.docker/config.json", "{}");
    assert_eq!(ask(&store, "example.com/y").await, "a:x");
    assert!(count.take().is_empty());
}

#[tokio::test]
async fn docker_hub_has_one_credential() {
    let home = Home::new();
    home.write(
        "home/.docker/config.json",
        &auths(&[("https://index.docker.io/v1/", "hub")]),
    );
    let store = store(home.settings());
    for registry in ["docker.io", "index.docker.io", "registry-1.docker.io"] {
        assert_eq!(ask(&store, &format!("{registry}/acme/demo")).await, "hub:x");
    }
    for other in ["hub.docker.com", "docker.io.example", "auth.docker.io"] {
        assert_eq!(
            ask(&store, &format!("{other}/acme/demo")).await,
            "anonymous"
        );
    }
}

#[test]
fn nothing_shows_a_secret() {
    let home = Home::new();
    let settings = CredentialSettings {
        configured: vec![
            configured("a.example", tokens("s3cret", "s3cret")),
            configured(
                "b.example",
                ConfiguredLogin::Password {
                    username: "alice".to_owned(),
                    password: "s3cret".into(),
                },
            ),
        ],
        ..home.settings()
    };
    let shown = format!("{settings:?} {:?}", store(settings.clone()));
    assert!(shown.contains("alice") && !shown.contains("s3cret"));
    for credential in [
        Credential::of_user("alice".to_owned(), "s3cret".into()),
        Credential::of_user("<token>".to_owned(), "s3cret".into()),
        Credential::AccessToken("s3cret".into()),
    ] {
        assert!(!format!("{credential:?}").contains("s3cret"));
    }
}
