use std::fs::File;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::*;
use crate::ContentProblem;
use crate::zip::ZipLimits;
use crate::zip::raw::{RawEntry, RawZip, file_of};

fn open(zip: &RawZip) -> (File, Arc<Archive>) {
    let bytes = zip.bytes();
    let file = file_of(&bytes);
    let archive = Archive::read(&file, bytes.len() as u64, &ZipLimits::default()).unwrap();
    (file, Arc::new(archive))
}

/// Both ways to examine a file; they must agree.
fn both(zip: &RawZip) -> Result<Examined, TrustError> {
    let (file, archive) = open(zip);
    let run = |threads| {
        let options = Examine {
            threads,
            ..Examine::default()
        };
        examine(&file, &archive, Box::new(NullSink), options)
    };
    let (one, many) = (run(Threads::One), run(Threads::Pipelined));
    match (&one, &many) {
        (Ok(one), Ok(many)) => {
            assert_eq!(one.zip, many.zip);
            assert_eq!(one.content.h1(), many.content.h1());
        }
        (Err(one), Err(many)) => assert_eq!(format!("{one:?}"), format!("{many:?}")),
        _ => panic!("{one:?} and {many:?}"),
    }
    one
}

fn problem(zip: &RawZip) -> ContentProblem {
    match both(zip) {
        Err(TrustError::Content { name, problem }) => {
            assert_eq!(name, "x");
            problem
        }
        other => panic!("{other:?}"),
    }
}

/// Bytes that deflate packs, but not to nothing.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1u32;
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8 & 0x3f
        })
        .collect()
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<Logged>>>);

/// Name, content, and whether it ended.
type Logged = (String, Vec<u8>, bool);

impl EntrySink for Log {
    fn begin(&mut self, entry: &Entry) -> io::Result<()> {
        let start = (entry.name().to_owned(), Vec::new(), false);
        self.0.lock().unwrap().push(start);
        Ok(())
    }

    fn data(&mut self, data: &[u8]) -> io::Result<()> {
        assert!(!data.is_empty());
        self.0.lock().unwrap().last_mut().unwrap().1.extend(data);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        self.0.lock().unwrap().last_mut().unwrap().2 = true;
        Ok(())
    }
}

#[test]
fn hashes_the_tree_and_the_archive() {
    let files = [
        RawEntry::stored("prefix/xyz", b"data for xyz"),
        RawEntry::deflated("prefix/abc", b"data for abc"),
    ];
    let flat = both(&RawZip::of(files.clone())).unwrap();
    let tree = "h1:rLyfpGMAgqOnGE2aKOY5Xb6cOc0/YQhPjHBHBwkblhs=";
    assert_eq!(flat.content.h1().as_str(), tree);
    assert_eq!(flat.content.archive_h1().as_str(), tree);

    let directory = [RawEntry::directory("prefix/")];
    let zip = RawZip::of(directory.into_iter().chain(files));
    let nested = both(&zip).unwrap();
    assert_eq!(nested.content.h1().as_str(), tree);
    assert_eq!(
        nested.content.archive_h1().as_str(),
        "h1:5mobUXqB9Fl/FZPsMCZ2Td+kHBYl4Vr4yqH6IJuViqk="
    );
    assert_eq!(nested.zip, Some(Digest::of(&zip.bytes())));
    let digests: Vec<_> = nested
        .content
        .entries()
        .map(|(entry, digest)| (entry.name(), digest.clone()))
        .collect();
    assert_eq!(
        digests,
        [
            ("prefix/", Digest::of(b"")),
            ("prefix/xyz", Digest::of(b"data for xyz")),
            ("prefix/abc", Digest::of(b"data for abc")),
        ]
    );
}

#[test]
fn hands_on_what_is_inside() {
    let big = noise(1_000_000);
    let zip = RawZip::of([
        RawEntry::directory("d/"),
        RawEntry::deflated("d/big", &big).with_descriptor(),
        RawEntry::deflated("empty", b""),
        RawEntry::stored("void", b""),
        RawEntry::stored("stored", &big[..700_000]),
        RawEntry::deflated("zeros", &[0; 600_000]),
        // Its last output fills the buffer to the byte.
        RawEntry::deflated("exact", &big[..2 * 256 * 1024]),
    ])
    .with(|zip| zip.gap = vec![7; 33]);
    let (file, archive) = open(&zip);
    for threads in [Threads::One, Threads::Pipelined] {
        let log = Log::default();
        let mut seen = 0;
        let mut progress = |bytes| seen += bytes;
        let options = Examine {
            threads,
            progress: Some(&mut progress),
            ..Examine::default()
        };
        examine(&file, &archive, Box::new(log.clone()), options).unwrap();
        assert_eq!(seen, archive.size());
        let log = log.0.lock().unwrap();
        let expected: [(&str, &[u8]); 7] = [
            ("d/", b""),
            ("d/big", &big),
            ("empty", b""),
            ("void", b""),
            ("stored", &big[..700_000]),
            ("zeros", &[0; 600_000]),
            ("exact", &big[..2 * 256 * 1024]),
        ];
        assert_eq!(log.len(), expected.len());
        for ((name, data, ended), expected) in log.iter().zip(expected) {
            assert_eq!(name, expected.0);
            assert!(data == expected.1, "{name}");
            assert!(ended, "{name}");
        }
    }
}

