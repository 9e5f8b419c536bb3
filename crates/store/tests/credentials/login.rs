//! What a login leaves behind, and a logout takes away.

use std::path::Path;
use std::sync::Arc;

use tofu_oci_store::files::faults::KillAt;

use super::*;

fn writer(environment: AuthEnvironment) -> CredentialWriter {
    CredentialWriter::new(Files::new(), environment)
}

fn alice() -> Credential {
    Credential::of_user("alice".to_owned(), "s3cret".into())
}

async fn login(
    environment: &AuthEnvironment,
    registry: &str,
    credential: &Credential,
) -> LoginPlan {
    let writer = writer(environment.clone());
    let plan = writer.plan(&host(registry)).await.unwrap();
    writer.store(&plan, credential).await.unwrap();
    plan
}

async fn found(environment: &AuthEnvironment, repository: &str) -> String {
    let settings = CredentialSettings::of_environment(environment.clone());
    ask(&store(settings), repository).await
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn the_first_login_makes_dockers_file() {
    let home = Home::new();
    let environment = home.environment();
    for credential in [alice(), Credential::IdentityToken("eyJ".into())] {
        let plan = login(&environment, "example.com", &credential).await;
        assert_eq!(plan.file, home.join("home/.docker/config.json"));
        assert_eq!(plan.helper, None);
        assert_eq!(mode(&plan.file), 0o600);
    }
    assert_eq!(found(&environment, "example.com/x").await, "identity eyJ");
    assert_eq!(found(&environment, "example.org/x").await, "anonymous");
    let moved = AuthEnvironment {
        docker_config: Some(home.join("d")),
        ..environment
    };
    let plan = login(&moved, "example.com", &alice()).await;
    assert_eq!(plan.file, home.join("d/config.json"));
}

#[tokio::test]
async fn it_goes_where_a_lookup_finds_it() {
    for (name, before, expected) in [
        (
            "an entry elsewhere",
            "run/containers/auth.json",
            "run/containers/auth.json",
        ),
        (
            "another registry elsewhere",
            "other",
            "home/.docker/config.json",
        ),
        (
            "the old file",
            "home/.dockercfg",
            "home/.docker/config.json",
        ),
    ] {
        let home = Home::new();
        match before {
            "other" => home.write("run/containers/auth.json", &auths(&[("example.org", "x")])),
            "home/.dockercfg" => home.write(
                before,
                &format!(r#"{{"example.com":{{"auth":"{}"}}}}"#, auth("old")),
            ),
            file => home.write(file, &auths(&[("example.com", "old")])),
        };
        let plan = login(&home.environment(), "example.com", &alice()).await;
        assert_eq!(plan.file, home.join(expected), "{name}");
        let now = found(&home.environment(), "example.com/x").await;
        assert_eq!(now, "alice:s3cret", "{name}");
    }
}

#[tokio::test]
async fn one_named_file_and_no_other() {
    let home = Home::new();
    home.write(
        "home/.docker/config.json",
        &auths(&[("example.com", "old")]),
    );
    let environment = AuthEnvironment {
        registry_auth_file: Some(home.join("new/dir/auth.json")),
        ..home.environment()
    };
    let plan = login(&environment, "example.com", &alice()).await;
    assert_eq!(plan.file, home.join("new/dir/auth.json"));
    assert_eq!(found(&home.environment(), "example.com/x").await, "old:x");
    assert_eq!(found(&environment, "example.com/x").await, "alice:s3cret");
    let _ = writer(environment.clone())
        .erase(&host("example.com"))
        .await;
    assert_eq!(found(&environment, "example.com/x").await, "anonymous");
    assert_eq!(found(&home.environment(), "example.com/x").await, "old:x");
}

#[tokio::test]
async fn helpers_keep_what_files_would() {
    for config in [
        r#"{"credsStore":"keep"}"#,
        r#"{"credHelpers":{"example.com":"keep"},"auths":{"example.com":{"auth":"YTpi"}}}"#,
        r#"{"credsStore":"other","credHelpers":{"https://example.com":"keep"}}"#,
    ] {
        let home = Home::new();
        home.keeping_helper("keep");
        let file = home.write("home/.docker/config.json", config);
        let environment = home.environment();
        let plan = login(&environment, "example.com", &alice()).await;
        assert_eq!(plan.helper, Some(helper("keep")), "{config}");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains("\"example.com\": {}"), "{text}");
        assert!(
            !text.contains("auth\":") && !text.contains("s3cret"),
            "{text}"
        );
        assert_eq!(
            found(&environment, "example.com/x").await,
            "alice:s3cret",
            "{config}"
        );

        let logout = writer(environment.clone())
            .erase(&host("example.com"))
            .await;
        assert_eq!(logout.erased, [Erased::Helper(helper("keep"))], "{config}");
        assert!(logout.failed.is_empty());
        assert_eq!(found(&environment, "example.com/x").await, "anonymous");
        let again = writer(environment).erase(&host("example.com")).await;
        assert!(again.erased.is_empty() && again.failed.is_empty());
    }
}

#[tokio::test]
async fn tokens_in_a_helper() {
    let home = Home::new();
    home.keeping_helper("keep");
    home.write("home/.docker/config.json", r#"{"credsStore":"keep"}"#);
    let token = Credential::IdentityToken("e\"yJ".into());
    let _ = login(&home.environment(), "docker.io", &token).await;
    assert_eq!(
        home.runs("keep"),
        [
            r#"store {"ServerURL":"https://index.docker.io/v1/","Username":"<token>","Secret":"e\"yJ"}"#
        ]
    );
    assert_eq!(
        found(&home.environment(), "docker.io/x").await,
        "identity e\"yJ"
    );
}

#[tokio::test]
async fn a_helper_that_fails_leaves_the_file_alone() {
    let home = Home::new();
    home.helper("h", "echo 'cannot: s'; exit 1");
    let text = r#"{"credsStore":"h","auths":{"example.com":{"auth":"YTpi"}}}"#;
    let file = home.write("home/.docker/config.json", text);
    let writer = writer(home.environment());
    let plan = writer.plan(&host("example.com")).await.unwrap();
    let error = writer.store(&plan, &alice()).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("s3cret"));
    assert_eq!(fs::read_to_string(file).unwrap(), text);
}

#[tokio::test]
async fn a_logout_goes_through_all_files() {
    let home = Home::new();
    home.write(
        "run/containers/auth.json",
        &auths(&[("example.com", "a"), ("example.com/team", "b")]),
    );
    home.write("home/.config/containers/auth.json", "damaged");
    home.write(
        "home/.docker/config.json",
        &auths(&[("https://example.com", "c"), ("example.org", "d")]),
    );
    home.write(
        "home/.dockercfg",
        &format!(r#"{{"example.com":{{"auth":"{}"}}}}"#, auth("e")),
    );
    let logout = writer(home.environment()).erase(&host("example.com")).await;
    assert_eq!(
        logout.erased,
        [
            Erased::File(home.join("run/containers/auth.json")),
            Erased::File(home.join("home/.docker/config.json")),
            Erased::File(home.join("home/.dockercfg")),
        ]
    );
    assert_eq!(
        logout.kept,
        [(
            "example.com/team".to_owned(),
            home.join("run/containers/auth.json")
        )]
    );
    assert_eq!(logout.failed.len(), 1);
    assert_eq!(home.read("home/.config/containers/auth.json"), "damaged");
    assert!(
        home.read("home/.docker/config.json")
            .contains("example.org")
    );
}

#[tokio::test]
async fn a_logout_from_nowhere_writes_nothing() {
    let home = Home::new();
    let text = auths(&[("example.org", "a")]);
    home.write("home/.docker/config.json", &text);
    let logout = writer(home.environment()).erase(&host("example.com")).await;
    assert!(logout.erased.is_empty() && logout.failed.is_empty() && logout.kept.is_empty());
    assert_eq!(home.read("home/.docker/config.json"), text);
    assert_eq!(fs::read_dir(home.join("home/.docker")).unwrap().count(), 1);
}

#[tokio::test]
async fn links_are_followed() {
    let home = Home::new();
    let real = home.write("dotfiles/docker.json", r#"{"a":1}"#);
    fs::create_dir_all(home.join("home/.docker")).unwrap();
    let link = home.join("home/.docker/config.json");
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let _ = login(&home.environment(), "example.com", &alice()).await;
    assert!(link.is_symlink());
    assert_eq!(mode(&real), 0o600);
    assert!(fs::read_to_string(&real).unwrap().contains("example.com"));
    let logout = writer(home.environment()).erase(&host("example.com")).await;
    assert_eq!(logout.erased, [Erased::File(link.clone())]);
    assert!(link.is_symlink());

    fs::remove_file(&real).unwrap();
    let writer = writer(home.environment());
    let plan = writer.plan(&host("example.com")).await.unwrap();
    assert!(writer.store(&plan, &alice()).await.is_err());
    assert!(link.is_symlink());
}

#[tokio::test]
async fn many_logins_at_once_lose_nothing() {
    let home = Home::new();
    let environment = home.environment();
    let names: Vec<String> = (0..16).map(|n| format!("r{n}.example")).collect();
    let credential = alice();
    let all = names
        .iter()
        .map(|name| login(&environment, name, &credential));
    let _ = futures_util::future::join_all(all).await;
    for name in &names {
        assert_eq!(found(&environment, name).await, "alice:s3cret", "{name}");
    }
}

#[tokio::test]
async fn a_killed_login_leaves_the_old_file_or_the_new_one() {
    for n in 0.. {
        let home = Home::new();
        let old = auths(&[("example.com", "old")]);
        home.write("home/.docker/config.json", &old);
        let kill = Arc::new(KillAt::new(n));
        let writer = CredentialWriter::new(Files::observed(kill.clone()), home.environment());
        let plan = writer.plan(&host("example.com")).await.unwrap();
        let result = writer.store(&plan, &alice()).await;
        let now = found(&home.environment(), "example.com").await;
        if !kill.reached() {
            result.unwrap();
            assert_eq!(now, "alice:s3cret");
            assert!(n > 2, "{n}");
            return;
        }
        let error = result.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"));
        assert!(now == "old:x" || now == "alice:s3cret", "{n}: {now}");
    }
}

#[tokio::test]
async fn there_has_to_be_a_place() {
    let nowhere = AuthEnvironment::empty(OsKind::Linux);
    let error = writer(nowhere)
        .plan(&host("example.com"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("no home directory"), "{error}");
}

/// Another reader of these files agrees about what is in them.
#[tokio::test]
async fn skopeo_reads_what_we_wrote() {
    let home = Home::new();
    let file = home.join("auth.json");
    let environment = AuthEnvironment {
        registry_auth_file: Some(file.clone()),
        ..home.environment()
    };
    for registry in ["example.com:5000", "docker.io"] {
        let _ = login(&environment, registry, &alice()).await;
    }
    let get = |registry: &str| {
        Command::new("skopeo")
            .args(["login", "--get-login", "--authfile"])
            .arg(&file)
            .arg(registry)
            .output()
    };
    if get("example.com:5000").is_err() {
        eprintln!("skipped: there is no skopeo");
        return;
    }
    for registry in ["example.com:5000", "docker.io"] {
        let output = get(registry).unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{registry}: {told}");
        assert_eq!(output.stdout, b"alice\n", "{registry}");
    }
    // And the other way: what it changed is still ours to read.
    let out = Command::new("skopeo")
        .args(["logout", "--authfile"])
        .arg(&file)
        .arg("example.com:5000")
        .output()
        .unwrap();
    assert!(out.status.success());
    assert_eq!(found(&environment, "example.com:5000/x").await, "anonymous");
    assert_eq!(found(&environment, "docker.io/x").await, "alice:s3cret");
}

/// Whatever is wrong with a file, it is somebody's: it stays as it is, byte by byte.
#[tokio::test]
async fn a_file_that_cannot_be_understood_is_left_alone() {
    for content in [
        "not json",
        "{\"auths\": {",
        "{\"auths\": {}} trailing",
        "{\"auths\": {},}",
        "// a comment\n{\"auths\": {}}",
        "\u{feff}{\"auths\": {}}",
        "[]",
        "null",
        "\"auths\"",
        "{\"auths\": []}",
        "{\"auths\": {\"example.com\": 7}}",
        "{\"auths\": {}, \"auths\": {}}",
    ] {
        let home = Home::new();
        let writer = writer(home.environment());
        let registry = host("example.com");
        // It may be damaged before the login, or between the plan and what follows from it.
        let plan = writer.plan(&registry).await.unwrap();
        let path = home.write("home/.docker/config.json", content);
        let planned = writer.plan(&registry).await.map(drop);
        let stored = writer.store(&plan, &alice()).await;
        let erased = writer.erase(&registry).await;
        let error = stored.unwrap_err().to_string();
        assert!(error.contains("config.json"), "{content}: {error}");
        // Two sections are one too many for whoever writes; who looks something up may take either.
        let twice = content.matches("\"auths\":").count() == 2;
        assert_eq!(planned.is_ok(), twice, "{content}");
        assert!(erased.erased.is_empty(), "{content}");
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
        let beside = fs::read_dir(path.parent().unwrap()).unwrap();
        let names: Vec<_> = beside.map(|entry| entry.unwrap().file_name()).collect();
        let others = names.iter().filter(|name| {
            let name = name.to_string_lossy();
            name != "config.json" && name != ".config.json.lock"
        });
        assert_eq!(others.count(), 0, "{content}: {names:?}");
    }
}
