//! The first interrupt stops cleanly, the second at once.
#![cfg(unix)]

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::process::{Child, ChildStderr, Command, Stdio};

use tofu_oci_testkit::Sandbox;

use crate::{published, sandbox};

/// A publish that waits for the lock of its repository.
fn waiting(sandbox: &Sandbox) -> (Child, BufReader<ChildStderr>) {
    // Other content: what is there already is not sent, and nothing would be told.
    sandbox.write("label/main.tf", "output \"x\" { value = 2 }\n");
    let args = [
        "publish",
        "module",
        "label",
        "dir:registry//modules/label:2.0.0",
        "-v",
    ];
    let mut child = sandbox
        .command(&args)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    // It has begun: from here on it writes, and ends at the lock.
    let begun = line(&mut stderr);
    assert!(begun.starts_with("publishing label-2.0.0.zip"), "{begun:?}");
    (child, stderr)
}

fn line(stderr: &mut BufReader<ChildStderr>) -> String {
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    line
}

fn interrupt(child: &Child) {
    signal(child, "-INT");
}

fn signal(child: &Child, signal: &str) {
    let status = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(status.unwrap().success());
}

/// Reads lines up to the one that answers the first interrupt.
fn answered(stderr: &mut BufReader<ChildStderr>) {
    loop {
        let line = line(stderr);
        assert!(!line.is_empty(), "it ended without a word");
        if line == "interrupted: cleaning up; once more stops at once\n" {
            return;
        }
    }
}

#[test]
fn the_first_waits_for_what_is_being_written() {
    let sandbox = published();
    let lock = File::open(sandbox.join("registry/modules/label/.index.json.lock")).unwrap();
    lock.lock().unwrap();
    let (mut child, mut stderr) = waiting(&sandbox);
    interrupt(&child);
    answered(&mut stderr);
    lock.unlock().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let _ = sandbox.line("fsck registry").ok();
}

#[test]
fn the_second_waits_for_nothing() {
    let sandbox = published();
    let lock = File::open(sandbox.join("registry/modules/label/.index.json.lock")).unwrap();
    lock.lock().unwrap();
    let (mut child, mut stderr) = waiting(&sandbox);
    interrupt(&child);
    answered(&mut stderr);
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let list = sandbox
        .line("list dir:registry//modules/label --json")
        .ok()
        .stdout;
    assert!(!list.contains("2.0.0"), "{list}");
}

/// One rule for all commands: what reads ends at once, what writes cleans up first, and both end with one status.
#[test]
fn every_command_ends_with_one_status() {
    let sandbox = published();
    // A registry that answers nobody.
    let registry = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = registry.local_addr().unwrap();
    for command in [
        format!("list {host}/acme/demo"),
        format!("show {host}/acme/demo:1.2.3"),
        format!("verify {host}/acme/demo:1.2.3"),
        format!("pull {host}/acme/demo:1.2.3 -o out"),
        format!("copy {host}/acme/demo:1.2.3 dir:copied//acme/demo"),
        format!("delete {host}/acme/demo:1.2.3 --yes"),
        format!("publish module label {host}/modules/label:1.2.0"),
    ] {
        for name in ["-INT", "-TERM"] {
            let args: Vec<&str> = command.split(' ').collect();
            let mut child = sandbox
                .command(&args)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            // It has begun, and waits for the answer for as long as this is held.
            let _held = registry.accept().unwrap();
            signal(&child, name);
            let status = child.wait().unwrap();
            assert_eq!(status.code(), Some(130), "{command} {name}: {status}");
        }
    }
}

/// So does what asks nobody.
#[test]
fn what_has_not_printed_all_is_interrupted() {
    let sandbox = sandbox();
    for number in 0..1000 {
        let package = format!("cache/v1/packages/sha256/{number:064x}");
        std::fs::create_dir_all(sandbox.join(package)).unwrap();
    }
    let mut child = sandbox
        .command(&["cache", "list", "--json", "--cache-dir", "cache"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    // The rest does not fit into the pipe.
    stdout.read_exact(&mut [0]).unwrap();
    signal(&child, "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
