//! Many clients at once.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::Barrier;
use std::time::Instant;

use tofu_oci_testkit::{PeerRegistry, PeerServer, Sandbox, Zip, ZipEntry};

use crate::support::{PROGRAM, peer, resident, run};
use crate::{answered, publish};

const CLIENTS: usize = 1000;

/// A thousand clients that connect, and then all ask at once.
pub fn at_once(work: &Path, sandbox: &Sandbox) {
    let data = work.join("crowd");
    publish(work, &data, "1.0.0");
    let ours = PeerServer::serve(sandbox, &data, "");
    println!("\n{CLIENTS} clients read a manifest at once, three times");
    let mut servers = vec![("serve", &ours)];
    let theirs = peer("registry").map(|program| {
        let theirs = PeerRegistry::new(program, work.join("crowd-theirs")).start();
        let zip = work.join("terraform-provider-demo_1.0.0_linux_amd64.zip");
        Zip::new()
            .entry(ZipEntry::executable(
                "terraform-provider-demo_v1.0.0",
                "#!/bin/sh\n",
            ))
            .write(&zip);
        run(Command::new(PROGRAM)
            .args(["publish", "provider"])
            .arg(&zip)
            .arg(format!("{}/acme/demo", theirs.host())));
        theirs
    });
    servers.extend(theirs.as_ref().map(|server| ("distribution 3", server)));
    for _ in 0..3 {
        for (name, server) in &servers {
            let (host, ready) = (server.host(), Barrier::new(CLIENTS + 1));
            let (errors, time) = std::thread::scope(|scope| {
                let clients: Vec<_> = (0..CLIENTS)
                    .map(|_| {
                        let client = || {
                            let stream = TcpStream::connect(&host);
                            ready.wait();
                            stream.is_ok_and(|mut stream| {
                                answered(&mut stream, &host, "/v2/acme/demo/manifests/1.0.0")
                            })
                        };
                        std::thread::Builder::new()
                            .stack_size(64 * 1024)
                            .spawn_scoped(scope, client)
                            .unwrap()
                    })
                    .collect();
                ready.wait();
                let start = Instant::now();
                let answers = clients.into_iter().map(|client| client.join().unwrap());
                let errors = answers.filter(|good| !good).count();
                (errors, start.elapsed())
            });
            let (_, most) = resident(server.id());
            println!(
                "  {name:<28} {:>8.1} ms  {errors} errors  {:>7.1} MB resident at most",
                time.as_secs_f64() * 1e3,
                most as f64 / 1e6
            );
        }
    }
}

/// A thousand clients whose connections stay open, and who ask again and again.
pub fn kept(work: &Path, sandbox: &Sandbox) {
    const ROUNDS: usize = 5;
    let data = work.join("kept");
    publish(work, &data, "1.0.0");
    let server = PeerServer::serve(sandbox, &data, "");
    let host = server.host();
    let request = format!("GET /v2/acme/demo/manifests/1.0.0 HTTP/1.1\r\nHost: {host}\r\n\r\n");
    println!("\n{CLIENTS} clients read a manifest at once and stay, {ROUNDS} times");
    let mut streams: Vec<_> = (0..CLIENTS)
        .map(|_| TcpStream::connect(&host).unwrap())
        .collect();
    let tell = |what: &str, errors: usize| {
        let (now, most) = resident(server.id());
        println!(
            "  {what:<28} {errors} errors  {:>7.1} MB resident, {:.1} MB at most",
            now as f64 / 1e6,
            most as f64 / 1e6
        );
    };
    tell("all connected", 0);
    for round in 1..=ROUNDS {
        for stream in &mut streams {
            // What was closed is counted when it is read.
            let _ = stream.write_all(request.as_bytes());
        }
        let answers = streams.iter_mut().map(answered_open);
        let errors = answers.filter(|good| !good).count();
        tell(&format!("round {round}"), errors);
    }
}

/// Reads an answer of known length on a connection that stays; whether it was 200 and came to its end.
fn answered_open(stream: &mut TcpStream) -> bool {
    let mut reader = BufReader::new(stream);
    let (mut line, mut good, mut length) = (String::new(), false, 0);
    while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
        good |= line.starts_with("HTTP/1.1 200");
        if line == "\r\n" {
            return good && reader.read_exact(&mut vec![0; length]).is_ok();
        }
        if let Some((name, value)) = line.split_once(": ")
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim_end().parse().unwrap();
        }
        line.clear();
    }
    false
}
