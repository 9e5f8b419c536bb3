//! The gate that a zip passes on its way into a repository.
//!
//! It reads the file once, and whatever it hands on has gone through the checks: digest, sizes and
//! CRC of every entry, the hash of the tree. The last piece is handed out only when all of that
//! agrees, so that a bad zip never becomes a blob.

use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use fs_err::File;
use tofu_oci_store::{GateError, OpenBlob, ReadBlob};
use tofu_oci_trust::Expected;
use tofu_oci_trust::content::{ContentCheck, HashZip, NullSink};
use tofu_oci_trust::{TrustError, VerifiedPackage};
use tofu_oci_types::oci::Descriptor;

use super::package::CheckedZip;
use crate::Task;

/// How much is read and checked at a time, in bytes.
const CHUNK: usize = 256 * 1024;

/// A gate for one zip. A clone is the same gate.
#[derive(Clone)]
pub(super) struct PackageGate {
    zip: Arc<CheckedZip>,
    /// What must come out; nothing for a zip that was looked into before, whose digest is all that is left to check.
    expected: Option<Arc<Expected>>,
    /// Whoever sends decides how the task ends.
    task: Weak<Task>,
    passed: Arc<Mutex<Option<VerifiedPackage>>>,
}

impl PackageGate {
    /// A gate for `zip`, which must turn out to be `layer`.
    pub(super) fn new(zip: &Arc<CheckedZip>, layer: &Descriptor, task: &Arc<Task>) -> Self {
        Self {
            expected: Some(Arc::new(zip.expected(Some(layer)))),
            ..Self::open_to(zip, task)
        }
    }

    /// A gate that only tells how far `zip` came.
    pub(super) fn open_to(zip: &Arc<CheckedZip>, task: &Arc<Task>) -> Self {
        Self {
            expected: None,
            zip: Arc::clone(zip),
            task: Arc::downgrade(task),
            passed: Arc::default(),
        }
    }

    /// What is proven about the zip, once the whole of it passed.
    pub(super) fn passed(&self) -> Option<VerifiedPackage> {
        self.passed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

impl OpenBlob for PackageGate {
    fn open(&self) -> Result<Box<dyn ReadBlob>, GateError> {
        let check = |expected: &Arc<Expected>| {
            let archive = Arc::clone(&self.zip.archive);
            let check = ContentCheck::new(archive, Box::new(NullSink), HashZip::Yes);
            (check, Arc::clone(expected))
        };
        Ok(Box::new(Reading {
            check: self.expected.as_ref().map(check),
            gate: self.clone(),
            offset: 0,
        }))
    }
}

/// One pass through the gate.
struct Reading {
    gate: PackageGate,
    /// Taken when the last piece passed.
    check: Option<(ContentCheck, Arc<Expected>)>,
    offset: u64,
}

impl ReadBlob for Reading {
    fn next(&mut self) -> Result<Option<Bytes>, GateError> {
        Ok(self.read()?)
    }
}

impl Reading {
    fn read(&mut self) -> Result<Option<Bytes>, TrustError> {
        let left = self.gate.zip.size().saturating_sub(self.offset);
        if left == 0 {
            return Ok(None);
        }
        let length = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        let mut buffer = vec![0; length];
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let at = self.offset + filled as u64;
            match read_at(&self.gate.zip.file, rest, at).map_err(TrustError::Read)? {
                0 => break,
                read => filled += read,
            }
        }
        buffer.truncate(filled);
        if let Some((check, _)) = &mut self.check {
            check.feed(&buffer)?;
        }
        self.offset += filled as u64;
        if filled < length || self.offset == self.gate.zip.size() {
            self.finish()?;
        }
        if let Some(task) = self.gate.task.upgrade() {
            task.advance(filled as u64);
        }
        Ok((filled > 0).then(|| Bytes::from(buffer)))
    }

    /// Everything was read: either it is all right, or the last piece stays here.
    fn finish(&mut self) -> Result<(), TrustError> {
        let Some((check, expected)) = self.check.take() else {
            return Ok(());
        };
        let package = VerifiedPackage::verify(check.finish()?, &expected)?;
        let mut passed = self
            .gate
            .passed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *passed = Some(package);
        Ok(())
    }
}

/// Reads at a place of a file without moving it for others; 0 is the end.
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    loop {
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_at(file.file(), buffer, offset);
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read(file.file(), buffer, offset);
        match read {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
