use proptest::prelude::*;

use super::*;

fn excludes(text: &str, path: &str) -> bool {
    match path.strip_suffix('/') {
        Some(directory) => IgnoreRules::parse(text).excluded(directory, PathKind::Directory),
        None => IgnoreRules::parse(text).excluded(path, PathKind::File),
    }
}

#[test]
fn rules_match_as_the_reference_does() {
    for (rules, path, expected) in [
        // Anything at any depth, or at the root only.
        ("foo", "foo", true),
        ("foo", "a/b/foo", true),
        ("foo", "xfoo", false),
        ("foo", "foox", false),
        ("/foo", "foo", true),
        ("/foo", "a/foo", false),
        ("a/foo", "a/foo", true),
        ("a/foo", "b/a/foo", true),
        ("/a/foo", "b/a/foo", false),
        // A line without a slash at the end does not reach below a directory.
        ("foo", "foo/a", false),
        ("foo/", "foo/a", true),
        ("foo/", "foo/a/b", true),
        ("foo/", "x/foo/a", true),
        ("foo/", "foo", false),
        ("foo/", "foo/", true),
        ("/foo/", "x/foo/a", false),
        // Wild cards.
        ("*.txt", "a.txt", true),
        ("*.txt", "a/b.txt", true),
        ("*.txt", ".txt", true),
        ("*.txt", "atxt", false),
        ("a*z", "a/z", false),
        ("a?z", "abz", true),
        ("a?z", "a/z", false),
        ("a?z", "az", false),
        ("a/*/z", "a/b/z", true),
        ("a/*/z", "a/b/c/z", false),
        ("a/**/z", "a/z", true),
        ("a/**/z", "a/b/c/z", true),
        ("a/**", "a/b/c", true),
        ("**/z", "z", true),
        ("[ab].tf", "a.tf", true),
        ("[ab].tf", "c.tf", false),
        ("[a-c]x", "bx", true),
        ("[^a-c]x", "bx", false),
        ("[^a-c]x", "dx", true),
        ("a[", "a[", true),
        // Characters that mean something to other matchers.
        ("a.b", "axb", false),
        ("a+", "a+", true),
        ("a+", "aa", false),
        ("a(b)|c$", "a(b)|c$", true),
        ("a\\*b", "a*b", true),
        ("a\\*b", "axb", false),
        ("\\#a", "#a", true),
        // Comments, blanks, byte order mark, line ends.
        ("# foo\n\n   \nfoo", "foo", true),
        ("#foo", "#foo", false),
        ("  foo  ", "foo", true),
        ("\u{feff}foo", "foo", true),
        ("foo\r\nbar\r\n", "bar", true),
        ("!", "foo", false),
        // The last line that matches decides.
        ("*.txt\n!keep.txt", "keep.txt", false),
        ("*.txt\n!keep.txt", "drop.txt", true),
        ("!keep.txt\n*.txt", "keep.txt", true),
        ("foo/\n!foo/keep", "foo/keep", false),
        ("foo/\n!foo/keep", "foo/drop", true),
        // Case counts.
        ("Foo", "foo", false),
        ("stra\u{df}e/", "stra\u{df}e/x", true),
    ] {
        assert_eq!(excludes(rules, path), expected, "{rules:?} and {path:?}");
    }
}

#[test]
fn some_things_are_never_packed() {
    for path in [
        ".git/config",
        ".git/",
        ".git",
        "sub/.git/config",
        ".terraform/providers/x",
        ".terraform/modules/modules.json",
        "sub/.terraform/modules/x/main.tf",
        "terraform.tfstate",
        "terraform.tfstate.backup",
        "sub/x.tfstate.d/y",
        "terraform.tfstate.1700000000.backup",
    ] {
        for rules in ["", "!*", "!**", "!.git/\n!.terraform/\n!*.tfstate*\n!**"] {
            assert!(excludes(rules, path), "{path} with {rules:?}");
        }
    }
    for path in [
        "main.tf",
        ".gitignore",
        ".github/x",
        ".terraform-docs.yml",
        ".terraformignore",
    ] {
        assert!(!excludes("", path), "{path}");
    }
}

#[test]
fn the_lock_file_is_left_out_unless_asked_for() {
    assert!(excludes("", ".terraform.lock.hcl"));
    assert!(excludes("", "examples/a/.terraform.lock.hcl"));
    assert!(!excludes("!.terraform.lock.hcl", ".terraform.lock.hcl"));
}

#[test]
fn directories_are_skipped_where_nothing_below_can_come_back() {
    for (rules, directory, expected) in [
        ("", ".git", true),
        ("", ".terraform", true),
        ("", "modules", false),
        ("node_modules/", "node_modules", true),
        ("node_modules/", "a/node_modules", true),
        ("node_modules/\n!keep", "node_modules", false),
        ("!keep\nnode_modules/", "node_modules", true),
        ("node_modules", "node_modules", false),
    ] {
        assert_eq!(
            IgnoreRules::parse(rules).excludes_all_below(directory),
            expected,
            "{rules:?} and {directory}"
        );
    }
    assert!(!IgnoreRules::default().excludes_all_below("a"));
}

#[test]
fn no_pattern_takes_long() {
    let rules = IgnoreRules::parse(&format!("{}b\n{}b", "a*".repeat(200), "**/a/".repeat(200)));
    assert!(!rules.excluded(&"a".repeat(1000), PathKind::File));
    assert!(!rules.excluded(&"a/".repeat(500), PathKind::Directory));
}

proptest! {
    #[test]
    fn never_panics(text in "\\PC{0,40}", path in "\\PC{0,40}") {
        let rules = IgnoreRules::parse(&text);
        let _ = rules.excluded(&path, PathKind::File);
        let _ = rules.excludes_all_below(&path);
    }

    #[test]
    fn plain_names_match_themselves(name in "[a-z]{1,8}", directory in "[a-z]{1,8}") {
        prop_assert!(excludes(&name, &name));
        let below = format!("{directory}/{name}");
        prop_assert!(excludes(&name, &below));
        let anchored = format!("/{name}");
        prop_assert!(!excludes(&anchored, &below));
    }
}
