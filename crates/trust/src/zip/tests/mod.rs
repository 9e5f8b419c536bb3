mod entries;
mod names;

use proptest::prelude::*;

use super::raw::{RawEntry, RawZip, file_of};
use super::*;

fn read_with(zip: &RawZip, limits: &ZipLimits) -> Result<Archive, ZipError> {
    let bytes = zip.bytes();
    Archive::read(&file_of(&bytes), bytes.len() as u64, limits)
}

fn read(zip: &RawZip) -> Result<Archive, ZipError> {
    read_with(zip, &ZipLimits::default())
}

fn read_bytes(bytes: &[u8]) -> Result<Archive, ZipError> {
    Archive::read(&file_of(bytes), bytes.len() as u64, &ZipLimits::default())
}

fn one(entry: RawEntry) -> RawZip {
    RawZip::of([RawEntry::stored("README", b"text"), entry])
}

fn provider() -> RawEntry {
    RawEntry::deflated("terraform-provider-demo_v1.2.3", &b"demo ".repeat(1000))
}

/// The variant of an error, with the names and numbers in it.
fn refused(zip: &RawZip) -> String {
    match read(zip) {
        Ok(archive) => panic!("accepted: {archive:?}"),
        Err(error) => format!("{error:?}"),
    }
}

#[test]
fn reads_what_packers_make() {
    for (name, zip) in [
        ("stored", one(provider())),
        ("as Go writes it", one(provider().with_descriptor())),
        (
            "descriptor without signature",
            one(provider().with_descriptor().with(|entry| {
                entry.trailer.drain(..4);
            })),
        ),
        (
            "descriptor in zip64 form",
            one(provider().with_descriptor().with(|entry| {
                entry.trailer.truncate(8);
                let header = entry.central.clone();
                entry.trailer.extend(u64::from(header.packed).to_le_bytes());
                entry.trailer.extend(u64::from(header.size).to_le_bytes());
            })),
        ),
        (
            "the longest comment",
            one(provider()).with(|zip| zip.comment = vec![b'.'; 65_535]),
        ),
        (
            "zip64 end record",
            one(provider()).with(|zip| zip.wide = true),
        ),
        (
            "zip64 sizes",
            one(provider().both(|header| {
                header.extra = vec![1, 0, 16, 0];
                header.extra.extend(u64::from(header.size).to_le_bytes());
                header.extra.extend(u64::from(header.packed).to_le_bytes());
                header.size = u32::MAX;
                header.packed = u32::MAX;
            })),
        ),
        (
            "other extra fields in either header",
            one(provider().with(|entry| {
                entry.local.extra = b"UT\x05\0\x01aaaa".to_vec();
                entry.central.extra = b"UT\x05\0\x03aaaa".to_vec();
            })),
        ),
        (
            "made on Windows",
            one(provider().with(|entry| {
                entry.made_by = 20;
                entry.attributes = 0x20;
            })),
        ),
        (
            "a second name that is the first",
            one(provider().both(|header| {
                header.extra = b"up\x23\0\x01crc_".to_vec();
                header.extra.extend(header.name.clone());
            })),
        ),
    ] {
        let archive = read(&zip).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(archive.warnings(), [], "{name}");
        let entry = archive.entry("terraform-provider-demo_v1.2.3").unwrap();
        assert_eq!(entry.size(), 5000, "{name}");
        assert_eq!(entry.packing(), Packing::Deflated, "{name}");
        let expected = (name != "made on Windows").then_some(0o755);
        assert_eq!(entry.mode(), expected, "{name}");
        assert_eq!(entry.executable(), expected.map(|_| true), "{name}");
        assert_eq!(archive.unpacked_size(), 5004, "{name}");
        assert!(!archive.has_directory_entries(), "{name}");
    }
}

#[test]
fn knows_directories_and_times() {
    let zip = RawZip::of([
        RawEntry::directory("docs/").both(|header| header.date = 0x0045),
        RawEntry::stored("docs/a", b"a").both(|header| header.date = 0x0043),
        RawEntry::stored("b", b"b").both(|header| header.date = 0xffff),
    ]);
    let archive = read(&zip).unwrap();
    assert!(archive.has_directory_entries());
    assert!(archive.entries()[0].is_dir());
    assert_eq!(
        archive.newest_time().unwrap().to_string(),
        "1980-02-05T00:00:00Z"
    );
    assert_eq!(read(&one(provider())).unwrap().newest_time(), None);
}

