use super::*;
use tofu_oci_types::oci::MediaType;

fn descriptor(content: &[u8]) -> Descriptor {
    Descriptor::of(MediaType::from_static("archive/zip"), content)
}

fn stream(pieces: &[&'static str]) -> BoxStream<'static, Result<Bytes>> {
    let pieces: Vec<_> = pieces
        .iter()
        .map(|p| Ok(Bytes::from_static(p.as_bytes())))
        .collect();
    futures_util::stream::iter(pieces).boxed()
}

async fn all(part: &mut PartReader) -> Result<String> {
    let mut read = Vec::new();
    while let Some(bytes) = part.next().await? {
        read.extend_from_slice(&bytes);
    }
    Ok(String::from_utf8(read).unwrap())
}

#[tokio::test]
async fn a_part_begins_where_it_should_whatever_the_server_sends() {
    let digest = Digest::of(b"0123456789");
    for (what, pieces, from, expected) in [
        ("just the part", vec!["345", "6"], 3, Ok("3456")),
        ("everything", vec!["01", "2345", "6789"], 0, Ok("3456")),
        (
            "from a little before",
            vec!["2", "", "34567"],
            2,
            Ok("3456"),
        ),
        ("too little", vec!["34"], 3, Err(())),
        ("nothing", vec![], 0, Err(())),
    ] {
        let mut part = PartReader::stream(&digest, stream(&pieces), from, 3..7);
        match (all(&mut part).await, expected) {
            (Ok(read), Ok(expected)) => assert_eq!(read, expected, "{what}"),
            (Err(StoreError::TooShort { .. }), Err(())) => {}
            (result, _) => panic!("{what}: {result:?}"),
        }
    }
}

#[tokio::test]
async fn the_last_bytes_come_only_after_the_digest_agreed() {
    let blob = descriptor(b"abcdef");
    for (pieces, before) in [
        (vec!["abc", "deX"], "abc"),
        (vec!["abcdeX"], ""),
        (vec!["abc", "de"], "abc"),
    ] {
        let part = PartReader::stream(&blob.digest, stream(&pieces), 0, 0..6);
        let mut reader = BlobReader::new(&blob, part).unwrap();
        let mut read = Vec::new();
        let error = loop {
            match reader.next().await {
                Ok(Some(bytes)) => read.extend_from_slice(&bytes),
                Ok(None) => panic!("accepted"),
                Err(error) => break error,
            }
        };
        assert!(!error.is_absent());
        assert_eq!(read, before.as_bytes(), "{pieces:?}");
    }
}

#[tokio::test]
async fn a_cut_pull_goes_on_with_what_was_hashed() {
    let blob = descriptor(b"abcdef");
    let cut = futures_util::stream::iter([
        Ok(Bytes::from_static(b"ab")),
        Ok(Bytes::from_static(b"c")),
        Err(StoreError::Stopped),
    ]);
    let part = PartReader::stream(&blob.digest, cut.boxed(), 0, 0..6);
    let mut reader = BlobReader::new(&blob, part).unwrap();
    let mut read = Vec::new();
    while let Ok(Some(bytes)) = reader.next().await {
        read.extend_from_slice(&bytes);
    }
    assert_eq!(reader.position(), 3);
    let wrong = PartReader::stream(&blob.digest, stream(&["cdef"]), 2, 2..6);
    assert!(reader.resume(wrong).is_err());
    let rest = PartReader::stream(&blob.digest, stream(&["abcdef"]), 0, 3..6);
    reader.resume(rest).unwrap();
    while let Some(bytes) = reader.next().await.unwrap() {
        read.extend_from_slice(&bytes);
    }
    assert_eq!(read, b"abcdef");
}

#[tokio::test]
async fn a_file_shows_what_is_left_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    std::fs::write(&path, "xxabcdefyy").unwrap();
    let file = Arc::new(fs_err::File::open(&path).unwrap());
    let part = PartReader::file(&Digest::of(b"abcdef"), file, 2..8);
    let mut part = part.part(Some(1..5)).unwrap();
    assert_eq!(part.as_file().unwrap().1, 3..7);
    assert_eq!(all(&mut part).await.unwrap(), "bcde");
    assert_eq!(part.as_file().unwrap().1, 7..7);
}
