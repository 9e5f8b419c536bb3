//! Flags, help, completions: what is common to all commands.

use std::process::Stdio;

use crate::{check, sandbox};

const COMMANDS: &[&str] = &[
    "",
    "publish",
    "publish provider",
    "publish module",
    "install",
    "list",
    "show",
    "pull",
    "verify",
    "copy",
    "delete",
    "requirements",
    "login",
    "logout",
    "serve",
    "gc",
    "fsck",
    "cli-config",
    "cache",
    "cache dir",
    "cache list",
    "cache verify",
    "cache prune",
    "man",
];

#[test]
fn every_help_ends_with_examples() {
    let sandbox = sandbox();
    for command in COMMANDS.iter().chain(&["completions"]) {
        for flag in ["-h", "--help"] {
            let help = sandbox.line(&format!("{command} {flag}")).ok().stdout;
            let (_, examples) = help
                .split_once("\nExamples:\n")
                .unwrap_or_else(|| panic!("{command} {flag}"));
            let count = examples
                .lines()
                .filter(|line| line.starts_with("  tofu-oci "))
                .count();
            assert!((2..=3).contains(&count), "{command} {flag}: {examples}");
        }
    }
}

#[test]
fn mistakes_are_answered_with_the_nearest_word() {
    let sandbox = sandbox();
    check!(sandbox, "instal", @r"
    exit 2
    -- stderr
    error: unrecognized subcommand 'instal'

      tip: some similar subcommands exist: 'list', 'install'

    Usage: tofu-oci [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    check!(sandbox, "install --upgrad", @r"
    exit 2
    -- stderr
    error: unexpected argument '--upgrad' found

      tip: a similar argument exists: '--upgrade'

    Usage: tofu-oci install --upgrade [DIR]

    For more information, try '--help'.
    ");
    check!(sandbox, "publish provider dist dir:registry//acme/demo --version v1.2.3", @r#"
    exit 2
    -- stderr
    error: invalid value 'v1.2.3' for '--version <V>': version "v1.2.3" is invalid: a "v" prefix should not be used; write 1.2.3

    For more information, try '--help'.
    "#);
    check!(sandbox, "list Registry", @r"
    exit 2
    -- stderr
    error[usage]: invalid value 'Registry' for '<REF>': it looks like a path
      hint: a directory is written dir:Registry, and a repository in it dir:Registry//NAME
    ");
    check!(sandbox, "list --json Registry", @r#"
    exit 2
    -- stderr
    {"version":1,"error":{"code":"usage","message":"invalid value 'Registry' for '<REF>': it looks like a path","causes":[],"hint":"a directory is written dir:Registry, and a repository in it dir:Registry//NAME","exit":2}}
    "#);
    check!(sandbox, "show dir:registry//acme/demo --platform linux", @r"
    exit 2
    -- stderr
    error: unexpected argument '--platform' found

      tip: to pass '--platform' as a value, use '-- --platform'

    Usage: tofu-oci show <REF>

    For more information, try '--help'.
    ");
}

#[test]
fn registries_are_addresses() {
    let sandbox = sandbox();
    // The address is one; what fails is the next thing.
    for address in [
        "oci.example.com/acme/demo",
        "oci://oci.example.com/acme/demo",
    ] {
        let run = sandbox.line(&format!("publish provider absent {address}"));
        assert!(
            run.stderr.starts_with("error[file-not-found]"),
            "{}",
            run.stderr
        );
    }
    check!(sandbox, "list oci.example.com/Acme", @r#"
    exit 2
    -- stderr
    error: invalid value 'oci.example.com/Acme' for '<REF>': repository name "Acme" is invalid: upper-case letters are not allowed

    For more information, try '--help'.
    "#);
    check!(sandbox, "install --module-from oci.example.com=mirror.example.com/modules", @r"
    exit 2
    -- stderr
    error: invalid value 'oci.example.com=mirror.example.com/modules' for '--module-from <HOST=dir:PATH>': modules are read from a directory; the form is HOST=dir:PATH

    For more information, try '--help'.
    ");
}

#[test]
fn paths_are_told_to_be_addresses() {
    let sandbox = sandbox();
    check!(sandbox, "list ./registry", @r"
    exit 2
    -- stderr
    error[usage]: invalid value './registry' for '<REF>': it looks like a path
      hint: a directory is written dir:./registry, and a repository in it dir:./registry//NAME
    ");
    check!(sandbox, "publish module label /srv/x", @r"
    exit 2
    -- stderr
    error[usage]: invalid value '/srv/x' for '<REF>': it looks like a path
      hint: a directory is written dir:/srv/x, and a repository in it dir:/srv/x//NAME
    ");
    check!(sandbox, "pull ../x//acme/demo -o out", @r"
    exit 2
    -- stderr
    error[usage]: invalid value '../x//acme/demo' for '<REF>': it looks like a path
      hint: a repository in a directory is written dir:../x//acme/demo
    ");
    check!(sandbox, "install --from ./registry//{namespace}/{type}", @r"
    exit 2
    -- stderr
    error[usage]: invalid value './registry//{namespace}/{type}' for '--from <TEMPLATE>': it looks like a path
      hint: providers in a directory are written dir:./registry//{namespace}/{type}
    ");
    check!(sandbox, "install --module-from oci.example.com=./registry/", @r"
    exit 2
    -- stderr
    error[usage]: invalid value 'oci.example.com=./registry/' for '--module-from <HOST=dir:PATH>': it looks like a path
      hint: modules in a directory are written oci.example.com=dir:./registry
    ");
}

#[test]
fn mistakes_name_where_they_are() {
    let sandbox = sandbox().env("SOURCE_DATE_EPOCH", "abc");
    check!(sandbox, "list --json", @r#"
    exit 2
    -- stderr
    {"version":1,"error":{"code":"usage","message":"the following required arguments were not provided: <REF>","causes":[],"hint":null,"exit":2}}
    "#);
    check!(sandbox, "publish module label dir:registry//label:1.0.0", @r#"
    exit 2
    -- stderr
    error: invalid value 'abc' for 'SOURCE_DATE_EPOCH': timestamp "abc" is invalid: the form is 2026-01-02T03:04:05Z, or seconds since 1970

    For more information, try '--help'.
    "#);
    check!(sandbox, "publish module label dir:registry//label:1.0.0 --created=abd", @r#"
    exit 2
    -- stderr
    error: invalid value 'abd' for '--created <TIME>': timestamp "abd" is invalid: the form is 2026-01-02T03:04:05Z, or seconds since 1970

    For more information, try '--help'.
    "#);
}

#[test]
fn variables_are_not_obeyed_by_the_terminal() {
    let run = sandbox()
        .env("SOURCE_DATE_EPOCH", "\u{1b}[31m")
        .line("publish module label dir:registry//label:1.0.0");
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("SOURCE_DATE_EPOCH"), "{}", run.stderr);
    assert!(!run.stderr.contains('\u{1b}'), "{:?}", run.stderr);
}

#[test]
fn completions_are_scripts() {
    let sandbox = sandbox();
    for (shell, part) in [
        ("bash", "complete -F _tofu__oci"),
        ("zsh", "#compdef tofu-oci"),
        ("fish", "complete -c tofu-oci"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "edit:completion:arg-completer[tofu-oci]"),
    ] {
        let run = sandbox.line(&format!("completions {shell}")).ok();
        assert!(run.stdout.contains(part), "{shell}");
        assert!(run.stdout.contains("requirements"), "{shell}");
    }
}

#[test]
fn manual_pages_are_for_every_command() {
    let sandbox = sandbox();
    let _ = sandbox.line("man -o pages/man1").ok();
    let pages = sandbox.files("pages/man1");
    for command in COMMANDS {
        let name = format!("tofu-oci {command}");
        let name = name.trim().replace(' ', "-");
        assert!(pages.contains(&format!("{name}.1")), "{name}: {pages:?}");
        let page = sandbox.read(format!("pages/man1/{name}.1"));
        assert!(page.contains(&format!(".TH {name} 1")), "{name}");
        assert!(page.contains("\n.SH EXAMPLES\n"), "{name}");
    }
    let program = sandbox.line("man").ok().stdout;
    assert_eq!(program, sandbox.read("pages/man1/tofu-oci.1"));
    // Again, over what is there.
    let _ = sandbox.line("man -o pages/man1").ok();
    assert_eq!(sandbox.files("pages/man1"), pages);
    sandbox.write("file", "");
    let run = sandbox.line("man -o file");
    assert_eq!(run.status, 1);
    assert!(run.stderr.contains("cannot write file"), "{}", run.stderr);
}

#[test]
fn a_reader_that_stops_reading_is_no_failure() {
    let sandbox = sandbox();
    for args in [
        vec!["completions", "bash"],
        vec!["man"],
        vec!["install", "--help"],
    ] {
        let mut child = sandbox
            .command(&args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            (output.status.code(), output.stderr.as_slice()),
            (Some(0), &b""[..]),
            "{args:?}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    let sandbox = sandbox();
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = sandbox
        .command(&["completions", "bash"])
        .stdout(full)
        .stderr(Stdio::piped())
        .spawn()
        .and_then(std::process::Child::wait_with_output)
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.starts_with("error[output]: "), "{stderr}");
}

#[test]
fn colours_are_asked_for() {
    let sandbox = sandbox();
    let plain = sandbox.line("requirements missing").stderr;
    assert!(plain.starts_with("error["), "{plain}");
    let coloured = sandbox.line("requirements missing --color always").stderr;
    assert!(
        coloured.starts_with("\u{1b}[1m\u{1b}[31merror["),
        "{coloured:?}"
    );
}

#[test]
fn the_version() {
    let run = sandbox().line("--version").ok();
    assert_eq!(
        run.stdout,
        format!("tofu-oci {}\n", env!("CARGO_PKG_VERSION"))
    );
}
