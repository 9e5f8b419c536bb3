//! A line between client and registry that can be cut.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// What goes wrong with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireFault {
    /// It is reset before a byte went over it.
    Refuse,
    /// It is reset after so many bytes from the registry.
    Reset(usize),
    /// It ends after so many bytes from the client, of which the registry gets all.
    CutUp(usize),
    /// It ends after so many bytes from the registry.
    CutDown(usize),
    /// After so many bytes from the registry nothing comes, for as long as the client waits.
    Stall(usize),
}

#[derive(Debug, Default)]
struct Plan {
    faults: Vec<(usize, WireFault)>,
    connections: usize,
    met: Vec<String>,
}

/// Connections to a registry that lead through here, some of them not to their end.
#[derive(Debug)]
pub struct Wire {
    host: String,
    plan: Arc<Mutex<Plan>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Wire {
    /// A line to `registry` (host and port). Of its connections, counted from 0, some have faults.
    pub fn before(registry: &str, faults: Vec<(usize, WireFault)>) -> Self {
        let plan = Arc::new(Mutex::new(Plan {
            faults,
            ..Plan::default()
        }));
        let target: SocketAddr = registry.parse().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, address) = std::sync::mpsc::channel();
        let shared = Arc::clone(&plan);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                let accept = async {
                    while let Ok((client, _)) = listener.accept().await {
                        let fault = lock(&shared).next();
                        tokio::spawn(join(client, target, fault));
                    }
                };
                tokio::select! {
                    () = accept => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            host: address.recv().unwrap().to_string(),
            plan,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// The host, with its port, that stands for the registry.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The faults that connections had so far.
    pub fn met(&self) -> Vec<String> {
        lock(&self.plan).met.clone()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Plan {
    fn next(&mut self) -> Option<WireFault> {
        let now = self.connections;
        self.connections += 1;
        let (_, fault) = self.faults.iter().find(|(at, _)| *at == now)?;
        self.met.push(format!("connection {now}: {fault:?}"));
        Some(*fault)
    }
}

fn lock(plan: &Mutex<Plan>) -> std::sync::MutexGuard<'_, Plan> {
    plan.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Carries bytes both ways until one side ends or the fault strikes. What fails is what the client is to live with.
async fn join(client: TcpStream, target: SocketAddr, fault: Option<WireFault>) {
    if fault == Some(WireFault::Refuse) {
        let _ = client.set_zero_linger();
        return;
    }
    let Ok(registry) = TcpStream::connect(target).await else {
        return;
    };
    let (mut up, mut down) = (usize::MAX, usize::MAX);
    match fault {
        Some(WireFault::CutUp(bytes)) => up = bytes,
        Some(WireFault::CutDown(bytes) | WireFault::Reset(bytes) | WireFault::Stall(bytes)) => {
            down = bytes;
        }
        Some(WireFault::Refuse) | None => {}
    }
    {
        let (mut client_read, mut client_write) = client.into_split();
        let (mut registry_read, mut registry_write) = registry.into_split();
        let ended = {
            let up = carry(&mut client_read, &mut registry_write, up);
            let down = carry(&mut registry_read, &mut client_write, down);
            tokio::select! {
                ended = up => ended,
                ended = down => ended,
            }
        };
        if ended == End::Fault && matches!(fault, Some(WireFault::Stall(_))) {
            // The client goes when it has waited long enough.
            let mut rest = [0; 1024];
            while matches!(client_read.read(&mut rest).await, Ok(1..)) {}
        }
        if ended == End::Fault
            && matches!(fault, Some(WireFault::Reset(_)))
            && let Ok(client) = client_read.reunite(client_write)
        {
            let _ = client.set_zero_linger();
        }
    }
}

#[derive(PartialEq, Eq)]
enum End {
    /// One side closed.
    Closed,
    /// The bytes that were allowed are used up.
    Fault,
}

async fn carry(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl tokio::io::AsyncWrite + Unpin),
    mut allowed: usize,
) -> End {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        if allowed == 0 {
            return End::Fault;
        }
        let room = buffer.len().min(allowed);
        let read = match from.read(&mut buffer[..room]).await {
            Ok(read @ 1..) => read,
            Ok(_) | Err(_) => return End::Closed,
        };
        allowed -= read;
        if to.write_all(&buffer[..read]).await.is_err() {
            return End::Closed;
        }
    }
}
