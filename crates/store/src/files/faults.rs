//! Observers for tests: count operations, let one fail, stop at one.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::{FileObserver, FileOp, Verdict};

/// Counts operations and lets all of them happen.
#[derive(Debug, Default)]
pub struct CountOps {
    seen: Mutex<Vec<Seen>>,
}

/// One operation that [`CountOps`] saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Which kind of operation.
    pub op: OpKind,
    /// The path; of two, the one that changes.
    pub path: std::path::PathBuf,
    /// Whether it changes what a later process finds.
    pub changes: bool,
}

/// The kinds of [`FileOp`], without their paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpKind {
    /// [`FileOp::Open`]
    Open,
    /// [`FileOp::Read`]
    Read,
    /// [`FileOp::Create`], [`FileOp::Clone`]
    Create,
    /// [`FileOp::Write`]
    Write,
    /// [`FileOp::Sync`], [`FileOp::SyncDir`]
    Sync,
    /// [`FileOp::Rename`], [`FileOp::Exchange`], [`FileOp::HardLink`], [`FileOp::Symlink`]
    Name,
    /// [`FileOp::ReadDir`]
    ReadDir,
    /// [`FileOp::Metadata`], [`FileOp::Space`]
    Metadata,
    /// Everything else.
    Other,
}

impl OpKind {
    fn of(op: &FileOp<'_>) -> Self {
        match op {
            FileOp::Open(_) => Self::Open,
            FileOp::Create(_) | FileOp::Clone { .. } => Self::Create,
            FileOp::Read { .. } => Self::Read,
            FileOp::Write { .. } => Self::Write,
            FileOp::Sync(_) | FileOp::SyncDir(_) => Self::Sync,
            FileOp::Rename { .. }
            | FileOp::Exchange { .. }
            | FileOp::HardLink { .. }
            | FileOp::Symlink { .. } => Self::Name,
            FileOp::ReadDir(_) => Self::ReadDir,
            FileOp::Metadata(_) | FileOp::Space(_) => Self::Metadata,
            FileOp::Resize { .. }
            | FileOp::RemoveFile(_)
            | FileOp::RemoveDir(_)
            | FileOp::CreateDir(_)
            | FileOp::Touch(_)
            | FileOp::Protect(_)
            | FileOp::Lock(_) => Self::Other,
        }
    }
}

impl CountOps {
    /// A counter at zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything seen since the last call, in order.
    pub fn take(&self) -> Vec<Seen> {
        match self.seen.lock() {
            Ok(mut seen) => std::mem::take(&mut seen),
            Err(poisoned) => std::mem::take(&mut poisoned.into_inner()),
        }
    }
}

impl FileObserver for CountOps {
    fn before(&self, op: &FileOp<'_>) -> Verdict {
        let seen = Seen {
            op: OpKind::of(op),
            path: op.path().to_owned(),
            changes: op.changes(),
        };
        match self.seen.lock() {
            Ok(mut all) => all.push(seen),
            Err(poisoned) => poisoned.into_inner().push(seen),
        }
        Verdict::Proceed
    }
}

/// What goes wrong at one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The operation does not happen and fails so.
    Fail(io::ErrorKind),
    /// It fails so, and a write leaves its first half.
    Cut(io::ErrorKind),
    /// The process is killed before it; a write may leave its first half.
    Kill,
    /// The process is killed right after it.
    KillAfter,
}

/// Something that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// At which operation, from 0. Reads and writes count alike.
    pub at: usize,
    /// What.
    pub kind: FaultKind,
}

/// Lets things go wrong at some operations, and all others happen.
#[derive(Debug, Default)]
pub struct FaultPlan {
    faults: Vec<Fault>,
    next: AtomicUsize,
    met: Mutex<Vec<String>>,
}

impl FaultPlan {
    /// These faults.
    pub fn new(faults: Vec<Fault>) -> Self {
        Self {
            faults,
            ..Self::default()
        }
    }

    /// What has gone wrong so far: the operations with their paths, in order.
    pub fn met(&self) -> Vec<String> {
        match self.met.lock() {
            Ok(met) => met.clone(),
            Err(poisoned) => poisoned.into_inner().clone(),
        }
    }
}

impl FileObserver for FaultPlan {
    fn before(&self, op: &FileOp<'_>) -> Verdict {
        let now = self.next.fetch_add(1, Ordering::SeqCst);
        let Some(fault) = self.faults.iter().find(|fault| fault.at == now) else {
            return Verdict::Proceed;
        };
        let met = format!("{now}: {:?}: {op}", fault.kind);
        match self.met.lock() {
            Ok(mut all) => all.push(met),
            Err(poisoned) => poisoned.into_inner().push(met),
        }
        match fault.kind {
            FaultKind::Fail(kind) => Verdict::Fail(kind.into()),
            FaultKind::Cut(kind) => Verdict::Cut(kind.into()),
            FaultKind::Kill => Verdict::Kill,
            FaultKind::KillAfter => Verdict::KillAfter,
        }
    }
}

/// Lets the Nth operation that changes something (from 0), and every later one, fail.
#[derive(Debug)]
pub struct FailAt {
    countdown: AtomicUsize,
    kind: io::ErrorKind,
}

impl FailAt {
    /// Fails from the `n`th changing operation on with an error of `kind`.
    pub fn new(n: usize, kind: io::ErrorKind) -> Self {
        Self {
            countdown: AtomicUsize::new(n),
            kind,
        }
    }

    /// Whether the operation was reached.
    pub fn reached(&self) -> bool {
        self.countdown.load(Ordering::SeqCst) == 0
    }
}

impl FileObserver for FailAt {
    fn before(&self, op: &FileOp<'_>) -> Verdict {
        // Cleaning up takes no space: a full disk lets it happen.
        let removes = matches!(op, FileOp::RemoveFile(_) | FileOp::RemoveDir(_));
        if op.changes() && !removes && passed(&self.countdown) {
            Verdict::Fail(self.kind.into())
        } else {
            Verdict::Proceed
        }
    }
}

/// Stops the world at the Nth operation that changes something (from 0).
#[derive(Debug)]
pub struct KillAt {
    countdown: AtomicUsize,
    reached: AtomicBool,
}

impl KillAt {
    /// Stops at the `n`th changing operation.
    pub fn new(n: usize) -> Self {
        Self {
            countdown: AtomicUsize::new(n),
            reached: AtomicBool::new(false),
        }
    }

    /// Whether the operation was reached. When not, everything happened.
    pub fn reached(&self) -> bool {
        self.reached.load(Ordering::SeqCst)
    }
}

impl FileObserver for KillAt {
    fn before(&self, op: &FileOp<'_>) -> Verdict {
        if !op.changes() {
            return Verdict::Proceed;
        }
        if passed(&self.countdown) {
            self.reached.store(true, Ordering::SeqCst);
            Verdict::Kill
        } else {
            Verdict::Proceed
        }
    }
}

/// Counts down; true once zero was reached.
fn passed(countdown: &AtomicUsize) -> bool {
    countdown
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
        .is_err()
}
