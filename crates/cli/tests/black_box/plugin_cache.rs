//! The plugin cache of the clients, as `install` uses and feeds it.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tofu_oci_testkit::{Sandbox, peer};

use crate::{CONFIGURATION, FROM, check, published};

const PACKAGE: &str = "registry.opentofu.org/acme/demo/1.2.3/linux_amd64";
const PROGRAM: &str = "terraform-provider-demo_v1.2.3";

/// A sandbox with a plugin cache, and configurations that need the provider alone.
fn cached() -> Sandbox {
    let sandbox = published().env("TF_PLUGIN_CACHE_DIR", "cache");
    fs::create_dir(sandbox.join("cache")).unwrap();
    let configuration = CONFIGURATION.split("\nmodule").next().unwrap();
    for project in ["a", "b"] {
        sandbox.write(format!("{project}/main.tf"), configuration);
    }
    sandbox
}

fn entry(sandbox: &Sandbox) -> PathBuf {
    sandbox.join("cache").join(PACKAGE)
}

/// What a project has where clients look for the package.
fn place(sandbox: &Sandbox, project: &str) -> PathBuf {
    let data = sandbox.join(project).join(".terraform/providers");
    data.join(PACKAGE)
}

#[test]
fn a_package_is_fetched_into_it_once() {
    let sandbox = cached();
    check!(sandbox, &format!("install a {FROM} --dry-run"), @r"
    exit 4
    -- stdout
    PROVIDER                         VERSION  PLATFORM      SIZE
    registry.opentofu.org/acme/demo  1.2.3    linux_amd64  335 B  to be installed by way of the plugin cache

    335 B of packages would be fetched; the lock file would be created
    ");
    assert_eq!(sandbox.files("cache"), Vec::<String>::new());
    check!(sandbox, &format!("install a {FROM}"), @r"
    exit 0
    -- stdout
    PROVIDER                         VERSION  PLATFORM      SIZE
    registry.opentofu.org/acme/demo  1.2.3    linux_amd64  335 B  installed by way of the plugin cache

    the lock file was created
    -- stderr
    installed acme/demo 1.2.3 linux_amd64
    warning[incomplete-lock]: the lock file has hashes for the installed platforms only: acme/demo
      hint: for people on other platforms, remove the entry and install with `--platform` for every platform
    ");
    assert_eq!(
        sandbox.files("cache"),
        [
            format!("{PACKAGE}.lock"),
            format!("{PACKAGE}/LICENSE"),
            format!("{PACKAGE}/{PROGRAM}")
        ]
    );
    assert_eq!(
        fs::read_link(place(&sandbox, "a")).unwrap(),
        entry(&sandbox)
    );
    // Another project with the same lock file takes it from there.
    fs::copy(
        sandbox.join("a/.terraform.lock.hcl"),
        sandbox.join("b/.terraform.lock.hcl"),
    )
    .unwrap();
    fs::rename(sandbox.join("registry"), sandbox.join("away")).unwrap();
    check!(sandbox, "install b --platform linux_amd64 --locked", @r"
    exit 0
    -- stdout
    PROVIDER                         VERSION  PLATFORM     SIZE
    registry.opentofu.org/acme/demo  1.2.3    linux_amd64        linked from the plugin cache

    the lock file stays as it is
    ");
    assert_eq!(
        fs::read_link(place(&sandbox, "b")).unwrap(),
        entry(&sandbox)
    );
    // What is in place stays.
    let run = sandbox.line("install b --platform linux_amd64 --json").ok();
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let provider = &report["providers"][0];
    assert_eq!(provider["action"], "kept", "{report}");
    assert_eq!(provider["plugin_cache"], serde_json::Value::Null);
}

#[test]
fn what_is_not_locked_is_fetched_and_compared() {
    let sandbox = cached();
    let _ = sandbox.line(&format!("install a {FROM}")).ok();
    let run = sandbox.line(&format!("install b {FROM} --json")).ok();
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["providers"][0]["action"], "installed", "{report}");
    let cache = report["providers"][0]["plugin_cache"].as_str().unwrap();
    assert_eq!(PathBuf::from(cache), entry(&sandbox));
    assert_eq!(
        sandbox.read("a/.terraform.lock.hcl"),
        sandbox.read("b/.terraform.lock.hcl")
    );
}

#[test]
fn a_package_that_was_changed_there_is_neither_used_nor_touched() {
    let sandbox = cached();
    let _ = sandbox.line(&format!("install a {FROM}")).ok();
    let program = entry(&sandbox).join(PROGRAM);
    fs::write(&program, "changed").unwrap();
    check!(sandbox, &format!("install a {FROM}"), @r"
    exit 3
    -- stderr
    error[plugin-cache-conflict]: the plugin cache has something else at [DIR]/cache/registry.opentofu.org/acme/demo/1.2.3/linux_amd64 than the package of registry.opentofu.org/acme/demo 1.2.3
      cause: there is [H1]
      cause: the package has [H1]
      hint: it was changed, or is left over from a client that was stopped; when nothing runs that uses it, remove [DIR]/cache/registry.opentofu.org/acme/demo/1.2.3/linux_amd64 and install again
    ");
    assert_eq!(fs::read_to_string(&program).unwrap(), "changed");
    // As it was told.
    fs::remove_dir_all(entry(&sandbox)).unwrap();
    let _ = sandbox.line(&format!("install a {FROM}")).ok();
    assert_ne!(fs::read(&program).unwrap(), b"changed");
}

#[test]
fn leftovers_are_no_obstacle() {
    let sandbox = cached();
    // OpenTofu was killed before it unpacked, and we while we did.
    fs::create_dir_all(entry(&sandbox)).unwrap();
    let ours = entry(&sandbox).with_file_name(".tofu-oci-linux-amd64");
    fs::create_dir_all(ours.join("new")).unwrap();
    fs::write(ours.join("new.zip"), "half").unwrap();
    let _ = sandbox.line(&format!("install a {FROM}")).ok();
    assert!(entry(&sandbox).join(PROGRAM).is_file());
    assert!(!ours.exists());
}

#[test]
fn what_lay_in_the_place_gives_way_to_the_link() {
    let sandbox = cached();
    let _ = sandbox.line(&format!("install a {FROM}")).ok();
    let place = place(&sandbox, "a");
    // A directory with something else, and a link that leads nowhere.
    fs::remove_file(&place).unwrap();
    fs::create_dir(&place).unwrap();
    fs::write(place.join("other"), "x").unwrap();
    let _ = sandbox.line(&format!("install a {FROM} --locked")).ok();
    assert_eq!(fs::read_link(&place).unwrap(), entry(&sandbox));
    fs::remove_file(&place).unwrap();
    std::os::unix::fs::symlink("/nowhere/at/all", &place).unwrap();
    let _ = sandbox.line(&format!("install a {FROM} --locked")).ok();
    assert_eq!(fs::read_link(&place).unwrap(), entry(&sandbox));
}

#[test]
fn a_plugin_cache_that_cannot_be_written_is_told() {
    let sandbox = cached();
    sandbox.write("cache/registry.opentofu.org", "a file");
    let run = sandbox.line(&format!("install a {FROM}"));
    assert_eq!(run.status, 1, "{}", run.stderr);
    for said in ["cannot put a package into the plugin cache", "hint:"] {
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
}

#[test]
fn the_cli_configuration_names_it() {
    let sandbox = cached();
    fs::create_dir(sandbox.join("other")).unwrap();
    sandbox.write(
        "my.tfrc",
        format!(
            "plugin_cache_dir = \"{}\"\n",
            sandbox.join("other").display()
        ),
    );
    let mut command = sandbox.command(&[
        "install",
        "a",
        "--from",
        "dir:registry//{namespace}/{type}",
        "--platform=linux_amd64",
        "--cli-config=my.tfrc",
    ]);
    command.env_remove("TF_PLUGIN_CACHE_DIR");
    let _ = sandbox.finish(&mut command).ok();
    assert!(sandbox.join("other").join(PACKAGE).is_dir());
    assert_eq!(sandbox.files("cache"), Vec::<String>::new());
}

/// Takes the lock that a client takes, says so, and keeps it until nobody talks to it any more.
const HOLDER: &str = "import fcntl, sys
file = open(sys.argv[1], 'w')
fcntl.lockf(file, fcntl.LOCK_EX)
print('held', flush=True)
sys.stdin.read()
";

#[test]
fn another_process_is_waited_for() {
    let Some(python) = peer("python3") else {
        return;
    };
    let sandbox = cached();
    let lock = entry(&sandbox).with_file_name("linux_amd64.lock");
    fs::create_dir_all(lock.parent().unwrap()).unwrap();
    let mut holder = Command::new(python)
        .args(["-c", HOLDER])
        .arg(&lock)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut lines = BufReader::new(holder.stdout.take().unwrap());
    lines.read_line(&mut said).unwrap();
    assert_eq!(said, "held\n");
    let line = format!("install a {FROM}");
    let mut install = sandbox
        .command(&line.split_whitespace().collect::<Vec<_>>())
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // It tells that it waits.
    let mut told = BufReader::new(install.stderr.take().unwrap()).lines();
    let first = told.next().unwrap().unwrap();
    assert!(first.contains("warning[plugin-cache-busy]"), "{first}");
    assert!(!entry(&sandbox).exists());
    let mut stdin = holder.stdin.take().unwrap();
    stdin.flush().unwrap();
    drop(stdin);
    assert!(holder.wait().unwrap().success());
    let rest: Vec<String> = told.map(Result::unwrap).collect();
    assert!(install.wait().unwrap().success(), "{rest:?}");
    assert!(entry(&sandbox).join(PROGRAM).is_file());
}
