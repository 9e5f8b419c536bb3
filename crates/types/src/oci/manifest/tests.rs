use super::*;

const EMPTY: &str = r#"{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2}"#;

fn read(text: &str, announced: Option<&MediaType>) -> Result<Manifest, ManifestError> {
    Manifest::read(Bytes::from(text.to_owned()), announced, Algorithm::Sha256)
}

fn image(extra: &str) -> String {
    format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{EMPTY},"layers":[]{extra}}}"#
    )
}

#[test]
fn bytes_stay_as_they_came() {
    let text = image(r#", "unknown" : {"kept": true}"#);
    let manifest = read(&text, Some(&MediaType::IMAGE_MANIFEST)).unwrap();
    assert_eq!(manifest.bytes(), text.as_bytes());
    assert_eq!(*manifest.digest(), Digest::of(text.as_bytes()));
    assert_eq!(manifest.descriptor().size, text.len() as u64);
    assert_eq!(manifest.artifact_type(), Some(&MediaType::EMPTY));
    assert_eq!(manifest.blobs().len(), 1);
}

#[test]
fn what_we_write_reads_back() {
    let index = Index {
        artifact_type: Some(MediaType::from_static("application/vnd.example")),
        manifests: vec![Descriptor::empty()],
        subject: Some(Descriptor::empty().plain()),
        annotations: [("k".to_owned(), "<v>".to_owned())].into(),
    };
    let written = Manifest::from_index(&index);
    let read = Manifest::read(written.bytes().clone(), None, Algorithm::Sha256).unwrap();
    assert_eq!(read, written);
    assert_eq!(read.as_index(), Some(&index));
    assert_eq!(read.subject(), index.subject.as_ref());
}

#[test]
fn the_type_is_inferred_only_where_nothing_states_it() {
    let index = read(r#"{"schemaVersion":2,"manifests":null}"#, None).unwrap();
    assert_eq!(index.media_type(), &MediaType::IMAGE_INDEX);
    assert_eq!(index.declared_media_type(), None);
    let opaque = read("not even JSON", Some(&MediaType::from_static("text/plain"))).unwrap();
    assert_eq!(opaque.body(), &Body::Opaque);
    assert_eq!(opaque.media_type().as_str(), "text/plain");
    let docker = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{EMPTY},"layers":[]}}"#
    );
    assert!(read(&docker, None).unwrap().as_image().is_some());
}

#[test]
fn refuses_what_readers_would_read_differently() {
    let index_type = r#""mediaType":"application/vnd.oci.image.index.v1+json""#;
    for (name, text, announced) in [
        (
            "both",
            format!(r#"{{{index_type},"manifests":[],"layers":[]}}"#),
            None,
        ),
        (
            "both, by config",
            format!(r#"{{"manifests":[],"config":{EMPTY}}}"#),
            None,
        ),
        (
            "announced otherwise",
            image(""),
            Some(MediaType::IMAGE_INDEX),
        ),
        ("no manifests", format!("{{{index_type}}}"), None),
        ("no layers", format!(r#"{{"config":{EMPTY}}}"#), None),
        (
            "no config",
            r#"{"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[]}"#.into(),
            None,
        ),
        ("neither", "{}".into(), None),
        ("a list", "[]".into(), None),
        (
            "duplicate key",
            r#"{"manifests":[],"manifests":[]}"#.into(),
            None,
        ),
        ("html", "<html></html>".into(), Some(MediaType::IMAGE_INDEX)),
        (
            "bad digest",
            r#"{"manifests":[{"mediaType":"a/b","digest":"sha256:x","size":1}]}"#.into(),
            None,
        ),
        (
            "no size",
            r#"{"manifests":[{"mediaType":"a/b","digest":"blake3:x"}]}"#.into(),
            None,
        ),
    ] {
        assert!(read(&text, announced.as_ref()).is_err(), "{name}");
    }
}

#[test]
fn four_mebibytes_and_no_more() {
    let fits = |size: usize| {
        let head = r#"{"manifests":[],"x":""#;
        let text = format!("{head}{}\"}}", "a".repeat(size - head.len() - 2));
        assert_eq!(text.len(), size);
        read(&text, None).is_ok()
    };
    assert!(fits(4 * 1024 * 1024));
    assert!(!fits(4 * 1024 * 1024 + 1));
}

#[test]
fn other_algorithms() {
    let bytes = Bytes::from(image(""));
    let manifest = Manifest::read(bytes.clone(), None, Algorithm::Sha512).unwrap();
    assert_eq!(manifest.digest().algorithm(), Algorithm::Sha512);
    assert_eq!(
        Manifest::read(bytes, None, Algorithm::Unsupported),
        Err(ManifestError::Algorithm)
    );
}
