use super::*;

#[test]
fn links_and_special_files_are_refused() {
    for (case, kind, made_by, variant) in [
        ("link", 0o120_777, 3, "Link"),
        ("link in an archive made on DOS", 0o120_777, 0, "Link"),
        ("pipe", 0o010_644, 3, "SpecialFile"),
        ("character device", 0o020_644, 3, "SpecialFile"),
        ("block device", 0o060_644, 3, "SpecialFile"),
        ("socket", 0o140_644, 3, "SpecialFile"),
        ("no type at all", 0o170_644, 3, "SpecialFile"),
        ("file that is a directory", 0o040_755, 3, "KindDisagrees"),
    ] {
        let entry = provider().with(|entry| {
            entry.attributes = kind << 16;
            entry.made_by = made_by << 8 | 20;
        });
        let found = refused(&one(entry));
        assert!(found.starts_with(variant), "{case}: {found}");
    }
    let dos = provider().with(|entry| {
        entry.made_by = 20;
        entry.attributes = 0x10;
    });
    assert!(refused(&one(dos)).starts_with("KindDisagrees"));
    let regular = RawEntry::directory("a/").with(|entry| entry.attributes = 0o100_644 << 16);
    assert!(refused(&one(regular)).starts_with("KindDisagrees"));
    let full = RawEntry::stored("a/", b"x").with(|entry| entry.attributes = 0o040_755 << 16);
    assert!(refused(&one(full)).starts_with("KindDisagrees"));
}

#[test]
fn local_headers_must_agree() {
    let lie = |change: fn(&mut raw::RawHeader)| one(provider().with(|e| change(&mut e.local)));
    for (field, zip) in [
        ("Name", lie(|local| local.name[0] = b'T')),
        ("Name", lie(|local| local.name.push(b'x'))),
        ("Method", lie(|local| local.method = 0)),
        ("Crc", lie(|local| local.crc32 ^= 1)),
        ("Crc", lie(|local| local.crc32 = 0)),
        ("Size", lie(|local| local.size += 1)),
        ("Size", lie(|local| local.packed -= 1)),
        ("Size", lie(|local| local.size = 0)),
        ("Flags", lie(|local| local.flags = 8)),
        (
            "DataDescriptor",
            one(provider().with_descriptor().with(|e| e.trailer[4] ^= 1)),
        ),
        (
            "DataDescriptor",
            one(provider().with_descriptor().with(|e| e.trailer.clear())),
        ),
        (
            "Crc",
            one(provider().with_descriptor().with(|e| e.local.crc32 = 7)),
        ),
    ] {
        let found = refused(&zip);
        assert!(
            found.starts_with("LocalHeader") && found.contains(&format!("field: {field} }}")),
            "{field}: {found}"
        );
    }
    let nowhere = RawZip::of([provider().with(|entry| entry.offset = Some(3))]);
    assert!(refused(&nowhere).starts_with("NoLocalHeader"));
    let beyond = one(provider().with(|entry| entry.offset = Some(0x7fff_ffff)));
    assert!(refused(&beyond).starts_with("NoLocalHeader"));
}

#[test]
fn entries_share_no_bytes() {
    // Two records for one local header: the shape of bombs that repeat one piece of data.
    let shared = RawZip::of([
        provider(),
        provider().with(|entry| {
            entry.offset = Some(0);
            entry.central.name = b"README".to_vec();
        }),
    ]);
    assert!(
        refused(&shared).starts_with("Overlap"),
        "{}",
        refused(&shared)
    );
    // An entry whose data holds the local header of the next.
    let inner = RawZip::of([RawEntry::stored("inner", b"evil")]).bytes();
    let mut outer = RawEntry::stored("outer", &inner[..39]);
    outer.trailer = Vec::new();
    let quoted = RawZip::of([
        outer,
        RawEntry::stored("inner", b"evil").with(|entry| entry.offset = Some(35)),
    ]);
    assert!(
        refused(&quoted).starts_with("Overlap"),
        "{}",
        refused(&quoted)
    );
}

#[test]
fn data_stays_inside_the_file() {
    let far = one(provider().both(|header| header.packed = 0x00ff_ffff));
    assert!(
        refused(&far).starts_with("OutsideFile"),
        "{}",
        refused(&far)
    );
}

#[test]
fn encryption_and_other_methods_are_refused() {
    let flagged = |bit: u16| one(provider().both(|header| header.flags = bit));
    let method = |method: u16| one(provider().both(|header| header.method = method));
    for (case, zip, variant) in [
        ("encrypted", flagged(1), "Encrypted"),
        ("strongly", flagged(1 << 6), "Encrypted"),
        ("with a masked header", flagged(1 << 13), "Encrypted"),
        ("AES", method(99), "Encrypted"),
        (
            "only in the local header",
            one(provider().with(|entry| entry.local.flags = 1)),
            "Encrypted",
        ),
        ("shrunk", method(1), "Method"),
        ("deflate64", method(9), "Method"),
        ("bzip2", method(12), "Method"),
        ("lzma", method(14), "Method"),
        ("zstd", method(93), "Method"),
        ("nonsense", method(0xffff), "Method"),
    ] {
        let found = refused(&zip);
        assert!(found.starts_with(variant), "{case}: {found}");
    }
}

#[test]
fn bombs_are_refused_by_count_size_and_ratio() {
    let zip = RawZip::of((0..10).map(|n| RawEntry::deflated(&format!("f{n}"), &[0; 100_000])));
    let all = ZipLimits::default();
    assert!(read_with(&zip, &all).is_ok());
    for (case, limits, variant) in [
        (
            "count",
            ZipLimits {
                entries: 9,
                ..all.clone()
            },
            "TooManyEntries",
        ),
        (
            "directory",
            ZipLimits {
                directory: 100,
                ..all.clone()
            },
            "DirectoryTooLarge",
        ),
        (
            "entry",
            ZipLimits {
                entry_size: 99_999,
                ..all.clone()
            },
            "EntryTooLarge",
        ),
        (
            "total",
            ZipLimits {
                total_size: 999_999,
                ..all.clone()
            },
            "TotalTooLarge",
        ),
        (
            "ratio",
            ZipLimits {
                ratio_from: 1_000_000,
                ..all.clone()
            },
            "Ratio",
        ),
    ] {
        let found = format!("{:?}", read_with(&zip, &limits).unwrap_err());
        assert!(found.starts_with(variant), "{case}: {found}");
    }
    // More than deflate can do, and a stored entry with two sizes.
    let lies = one(provider().both(|header| header.size = 0x7fff_ffff));
    assert!(refused(&lies).starts_with("ImpossibleSize"));
    let stored = one(RawEntry::stored("x", b"xx").both(|header| header.size = 3));
    assert!(refused(&stored).starts_with("ImpossibleSize"));
    // A count that is not there must not be allocated either.
    let claimed = RawZip::of([provider()]).with(|zip| zip.count_off = 20_000);
    assert!(
        refused(&claimed).starts_with("Directory"),
        "{}",
        refused(&claimed)
    );
}
