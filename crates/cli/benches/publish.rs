//! Publishing into a directory: time, memory, and growth of a repository.
//! `cargo bench -p tofu-oci-cli --bench publish`
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    unreachable_pub
)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use support::{Contender, PROGRAM, peer, race, real_binary, run};
use tofu_oci_testkit::{Zip, ZipEntry};

fn main() {
    let work = tempfile::tempdir().unwrap();
    sizes(work.path());
    growth(work.path());
}

fn publish(package: &Path, to: &Path, name: &str) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .args(["publish", "provider"])
        .arg(package)
        .arg(format!("dir:{}//{name}", to.display()));
    command
}

/// A stored package of some length, made of copies of a real program.
fn package(work: &Path, binary: &[u8], version: &str, size: usize) -> PathBuf {
    let mut content = Vec::with_capacity(size + binary.len());
    while content.len() < size {
        content.extend_from_slice(binary);
    }
    content.truncate(size);
    let path = work.join(format!("terraform-provider-demo_{version}_linux_amd64.zip"));
    Zip::new()
        .entry(ZipEntry::executable(
            format!("terraform-provider-demo_v{version}"),
            content,
        ))
        .write(&path);
    path
}

fn sizes(work: &Path) {
    let binary = real_binary();
    for (version, size, title) in [
        ("1.0.0", 90_000_000, "publish a stored package of 90 MB"),
        ("2.0.0", 1_000_000_000, "publish a stored package of 1 GB"),
    ] {
        let path = package(work, &binary, version, size);
        let ours = path.clone();
        let mut contenders = vec![Contender {
            name: "tofu-oci publish".into(),
            command: Box::new(move |round| publish(&ours, work, &format!("r{version}.{round}"))),
        }];
        match peer("oras") {
            None => println!("SKIPPED oras: it is not on the PATH"),
            Some(oras) => contenders.push(Contender {
                name: "oras push (no checks)".into(),
                command: Box::new(move |round| {
                    let mut command = Command::new(&oras);
                    let to = work.join(format!("oras-{version}-{round}"));
                    command
                        .args(["push", "--oci-layout", "--disable-path-validation"])
                        .arg(format!("{}:1", to.display()))
                        .arg(format!("{}:archive/zip", path.display()));
                    command
                }),
            }),
        }
        race(title, 3, &mut contenders);
    }
}

fn growth(work: &Path) {
    println!("\nthe same small release, a thousand versions into one repository");
    let target = work.join("growth");
    let mut times: Vec<Duration> = Vec::new();
    for n in 0..1000 {
        let version = format!("1.0.{n}");
        let path = work.join(format!("terraform-provider-demo_{version}_linux_amd64.zip"));
        Zip::new()
            .entry(ZipEntry::executable(
                format!("terraform-provider-demo_v{version}"),
                "#!/bin/sh\n",
            ))
            .write(&path);
        times.push(run(&mut publish(&path, &target, "acme/demo")).time);
        std::fs::remove_file(path).unwrap();
    }
    let around = |n: usize| {
        let mut near: Vec<Duration> = times[n - 10..n].to_vec();
        near.sort();
        near[5].as_secs_f64() * 1e3
    };
    let (tenth, thousandth) = (around(10), around(1000));
    println!(
        "  median of ten around the 10th {tenth:.1} ms, the 1000th {thousandth:.1} ms, ratio {:.2}",
        thousandth / tenth
    );
}
