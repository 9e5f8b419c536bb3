//! The embedded registry beside the one of the distribution project: large blobs in and out, many clients at once,
//! many repositories, many versions. `cargo bench -p tofu-oci-cli --bench registry`
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    unreachable_pub
)]

#[path = "registry/crowd.rs"]
mod crowd;
mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use support::{Contender, PROGRAM, bytes, large, peer, race, real_binary, resident, run};
use tofu_oci::types::oci::Hasher;
use tofu_oci_testkit::{PeerRegistry, PeerServer, Sandbox, Zip, ZipEntry};

fn main() {
    let work = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::new(PROGRAM);
    match peer("curl") {
        Some(_) => blobs(work.path(), &sandbox),
        None => println!("SKIPPED blobs: curl is not on the PATH"),
    }
    versions(work.path(), &sandbox);
    crowd::at_once(work.path(), &sandbox);
    crowd::kept(work.path(), &sandbox);
    repositories(work.path(), &sandbox);
}

/// A blob, and where it lies.
struct Blob {
    path: PathBuf,
    digest: String,
}

impl Blob {
    fn new(path: PathBuf, size: usize) -> Self {
        let binary = real_binary();
        let mut content = Vec::with_capacity(size + binary.len());
        while content.len() < size {
            content.extend_from_slice(&binary);
        }
        content.truncate(size);
        let mut hasher = Hasher::sha256();
        hasher.update(&content);
        std::fs::write(&path, content).unwrap();
        Self {
            path,
            digest: hasher.finish().to_string(),
        }
    }
}

fn curl(flags: &[&str]) -> Command {
    let mut command = Command::new("curl");
    command
        .args(["--silent", "--fail", "--insecure"])
        .args(flags);
    command
}

/// Begins an upload; where it goes on, with the digest.
fn location(url: &str, repository: &str, digest: &str) -> String {
    let start = format!("{url}/v2/{repository}/blobs/uploads/");
    let output = curl(&["--request", "POST", "--dump-header", "-", &start])
        .output()
        .unwrap();
    let head = String::from_utf8(output.stdout).unwrap();
    let location = head
        .lines()
        .find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("location").then_some(value)
        })
        .unwrap_or_else(|| panic!("{start}: {head}"));
    let absolute = match location.starts_with('/') {
        true => format!("{url}{location}"),
        false => location.to_owned(),
    };
    let mark = if absolute.contains('?') { '&' } else { '?' };
    format!("{absolute}{mark}digest={digest}")
}

fn put<'a>(name: &str, server: &'a PeerServer, blob: &'a Blob, http: &'a str) -> Contender<'a> {
    let repository = name.replace([' ', ','], "");
    Contender {
        name: name.to_owned(),
        command: Box::new(move |round| {
            put_into(server, &format!("{repository}/r{round}"), blob, http)
        }),
    }
}

/// As [`put`], into a server that begins with nothing in each round. What was taken before is gone then: the memory
/// that the system kept it in is free for all contenders alike.
fn put_fresh<'a>(
    name: &str,
    dir: PathBuf,
    blob: &'a Blob,
    start: impl Fn(&Path) -> PeerServer + 'a,
) -> Contender<'a> {
    let mut running = None;
    Contender {
        name: name.to_owned(),
        command: Box::new(move |_| {
            drop(running.take());
            let _ = std::fs::remove_dir_all(&dir);
            let server = running.insert(start(&dir));
            put_into(server, "acme/demo", blob, "--http1.1")
        }),
    }
}

fn put_into(server: &PeerServer, repository: &str, blob: &Blob, http: &str) -> Command {
    let url = location(&server.url(), repository, &blob.digest);
    // What earlier runs left to the system is not to be written during this one.
    let _ = Command::new("sync").status();
    let mut command = curl(&[http, "--request", "PUT", "--output", "/dev/null"]);
    command
        .args(["--header", "Content-Type: application/octet-stream"])
        .arg("--upload-file")
        .arg(&blob.path)
        .arg(url);
    command
}

fn get<'a>(name: &str, server: &'a PeerServer, blob: &'a Blob, http: &'a str) -> Contender<'a> {
    Contender {
        name: name.to_owned(),
        command: Box::new(move |_| {
            let url = format!("{}/v2/get/blobs/{}", server.url(), blob.digest);
            curl(&[http, "--output", "/dev/null", &url])
        }),
    }
}

