use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;
use crate::content::{Examine, NullSink, examine};
use crate::h1::h1_of;
use crate::zip::raw::file_of;
use crate::zip::{Archive, Packing};

fn entry(name: &str, mode: FileMode, content: &[u8]) -> NewEntry {
    let measured = measure(content).unwrap();
    NewEntry {
        name: name.to_owned(),
        mode,
        size: measured.size,
        crc32: measured.crc32,
    }
}

fn write(files: &[(&str, FileMode, &[u8])], time: DosTime) -> Result<Vec<u8>, WriteZipError> {
    let mut zip = ZipWriter::new(Vec::new(), time);
    for (name, mode, content) in files {
        zip.add(entry(name, *mode, content), *content)?;
    }
    let (bytes, length) = zip.finish()?;
    assert_eq!(bytes.len() as u64, length);
    Ok(bytes)
}

#[test]
fn makes_the_golden_zips() {
    for (content, golden, digest, h1) in [
        (
            "demo linux/amd64\n",
            "UEsDBBQAAAAAAAAAIQCJ4tEFEQAAABEAAAAeAAAAdGVycmFmb3JtLXByb3ZpZGVyLWRlbW9fdjEuMi4zZGVtbyBsaW51eC9hbWQ2NApQSwECFAMUAAAAAAAAACEAieLRBREAAAARAAAAHgAAAAAAAAAAAAAA7YEAAAAAdGVycmFmb3JtLXByb3ZpZGVyLWRlbW9fdjEuMi4zUEsFBgAAAAABAAEATAAAAE0AAAAAAA==",
            "sha256:f1f08dc0c971839a44777efea12eea32c3838a34fb8d3d857e8e9d442ceb342a",
            "h1:FYmcF3nEW8NL9rIKIRgZtMDgxGYMCQ0sVaELyV9etkU=",
        ),
        (
            "demo darwin/arm64\n",
            "UEsDBBQAAAAAAAAAIQDbsDfWEgAAABIAAAAeAAAAdGVycmFmb3JtLXByb3ZpZGVyLWRlbW9fdjEuMi4zZGVtbyBkYXJ3aW4vYXJtNjQKUEsBAhQDFAAAAAAAAAAhANuwN9YSAAAAEgAAAB4AAAAAAAAAAAAAAO2BAAAAAHRlcnJhZm9ybS1wcm92aWRlci1kZW1vX3YxLjIuM1BLBQYAAAAAAQABAEwAAABOAAAAAAA=",
            "sha256:2ee94eb4cea3db76e91269299461ffc34044b763211ba9d5a4ad998324e0d260",
            "h1:sLuX0t13HzTz+A5qs5Qre34kKqUUmbirI328RV4oi74=",
        ),
    ] {
        let name = "terraform-provider-demo_v1.2.3";
        let file = [(name, FileMode::Executable, content.as_bytes())];
        let bytes = write(&file, DosTime::EARLIEST).unwrap();
        assert_eq!(bytes, STANDARD.decode(golden).unwrap());
        assert_eq!(Digest::of(&bytes).as_str(), digest);
        let found = read(&bytes);
        assert_eq!(found.zip().unwrap().as_str(), digest);
        assert_eq!(found.content().h1().as_str(), h1);
        assert_eq!(found.content().archive().newest_time(), None);
    }
}

fn read(bytes: &[u8]) -> crate::content::Examined {
    let file = file_of(bytes);
    let archive = Archive::read(&file, bytes.len() as u64, &ZipLimits::default()).unwrap();
    assert_eq!(archive.warnings(), []);
    let options = Examine::default();
    examine(&file, &Arc::new(archive), Box::new(NullSink), options).unwrap()
}

#[test]
fn writes_modes_time_and_names() {
    let time = DosTime::from_unix(1_767_323_045);
    let files: [(&str, FileMode, &[u8]); 3] = [
        ("a", FileMode::Plain, b"a"),
        ("b/c", FileMode::Executable, b""),
        ("b/\u{e4}", FileMode::Plain, b"umlaut"),
    ];
    let found = read(&write(&files, time).unwrap());
    let archive = found.content().archive();
    assert_eq!(archive.newest_time(), Some(time));
    let listed: Vec<_> = archive
        .entries()
        .iter()
        .map(|e| (e.name(), e.mode(), e.packing()))
        .collect();
    assert_eq!(
        listed,
        [
            ("a", Some(0o644), Packing::Stored),
            ("b/c", Some(0o755), Packing::Stored),
            ("b/\u{e4}", Some(0o644), Packing::Stored),
        ]
    );
}

