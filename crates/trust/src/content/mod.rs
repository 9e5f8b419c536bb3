//! The content of a zip: one pass that inflates, checks size and CRC, hashes, and hands on.
//!
//! ```text
//! bytes of the zip ─┬─ inflate ─┬─ sha256 of each entry ── h1
//!                   │           ├─ CRC
//!                   │           └─ sink: the unpacker, or nothing
//!                   └─ sha256 of the zip ── digest, zh
//! ```
//!
//! [`ContentCheck`] is a machine that bytes are pushed into, for a sender that checks while it
//! sends; [`examine`] does the same from a file. Both end in an [`Examined`], which nobody else can
//! make: digest and content in it are of the same bytes. Memory is a few buffers of 256 KiB, whatever the size of the package.

mod check;
mod examine;
mod inflate;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;

use tofu_oci_types::oci::{Digest, Hasher};
use tofu_oci_types::tofu::PackageHash;

pub use examine::{Examine, Threads, examine};

use self::check::Check;
use self::inflate::Inflate;
use crate::TrustError;
use crate::zip::{Archive, Entry};

/// Takes unpacked entries, one after the other, in the order of their data in the zip.
///
/// What it got is proven only when the whole pass succeeded: it writes beside the place where the
/// package will be.
pub trait EntrySink {
    /// An entry begins; directories too.
    fn begin(&mut self, entry: &Entry) -> io::Result<()>;
    /// The next bytes of the entry; never more than it declares.
    fn data(&mut self, data: &[u8]) -> io::Result<()>;
    /// The entry ends, and its size and CRC agree.
    fn end(&mut self) -> io::Result<()>;
}

/// Takes entries and drops them.
#[derive(Debug, Clone, Copy, Default)]
pub struct NullSink;

impl EntrySink for NullSink {
    fn begin(&mut self, _: &Entry) -> io::Result<()> {
        Ok(())
    }

    fn data(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether the digest of the zip itself is taken too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HashZip {
    /// Yes: the pass proves which blob it was.
    #[default]
    Yes,
    /// No: the caller does not ask. Such a pass makes no verified package.
    No,
}

impl HashZip {
    fn hasher(self) -> Option<Hasher> {
        (self == Self::Yes).then(Hasher::sha256)
    }
}

/// Checks the content of a zip whose bytes are pushed in.
pub struct ContentCheck {
    inflate: Inflate,
    check: Check,
    zip: Option<Hasher>,
}

impl ContentCheck {
    /// A check of the content of `archive`, which hands what it unpacks to `sink`.
    pub fn new(archive: Arc<Archive>, sink: Box<dyn EntrySink + Send>, digest: HashZip) -> Self {
        Self {
            inflate: Inflate::new(Arc::clone(&archive)),
            check: Check::new(archive, sink),
            zip: digest.hasher(),
        }
    }

    /// Takes the next bytes of the zip file, from its first byte on and without gaps. Fast from
    /// 64 KiB a call.
    ///
    /// # Errors
    ///
    /// The first entry whose content is not what the archive declares, more bytes than the zip
    /// has, or the error of the sink. The check is of no use afterwards.
    pub fn feed(&mut self, chunk: &[u8]) -> Result<(), TrustError> {
        if let Some(zip) = &mut self.zip {
            zip.update(chunk);
        }
        self.inflate.feed(chunk, &mut self.check)
    }

    /// What the zip is, now that all bytes were given.
    ///
    /// # Errors
    ///
    /// [`TrustError::Length`] where bytes are missing.
    pub fn finish(self) -> Result<Examined, TrustError> {
        self.inflate.finish()?;
        Ok(Examined {
            content: self.check.finish(),
            zip: self.zip.map(Hasher::finish),
        })
    }
}

impl std::fmt::Debug for ContentCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContentCheck").finish_non_exhaustive()
    }
}

/// What a whole zip was found to be: content and digest of the same bytes.
#[derive(Debug, Clone)]
pub struct Examined {
    content: Content,
    zip: Option<Digest>,
}

impl Examined {
    /// The content of the zip.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The sha256 digest of the zip, where it was asked for.
    pub fn zip(&self) -> Option<&Digest> {
        self.zip.as_ref()
    }

    pub(crate) fn into_parts(self) -> (Content, Option<Digest>) {
        (self.content, self.zip)
    }
}

/// What the entries of a zip contain; every size and CRC agrees with the archive.
#[derive(Debug, Clone)]
pub struct Content {
    h1: PackageHash,
    archive_h1: PackageHash,
    digests: Vec<Digest>,
    archive: Arc<Archive>,
}

impl Content {
    /// The `h1` of the unpacked tree: what clients record and compare after unpacking.
    pub fn h1(&self) -> &PackageHash {
        &self.h1
    }

    /// The `h1` that clients compute from the zip itself. It differs from [`h1`](Self::h1) where
    /// directories have entries of their own, because they count as empty files.
    pub fn archive_h1(&self) -> &PackageHash {
        &self.archive_h1
    }

    /// The archive whose content this is.
    pub fn archive(&self) -> &Arc<Archive> {
        &self.archive
    }

    /// Every entry with the sha256 digest of its content, in the order of the directory.
    pub fn entries(&self) -> impl Iterator<Item = (&Entry, &Digest)> {
        self.archive.entries().iter().zip(&self.digests)
    }
}
