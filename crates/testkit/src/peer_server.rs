//! Servers that are programs of their own: ours, and registries of others.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use crate::Sandbox;

/// How long a server may take until it accepts connections.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked whether it does.
const POLL: Duration = Duration::from_millis(5);

/// A server that runs as a process until this is dropped.
#[derive(Debug)]
pub struct PeerServer {
    child: Child,
    address: SocketAddr,
    scheme: String,
    said: Arc<Mutex<String>>,
}

impl PeerServer {
    /// `tofu-oci serve` over `data` on a free port, with more flags, the program being the sandbox's.
    pub fn serve(sandbox: &Sandbox, data: impl AsRef<Path>, flags: &str) -> Self {
        let mut command = sandbox.command(&["serve", "--listen", "127.0.0.1:0", "--data"]);
        command
            .arg(sandbox.join(data))
            .args(flags.split_whitespace());
        Self::announced(&mut command)
    }

    /// A server that says `listening on SCHEME://ADDR` on standard error once it accepts connections.
    pub fn announced(command: &mut Command) -> Self {
        let mut child = spawn(command);
        let (tell, told) = mpsc::channel();
        let said = drain(&mut child, move |line| {
            if let Some(url) = line.strip_prefix("listening on ") {
                // Whoever asked may have given up.
                let _ = tell.send(url.to_owned());
            }
        });
        let url = told.recv_timeout(PATIENCE).unwrap_or_else(|_| {
            let _ = child.kill();
            panic!("{command:?} does not listen: {}", text(&said))
        });
        let (scheme, address) = url.split_once("://").unwrap();
        Self {
            child,
            address: address.parse().unwrap(),
            scheme: scheme.to_owned(),
            said,
        }
    }

    /// A server that has to be told its address, by which `scheme` is spoken. Another process may take the port
    /// first; then the server ends, and the next port is tried.
    pub fn on_a_free_port(scheme: &str, mut command: impl FnMut(SocketAddr) -> Command) -> Self {
        const PORTS: usize = 5;
        let mut last = String::new();
        for _ in 0..PORTS {
            let address = free_port();
            let mut command = command(address);
            let mut child = spawn(&mut command);
            let said = drain(&mut child, |_| ());
            if accepts(&mut child, address) {
                return Self {
                    child,
                    address,
                    scheme: scheme.to_owned(),
                    said,
                };
            }
            let _ = child.kill();
            let _ = child.wait();
            last = format!("{command:?} does not listen: {}", text(&said));
        }
        panic!("{last}");
    }

    /// The host, with its port.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// `http://HOST` or `https://HOST`.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// The process, for those who look at its memory.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to standard error so far.
    pub fn said(&self) -> String {
        text(&self.said)
    }
}

impl Drop for PeerServer {
    fn drop(&mut self) {
        // One that ended by itself is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(command: &mut Command) -> Child {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Reads standard error to its end on a thread: a pipe that nobody reads stops its writer.
fn drain(child: &mut Child, line: impl Fn(&str) + Send + 'static) -> Arc<Mutex<String>> {
    let said = Arc::<Mutex<String>>::default();
    let stream = BufReader::new(child.stderr.take().unwrap());
    let kept = Arc::clone(&said);
    std::thread::spawn(move || {
        for text in stream.lines().map_while(Result::ok) {
            line(&text);
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push_str(&text);
            kept.push('\n');
        }
    });
    said
}

fn text(said: &Mutex<String>) -> String {
    said.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn free_port() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap()
}

/// Waits until connections are accepted; false when the process ended first.
fn accepts(child: &mut Child, address: SocketAddr) -> bool {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if TcpStream::connect_timeout(&address, PATIENCE).is_ok() {
            return true;
        }
        std::thread::sleep(POLL);
    }
    false
}
