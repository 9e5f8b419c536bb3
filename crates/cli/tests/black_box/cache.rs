//! `cache`, and installs that use it.

use std::fs;
use std::path::PathBuf;

use tofu_oci_testkit::Sandbox;

use crate::{CONFIGURATION, FROM, check, published, sandbox};

/// Version 1.2.3 of `acme/demo` is in the cache, and in `.terraform`.
fn cached() -> Sandbox {
    let sandbox = published();
    let (provider, _) = CONFIGURATION.split_once("\nmodule").unwrap();
    sandbox.write("main.tf", provider);
    let _ = sandbox.line(&format!("install {FROM}")).ok();
    sandbox
}

/// The executable in the cache.
fn executable(sandbox: &Sandbox) -> PathBuf {
    let base = ".cache/tofu-oci/v1/packages";
    let mut files = sandbox.files(base).into_iter();
    let file = files.find(|file| file.contains("terraform-provider-"));
    sandbox.join(base).join(file.unwrap())
}

fn forget_installed(sandbox: &Sandbox) {
    fs::remove_dir_all(sandbox.join(".terraform")).unwrap();
}

#[test]
fn the_places() {
    let sandbox = sandbox();
    check!(sandbox, "cache dir", @r"
    exit 0
    -- stdout
    [DIR]/.cache/tofu-oci
    ");
    check!(sandbox, "cache dir --cache-dir here --json", @r#"
    exit 0
    -- stdout
    {
      "version": 1,
      "path": "[DIR]/here"
    }
    "#);
    assert!(sandbox.files(".").is_empty());
    assert_eq!(fs::read_dir(sandbox.path()).unwrap().count(), 0);
}

#[test]
fn no_cache() {
    let sandbox = sandbox();
    check!(sandbox, "cache list", @r"
    exit 0
    -- stdout
    there is no cache at [DIR]/.cache/tofu-oci
    ");
    check!(sandbox, "cache list --json", @r#"
    exit 0
    -- stdout
    {
      "version": 1,
      "path": "[DIR]/.cache/tofu-oci",
      "exists": false,
      "packages": [],
      "size": 0
    }
    "#);
    check!(sandbox, "cache verify", @r"
    exit 1
    -- stderr
    error[file-not-found]: there is no cache at [DIR]/.cache/tofu-oci
      hint: say where it is with `--cache-dir` or TOFU_OCI_CACHE_DIR; the first install makes one
    ");
    check!(sandbox, "cache prune --all", @r"
    exit 0
    -- stdout
    there is no cache at [DIR]/.cache/tofu-oci
    ");
    assert_eq!(fs::read_dir(sandbox.path()).unwrap().count(), 0);
    // An empty one is one.
    fs::create_dir(sandbox.join("empty")).unwrap();
    check!(sandbox, "cache list --cache-dir empty", @r"
    exit 0
    -- stdout
    0 packages (0 B) in [DIR]/empty
    ");
}

#[test]
fn a_file_is_no_cache() {
    let sandbox = sandbox();
    sandbox.write("file", "");
    check!(sandbox, "cache list --cache-dir file", @r"
    exit 1
    -- stderr
    error[io]: cannot work on the cache [DIR]/file
      cause: `[DIR]/file` is not a directory
      hint: name a directory with `--cache-dir` or TOFU_OCI_CACHE_DIR, or remove what is in its place
    ");
    for command in ["cache verify", "cache prune --all"] {
        let run = sandbox.line(&format!("{command} --cache-dir file"));
        assert_eq!(run.status, 1, "{command}");
        assert!(run.stderr.contains("error[io]"), "{}", run.stderr);
    }
}

#[test]
fn the_quarantine_makes_room_first() {
    let sandbox = cached();
    fs::write(executable(&sandbox), "another program").unwrap();
    assert_eq!(sandbox.line("cache verify").status, 3);
    check!(sandbox, "cache prune", @r"
    exit 0
    -- stdout
    removed 0 packages (0 B); 0 packages (0 B) stay in [DIR]/.cache/tofu-oci, 1 package (304 B) in its quarantine
    ");
    check!(sandbox, "cache prune --max-size 100B --dry-run", @r"
    exit 4
    -- stdout
    PROVIDER                         VERSION  PLATFORM      SIZE
    registry.opentofu.org/acme/demo  1.2.3    linux_amd64  304 B  in the quarantine

    would remove 1 package (304 B); 0 packages (0 B) stay in [DIR]/.cache/tofu-oci
    ");
    check!(sandbox, "cache prune --max-size 100B", @r"
    exit 0
    -- stdout
    PROVIDER                         VERSION  PLATFORM      SIZE
    registry.opentofu.org/acme/demo  1.2.3    linux_amd64  304 B  in the quarantine

    removed 1 package (304 B); 0 packages (0 B) stay in [DIR]/.cache/tofu-oci
    ");
}

/// Nobody but the administrator may write where nobody may.
#[cfg(unix)]
#[test]
fn a_cache_of_somebody_else_is_verified() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = cached();
    fs::write(executable(&sandbox), "another program").unwrap();
    let root = sandbox.join(".cache/tofu-oci/v1");
    let protect = |mode| {
        for dir in ["", "locks", "packages/sha256"] {
            fs::set_permissions(root.join(dir), fs::Permissions::from_mode(mode)).unwrap();
        }
        for lock in fs::read_dir(root.join("locks")).unwrap() {
            fs::set_permissions(lock.unwrap().path(), fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    protect(0o555);
    if fs::write(root.join("probe"), "").is_ok() {
        tofu_oci_testkit::skipped("the administrator may write everywhere");
        protect(0o755);
        return;
    }
    let run = sandbox.line("cache verify");
    protect(0o755);
    assert_eq!(run.status, 3);
    assert!(run.stdout.contains("still in its place"), "{}", run.stdout);
    assert!(
        run.stderr.contains("could not be put aside"),
        "{}",
        run.stderr
    );
}

#[test]
fn the_environment_says_where_it_is() {
    let sandbox = sandbox()
        .env("XDG_CACHE_HOME", "/somewhere/cache")
        .env("XDG_STATE_HOME", "relative/is/ignored");
    check!(sandbox, "cache dir", @r"
    exit 0
    -- stdout
    /somewhere/cache/tofu-oci
    ");
    let sandbox = sandbox.env("TOFU_OCI_CACHE_DIR", "/mnt/cache");
    check!(sandbox, "cache dir", @r"
    exit 0
    -- stdout
    /mnt/cache
    ");
}

#[test]
fn nobody_has_a_home() {
    let sandbox = sandbox();
    let mut command = sandbox.command(&["cache", "list"]);
    let run = sandbox.finish(command.env_remove("HOME"));
    insta::assert_snapshot!(sandbox.snapshot(&run), @r"
    exit 2
    -- stderr
    error[usage]: nothing says where the cache is
      hint: say where with `--cache-dir` or TOFU_OCI_CACHE_DIR, or set HOME
    ");
}

#[test]
fn what_is_in_it() {
    let sandbox = cached();
    check!(sandbox, "cache list", @r"
    exit 0
    -- stdout
    PROVIDER                         VERSION  PLATFORM     SIZE  LAST USED
    registry.opentofu.org/acme/demo  1.2.3    linux_amd64  87 B  today      in use

    1 package (87 B) in [DIR]/.cache/tofu-oci
    ");
    check!(sandbox, "cache verify", @r"
    exit 0
    -- stdout
    1 of 1 package in [DIR]/.cache/tofu-oci proved to be what they were
    ");
    check!(sandbox, "cache prune --unused --dry-run", @r"
    exit 0
    -- stdout
    would remove 0 packages (0 B); 1 package (87 B) stay in [DIR]/.cache/tofu-oci
    ");
    check!(sandbox, "cache prune --all --dry-run", @r"
    exit 4
    -- stdout
    PROVIDER                         VERSION  PLATFORM     SIZE
    registry.opentofu.org/acme/demo  1.2.3    linux_amd64  87 B

    would remove 1 package (87 B); 0 packages (0 B) stay in [DIR]/.cache/tofu-oci
    ");
    check!(sandbox, "cache prune --all", @r"
    exit 0
    -- stdout
    PROVIDER                         VERSION  PLATFORM     SIZE
    registry.opentofu.org/acme/demo  1.2.3    linux_amd64  87 B

    removed 1 package (87 B); 0 packages (0 B) stay in [DIR]/.cache/tofu-oci
    ");
    check!(sandbox, "cache prune --all", @r"
    exit 0
    -- stdout
    removed 0 packages (0 B); 0 packages (0 B) stay in [DIR]/.cache/tofu-oci
    ");
}

#[test]
fn a_package_from_the_cache() {
    let sandbox = cached();
    forget_installed(&sandbox);
    fs::remove_dir_all(sandbox.join("registry")).unwrap();
    check!(sandbox, &format!("install {FROM}"), @r"
    exit 0
    -- stdout
    PROVIDER                         VERSION  PLATFORM     SIZE
    registry.opentofu.org/acme/demo  1.2.3    linux_amd64        installed from the cache

    the lock file stays as it is
    -- stderr
    installed acme/demo 1.2.3 linux_amd64
    warning[incomplete-lock]: the lock file has hashes for the installed platforms only: acme/demo
      hint: for people on other platforms, remove the entry and install with `--platform` for every platform
    ");
}

#[test]
fn a_damaged_package_is_refused_and_fetched_again() {
    let sandbox = cached();
    fs::write(executable(&sandbox), "another program").unwrap();
    check!(sandbox, &format!("install {FROM}"), @r"
    exit 0
    -- stdout
    PROVIDER                         VERSION  PLATFORM      SIZE
    registry.opentofu.org/acme/demo  1.2.3    linux_amd64  335 B  replaced

    the lock file stays as it is
    -- stderr
    warning[quarantined]: the package acme/demo 1.2.3 linux_amd64 in the cache was not used and put aside, to [DIR]/.cache/tofu-oci/v1/quarantine/[DIGEST].0: its tree has the hash [H1], not [H1]
      hint: find out what changed it; `tofu-oci cache prune --all` empties the cache and the quarantine
    installed acme/demo 1.2.3 linux_amd64
    warning[incomplete-lock]: the lock file has hashes for the installed platforms only: acme/demo
      hint: for people on other platforms, remove the entry and install with `--platform` for every platform
    ");
    fs::write(executable(&sandbox), "yet another program").unwrap();
    check!(sandbox, "cache verify", @r"
    exit 3
    -- stdout
    PROVIDER                         VERSION  PLATFORM
    registry.opentofu.org/acme/demo  1.2.3    linux_amd64  damaged: its tree has the hash [H1], not [H1]

    0 of 1 package in [DIR]/.cache/tofu-oci proved to be what they were
    -- stderr
    warning[quarantined]: the package acme/demo 1.2.3 linux_amd64 in the cache was not used and put aside, to [DIR]/.cache/tofu-oci/v1/quarantine/[DIGEST].1: its tree has the hash [H1], not [H1]
      hint: find out what changed it; `tofu-oci cache prune --all` empties the cache and the quarantine
    error[cache-damaged]: 1 package in the cache was damaged, and was put aside
      hint: find out who changed it, then empty the quarantine with `tofu-oci cache prune --all`; installs fetch it again
    ");
}

#[cfg(unix)]
#[test]
fn what_others_may_write_is_said() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = cached();
    forget_installed(&sandbox);
    fs::set_permissions(executable(&sandbox), fs::Permissions::from_mode(0o777)).unwrap();
    let state = sandbox.join(".local/state/tofu-oci");
    fs::set_permissions(state, fs::Permissions::from_mode(0o777)).unwrap();
    check!(sandbox, &format!("install {FROM}"), @r"
    exit 0
    -- stdout
    PROVIDER                         VERSION  PLATFORM     SIZE
    registry.opentofu.org/acme/demo  1.2.3    linux_amd64        installed from the cache

    the lock file stays as it is
    -- stderr
    warning[stamps-unusable]: the state directory [DIR]/.local/state/tofu-oci is not used, so that packages in the cache are hashed whenever they are used: others may write to it, or it belongs to somebody else
      hint: make it a directory of your own, with `chmod 700`, outside of the cache; XDG_STATE_HOME says where it is
    warning[cache-shared]: others may change packages in the cache [DIR]/.cache/tofu-oci, so that they are hashed and copied whenever they are used
      hint: take the permission to write from others, with `chmod -R go-w`, or use a cache of your own with `--cache-dir`
    installed acme/demo 1.2.3 linux_amd64
    warning[incomplete-lock]: the lock file has hashes for the installed platforms only: acme/demo
      hint: for people on other platforms, remove the entry and install with `--platform` for every platform
    ");
}

#[cfg(unix)]
#[test]
fn a_cache_that_is_a_file_is_done_without() {
    let sandbox = published();
    sandbox.write("main.tf", CONFIGURATION);
    sandbox.write("file", "");
    check!(sandbox, &format!("install {FROM} --cache-dir file"), @r"
    exit 0
    -- stdout
    PROVIDER                         VERSION  PLATFORM      SIZE
    registry.opentofu.org/acme/demo  1.2.3    linux_amd64  335 B  installed

    MODULE        SOURCE
    module.label  oci://oci.example.com/modules/label?tag=1.2.0  installed

    the lock file was created
    -- stderr
    fetched module label (oci://oci.example.com/modules/label?tag=1.2.0)
    warning[cache-unusable]: the package cache [DIR]/file cannot be used fully: failed to create directory `[DIR]/file/v1/packages/sha256`: Not a directory (os error 20)
      hint: make space or correct its permissions, or name another directory with `--cache-dir`
    installed acme/demo 1.2.3 linux_amd64
    warning[incomplete-lock]: the lock file has hashes for the installed platforms only: acme/demo
      hint: for people on other platforms, remove the entry and install with `--platform` for every platform
    ");
}

#[cfg(target_os = "linux")]
#[test]
fn a_way_that_is_none_is_an_error() {
    let sandbox = cached();
    forget_installed(&sandbox);
    // Nothing is linked from one file system to another.
    let elsewhere = tempfile::tempdir_in("/dev/shm").unwrap();
    let cache = elsewhere.path().display();
    let run = sandbox.line(&format!(
        "install {FROM} --link-mode hardlink --cache-dir {cache}"
    ));
    if run.status == 0 {
        tofu_oci_testkit::skipped("/dev/shm is on the file system of the test");
        return;
    }
    assert!(run.stderr.contains("error[link-failed]"), "{}", run.stderr);
    assert!(run.stderr.contains("--link-mode auto"), "{}", run.stderr);
    let _ = sandbox
        .line(&format!("install {FROM} --cache-dir {cache}"))
        .ok();
}
