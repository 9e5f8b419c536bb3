//! Interrupts, which are Ctrl-C and being asked to end (`SIGTERM`).
//!
//! The first one stops what writes cleanly, the second one at once. What only reads, waits or prints is stopped at
//! once: there is nothing to be cleaned up. Either way the exit status is [`STATUS`], whichever signal it was.

use std::future::Future;
use std::process;
use std::sync::{Mutex, PoisonError};

use tokio::runtime::Builder;
use tokio::sync::oneshot;

use crate::diagnostic::{Code, Diagnostic, Failure};
use crate::log_queue::LogQueue;
use crate::printer::write_err;

/// The exit status of a run that was interrupted.
pub(crate) const STATUS: u8 = 130;

/// Why a command ended without its result.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It failed.
    Failed(Failure),
    /// The user stopped it.
    Interrupted,
}

impl<E> From<E> for Stop
where
    Failure: From<E>,
{
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// What the next interrupt leads to, other than the end. Signals are the process's, and so is this.
static ANSWER: Mutex<Option<Answer>> = Mutex::new(None);

type Answer = Box<dyn FnOnce() + Send>;

fn set_answer(answer: Option<Answer>) -> Option<Answer> {
    let mut held = ANSWER.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::replace(&mut held, answer)
}

/// From now on interrupts are answered here. Called once, before anything that takes long.
///
/// They have their own thread, so that they are heard whatever the others do.
pub(crate) fn listen() -> Result<(), Stop> {
    let runtime = Builder::new_current_thread()
        .enable_io()
        .build()
        .map_err(no_runtime)?;
    let mut interrupts = {
        let _inside = runtime.enter();
        Interrupts::listen().map_err(no_runtime)?
    };
    let answering = move || {
        loop {
            runtime.block_on(interrupts.next());
            match set_answer(None) {
                Some(answer) => answer(),
                None => process::exit(STATUS.into()),
            }
        }
    };
    std::thread::Builder::new()
        .name("interrupt".to_owned())
        .spawn(answering)
        .map_err(no_runtime)?;
    Ok(())
}

/// The first interrupt while it lives is told to somebody; the second one ends the process.
struct Watch;

impl Watch {
    fn begin(answer: impl FnOnce() + Send + 'static) -> (Self, oneshot::Receiver<()>) {
        let (tell, told) = oneshot::channel();
        let answer = move || {
            // Before the work hears of it: it may end the process at once.
            answer();
            let _ = tell.send(());
        };
        let _ = set_answer(Some(Box::new(answer)));
        (Self, told)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = set_answer(None);
    }
}

/// Runs work that only reads. An interrupt ends the process.
pub(crate) fn run_reading<T, E>(work: impl Future<Output = Result<T, E>>) -> Result<T, Stop>
where
    Failure: From<E>,
{
    // Small files are read faster than a thread falls asleep: more threads than processors only take turns.
    let threads = std::thread::available_parallelism().map_or(2, |cores| cores.get().max(2));
    let runtime = Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(threads)
        .build()
        .map_err(no_runtime)?;
    Ok(runtime.block_on(work)?)
}

/// Runs work that writes, on as many threads as there are processors.
///
/// On the first interrupt the work is dropped: what it was about to make disappears with it. That
/// may take as long as the files that are being written; on the second interrupt nothing waits.
pub(crate) fn run_writing<T, E>(work: impl Future<Output = Result<T, E>>) -> Result<T, Stop>
where
    Failure: From<E>,
{
    let runtime = Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(no_runtime)?;
    let answer = || write_err("interrupted: cleaning up; once more stops at once\n");
    let (_watch, interrupted) = Watch::begin(answer);
    let result = runtime.block_on(async {
        tokio::select! {
            result = work => Some(result),
            Ok(()) = interrupted => None,
        }
    });
    match result {
        Some(result) => Ok(result?),
        None => {
            // Waits for the threads that still hold files.
            drop(runtime);
            Err(Stop::Interrupted)
        }
    }
}

/// The wish of the user that a server ends.
#[derive(Debug)]
pub(crate) struct Shutdown(oneshot::Receiver<()>);

impl Shutdown {
    /// Ready when the user asked.
    pub(crate) async fn asked(self) {
        // It cannot be lost: whoever tells lives as long as the process.
        let _ = self.0.await;
    }
}

/// Runs a server, on as many threads as there are processors, until it ends by itself. The first
/// interrupt is its to see; on the second nothing waits.
///
/// What is said meanwhile goes to `log`.
pub(crate) fn run_serving<T, E, F>(
    log: LogQueue,
    serve: impl FnOnce(Shutdown) -> F,
) -> Result<T, Stop>
where
    F: Future<Output = Result<T, E>>,
    Failure: From<E>,
{
    /// How many files are worked on at once: each may hold a buffer and a descriptor.
    const BLOCKING: usize = 32;
    let runtime = Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING)
        .build()
        .map_err(no_runtime)?;
    let answer = move || log.say("finishing requests; once more stops at once\n");
    let (_watch, asked) = Watch::begin(answer);
    Ok(runtime.block_on(serve(Shutdown(asked)))?)
}

/// Ctrl-C, and being asked to end.
#[cfg(unix)]
struct Interrupts {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Interrupts {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Ctrl-C.
#[cfg(windows)]
struct Interrupts(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Interrupts {
    fn listen() -> std::io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) {
        self.0.recv().await;
    }
}

/// Why nothing can be done: there are no threads.
#[allow(
    clippy::needless_pass_by_value,
    reason = "it takes what `map_err` hands over"
)]
pub(crate) fn no_runtime(error: std::io::Error) -> Stop {
    let mut diagnostic = Diagnostic::new(Code::Io, "cannot start the threads of the program");
    diagnostic.causes.push(error.to_string());
    Stop::Failed(diagnostic.into())
}