/// One large blob in and out, by the same client.
fn blobs(work: &Path, sandbox: &Sandbox) {
    const ROUNDS: usize = 5;
    let Some(program) = peer("registry") else {
        println!("SKIPPED blobs: registry is not on the PATH");
        return;
    };
    let size = large();
    let blob = Blob::new(work.join("blob"), size);
    let title = |what: &str| format!("{what} a blob of {}", bytes(size));
    let start = |name: &str, flags: &str| PeerServer::serve(sandbox, work.join(name), flags);
    let tell = |server: &PeerServer| {
        let (_, most) = resident(server.id());
        println!("  serve had at most {:.1} MB resident", most as f64 / 1e6);
    };

    match peer("zot") {
        Some(program) => race(
            &format!("{}, none synchronised", title("PUT")),
            ROUNDS,
            &mut [
                put_fresh("serve --sync off", work.join("fresh"), &blob, |dir| {
                    PeerServer::serve(sandbox, dir, "--sync off")
                }),
                put_fresh("zot", work.join("zot"), &blob, |dir| zot(&program, dir)),
            ],
        ),
        None => println!("SKIPPED zot: it is not on the PATH"),
    }
    let synced = start("synced", "");
    let loose = start("loose", "--sync off");
    let theirs = PeerRegistry::new(&program, work.join("plain")).start();
    race(
        &title("PUT"),
        ROUNDS,
        &mut [
            put("serve", &synced, &blob, "--http1.1"),
            put("serve --sync off", &loose, &blob, "--http1.1"),
            put("distribution 3", &theirs, &blob, "--http1.1"),
        ],
    );
    tell(&synced);
    copy_to_get(&[&synced, &theirs], &blob);
    race(
        &title("GET"),
        ROUNDS,
        &mut [
            get("serve", &synced, &blob, "--http1.1"),
            get("distribution 3", &theirs, &blob, "--http1.1"),
        ],
    );
    tell(&synced);
    drop((synced, loose, theirs));

    let Some((certificate, key)) = certificate(work) else {
        println!("SKIPPED blobs over TLS: openssl is not on the PATH");
        return;
    };
    let flags = format!(
        "--tls-cert {} --tls-key {}",
        certificate.display(),
        key.display()
    );
    let ours = start("encrypted", &flags);
    let theirs = PeerRegistry::new(&program, work.join("encrypted-theirs"))
        .certificate(&certificate, &key)
        .start();
    race(
        &title("PUT over TLS"),
        ROUNDS,
        &mut [
            put("serve", &ours, &blob, "--http1.1"),
            put("distribution 3", &theirs, &blob, "--http1.1"),
        ],
    );
    copy_to_get(&[&ours, &theirs], &blob);
    for http in ["--http1.1", "--http2"] {
        race(
            &title(&format!("GET over TLS, {http},")),
            ROUNDS,
            &mut [
                get("serve", &ours, &blob, http),
                get("distribution 3", &theirs, &blob, http),
            ],
        );
    }
    tell(&ours);
}

/// zot as it is when nothing is configured but where it listens and writes; it leaves the disk to the system.
fn zot(program: &Path, data: &Path) -> PeerServer {
    std::fs::create_dir_all(data).unwrap();
    let file = data.join("config.json");
    PeerServer::on_a_free_port("http", |address| {
        let configuration = serde_json::json!({
            "storage": { "rootDirectory": data.join("content") },
            "http": { "address": address.ip(), "port": address.port().to_string() },
            "log": { "level": "error" },
        });
        std::fs::write(&file, configuration.to_string()).unwrap();
        let mut command = Command::new(program);
        command.arg("serve").arg(&file);
        command
    })
}

/// Puts the blob where the reads look for it.
fn copy_to_get(servers: &[&PeerServer], blob: &Blob) {
    for server in servers {
        run(&mut put_into(server, "get", blob, "--http1.1"));
    }
}

