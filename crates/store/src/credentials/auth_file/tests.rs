use super::*;

fn parse_as(form: AuthFileForm, text: &str) -> Result<AuthFile, Malformed> {
    AuthFile::parse(Path::new("/x/auth.json"), text.as_bytes(), form)
}

fn parse(text: &str) -> AuthFile {
    parse_as(AuthFileForm::Sections, text).unwrap()
}

/// What a file has for `HOST[/NAME]`, as text.
fn shown(file: &AuthFile, repository: &str) -> String {
    let (host, name) = match repository.split_once('/') {
        Some((host, name)) => (host, Some(name.parse().unwrap())),
        None => (repository, None),
    };
    match file.closest(&host.parse().unwrap(), name.as_ref()) {
        None => "none".to_owned(),
        Some((fit, Found::Helper(helper))) => format!("{fit:?} helper {helper}"),
        Some((fit, Found::Entry(_, entry))) => match entry.credential() {
            Ok(credential) => format!("{fit:?} {}", told(&credential)),
            Err(reason) => format!("{fit:?} bad: {reason}"),
        },
    }
}

fn told(credential: &Credential) -> String {
    match credential {
        Credential::Password { username, password } => {
            format!("{username}:{}", password.expose_secret())
        }
        Credential::IdentityToken(token) => format!("identity {}", token.expose_secret()),
        Credential::AccessToken(token) => format!("access {}", token.expose_secret()),
    }
}

fn auth(text: &str) -> String {
    base64::prelude::BASE64_STANDARD.encode(text)
}