#[test]
fn refuses_names_order_and_changed_content() {
    let one = |name: &'static str| write(&[(name, FileMode::Plain, b"")], DosTime::EARLIEST);
    for name in ["", "/a", "../a", "a/", "a\\b", "a\nb", "a//b"] {
        assert!(
            matches!(one(name), Err(WriteZipError::Name { .. })),
            "{name:?}"
        );
    }
    for (first, second) in [("b", "a"), ("a", "a"), ("a/b", "a-b")] {
        let files: [(&str, FileMode, &[u8]); 2] = [
            (first, FileMode::Plain, b""),
            (second, FileMode::Plain, b""),
        ];
        let result = write(&files, DosTime::EARLIEST);
        assert!(
            matches!(result, Err(WriteZipError::Order { .. })),
            "{first} {second}"
        );
    }
    for (case, content) in [("grown", "abcd"), ("shrunk", "ab"), ("changed", "abd")] {
        let mut zip = ZipWriter::new(Vec::new(), DosTime::EARLIEST);
        let result = zip.add(entry("x", FileMode::Plain, b"abc"), content.as_bytes());
        assert!(
            matches!(result, Err(WriteZipError::Changed { .. })),
            "{case}"
        );
    }
}

#[test]
fn many_entries_take_the_zip64_end_record() {
    for (count, wide) in [(65_534, false), (65_535, true)] {
        let mut zip = ZipWriter::new(Vec::new(), DosTime::EARLIEST);
        for number in 0..count {
            let name = format!("{number:06}");
            zip.add(entry(&name, FileMode::Plain, b""), &[][..])
                .unwrap();
        }
        let (bytes, _) = zip.finish().unwrap();
        let limits = ZipLimits {
            entries: 100_000,
            ..ZipLimits::default()
        };
        let file = file_of(&bytes);
        let archive = Archive::read(&file, bytes.len() as u64, &limits).unwrap();
        assert_eq!(archive.entries().len(), count);
        let end = &bytes[bytes.len() - 42..];
        assert_eq!(end.starts_with(b"PK\x06\x07"), wide, "{count}");
    }
}

#[test]
fn only_numbers_that_do_not_fit_take_zip64_fields() {
    let fields = |size, header| {
        let extra = Extra::central(size, header);
        (extra.version(), extra.field().len())
    };
    assert_eq!(fields(NARROW - 1, NARROW - 1), (20, 0));
    assert_eq!(fields(NARROW, 0), (45, 20));
    assert_eq!(fields(0, NARROW), (45, 12));
    assert_eq!(fields(NARROW, NARROW), (45, 28));
    assert_eq!(Extra::local(NARROW).field()[..4], [1, 0, 16, 0]);
}

proptest! {
    #[test]
    fn what_we_write_reads_back(
        files in prop::collection::btree_map("[a-z]{1,3}(/[a-zA-Z0-9._-]{1,5}x){0,3}", prop::collection::vec(any::<u8>(), 0..300), 1..20),
        seconds in 0i64..4_000_000_000,
    ) {
        let time = DosTime::from_unix(seconds);
        let list: Vec<(&str, FileMode, &[u8])> = files
            .iter()
            .map(|(name, content)| (name.as_str(), FileMode::Plain, content.as_slice()))
            .collect();
        let bytes = write(&list, time).unwrap();
        prop_assert_eq!(&bytes, &write(&list, time).unwrap());
        let file = file_of(&bytes);
        match Archive::read(&file, bytes.len() as u64, &ZipLimits::default()) {
            // The names are drawn without a look at which is a directory of which.
            Err(crate::zip::ZipError::FileAndDirectory { .. }) => {}
            other => {
                let archive = Arc::new(other.unwrap());
                let found =
                    examine(&file, &archive, Box::new(NullSink), Examine::default()).unwrap();
                let expected = h1_of(files.iter().map(|(n, c)| (n.as_str(), Digest::of(c))));
                prop_assert_eq!(found.content().h1(), &expected);
                prop_assert_eq!(found.content().archive_h1(), &expected);
            }
        }
    }
}
