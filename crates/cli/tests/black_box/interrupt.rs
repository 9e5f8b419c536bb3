//! The first interrupt stops cleanly, the second at once.
#![cfg(unix)]

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStderr, Command, Stdio};

use tofu_oci_testkit::Sandbox;

use crate::published;

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
    let status = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
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