#[test]
fn entries_come_in_the_order_of_their_data() {
    let zip = RawZip::of([
        RawEntry::stored("b", b"b").with(|entry| entry.offset = Some(32)),
        RawEntry::stored("a", b"a").with(|entry| entry.offset = Some(0)),
    ]);
    let mut bytes = zip.bytes();
    // The records are in another order than the data.
    bytes[30] = b'a';
    bytes[31] = b'a';
    bytes[62] = b'b';
    bytes[63] = b'b';
    for (at, data) in [(14, b"a"), (46, b"b")] {
        let crc = crate::zip::raw::crc(data);
        bytes[at..at + 4].copy_from_slice(&crc.to_le_bytes());
    }
    let file = file_of(&bytes);
    let archive = Archive::read(&file, bytes.len() as u64, &ZipLimits::default()).unwrap();
    let archive = Arc::new(archive);
    let log = Log::default();
    let options = Examine::default();
    let found = examine(&file, &archive, Box::new(log.clone()), options).unwrap();
    let names: Vec<_> = log.0.lock().unwrap().iter().map(|e| e.0.clone()).collect();
    assert_eq!(names, ["a", "b"]);
    let listed: Vec<_> = found.content.entries().map(|(e, _)| e.name()).collect();
    assert_eq!(listed, ["b", "a"]);
}

#[test]
fn content_that_is_not_as_declared_is_refused() {
    let data = noise(300_000);
    let good = || RawEntry::deflated("x", &data);
    for (case, entry, expected) in [
        (
            "CRC",
            good().both(|header| header.crc32 = 0x0102_0304),
            ContentProblem::Crc {
                declared: 0x0102_0304,
                actual: crate::zip::raw::crc(&data),
            },
        ),
        (
            "CRC of a stored entry",
            RawEntry::stored("x", b"abc").both(|header| header.crc32 = 1),
            ContentProblem::Crc {
                declared: 1,
                actual: 0x3524_41c2,
            },
        ),
        (
            "longer",
            good().both(|header| header.size = 299_999),
            ContentProblem::Longer { declared: 299_999 },
        ),
        (
            "much longer",
            RawEntry::deflated("x", &[0; 10_000_000]).both(|header| header.size = 5),
            ContentProblem::Longer { declared: 5 },
        ),
        (
            "shorter",
            good().both(|header| header.size = 300_001),
            ContentProblem::Shorter {
                declared: 300_001,
                actual: 300_000,
            },
        ),
        (
            "bytes behind the stream",
            good()
                .with(|entry| entry.data.push(0))
                .both(|header| header.packed += 1),
            ContentProblem::TrailingData,
        ),
        (
            "cut stream",
            good()
                .with(|entry| entry.data.truncate(entry.data.len() - 1))
                .both(|header| header.packed -= 1),
            ContentProblem::Unfinished,
        ),
        (
            "no stream",
            RawEntry::deflated("x", b"")
                .with(|entry| entry.data.clear())
                .both(|header| header.packed = 0),
            ContentProblem::Unfinished,
        ),
        (
            "not deflate",
            good().with(|entry| entry.data[0] = 7),
            ContentProblem::Corrupt,
        ),
        (
            "a zlib header",
            good()
                .with(|entry| {
                    entry.data.insert(0, 0x9c);
                    entry.data.insert(0, 0x78);
                })
                .both(|header| header.packed += 2),
            ContentProblem::Corrupt,
        ),
    ] {
        assert_eq!(problem(&RawZip::of([entry])), expected, "{case}");
    }
}