#[test]
fn forms_of_an_entry() {
    let zero = "00000000-0000-0000-0000-000000000000";
    for (name, entry, expected) in [
        (
            "auth",
            format!(r#"{{"auth":"{}"}}"#, auth("alice:s3cret")),
            "Host alice:s3cret",
        ),
        (
            "colons in the password",
            format!(r#"{{"auth":"{}"}}"#, auth("alice:a:b:")),
            "Host alice:a:b:",
        ),
        (
            "no padding",
            r#"{"auth":"YTpi","x":1}"#.to_owned(),
            "Host a:b",
        ),
        (
            "padding left out",
            r#"{"auth":"YTpiYg"}"#.to_owned(),
            "Host a:bb",
        ),
        (
            "lines",
            r#"{"auth":"YTpi\nYg==\r\n"}"#.to_owned(),
            "Host a:bb",
        ),
        (
            "filled up",
            format!(r#"{{"auth":"{}"}}"#, auth("a:b\0\0\0")),
            "Host a:b",
        ),
        (
            "no password",
            format!(r#"{{"auth":"{}"}}"#, auth("a:")),
            "Host a:",
        ),
        (
            "apart",
            r#"{"username":"a","password":"b"}"#.to_owned(),
            "Host a:b",
        ),
        (
            "both; auth counts",
            format!(
                r#"{{"username":"a","password":"b","auth":"{}"}}"#,
                auth("c:d")
            ),
            "Host c:d",
        ),
        (
            "any case",
            format!(r#"{{"Auth":"{}"}}"#, auth("a:b")),
            "Host a:b",
        ),
        (
            "identity token",
            format!(r#"{{"identitytoken":"eyJ","auth":"{}"}}"#, auth("<token>:")),
            "Host identity eyJ",
        ),
        (
            "registry token",
            r#"{"registrytoken":"abc","identitytoken":"eyJ"}"#.to_owned(),
            "Host access abc",
        ),
        (
            "user that stands for a token",
            format!(r#"{{"auth":"{}"}}"#, auth("<token>:eyJ")),
            "Host identity eyJ",
        ),
        (
            "the same of Azure",
            format!(r#"{{"auth":"{}"}}"#, auth(&format!("{zero}:eyJ"))),
            "Host identity eyJ",
        ),
        ("empty", "{}".to_owned(), "none"),
        ("null", "null".to_owned(), "none"),
        ("empty text", r#"{"auth":""}"#.to_owned(), "none"),
        ("null text", r#"{"auth":null}"#.to_owned(), "none"),
        ("mail only", r#"{"email":"a@b"}"#.to_owned(), "none"),
        (
            "not base64",
            r#"{"auth":"s3cret!"}"#.to_owned(),
            "Host bad: an `auth` that is not base64",
        ),
        (
            "no colon",
            format!(r#"{{"auth":"{}"}}"#, auth("s3cret")),
            "Host bad: an `auth` without a colon between user and password",
        ),
        (
            "not UTF-8",
            r#"{"auth":"/zr/"}"#.to_owned(),
            "Host bad: an `auth` that is not UTF-8",
        ),
        (
            "no token",
            format!(r#"{{"auth":"{}"}}"#, auth("<token>:")),
            "Host bad: a user that stands for a token, and no token",
        ),
    ] {
        let file = parse(&format!(r#"{{"auths":{{"example.com":{entry}}}}}"#));
        assert_eq!(shown(&file, "example.com/foo"), expected, "{name}");
    }
}

#[test]
fn an_entry_that_nobody_wants_does_no_harm() {
    let file = parse(&format!(
        r#"{{"auths":{{"a.example":{{"auth":"?"}},"b.example":{{"auth":"{}"}}}}}}"#,
        auth("b:b")
    ));
    assert_eq!(shown(&file, "b.example"), "Host b:b");
    assert_eq!(
        shown(&file, "a.example"),
        "Host bad: an `auth` that is not base64"
    );
}

#[test]
fn sections_of_a_file() {
    let file = parse(&format!(
        r#"{{
            "HttpHeaders": {{"User-Agent": "x"}}, "unknown": [1],
            "auths": {{
                "example.com": {{"auth":"{host}"}},
                "example.com/foo": {{"auth":"{foo}"}},
                "example.com/foo/bar": {{"auth":"{bar}"}},
                "only.example/foo": {{"auth":"{foo}"}},
                "https://url.example/v1/": {{"auth":"{host}"}},
                "not a registry": {{"auth":"{foo}"}}
            }},
            "credHelpers": {{"helped.example": "one", "https://urlhelped.example": "two", "unset.example": ""}},
            "credsStore": "all"
        }}"#,
        host = auth("host:x"),
        foo = auth("foo:x"),
        bar = auth("bar:x")
    ));
    for (repository, expected) in [
        ("example.com", "Host host:x"),
        ("example.com/else", "Host host:x"),
        ("example.com/foo", "Path(1) foo:x"),
        ("example.com/foo/else", "Path(1) foo:x"),
        ("example.com/foo/bar/baz", "Path(2) bar:x"),
        ("example.com/foo-bar", "Host host:x"),
        ("only.example/foo", "Path(1) foo:x"),
        ("only.example/else", "Global helper all"),
        ("only.example", "Global helper all"),
        ("url.example/foo", "Host host:x"),
        ("helped.example/foo", "Host helper one"),
        ("urlhelped.example/foo", "Host helper two"),
        ("unset.example/foo", "Global helper all"),
        ("other.example/foo", "Global helper all"),
        ("example.com:5000/foo", "Global helper all"),
    ] {
        assert_eq!(shown(&file, repository), expected, "{repository}");
    }
}

#[test]
fn a_helper_goes_before_an_entry_of_the_same_host_only() {
    let file = parse(&format!(
        r#"{{"auths":{{"example.com":{{"auth":"{0}"}},"example.com/foo":{{"auth":"{0}"}}}},
            "credHelpers":{{"example.com":"one"}}}}"#,
        auth("a:b")
    ));
    assert_eq!(shown(&file, "example.com/else"), "Host helper one");
    assert_eq!(shown(&file, "example.com"), "Host helper one");
    assert_eq!(shown(&file, "example.com/foo"), "Path(1) a:b");
}

#[test]
fn a_plain_key_goes_before_a_url() {
    let file = parse(&format!(
        r#"{{"auths":{{"https://example.com":{{"auth":"{}"}},"example.com":{{"auth":"{}"}}}}}}"#,
        auth("url:x"),
        auth("plain:x")
    ));
    assert_eq!(shown(&file, "example.com/foo"), "Host plain:x");
}

#[test]
fn docker_hub() {
    let file = parse(&format!(
        r#"{{"auths":{{"https://index.docker.io/v1/":{{"auth":"{}"}}}}}}"#,
        auth("hub:x")
    ));
    for host in ["docker.io", "index.docker.io", "registry-1.docker.io"] {
        assert_eq!(shown(&file, &format!("{host}/acme/demo")), "Host hub:x");
    }
    assert_eq!(shown(&file, "example.com/acme/demo"), "none");
}

#[test]
fn the_old_file_is_what_stands_in_auths() {
    let text = format!(
        r#"{{"https://example.com/v1/":{{"auth":"{}","email":"a@b"}}}}"#,
        auth("old:x")
    );
    let flat = parse_as(AuthFileForm::Flat, &text).unwrap();
    assert_eq!(shown(&flat, "example.com/foo"), "Host old:x");
    assert_eq!(shown(&parse(&text), "example.com/foo"), "none");
    // OpenTofu reads the new form there.
    let new = parse_as(AuthFileForm::Flat, r#"{"credsStore":"all"}"#).unwrap();
    assert_eq!(shown(&new, "example.com/foo"), "Global helper all");
}

#[test]
fn lenient_where_docker_is() {
    for text in [
        "",
        " \n",
        "{}",
        r#"{"auths":null,"credHelpers":null,"credsStore":null}"#,
        r#"{"auths":{},"credsStore":""}"#,
        r#"{"auths":{"":{"auth":"YTpi"},"a b":{"auth":"YTpi"}}}"#,
    ] {
        assert_eq!(shown(&parse(text), "example.com/foo"), "none", "{text}");
    }
    let twice = r#"{"auths":{"a.example":{"auth":"YTpi"}},"auths":{"b.example":{"auth":"YTpi"}}}"#;
    assert_eq!(shown(&parse(twice), "a.example"), "Host a:b");
    assert_eq!(shown(&parse(twice), "b.example"), "Host a:b");
    assert_eq!(
        shown(&parse(r#"{"CREDSSTORE":"x"}"#), "a.example"),
        "Global helper x"
    );
}

#[test]
fn what_is_no_such_file_is_refused_without_repeating_it() {
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(70), "]".repeat(70));
    for text in [
        "s3cret",
        "[]",
        "\"s3cret\"",
        "{\"auths\":\"s3cret\"}",
        "{\"auths\":{\"example.com\":\"s3cret\"}}",
        "{\"auths\":{\"example.com\":{\"auth\":[\"s3cret\"]}}}",
        "{\"auths\":{\"example.com\":{\"auth\":\"s3cret\"}}",
        "{\"credHelpers\":{\"s3cret\":7}}",
        "{\"credsStore\":{\"s3cret\":7}}",
        "<html>s3cret</html>",
        deep.as_str(),
    ] {
        let Malformed(reason) = parse_as(AuthFileForm::Sections, text).unwrap_err();
        // The host of a helper is no secret, and says where to look.
        let shows = reason.contains("s3cret") && !text.starts_with("{\"credHelpers");
        assert!(!shows && !reason.is_empty(), "{text}: {reason}");
    }
}

#[test]
fn nothing_secret_is_shown() {
    let file = parse(&format!(
        r#"{{"auths":{{"a.example":{{"auth":"{0}","password":"s3cret","identitytoken":"s3cret","registrytoken":"s3cret"}}}}}}"#,
        auth("alice:s3cret")
    ));
    let shown = format!("{file:?}");
    assert!(!shown.contains("s3cret") && !shown.contains(&auth("alice:s3cret")));
}

#[test]
fn files_on_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let read = |name: &str| AuthFile::read(&Files::new(), &at(name), AuthFileForm::Sections);
    assert!(read("absent").unwrap().is_none());
    assert!(read("absent/auth.json").unwrap().is_none());
    std::fs::write(at("large"), vec![b' '; 1024 * 1024 + 1]).unwrap();
    std::fs::write(at("just"), vec![b' '; 1024 * 1024]).unwrap();
    std::fs::create_dir(at("directory")).unwrap();
    assert!(read("just").unwrap().is_some());
    for name in ["large", "directory"] {
        let error = read(name).unwrap_err();
        assert!(matches!(error, CredentialError::File { .. }), "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("just", at("link")).unwrap();
        std::os::unix::fs::symlink("absent", at("dangling")).unwrap();
        assert!(read("link").unwrap().is_some());
        assert!(read("dangling").unwrap().is_none());
    }
}
