//! What releases are made of.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::sync::{Arc, LazyLock, Mutex};

use tofu_oci_trust::content::{ContentCheck, EntrySink, HashZip, NullSink};
use tofu_oci_trust::ignore::{IgnoreRules, PathKind};
use tofu_oci_trust::pgp::{self, KeyOrigin, Keyring, SignatureReport, SignatureRules};
use tofu_oci_trust::provider_package;
use tofu_oci_trust::shasums::Shasums;
use tofu_oci_trust::zip::{Archive, Entry, ZipLimits};
use tofu_oci_types::oci::Digest;
use tofu_oci_types::tofu::Platform;

use super::text;

pub(super) fn checksums(data: &[u8]) {
    let Ok(sums) = Shasums::parse(data) else {
        return;
    };
    assert_eq!(sums.bytes(), data, "bytes are kept");
    for entry in sums.entries() {
        let _ = sums.get(&entry.name);
    }
    if sums.for_publish().is_ok() {
        let files = sums
            .entries()
            .iter()
            .map(|entry| (entry.name.clone(), entry.digest.clone()));
        let written = Shasums::of(files);
        let again = Shasums::parse(written.bytes()).unwrap();
        for entry in sums.entries() {
            assert_eq!(again.get(&entry.name), sums.get(&entry.name));
        }
    }
}

/// A list and its signatures, with the keys that made them.
const SIGNED: &[u8] = include_bytes!("../../../../testdata/pgp/SHA256SUMS");
const SIGNATURES: [&[u8]; 2] = [
    include_bytes!("../../../../testdata/pgp/two.sig"),
    include_bytes!("../../../../testdata/pgp/subkey.sig"),
];
const KEYS: [&[u8]; 4] = [
    include_bytes!("../../../../testdata/pgp/rsa2048.asc"),
    include_bytes!("../../../../testdata/pgp/ed25519.asc"),
    include_bytes!("../../../../testdata/pgp/subkey.asc"),
    include_bytes!("../../../../testdata/pgp/dsa.asc"),
];
/// Nobody has signed this, so no signature over it is good.
const UNSIGNED: &[u8] =
    b"0000000000000000000000000000000000000000000000000000000000000000  x.zip\n";

/// Every good signature is by a key of the ring.
fn check_signers(ring: &Keyring, report: &SignatureReport) {
    for good in report.good() {
        let mut known = ring.keys();
        assert!(known.any(|(key, _)| key.fingerprint == good.fingerprint));
    }
}

pub(super) fn signature(data: &[u8]) {
    /// Reading keys is what would take the time.
    static RING: LazyLock<Keyring> = LazyLock::new(|| {
        let mut ring = Keyring::new();
        for key in KEYS {
            ring.add(key, KeyOrigin::Pinned).unwrap();
        }
        ring
    });
    let ring = &*RING;
    let _ = pgp::signature_key_ids(data);
    let rules = SignatureRules::default();
    if let Ok(report) = pgp::verify(UNSIGNED, data, ring, &rules) {
        assert_eq!(
            report.good().count(),
            0,
            "a signature over something else counts"
        );
        assert!(report.checks.len() <= pgp::SIGNATURES_LIMIT);
    }
    if let Ok(report) = pgp::verify(SIGNED, data, ring, &rules) {
        check_signers(ring, &report);
    }
}

pub(super) fn public_key(data: &[u8]) {
    let mut ring = Keyring::new();
    let Ok(added) = ring.add(data, KeyOrigin::Repository) else {
        assert!(ring.is_empty(), "what is refused adds nothing");
        return;
    };
    assert_eq!(pgp::public_keys(data).unwrap(), added);
    // Twice the same is the same.
    ring.add(data, KeyOrigin::Pinned).unwrap();
    assert!(ring.keys().all(|(_, origin)| origin == KeyOrigin::Pinned));
    let rules = SignatureRules::default();
    for signatures in SIGNATURES {
        let report = pgp::verify(SIGNED, signatures, &ring, &rules).unwrap();
        check_signers(&ring, &report);
        let report = pgp::verify(UNSIGNED, signatures, &ring, &rules).unwrap();
        assert_eq!(
            report.good().count(),
            0,
            "a signature over something else counts"
        );
    }
}

/// Keeps what is unpacked in memory, up to a limit.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<(String, usize)>>>);

impl EntrySink for Kept {
    fn begin(&mut self, entry: &Entry) -> std::io::Result<()> {
        self.0.lock().unwrap().push((entry.name().to_owned(), 0));
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        if let Some((_, length)) = self.0.lock().unwrap().last_mut() {
            *length += bytes.len();
        }
        Ok(())
    }

    fn end(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Nothing that passed may lie outside of the directory that it is unpacked into.
fn check_name(name: &str) {
    let parts = name.strip_suffix('/').unwrap_or(name).split('/');
    let bad = |part: &str| matches!(part, "" | "." | "..") || part.contains(['\\', ':', '\0']);
    assert!(!parts.into_iter().any(bad), "{name:?} passed");
}

pub(super) fn zip(data: &[u8]) {
    /// One file for all runs of a thread: making one is what would take the time.
    fn file() -> File {
        tempfile::tempfile().unwrap()
    }
    thread_local!(static FILE: File = file());
    FILE.with(|mut file| {
        file.set_len(0).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        file.write_all(data).unwrap();
        // What a small input unpacks to is bounded, so that a run takes no time.
        let limits = ZipLimits {
            entry_size: 1 << 20,
            total_size: 4 << 20,
            ..ZipLimits::default()
        };
        let Ok(archive) = Archive::read(file, data.len() as u64, &limits) else {
            return;
        };
        let archive = Arc::new(archive);
        for entry in archive.entries() {
            check_name(entry.name());
        }
        let kept = Kept::default();
        let examine = |sink: Box<dyn EntrySink + Send>, step: usize| {
            let mut check = ContentCheck::new(Arc::clone(&archive), sink, HashZip::Yes);
            for chunk in data.chunks(step) {
                check.feed(chunk).ok()?;
            }
            check.finish().ok()
        };
        let whole = examine(Box::new(kept.clone()), data.len().max(1));
        let pieces = examine(Box::new(NullSink), 7);
        assert_eq!(whole.is_some(), pieces.is_some(), "pieces decide nothing");
        if let (Some(whole), Some(pieces)) = (whole, pieces) {
            assert_eq!(whole.zip(), Some(&Digest::of(data)));
            assert_eq!(whole.content().h1(), pieces.content().h1());
            let unpacked: usize = kept
                .0
                .lock()
                .unwrap()
                .iter()
                .map(|(_, length)| length)
                .sum();
            assert_eq!(unpacked as u64, archive.unpacked_size());
        }
        let _ = provider_package::check(&archive, "demo", &Platform::current(), file);
    });
}

pub(super) fn ignore_file(data: &[u8]) {
    // The first line is a path; the rules follow.
    let (path, rules) = text(data).split_once('\n').unwrap_or_default();
    let rules = IgnoreRules::parse(rules);
    let _ = rules.excluded(path, PathKind::File);
    let below = rules.excludes_all_below(path);
    if below {
        let inner = format!("{path}/x");
        assert!(
            rules.excluded(&inner, PathKind::File),
            "{inner:?} is not left out"
        );
    }
}