#[test]
fn a_flipped_bit_anywhere_in_the_data_is_found() {
    let zip = RawZip::of([
        RawEntry::deflated("x", &noise(200)),
        RawEntry::stored("y", &noise(50)),
    ]);
    let bytes = zip.bytes();
    let (_, archive) = open(&zip);
    let h1 = both(&zip).unwrap().content.h1().clone();
    for entry in archive.entries() {
        let start = entry.data_offset() as usize;
        for at in start..start + entry.compressed_size() as usize {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x10;
            let options = Examine::default();
            let result = examine(&file_of(&bytes), &archive, Box::new(NullSink), options);
            // The last byte of a deflate stream has bits that mean nothing.
            match result {
                Err(TrustError::Content { .. }) => {}
                Ok(found) => assert_eq!(found.content.h1(), &h1, "byte {at}"),
                other => panic!("byte {at}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_file_that_changed_its_length_is_refused() {
    let zip = RawZip::of([RawEntry::deflated("x", &noise(1000))]);
    let (_, archive) = open(&zip);
    let bytes = zip.bytes();
    let mut longer = bytes.clone();
    longer.push(0);
    for (name, bytes) in [("shorter", &bytes[..bytes.len() - 1]), ("longer", &longer)] {
        for threads in [Threads::One, Threads::Pipelined] {
            let options = Examine {
                threads,
                ..Examine::default()
            };
            let result = examine(&file_of(bytes), &archive, Box::new(NullSink), options);
            assert!(matches!(result, Err(TrustError::Length { .. })), "{name}");
        }
    }
}

#[test]
fn an_error_of_the_sink_names_the_entry() {
    struct Full(usize);
    impl EntrySink for Full {
        fn begin(&mut self, _: &Entry) -> io::Result<()> {
            Ok(())
        }
        fn data(&mut self, _: &[u8]) -> io::Result<()> {
            self.0 += 1;
            match self.0 {
                3.. => Err(io::ErrorKind::StorageFull.into()),
                _ => Ok(()),
            }
        }
        fn end(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (file, archive) = open(&RawZip::of([RawEntry::deflated("x", &noise(8_000_000))]));
    for threads in [Threads::One, Threads::Pipelined] {
        let options = Examine {
            threads,
            ..Examine::default()
        };
        match examine(&file, &archive, Box::new(Full(0)), options) {
            Err(TrustError::Unpack { name, source }) => {
                assert_eq!(name, "x");
                assert_eq!(source.kind(), io::ErrorKind::StorageFull);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn nothing_longer_than_declared_reaches_the_sink() {
    let entry = RawEntry::deflated("x", &[7; 1_000_000]).both(|header| header.size = 300_000);
    let (file, archive) = open(&RawZip::of([entry]));
    let log = Log::default();
    let result = examine(&file, &archive, Box::new(log.clone()), Examine::default());
    assert!(result.is_err());
    assert!(log.0.lock().unwrap()[0].1.len() <= 300_000);
}

#[test]
fn without_the_digest_nothing_else_changes() {
    let zip = RawZip::of([RawEntry::deflated("x", &noise(3_000_000))]);
    let (file, archive) = open(&zip);
    for threads in [Threads::One, Threads::Pipelined] {
        let options = Examine {
            digest: HashZip::No,
            threads,
            progress: None,
        };
        let found = examine(&file, &archive, Box::new(NullSink), options).unwrap();
        assert_eq!(found.zip, None);
        assert_eq!(found.content.h1(), both(&zip).unwrap().content.h1());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn pieces_of_any_size_give_the_same(sizes in prop::collection::vec(1usize..5000, 1..40)) {
        let zip = RawZip::of([
            RawEntry::deflated("a", &noise(20_000)).with_descriptor(),
            RawEntry::directory("d/"),
            RawEntry::stored("b", &noise(3000)),
            RawEntry::deflated("c", b""),
        ]);
        let bytes = zip.bytes();
        let (_, archive) = open(&zip);
        let mut check = ContentCheck::new(archive, Box::new(NullSink), HashZip::Yes);
        let mut rest = bytes.as_slice();
        let mut sizes = sizes.iter().cycle();
        while !rest.is_empty() {
            let (piece, after) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
            check.feed(piece).unwrap();
            rest = after;
        }
        let found = check.finish().unwrap();
        let expected = both(&zip).unwrap();
        prop_assert_eq!(found.content.h1(), expected.content.h1());
        prop_assert_eq!(found.zip, Some(Digest::of(&bytes)));
    }
}

#[test]
fn pushing_too_little_or_too_much_is_an_error() {
    let zip = RawZip::of([RawEntry::stored("x", b"abc")]);
    let (_, archive) = open(&zip);
    let bytes = zip.bytes();
    let mut short = ContentCheck::new(Arc::clone(&archive), Box::new(NullSink), HashZip::No);
    short.feed(&bytes[..bytes.len() - 1]).unwrap();
    assert!(matches!(
        short.finish(),
        Err(TrustError::Length { expected, actual }) if actual + 1 == expected
    ));
    let mut long = ContentCheck::new(archive, Box::new(NullSink), HashZip::No);
    long.feed(&bytes).unwrap();
    assert!(matches!(long.feed(b"x"), Err(TrustError::Length { .. })));
}

#[test]
fn everything_moves_between_threads() {
    fn moves<T: Send>() {}
    moves::<ContentCheck>();
    moves::<Examine<'_>>();
    moves::<Examined>();
    moves::<Arc<Archive>>();
    moves::<TrustError>();
}