#[test]
fn the_zip_is_the_whole_file() {
    let good = one(provider());
    let bytes = good.bytes();
    for (case, bytes, expected) in [
        ("nothing", Vec::new(), "NotAZip"),
        (
            "text",
            b"hello, this is no zip at all\n".to_vec(),
            "NotAZip",
        ),
        (
            "HTML",
            b"<!doctype html><title>404</title>".repeat(100),
            "NotAZip",
        ),
        ("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\0".repeat(100), "NotAZip"),
        (
            "cut in the end record",
            bytes[..bytes.len() - 1].to_vec(),
            "Truncated",
        ),
        (
            "cut in the directory",
            bytes[..bytes.len() - 40].to_vec(),
            "Truncated",
        ),
        ("cut in the data", bytes[..60].to_vec(), "Truncated"),
        (
            "cut comment",
            {
                let mut bytes = good
                    .clone()
                    .with(|zip| zip.comment = b"hello".to_vec())
                    .bytes();
                bytes.pop();
                bytes
            },
            "Truncated",
        ),
        (
            "a comment that looks like an end record",
            good.clone()
                .with(|zip| zip.comment = b"PK\x05\x06".to_vec())
                .bytes(),
            "Truncated",
        ),
        ("no entries", RawZip::default().bytes(), "Empty"),
        (
            "a byte more",
            good.clone().with(|zip| zip.after = b"\n".to_vec()).bytes(),
            "TrailingData",
        ),
        (
            "another disk",
            good.clone().with(|zip| zip.disk = 1).bytes(),
            "MultiDisk",
        ),
        (
            "another disk, zip64",
            good.clone()
                .with(|zip| {
                    zip.disk = 1;
                    zip.wide = true;
                })
                .bytes(),
            "MultiDisk",
        ),
        (
            "one record less",
            good.clone().with(|zip| zip.count_off = -1).bytes(),
            "Directory",
        ),
        (
            "one record more",
            good.clone().with(|zip| zip.count_off = 1).bytes(),
            "Directory",
        ),
        (
            "directory elsewhere",
            good.clone().with(|zip| zip.offset_off = 1).bytes(),
            "Directory",
        ),
        (
            "directory of another size",
            good.clone().with(|zip| zip.size_off = -1).bytes(),
            "Directory",
        ),
        (
            "directory beyond the end",
            good.clone().with(|zip| zip.offset_off = 1 << 20).bytes(),
            "Directory",
        ),
        (
            "a program in front",
            {
                let mut all = b"#!/bin/sh\n".to_vec();
                all.extend(&bytes);
                all
            },
            "Directory",
        ),
    ] {
        let found = match read_bytes(&bytes) {
            Ok(_) => panic!("{case}: accepted"),
            Err(error) => format!("{error:?}"),
        };
        assert!(found.starts_with(expected), "{case}: {found}");
    }
}

#[test]
fn a_little_unused_space_is_a_warning() {
    let padded = one(provider()).with(|zip| {
        zip.before = vec![0; 10];
        zip.gap = vec![0; 5];
    });
    assert_eq!(
        read(&padded).unwrap().warnings(),
        [ZipWarning::Unused { bytes: 15 }]
    );
    let hidden = one(provider()).with(|zip| zip.gap = vec![0; 70_000]);
    assert!(refused(&hidden).starts_with("Unused"));
}

#[test]
fn cutting_a_zip_anywhere_never_passes() {
    let bytes = one(provider().with_descriptor()).bytes();
    for length in 0..bytes.len() {
        assert!(read_bytes(&bytes[..length]).is_err(), "{length}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn changed_bytes_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        wide in any::<bool>(),
    ) {
        let zip = RawZip::of([
            RawEntry::directory("docs/"),
            RawEntry::stored("docs/a", b"a"),
            provider().with_descriptor(),
        ])
        .with(|zip| zip.wide = wide);
        let mut bytes = zip.bytes();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(archive) = read_bytes(&bytes) {
            let archive = std::sync::Arc::new(archive);
            let _ = crate::content::examine(
                &file_of(&bytes),
                &archive,
                Box::new(crate::content::NullSink),
                crate::content::Examine::default(),
            );
        }
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_bytes(&bytes);
        let mut ended = bytes;
        ended.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
        ended.extend([46, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let _ = read_bytes(&ended);
    }
}
