//! Publishing into a directory and to a registry: time, memory, and growth of a repository.
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

use support::{Contender, PROGRAM, bytes, fresh, large, peer, race, real_binary, run};
use tofu_oci::types::oci::Hasher;
use tofu_oci_testkit::{PeerRegistry, Zip, ZipEntry};

fn main() {
    let work = tempfile::tempdir().unwrap();
    network(work.path());
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
    for (version, size) in [("1.0.0", 90_000_000), ("2.0.0", large())] {
        let title = format!(
            "publish a stored package of {} into a directory",
            bytes(size)
        );
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
        race(&title, 3, &mut contenders);
    }
}

/// The same package to a registry of the distribution project: alone, so that its digest has to be taken first, and
/// as releases come, with a checksums file that tells it.
fn network(work: &Path) {
    let (Some(registry), Some(oras)) = (peer("registry"), peer("oras")) else {
        println!("SKIPPED publishing to a registry: it takes `registry` and `oras`");
        return;
    };
    let server = PeerRegistry::new(registry, work.join("distribution")).start();
    let host = server.host();
    let size = large();
    let alone = fresh(work, "alone", 0);
    let release = fresh(work, "release", 0);
    let path = package(&alone, &real_binary(), "1.0.0", size);
    let name = path.file_name().unwrap();
    std::fs::hard_link(&path, release.join(name)).unwrap();
    let sums = format!("{}  {}\n", sha256(&path), name.to_string_lossy());
    std::fs::write(
        release.join("terraform-provider-demo_1.0.0_SHA256SUMS"),
        sums,
    )
    .unwrap();
    let ours = |what: &'static str, from: PathBuf| {
        let host = host.clone();
        Contender {
            name: format!("tofu-oci publish, {what}"),
            command: Box::new(move |round| {
                let mut command = Command::new(PROGRAM);
                command
                    .args(["publish", "provider"])
                    .arg(&from)
                    .arg(format!("{host}/{}/r{round}", what.replace(' ', "-")));
                command
            }),
        }
    };
    let push = Contender {
        name: "oras push (no checks)".into(),
        command: Box::new(|round| {
            let mut command = Command::new(&oras);
            command
                .args(["push", "--plain-http", "--disable-path-validation"])
                .arg(format!("{host}/oras/r{round}:1"))
                .arg(format!("{}:archive/zip", path.display()));
            command
        }),
    };
    race(
        &format!(
            "publish a stored package of {} to distribution 3",
            bytes(size)
        ),
        7,
        &mut [
            ours("checksums file", release.clone()),
            ours("alone", alone.clone()),
            push,
        ],
    );
}

fn sha256(path: &Path) -> String {
    let mut hasher = Hasher::sha256();
    hasher.update(&std::fs::read(path).unwrap());
    hasher.finish().encoded().to_owned()
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
