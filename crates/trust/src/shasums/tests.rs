use proptest::prelude::*;

use super::*;

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

fn digest(hex: &str) -> Digest {
    format!("sha256:{hex}").parse().unwrap()
}

fn parse(text: &str) -> Shasums {
    Shasums::parse(text.as_bytes()).unwrap()
}

#[test]
fn reads_what_clients_read() {
    for (case, text) in [
        ("two spaces", format!("{A}  a.zip\n{B}  b.zip\n")),
        ("no newline at the end", format!("{A}  a.zip\n{B}  b.zip")),
        ("tabs and runs", format!("{A}\ta.zip\n  {B}   b.zip  \n")),
        ("carriage returns", format!("{A}  a.zip\r\n{B}  b.zip\r\n")),
        (
            "upper-case hex",
            format!("{}  a.zip\n{B}  b.zip\n", A.to_uppercase()),
        ),
        ("a third field", format!("{A}  a.zip x\n{B}  b.zip\n")),
    ] {
        let sums = parse(&text);
        assert_eq!(sums.get("a.zip"), Some(digest(A)), "{case}");
        assert_eq!(sums.get("b.zip"), Some(digest(B)), "{case}");
        assert_eq!(sums.get("c.zip"), None, "{case}");
        assert_eq!(sums.problems(), [], "{case}");
        assert_eq!(sums.bytes(), text.as_bytes(), "{case}");
        sums.for_publish().unwrap();
    }
}

#[test]
fn reads_on_where_clients_would_crash_and_refuses_it_for_publishing() {
    use ShasumsProblem::{BinaryMarker, BlankLine, Duplicate, Empty, NotAHash, NotAnEntry};
    let name = || "a.zip".to_owned();
    for (case, text, expected) in [
        ("empty", String::new(), vec![BlankLine { line: 1 }, Empty]),
        ("a newline", "\n".into(), vec![BlankLine { line: 1 }, Empty]),
        (
            "blank first",
            format!("\n{A}  a.zip\n"),
            vec![BlankLine { line: 1 }],
        ),
        (
            "blank between",
            format!("{A}  a.zip\n\n{B}  b.zip\n"),
            vec![BlankLine { line: 2 }],
        ),
        (
            "blank last",
            format!("{A}  a.zip\n\n"),
            vec![BlankLine { line: 2 }],
        ),
        (
            "blanks only",
            format!("{A}  a.zip\n  \r\n"),
            vec![BlankLine { line: 2 }],
        ),
        (
            "no name",
            format!("{A}  a.zip\n{B}\n"),
            vec![NotAnEntry { line: 2 }],
        ),
        (
            "short hash",
            format!("{A}  a.zip\nabc  b.zip\n"),
            vec![NotAHash { line: 2 }],
        ),
        (
            "no hex",
            format!("{A}  a.zip\n{}  b.zip\n", "g".repeat(64)),
            vec![NotAHash { line: 2 }],
        ),
        (
            "sha512",
            format!("{A}  a.zip\n{B}{B}  b.zip\n"),
            vec![NotAHash { line: 2 }],
        ),
        (
            "a comment",
            format!("# sums\n{A}  a.zip\n"),
            vec![NotAHash { line: 1 }],
        ),
        (
            "binary marker",
            format!("{A} *b.zip\n{A}  a.zip\n"),
            vec![BinaryMarker {
                line: 1,
                name: "b.zip".into(),
            }],
        ),
        (
            "twice",
            format!("{A}  a.zip\n{B}  a.zip\n"),
            vec![Duplicate {
                line: 2,
                name: name(),
            }],
        ),
    ] {
        let sums = parse(&text);
        assert_eq!(sums.problems(), expected, "{case}");
        let has = !text.trim().is_empty();
        assert_eq!(sums.get("a.zip"), has.then(|| digest(A)), "{case}");
        assert_eq!(
            sums.get("b.zip"),
            text.contains("\n\nb")
                .then(|| digest(B))
                .or((case == "blank between").then(|| digest(B))),
            "{case}"
        );
        match sums.for_publish() {
            Err(ShasumsError::Unreadable { problems }) => assert_eq!(problems, expected, "{case}"),
            other => panic!("{case}: {other:?}"),
        }
    }
    let latin = [format!("{A}  a.zip\n{B}  ").as_bytes(), b"\xe4\n"].concat();
    let sums = Shasums::parse(&latin).unwrap();
    assert_eq!(sums.problems(), [ShasumsProblem::NotUtf8 { line: 2 }]);
    assert_eq!(sums.get("a.zip"), Some(digest(A)));
    assert!(matches!(
        Shasums::parse(&vec![b'x'; SHASUMS_LIMIT + 1]),
        Err(ShasumsError::TooLarge { .. })
    ));
}

#[test]
fn names_what_is_missing_wrong_and_foreign() {
    let sums = parse(&format!(
        "{A}  a.zip\n{B}  b.zip\n{A}  other_manifest.json\n"
    ));
    let zip = |name: &str, hex: &str| (name.to_owned(), digest(hex));
    sums.check_covers(&[zip("a.zip", A), zip("b.zip", B)])
        .unwrap();
    sums.check_covers(&[]).unwrap();
    let error = sums
        .check_covers(&[
            zip("c.zip", A),
            zip("b.zip", A),
            zip("a.zip", A),
            zip("A.zip", A),
        ])
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the checksums file does not cover the release: \"A.zip\" is not listed; \
             \"b.zip\" is listed as {B}, and has {A}; \"c.zip\" is not listed"
        )
    );
    assert_eq!(
        sums.foreign(["a.zip", "x.zip"]),
        ["b.zip", "other_manifest.json"]
    );
}

#[test]
fn a_list_that_we_make_is_the_sample() {
    let sample = Shasums::of([
        (
            "terraform-provider-demo_1.2.3_linux_amd64.zip".to_owned(),
            digest("f1f08dc0c971839a44777efea12eea32c3838a34fb8d3d857e8e9d442ceb342a"),
        ),
        (
            "terraform-provider-demo_1.2.3_darwin_arm64.zip".to_owned(),
            digest("2ee94eb4cea3db76e91269299461ffc34044b763211ba9d5a4ad998324e0d260"),
        ),
    ]);
    assert_eq!(sample.bytes().len(), 225);
    assert_eq!(
        Digest::of(sample.bytes()).as_str(),
        "sha256:fee5c8ac98077f93f7cd0cd49a1efee60f39313f66f7f88c6b88eb18fb5b52f8"
    );
    assert!(Shasums::of([]).for_publish().is_err());
}

proptest! {
    #[test]
    fn what_we_make_reads_back(names in prop::collection::btree_set("[a-zA-Z0-9_.-]{1,20}", 1..20)) {
        let files: Vec<_> = names
            .into_iter()
            .map(|name| (name.clone(), Digest::of(name.as_bytes())))
            .collect();
        let made = Shasums::of(files.clone());
        let read = Shasums::parse(made.bytes()).unwrap();
        prop_assert_eq!(&read, &made);
        read.for_publish().unwrap();
        read.check_covers(&files).unwrap();
    }

    #[test]
    fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(sums) = Shasums::parse(&bytes) {
            prop_assert_eq!(sums.bytes(), bytes);
        }
    }
}