/// A certificate of its own for 127.0.0.1, and its key.
fn certificate(work: &Path) -> Option<(PathBuf, PathBuf)> {
    let openssl = peer("openssl")?;
    let (certificate, key) = (work.join("server.pem"), work.join("server.key"));
    let status = Command::new(openssl)
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt"])
        .args(["ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=bench", "-addext"])
        .args(["subjectAltName=IP:127.0.0.1", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .stderr(Stdio::null())
        .status()
        .unwrap();
    status.success().then_some((certificate, key))
}

/// A small release of some version, published into a directory.
fn publish(work: &Path, data: &Path, version: &str) {
    let path = work.join(format!("terraform-provider-demo_{version}_linux_amd64.zip"));
    Zip::new()
        .entry(ZipEntry::executable(
            format!("terraform-provider-demo_v{version}"),
            format!("#!/bin/sh\n# {version}\n"),
        ))
        .write(&path);
    run(Command::new(PROGRAM)
        .args(["publish", "provider"])
        .arg(&path)
        .arg(format!("dir:{}//acme/demo", data.display())));
    std::fs::remove_file(path).unwrap();
}

/// Lists of a repository with a thousand versions.
fn versions(work: &Path, sandbox: &Sandbox) {
    let data = work.join("versions");
    for n in 0..1000 {
        publish(work, &data, &format!("1.0.{n}"));
    }
    let server = PeerServer::serve(sandbox, &data, "");
    let list = |name: &str, address: String| Contender {
        name: name.to_owned(),
        command: Box::new(move |_| {
            let mut command = Command::new(PROGRAM);
            command.args(["list", &address]);
            command
        }),
    };
    let mut contenders = vec![
        list("list dir:", format!("dir:{}//acme/demo", data.display())),
        list("list HOST/", format!("{}/acme/demo", server.host())),
    ];
    if peer("curl").is_some() {
        let url = format!("{}/v2/acme/demo/tags/list", server.url());
        contenders.push(Contender {
            name: "tags/list, by curl".into(),
            command: Box::new(move |_| curl(&["--output", "/dev/null", &url])),
        });
    }
    race("a repository with 1,000 versions", 10, &mut contenders);
    // Without the start of a program.
    let mut answers: Vec<f64> = (0..20)
        .map(|_| {
            let start = Instant::now();
            let mut stream = TcpStream::connect(server.host()).unwrap();
            assert!(answered(
                &mut stream,
                &server.host(),
                "/v2/acme/demo/tags/list"
            ));
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    answers.sort_by(f64::total_cmp);
    println!(
        "  tags/list by a connection of its own: min {:.1} ms, median {:.1} ms",
        answers[0],
        answers[answers.len() / 2]
    );
}

/// A GET on a connection that ends with the answer; whether it was 200 and came to its end.
fn answered(stream: &mut TcpStream, host: &str, path: &str) -> bool {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let mut answer = Vec::new();
    stream.write_all(request.as_bytes()).is_ok()
        && stream.read_to_end(&mut answer).is_ok()
        && answer.starts_with(b"HTTP/1.1 200")
}

/// A server over ten thousand repositories.
fn repositories(work: &Path, sandbox: &Sandbox) {
    const REPOSITORIES: usize = 10_000;
    let data = work.join("repositories");
    let one = work.join("one");
    publish(work, &one, "1.0.0");
    let mut files = Vec::new();
    let layout = one.join("acme/demo");
    collect(&layout, &layout, &mut files);
    for n in 0..REPOSITORIES {
        let to = data.join(format!("n{}/r{n}", n % 100));
        for file in &files {
            let path = to.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::hard_link(layout.join(file), path).unwrap();
        }
    }
    println!("\nserve over {REPOSITORIES} repositories");
    let mut times = Vec::new();
    let mut idle = 0;
    for _ in 0..5 {
        let start = Instant::now();
        let server = PeerServer::serve(sandbox, &data, "");
        times.push(start.elapsed().as_secs_f64() * 1e3);
        idle = resident(server.id()).0.max(idle);
    }
    times.sort_by(f64::total_cmp);
    println!(
        "  listens after min {:.1} ms, median {:.1} ms; {:.1} MB resident then",
        times[0],
        times[times.len() / 2],
        idle as f64 / 1e6
    );
    let server = PeerServer::serve(sandbox, &data, "");
    let mut asked = 0;
    let start = Instant::now();
    for n in (0..REPOSITORIES).step_by(10) {
        let path = format!("/v2/n{}/r{n}/manifests/1.0.0", n % 100);
        let mut stream = TcpStream::connect(server.host()).unwrap();
        asked += usize::from(answered(&mut stream, &server.host(), &path));
    }
    let time = start.elapsed().as_secs_f64() * 1e3;
    let (now, most) = resident(server.id());
    println!(
        "  {asked} of them read in {time:.0} ms; {:.1} MB resident then, {:.1} MB at most",
        now as f64 / 1e6,
        most as f64 / 1e6
    );
}

fn collect(base: &Path, dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => collect(base, &path, files),
            false => files.push(path.strip_prefix(base).unwrap().to_owned()),
        }
    }
}
