//! Lines that wait until they can be written.
//!
//! Whoever reads standard error may stop reading. The pipe fills up, and every thread that writes to it stands
//! still. So lines of a server go to a queue that a thread of its own empties; what does not fit is counted.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How many bytes may wait.
const LIMIT: usize = 256 * 1024;

/// The queue. A clone is the same one.
#[derive(Debug, Clone)]
pub(crate) struct LogQueue(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    /// How many lines did not fit since that was told last.
    lost: u64,
    /// Whether something was taken out that is not written yet.
    writing: bool,
}

impl LogQueue {
    /// A queue whose lines go to `out`; `lost` is told how many did not fit, once there is room again.
    ///
    /// # Errors
    ///
    /// No thread can be had.
    pub(crate) fn start(
        mut out: impl Write + Send + 'static,
        lost: impl Fn(u64) + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let queue = Self(Arc::clone(&shared));
        let write = move || {
            loop {
                let (lines, missing) = shared.take();
                // There is nobody to tell when that fails.
                let _ = out.write_all(&lines).and_then(|()| out.flush());
                if missing > 0 {
                    lost(missing);
                }
            }
        };
        thread::Builder::new().name("log".to_owned()).spawn(write)?;
        Ok(queue)
    }

    /// Takes lines, or counts them as one that is lost.
    pub(crate) fn push(&self, lines: &[u8]) {
        let mut state = self.0.state();
        if state.waiting.len() + lines.len() > LIMIT {
            state.lost += 1;
        } else {
            state.waiting.extend_from_slice(lines);
        }
        self.0.changed.notify_all();
    }

    /// Takes a line that must not be lost.
    pub(crate) fn say(&self, line: &str) {
        self.0.state().waiting.extend_from_slice(line.as_bytes());
        self.0.changed.notify_all();
    }

    /// Waits until everything is written, but no longer than `time`.
    pub(crate) fn drain(&self, time: Duration) {
        let left = |state: &mut State| state.writing || !state.waiting.is_empty();
        let changed = &self.0.changed;
        drop(changed.wait_timeout_while(self.0.state(), time, left));
    }
}

impl Shared {
    /// Whoever panicked with it left bytes and counters.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that waits, once there is something. What was taken before counts as written.
    fn take(&self) -> (Vec<u8>, u64) {
        let mut state = self.state();
        state.writing = false;
        self.changed.notify_all();
        let empty = |state: &mut State| state.waiting.is_empty() && state.lost == 0;
        let mut state = self
            .changed
            .wait_while(state, empty)
            .unwrap_or_else(PoisonError::into_inner);
        state.writing = true;
        let lost = std::mem::take(&mut state.lost);
        (std::mem::take(&mut state.waiting), lost)
    }
}

/// Each call takes whole lines.
impl Write for LogQueue {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.push(lines);
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

    use super::*;

    /// Takes a piece each time it is let.
    struct Stalled {
        go: Receiver<()>,
        taken: Sender<Vec<u8>>,
    }

    impl Write for Stalled {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.go.recv();
            let _ = self.taken.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn stalled() -> (LogQueue, SyncSender<()>, Receiver<Vec<u8>>, Receiver<u64>) {
        let (let_go, go) = sync_channel(16);
        let (taken, pieces) = channel();
        let (tell, told) = channel();
        let queue = LogQueue::start(Stalled { go, taken }, move |lost| tell.send(lost).unwrap());
        (queue.unwrap(), let_go, pieces, told)
    }

    #[test]
    fn whoever_writes_does_not_wait_and_what_is_lost_is_counted() {
        let (queue, go, pieces, told) = stalled();
        let line = vec![b'x'; LIMIT / 4];
        queue.push(b"first\n");
        // Until it is taken out.
        while !queue.0.state().waiting.is_empty() {
            thread::yield_now();
        }
        // Four fit, and two do not.
        for _ in 0..6 {
            queue.push(&line);
        }
        queue.say("said\n");
        queue.drain(Duration::ZERO);
        for _ in 0..3 {
            go.send(()).unwrap();
        }
        assert_eq!(pieces.recv().unwrap(), b"first\n");
        let second = pieces.recv().unwrap();
        assert_eq!(second.len(), LIMIT + "said\n".len());
        assert!(second.ends_with(b"said\n"));
        assert_eq!(told.recv().unwrap(), 2);
        queue.drain(Duration::MAX);
    }
}
