//! Programs that keep credentials.

use std::time::Duration;

use super::*;

const NOT_FOUND: &str = "echo 'credentials not found in native keychain'; exit 1";

/// Credentials by the helper `h` for everything.
fn by_helper(home: &Home) -> CredentialStore {
    store(CredentialSettings {
        default_helper: Some(helper("h")),
        ..home.settings()
    })
}

#[tokio::test]
async fn the_bare_host_is_asked_first_and_then_a_url() {
    let home = Home::new();
    home.helper(
        "h",
        &format!(
            r#"case $server in https://*) printf '{{"ServerURL":"%s","Username":"a","Secret":"b"}}' "$server" ;;
            *) {NOT_FOUND} ;; esac"#
        ),
    );
    let store = by_helper(&home);
    assert_eq!(ask(&store, "example.com:5000/x").await, "a:b");
    assert_eq!(
        home.runs("h"),
        ["get example.com:5000", "get https://example.com:5000"]
    );
}

#[tokio::test]
async fn docker_hub_is_asked_by_the_name_that_docker_stores() {
    let home = Home::new();
    home.knowing_helper("h");
    assert_eq!(
        ask(&by_helper(&home), "registry-1.docker.io/x").await,
        "from-h:for https://index.docker.io/v1/"
    );
}

#[tokio::test]
async fn answers() {
    for (script, expected) in [
        (r#"echo '{"Username":"a","Secret":"b"}'"#, "a:b"),
        (
            r#"echo '{"ServerURL":"","Username":"a","Secret":"b"}'"#,
            "a:b",
        ),
        (
            r#"echo '{"ServerURL":"https://example.com/v2/","Username":"<token>","Secret":"eyJ"}'"#,
            "identity eyJ",
        ),
        (
            r#"echo '{"Username":"00000000-0000-0000-0000-000000000000","Secret":"eyJ"}'"#,
            "identity eyJ",
        ),
        (r#"echo '{"Username":"","Secret":""}'"#, "anonymous"),
        (NOT_FOUND, "anonymous"),
    ] {
        let home = Home::new();
        home.helper("h", script);
        assert_eq!(
            ask(&by_helper(&home), "example.com/x").await,
            expected,
            "{script}"
        );
    }
}

#[tokio::test]
async fn failures() {
    for (script, expected) in [
        ("echo 'no keychain'; exit 1", "failed: no keychain"),
        ("echo complaint >&2; exit 3", "failed: complaint"),
        ("exit 3", "it ended with status 3 and said nothing"),
        ("kill -9 $$", "it was stopped by a signal"),
        ("echo s3cret", "its answer is not JSON"),
        ("true", "its answer is not JSON"),
        (
            r#"echo '{"Username":["s3cret"]}'"#,
            "its answer is not JSON",
        ),
        (
            r#"echo '{"Username":"a","Secret":""}'"#,
            "its answer has a user and no secret",
        ),
        (
            r#"echo '{"ServerURL":"https://evil.example","Username":"a","Secret":"s3cret"}'"#,
            "it answered for another registry",
        ),
        (
            r#"echo '{"Username":"a","Secret":"s3cret"}'; exit 1"#,
            "what it said is not shown",
        ),
        ("yes s3cret", "it printed more than 65536 bytes"),
        ("printf 'a\\033[31mb\\nc'; exit 1", "failed: a [31mb c"),
    ] {
        let home = Home::new();
        home.helper("h", script);
        let error = try_ask(&by_helper(&home), "example.com/x")
            .await
            .unwrap_err();
        assert!(
            matches!(&error, CredentialError::Helper { program, .. } if program == "docker-credential-h")
        );
        let text = error.to_string();
        assert!(text.contains(expected), "{script}: {text}");
        assert!(!text.contains("s3cret") && !format!("{error:?}").contains("s3cret"));
        assert!(!text.contains(char::is_control), "{script}: {text:?}");
    }
}

#[tokio::test]
async fn a_long_message_is_cut() {
    let home = Home::new();
    home.helper("h", "head -c 5000 /dev/zero | tr '\\0' x; exit 1");
    let error = try_ask(&by_helper(&home), "example.com/x")
        .await
        .unwrap_err();
    assert!(error.to_string().len() < 400, "{error}");
}

#[tokio::test]
async fn a_helper_that_complains_without_end_is_not_kept_waiting() {
    let home = Home::new();
    home.helper(
        "h",
        r#"head -c 1000000 /dev/zero >&2; echo '{"Username":"a","Secret":"b"}'"#,
    );
    assert_eq!(ask(&by_helper(&home), "example.com/x").await, "a:b");
}

#[tokio::test]
async fn a_helper_that_hangs_is_killed() {
    let home = Home::new();
    let pid = home.join("pid");
    home.helper(
        "h",
        &format!("echo $$ > '{}'; exec sleep 600", pid.display()),
    );
    let store = store(CredentialSettings {
        default_helper: Some(helper("h")),
        helper_time_limit: Duration::from_millis(1500),
        ..home.settings()
    });
    let error = try_ask(&store, "example.com/x").await.unwrap_err();
    assert!(
        matches!(error, CredentialError::HelperTimeout { seconds: 2, .. }),
        "{error:?}"
    );
    let alive = Command::new("kill")
        .args(["-0", home.read("pid").trim()])
        .output()
        .unwrap();
    assert!(!alive.status.success());
    // It is not waited for again.
    assert!(try_ask(&store, "example.com/y").await.is_err());
    assert_eq!(home.runs("h").len(), 1);
}

#[tokio::test]
async fn a_process_left_behind_does_not_hold_us_up() {
    let home = Home::new();
    // Its standard error stays open in a child.
    home.helper(
        "h",
        &format!(
            r#"sleep 600 >/dev/null & echo $! > '{}'; echo '{{"Username":"a","Secret":"b"}}'"#,
            home.join("pid").display()
        ),
    );
    assert_eq!(ask(&by_helper(&home), "example.com/x").await, "a:b");
    let _ = Command::new("kill").arg(home.read("pid").trim()).status();
}

#[tokio::test]
async fn it_is_run_once_however_many_ask() {
    let home = Home::new();
    home.knowing_helper("h");
    let store = by_helper(&home);
    let names: Vec<String> = (0..20).map(|n| format!("example.com/r{n}")).collect();
    let asked = names.iter().map(|name| ask(&store, name));
    for answer in futures_util::future::join_all(asked).await {
        assert_eq!(answer, "from-h:for example.com");
    }
    assert_eq!(home.runs("h"), ["get example.com"]);
    // Another registry is another question.
    assert_eq!(ask(&store, "example.org/x").await, "from-h:for example.org");
    assert_eq!(home.runs("h").len(), 2);
}

#[tokio::test]
async fn it_is_found_on_the_path_alone() {
    let home = Home::new();
    home.knowing_helper("h");
    let mut settings = CredentialSettings {
        default_helper: Some(helper("h")),
        ..home.settings()
    };
    for path in [None, Some(""), Some("."), Some("bin"), Some("/nowhere")] {
        settings.environment.path = path.map(Into::into);
        let error = try_ask(&store(settings.clone()), "example.com/x")
            .await
            .unwrap_err();
        assert!(
            matches!(error, CredentialError::HelperMissing { .. }),
            "{path:?}: {error}"
        );
    }
    // Something of that name that cannot be run is passed over; a link is followed.
    home.write("plain/docker-credential-h", "#!/bin/sh\n");
    fs::create_dir_all(home.join("links")).unwrap();
    std::os::unix::fs::symlink(
        home.join("bin/docker-credential-h"),
        home.join("links/docker-credential-h"),
    )
    .unwrap();
    let path = std::env::join_paths([home.join("plain"), home.join("links")]).unwrap();
    settings.environment.path = Some(path);
    assert_eq!(
        ask(&store(settings), "example.com/x").await,
        "from-h:for example.com"
    );
}
