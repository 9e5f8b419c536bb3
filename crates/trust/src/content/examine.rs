//! The same pass, driven from a file, on one thread or on three.

use std::fs::File;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use tofu_oci_types::oci::{Digest, Hasher};

use super::check::Check;
use super::inflate::{BUFFER, Inflate, Unpacked};
use super::{ContentCheck, EntrySink, Examined, HashZip};
use crate::TrustError;
use crate::file_at::read_full_at;
use crate::zip::Archive;

/// How a file is examined.
#[derive(Default)]
pub struct Examine<'a> {
    /// Whether the digest of the zip itself is taken too.
    pub digest: HashZip,
    /// On how many threads.
    pub threads: Threads,
    /// Called with the number of bytes of the zip that were taken since the last call.
    pub progress: Option<&'a mut (dyn FnMut(u64) + Send)>,
}

/// On how many threads a zip is examined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Threads {
    /// The caller's: best where there are as many zips as cores.
    #[default]
    One,
    /// The caller's inflates, a second hashes and writes entries, a third hashes the zip: best
    /// for one big zip on an otherwise idle machine.
    Pipelined,
}

impl std::fmt::Debug for Examine<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Examine")
            .field("digest", &self.digest)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

/// Reads all of `file`, checks the content of `archive`, hands entries to `sink`.
///
/// Blocks; the caller chooses the thread.
///
/// # Errors
///
/// What [`ContentCheck`] refuses, and errors of reading.
pub fn examine(
    file: &File,
    archive: &Arc<Archive>,
    sink: Box<dyn EntrySink + Send>,
    options: Examine<'_>,
) -> Result<Examined, TrustError> {
    match options.threads {
        Threads::One => on_one_thread(file, archive, sink, options),
        Threads::Pipelined => pipelined(file, archive, sink, options),
    }
}

fn on_one_thread(
    file: &File,
    archive: &Arc<Archive>,
    sink: Box<dyn EntrySink + Send>,
    mut options: Examine<'_>,
) -> Result<Examined, TrustError> {
    let mut check = ContentCheck::new(Arc::clone(archive), sink, options.digest);
    let mut buffer = vec![0; BUFFER];
    let mut offset = 0;
    loop {
        let read = read_full_at(file, &mut buffer, offset).map_err(TrustError::Read)?;
        let Some(chunk) = buffer.get(..read).filter(|chunk| !chunk.is_empty()) else {
            break;
        };
        check.feed(chunk)?;
        offset += read as u64;
        report(&mut options, read);
    }
    check.finish()
}

fn report(options: &mut Examine<'_>, read: usize) {
    if let Some(progress) = &mut options.progress {
        progress(read as u64);
    }
}

/// How many buffers may wait in front of a thread.
const DEPTH: usize = 4;

fn pipelined(
    file: &File,
    archive: &Arc<Archive>,
    sink: Box<dyn EntrySink + Send>,
    options: Examine<'_>,
) -> Result<Examined, TrustError> {
    let inflate = Inflate::new(Arc::clone(archive));
    let mut check = Check::new(Arc::clone(archive), sink);
    thread::scope(|scope| {
        let (to_check, for_check) = sync_channel(DEPTH);
        let (recycle, recycled) = sync_channel(DEPTH + 2);
        let checker = spawn(scope, move || {
            run_check(&mut check, &for_check, &recycle)?;
            Ok(check.finish())
        })?;
        let mut hand_over = HandOver { to_check, recycled };
        let (walked, zip) = match options.digest {
            HashZip::No => (walk(file, inflate, &mut hand_over, options, None), Ok(None)),
            HashZip::Yes => {
                let (to_hash, for_hash) = sync_channel::<Arc<Vec<u8>>>(DEPTH);
                let (free, freed) = sync_channel(DEPTH + 2);
                let hasher = spawn(scope, move || Ok(run_hash(&for_hash, &free)))?;
                let ring = Ring { to_hash, freed };
                let walked = walk(file, inflate, &mut hand_over, options, Some(&ring));
                // The hasher ends when nothing can come any more.
                drop(ring);
                (walked, join(hasher).map(Some))
            }
        };
        // And so does the checker.
        drop(hand_over);
        let checked = join(checker);
        // An error of the checker is the reason that the walk could not go on.
        match (walked, checked) {
            (Ok(()), Ok(content)) => Ok(Examined { content, zip: zip? }),
            (Err(error), Ok(_)) | (_, Err(error)) => Err(error),
        }
    })
}

fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    run: impl FnOnce() -> Result<T, TrustError> + Send + 'scope,
) -> Result<thread::ScopedJoinHandle<'scope, Result<T, TrustError>>, TrustError> {
    thread::Builder::new()
        .spawn_scoped(scope, run)
        .map_err(TrustError::Worker)
}

fn join<T>(thread: thread::ScopedJoinHandle<'_, Result<T, TrustError>>) -> Result<T, TrustError> {
    thread.join().unwrap_or_else(|_| Err(ended_early()))
}

fn ended_early() -> TrustError {
    TrustError::Worker(std::io::ErrorKind::BrokenPipe.into())
}

/// The way of the bytes of the zip to the thread that hashes them, and back.
struct Ring {
    to_hash: SyncSender<Arc<Vec<u8>>>,
    freed: Receiver<Arc<Vec<u8>>>,
}

/// Reads the file and unpacks it into `out`.
fn walk(
    file: &File,
    mut inflate: Inflate,
    out: &mut HandOver,
    mut options: Examine<'_>,
    ring: Option<&Ring>,
) -> Result<(), TrustError> {
    let mut offset = 0;
    let mut made = 0;
    let mut own = Arc::new(Vec::new());
    loop {
        // The hasher sends back what it has hashed, and by then this thread has dropped its own
        // handle, so the buffer can be filled again.
        let mut buffer = match ring {
            Some(ring) if made > DEPTH => ring.freed.recv().map_err(|_| ended_early())?,
            Some(_) => Arc::new(Vec::new()),
            None => std::mem::take(&mut own),
        };
        made += 1;
        let filling = Arc::make_mut(&mut buffer);
        filling.resize(BUFFER, 0);
        let read = read_full_at(file, filling, offset).map_err(TrustError::Read)?;
        if read == 0 {
            break;
        }
        filling.truncate(read);
        if let Some(ring) = ring {
            ring.to_hash
                .send(Arc::clone(&buffer))
                .map_err(|_| ended_early())?;
        }
        inflate.feed(&buffer, out)?;
        offset += read as u64;
        report(&mut options, read);
        if ring.is_none() {
            own = buffer;
        }
    }
    inflate.finish()
}

fn run_hash(buffers: &Receiver<Arc<Vec<u8>>>, free: &SyncSender<Arc<Vec<u8>>>) -> Digest {
    let mut hasher = Hasher::sha256();
    for buffer in buffers {
        hasher.update(&buffer);
        // Nobody wants buffers back at the end.
        let _ = free.try_send(buffer);
    }
    hasher.finish()
}

enum Part {
    Begin(usize),
    Data(Vec<u8>),
    End,
}

/// Sends what is unpacked to the thread that checks it.
struct HandOver {
    to_check: SyncSender<Part>,
    recycled: Receiver<Vec<u8>>,
}

impl HandOver {
    fn send(&mut self, part: Part) -> Result<(), TrustError> {
        self.to_check.send(part).map_err(|_| ended_early())
    }

    fn empty(&mut self) -> Vec<u8> {
        let mut buffer = self.recycled.try_recv().unwrap_or_default();
        buffer.clear();
        buffer.reserve_exact(BUFFER);
        buffer
    }
}

impl Unpacked for HandOver {
    fn begin(&mut self, index: usize) -> Result<(), TrustError> {
        self.send(Part::Begin(index))
    }

    fn stored(&mut self, data: &[u8]) -> Result<(), TrustError> {
        for piece in data.chunks(BUFFER) {
            let mut buffer = self.empty();
            buffer.extend_from_slice(piece);
            self.send(Part::Data(buffer))?;
        }
        Ok(())
    }

    fn inflated(&mut self, buffer: &mut Vec<u8>) -> Result<(), TrustError> {
        let full = std::mem::replace(buffer, self.empty());
        self.send(Part::Data(full))
    }

    fn end(&mut self) -> Result<(), TrustError> {
        self.send(Part::End)
    }
}

fn run_check(
    check: &mut Check,
    parts: &Receiver<Part>,
    recycle: &SyncSender<Vec<u8>>,
) -> Result<(), TrustError> {
    for part in parts {
        match part {
            Part::Begin(index) => check.begin(index)?,
            Part::Data(buffer) => {
                check.stored(&buffer)?;
                let _ = recycle.try_send(buffer);
            }
            Part::End => check.end()?,
        }
    }
    Ok(())
}
