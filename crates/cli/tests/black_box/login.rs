//! Logging in to a registry that knows its users, and out of it.

use std::io::Write as _;
use std::process::Stdio;
use std::sync::Arc;

use tofu_oci::store::MemoryStorage;
use tofu_oci_gateway::access::Htpasswd;
use tofu_oci_gateway::{Access, AccessOptions, Distribution, Exposure};
use tofu_oci_testkit::{ProviderRelease, Registry, Run, Sandbox};

use crate::json::conforms;
use crate::{check, sandbox};

/// The user `alice` with the password `s3cret`.
const USERS: &str = "alice:$2b$04$abcdefghijklmnopqrstuuLZYjhNQAOdpbzt4WxWlUHjv1wsyH5DG\n";

/// A registry that nobody may use without a password.
fn registry() -> Registry {
    let access = AccessOptions {
        users: Some(Htpasswd::parse(USERS).unwrap()),
        ..AccessOptions::default()
    };
    let access = Access::new(access, Exposure::Loopback).unwrap();
    let distribution = Distribution::new(Arc::new(MemoryStorage::new())).with_access(access);
    Registry::serving(distribution.router())
}

/// Runs the program with a text on standard input.
fn with_input(sandbox: &Sandbox, line: &str, input: &str) -> Run {
    let mut command = sandbox.command(&line.split_whitespace().collect::<Vec<_>>());
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that fails early reads nothing.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let run = Run {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    let printed = format!("{}{}", run.stdout, run.stderr);
    assert!(!printed.contains("s3cret"), "{line}: {printed}");
    run
}

fn snapshot(sandbox: &Sandbox, registry: &Registry, run: &Run) -> String {
    sandbox.snapshot(run).replace(registry.host(), "[HOST]")
}

#[test]
fn in_and_out() {
    let (sandbox, registry) = (sandbox(), registry());
    let host = registry.host();
    let sandbox = sandbox.env("TOFU_OCI_PLAIN_HTTP", host);
    ProviderRelease::new("1.2.3").write(sandbox.join("dist"));
    let publish = format!("publish provider dist {host}/acme/demo");
    let login = format!("login {host} --username alice --password-stdin");

    let before = sandbox.line(&publish);
    assert_eq!(before.status, 1, "{}", before.stderr);
    assert!(before.stderr.contains("error[access-denied]"));

    let run = with_input(&sandbox, &login, "s3cret\n");
    insta::assert_snapshot!(snapshot(&sandbox, &registry, &run), @r"
    exit 0
    -- stdout
    logged in to [HOST] as alice: kept in [DIR]/.docker/config.json, not encrypted
    ");
    assert_eq!(
        sandbox.read(".docker/config.json"),
        format!(
            "{{\n\t\"auths\": {{\n\t\t\"{host}\": {{\n\t\t\t\"auth\": \"YWxpY2U6czNjcmV0\"\n\t\t}}\n\t}}\n}}\n"
        )
    );
    let _ = sandbox.line(&publish).ok();
    let _ = sandbox.line(&format!("list {host}/acme/demo")).ok();

    let json = with_input(&sandbox, &format!("{login} --json"), "s3cret");
    conforms("login", &json.stdout);
    let quiet = with_input(&sandbox, &format!("{login} -q"), "s3cret");
    assert_eq!((quiet.status, quiet.stdout.as_str()), (0, ""));

    let run = sandbox.line(&format!("logout {host}"));
    insta::assert_snapshot!(snapshot(&sandbox, &registry, &run), @r"
    exit 0
    -- stdout
    logged out of [HOST]: erased from [DIR]/.docker/config.json
    ");
    assert_eq!(sandbox.line(&format!("list {host}/acme/demo")).status, 1);
    let run = sandbox.line(&format!("logout {host}"));
    insta::assert_snapshot!(snapshot(&sandbox, &registry, &run), @r"
    exit 0
    -- stdout
    not logged in to [HOST]: there was nothing to erase
    ");
    conforms(
        "logout",
        &sandbox.line(&format!("logout {host} --json")).ok().stdout,
    );
}

#[test]
fn a_wrong_password_is_not_kept() {
    let (sandbox, registry) = (sandbox(), registry());
    let host = registry.host();
    let line = format!("login {host} --username alice --password-stdin --plain-http {host}");
    let run = with_input(&sandbox, &line, "no-s3cre");
    assert_eq!(run.status, 1);
    assert!(
        run.stderr
            .starts_with(&format!("error[access-denied]: cannot log in to {host}\n")),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("hint: check the user name"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("no-s3cre"));
    assert!(sandbox.files(".docker").is_empty());
}

#[test]
fn a_password_does_not_travel_in_the_clear() {
    let (sandbox, registry) = (sandbox(), registry());
    let line = format!(
        "login {} --username alice --password-stdin",
        registry.host()
    );
    let run = with_input(&sandbox, &line, "s3cret");
    assert_eq!(run.status, 1);
    assert!(
        run.stderr
            .starts_with("error[plain-credential]: cannot log in"),
        "{}",
        run.stderr
    );
    assert!(sandbox.files(".docker").is_empty());
}

#[test]
fn a_registry_that_does_not_ask() {
    let (sandbox, registry) = (sandbox(), Registry::new());
    let host = registry.host();
    let line = format!("login {host} --username alice --password-stdin --plain-http {host}");
    let run = with_input(&sandbox, &line, "s3cret");
    insta::assert_snapshot!(snapshot(&sandbox, &registry, &run), @r"
    exit 0
    -- stdout
    logged in to [HOST] as alice: kept in [DIR]/.docker/config.json, not encrypted
    -- stderr
    warning[login-not-asked]: [HOST] did not ask for a credential, so it is not known to be right
    ");
}

#[test]
fn one_file() {
    let (sandbox, registry) = (sandbox(), registry());
    let host = registry.host();
    let line = format!("login {host} --username alice --password-stdin --plain-http {host}");
    let _ = with_input(
        &sandbox,
        &format!("{line} --authfile by/flag.json"),
        "s3cret",
    )
    .ok();
    let elsewhere = sandbox.line(&format!("logout {host}")).ok();
    assert!(elsewhere.stdout.contains("nothing to erase"));
    let sandbox = sandbox.env("REGISTRY_AUTH_FILE", "by/variable.json");
    let _ = with_input(&sandbox, &line, "s3cret").ok();
    assert!(sandbox.files(".docker").is_empty());
    for file in ["by/flag.json", "by/variable.json"] {
        assert!(sandbox.read(file).contains(host), "{file}");
    }
    let logout = format!("logout {host} --authfile by/flag.json");
    assert!(sandbox.line(&logout).ok().stdout.contains("by/flag.json"));
    assert!(!sandbox.read("by/flag.json").contains(host));
    assert!(sandbox.read("by/variable.json").contains(host));
}

#[test]
fn what_cannot_be_a_login() {
    let sandbox = sandbox();
    check!(sandbox, "login example.com", @r"
    exit 2
    -- stderr
    error[usage]: nobody can be asked for a password here: name the user with --username and give the password with --password-stdin
    ");
    check!(sandbox, "login example.com/team --username a --password-stdin", @r#"
    exit 2
    -- stderr
    error[usage]: credentials are for a whole registry: "example.com", not "example.com/team"
    "#);
    check!(sandbox, "login https://example.com --username a --password-stdin", @r#"
    exit 2
    -- stderr
    error[usage]: invalid value for '<HOST>': registry host "https://example.com" is invalid: a host is written without a scheme
    "#);
    for line in [
        "login alice:s3cret@example.com",
        "logout alice:s3cret@example.com",
        "login https://alice:s3cret@example.com/",
        "login example.com --password=s3cret",
        "login example.com --password-stdin",
        "login example.com --identity-token-stdin --username alice",
    ] {
        let run = with_input(&sandbox, line, "s3cret");
        assert_eq!(run.status, 2, "{line}: {}", run.stderr);
    }
    for (input, expected) in [
        ("", "standard input is empty"),
        ("\n", "standard input is empty"),
    ] {
        let line = "login example.com --username alice --password-stdin";
        let run = with_input(&sandbox, line, input);
        assert_eq!(run.status, 2);
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    }
}

#[test]
fn a_damaged_file_is_told_before_anything_is_asked() {
    let (sandbox, registry) = (sandbox(), registry());
    sandbox.write(".docker/config.json", "{\"auths\": s3cret}");
    let host = registry.host();
    let line = format!("login {host} --username alice --password-stdin --plain-http {host}");
    for line in [line, format!("logout {host}")] {
        let run = with_input(&sandbox, &line, "s3cret");
        insta::allow_duplicates! {
            insta::assert_snapshot!(snapshot(&sandbox, &registry, &run), @r"
            exit 1
            -- stderr
            error[credential-unusable]: the credentials file `[DIR]/.docker/config.json` cannot be used: it is not JSON of the form that it has to have: line 1, column 11
              hint: correct the file, or move it away and log in again
            ");
        }
    }
    assert!(registry.requests().is_empty());
}
