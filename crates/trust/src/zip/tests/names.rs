use super::*;

#[test]
fn unsafe_names_are_refused() {
    let long = "x".repeat(256);
    let deep = "x/".repeat(65) + "x";
    for (name, problem) in [
        ("", "Empty"),
        ("../evil", "Climbs"),
        ("a/../../evil", "Climbs"),
        ("a/..", "Climbs"),
        ("a/../", "Climbs"),
        ("/etc/passwd", "Absolute"),
        ("//host/share", "Absolute"),
        ("C:evil", "Drive"),
        ("c:/evil", "Drive"),
        ("a\\b", "Backslash"),
        ("..\\evil", "Backslash"),
        ("\\\\host\\share", "Backslash"),
        ("a//b", "NotNormal"),
        ("./a", "NotNormal"),
        ("a/./b", "NotNormal"),
        (".", "NotNormal"),
        ("a\0b", "Control"),
        ("a\nb", "Control"),
        ("a\rb", "Control"),
        ("a\u{1b}[2Jb", "Control"),
        ("a\u{85}b", "Control"),
        ("a\u{202e}gpj.exe", "Deceptive"),
        ("a\u{2028}b", "Deceptive"),
        (long.as_str(), "TooLong"),
        (deep.as_str(), "TooLong"),
    ] {
        let found = refused(&one(RawEntry::stored(name, b"x")));
        assert!(
            found.starts_with("UnsafeName") && found.ends_with(&format!("problem: {problem} }}")),
            "{name:?}: {found}"
        );
    }
    let latin = RawEntry::stored("x", b"").both(|header| header.name = vec![0xe4]);
    assert!(refused(&one(latin)).contains("NotUtf8"));
    let second = provider().both(|header| header.extra = b"up\x09\0\x01crc_evil".to_vec());
    assert!(refused(&one(second)).contains("SecondName"));
}

#[test]
fn messages_escape_names() {
    let message = read(&one(RawEntry::stored("a\u{1b}[2J\u{202e}b", b"")))
        .unwrap_err()
        .to_string();
    assert!(
        message.contains(r#""a\u{1b}[2J\u{202e}b""#) && !message.contains('\u{1b}'),
        "{message}"
    );
}

#[test]
fn names_that_meet_are_refused() {
    let named = |name: &str| RawEntry::stored(name, b"x");
    let exe = "terraform-provider-demo";
    for (case, first, second, variant) in [
        ("twice", exe, exe, "DuplicateName"),
        (
            "case",
            exe,
            "Terraform-Provider-Demo",
            "CollidesWithExecutable",
        ),
        (
            "case, before",
            "Terraform-Provider-Demo",
            exe,
            "CollidesWithExecutable",
        ),
        (
            "normalisation",
            "terraform-provider-d\u{e9}mo",
            "terraform-provider-de\u{301}mo",
            "CollidesWithExecutable",
        ),
        (
            "a character of no width",
            exe,
            "terraform-provider-de\u{200c}mo",
            "CollidesWithExecutable",
        ),
        (
            "the executable as a directory",
            exe,
            "TERRAFORM-provider-demo/x",
            "CollidesWithExecutable",
        ),
        ("file and directory", "a", "a/b", "FileAndDirectory"),
        ("directory and file", "a/b/c", "a/b", "FileAndDirectory"),
    ] {
        let found = refused(&RawZip::of([named(first), named(second)]));
        assert!(found.starts_with(variant), "{case}: {found}");
    }
    let directory = RawZip::of([RawEntry::directory("a/"), RawEntry::directory("a/")]);
    assert!(refused(&directory).starts_with("DuplicateName"));
    let both = RawZip::of([RawEntry::directory("a/"), named("a")]);
    assert!(refused(&both).starts_with("FileAndDirectory"));
}

#[test]
fn other_collisions_are_warnings() {
    let named = |name: &str| RawEntry::stored(name, b"x");
    let archive = read(&RawZip::of(
        [
            "README",
            "readme",
            "stra\u{df}e",
            "STRASSE",
            "nul.txt",
            "ab:c",
            "docs/X",
            "Docs/y",
        ]
        .map(named),
    ))
    .unwrap();
    let warnings: Vec<String> = archive.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            r#"entry "nul.txt" cannot be unpacked on Windows"#,
            r#"entry "ab:c" cannot be unpacked on Windows"#,
            r#"entries "README" and "readme" are one file on some file systems"#,
            "entries \"stra\u{df}e\" and \"STRASSE\" are one file on some file systems",
        ]
    );
}
