//! `serve`: what it says, what it refuses, how it ends.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Stdio};

use tofu_oci_testkit::Sandbox;

use crate::{check, published, sandbox};

/// A server of the program, ended when it is dropped.
struct Serving {
    child: Child,
    stderr: BufReader<ChildStderr>,
    scheme: String,
    address: String,
}

impl Serving {
    fn start(sandbox: &Sandbox, flags: &str) -> Self {
        let line = format!("serve --listen 127.0.0.1:0 {flags}");
        let mut command = sandbox.command(&line.split_whitespace().collect::<Vec<_>>());
        let command = command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        let (scheme, address) = loop {
            line.clear();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended");
            if let Some(url) = line.strip_prefix("listening on ") {
                let (scheme, address) = url.trim_end().split_once("://").unwrap();
                break (scheme.to_owned(), address.to_owned());
            }
        };
        Self {
            child,
            stderr,
            scheme,
            address,
        }
    }

    /// The answer to a GET.
    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let host = &self.address;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Ends it as a supervisor does; its exit status and what it said until then.
    #[cfg(unix)]
    fn end(mut self) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        let kill = std::process::Command::new("kill")
            .args(["-TERM", &id])
            .status();
        assert!(kill.unwrap().success());
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
#[test]
fn what_was_published_is_served() {
    let sandbox = published();
    let server = Serving::start(&sandbox, "--data registry");
    assert_eq!(server.scheme, "http");
    assert!(server.get("/healthz").ends_with("ok\n"));
    let tags = server.get("/v2/acme/demo/tags/list");
    assert!(
        tags.contains(r#"{"name":"acme/demo","tags":["1.2.3"]}"#),
        "{tags}"
    );
    let (status, said) = server.end();
    assert_eq!(status, Some(0));
    assert!(
        said.contains("path=\"/v2/acme/demo/tags/list\" status=200"),
        "{said}"
    );
    assert!(
        said.ends_with("finishing requests; once more stops at once\n"),
        "{said}"
    );
}

#[cfg(unix)]
#[test]
fn the_log_can_be_json_or_silent() {
    let sandbox = sandbox();
    let server = Serving::start(&sandbox, "--data new --json");
    assert!(server.get("/v2/").starts_with("HTTP/1.1 200"));
    let (_, said) = server.end();
    let line: serde_json::Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&line["method"], &line["status"]),
        (&"GET".into(), &200.into())
    );
    let server = Serving::start(&sandbox, "--data new --quiet --sync off");
    assert!(server.get("/v2/").starts_with("HTTP/1.1 200"));
    let (status, said) = server.end();
    assert_eq!(status, Some(0));
    assert_eq!(said, "finishing requests; once more stops at once\n");
}

#[cfg(unix)]
#[test]
fn a_log_that_nobody_reads_stops_nobody() {
    // More than a pipe and what may wait.
    const REQUESTS: usize = 1000;
    let sandbox = sandbox();
    let server = Serving::start(&sandbox, "--data new");
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let wait = std::time::Duration::from_secs(60);
    stream.set_read_timeout(Some(wait)).unwrap();
    let (host, path) = (&server.address, "x".repeat(2000));
    let request = format!("HEAD /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    for _ in 0..REQUESTS {
        stream.write_all(request.as_bytes()).unwrap();
        let mut line = String::new();
        answers.read_line(&mut line).unwrap();
        assert!(line.starts_with("HTTP/1.1 404"), "{line:?}");
        while line != "\r\n" {
            line.clear();
            answers.read_line(&mut line).unwrap();
        }
    }
    drop((stream, answers));
    let (status, said) = server.end();
    assert_eq!(status, Some(0));
    let told = said.lines().filter(|line| line.contains(&path)).count();
    let lost: usize = said
        .lines()
        .filter_map(|line| line.split_once("lost=")?.1.parse::<usize>().ok())
        .sum();
    assert!(
        lost > 0 && told + lost == REQUESTS,
        "{told} told, {lost} lost"
    );
}

#[test]
fn an_authority_of_its_own() {
    let sandbox = sandbox();
    let server = Serving::start(&sandbox, "--data new --tls local --tls-name registry.test");
    assert_eq!(server.scheme, "https");
    drop(server);
    let pem = sandbox.read("new/tls/ca.pem");
    let again = Serving::start(&sandbox, "--data new --tls local");
    assert_eq!(sandbox.read("new/tls/ca.pem"), pem);
    drop(again);
    check!(sandbox, "serve --data new --listen 127.0.0.1:0 --tls local --tls-name other.test", @r#"
    exit 1
    -- stderr
    error[tls-invalid]: the authority in `new/tls` may not vouch for other.test
      hint: an authority vouches for the names it was made for; remove its directory to make one for all names, and tell every client of it
    "#);
}

#[test]
fn what_cannot_be_served() {
    let sandbox = published();
    sandbox.write("users", "alice:$apr1$x$y\n");
    check!(sandbox, "serve --data registry --htpasswd users", @r#"
    exit 2
    -- stderr
    error[access-invalid]: the password of "alice" (line 1 of the password file) is not hashed with bcrypt
      hint: `htpasswd -B FILE "alice"` hashes it so
    "#);
    check!(sandbox, "serve --data registry --htpasswd absent", @r#"
    exit 1
    -- stderr
    error[file-not-found]: failed to open file `absent`: No such file or directory (os error 2)
      hint: check the path; it starts at the directory in which the command runs
    "#);
    sandbox.write(
        "users",
        "alice:$2y$05$bvIG6Nmid91Mu9RcmmWZfO5HJIMCT8riNW0hEp8f6/FuA2/mHZFpe\n",
    );
    check!(sandbox, "serve --data registry --htpasswd users --readers bob", @r#"
    exit 2
    -- stderr
    error[access-invalid]: "bob" is to be a reader and is no user
      hint: `--readers` takes names from the file of `--htpasswd`
    "#);
    check!(sandbox, "serve --data registry --htpasswd users --listen 0.0.0.0:0", @r#"
    exit 2
    -- stderr
    error[access-invalid]: passwords would travel over the network without encryption
      hint: add `--tls local`, or `--tls-cert` and `--tls-key`, or listen on 127.0.0.1
    "#);
    check!(sandbox, "serve --data registry/acme/demo", @r#"
    exit 2
    -- stderr
    error[usage]: registry/acme/demo is itself one layout
      hint: name the directory that it lies in, or an empty one
    "#);
    check!(sandbox, "serve --data users", @r#"
    exit 2
    -- stderr
    error[usage]: users is no directory
      hint: name a directory; one that is not there is created
    "#);
    check!(sandbox, "serve --data registry --tls-cert users", @r#"
    exit 2
    -- stderr
    error: the following required arguments were not provided:
      --tls-key <FILE>

    Usage: tofu-oci serve --data <DIR> --tls-cert <FILE> --tls-key <FILE> --jobs <N>

    For more information, try '--help'.
    "#);
    check!(sandbox, "serve --data registry --tls-cert users --tls-key users", @r#"
    exit 1
    -- stderr
    error[tls-invalid]: there is no certificate in the file of certificates
      hint: the file has the server's certificate first, then its issuers, as PEM
    "#);
    check!(sandbox, "serve --data registry --listen nowhere", @r#"
    exit 2
    -- stderr
    error: invalid value 'nowhere' for '--listen <ADDR:PORT>': the form is ADDR:PORT, such as 127.0.0.1:5000 or [::1]:0

    For more information, try '--help'.
    "#);
}
