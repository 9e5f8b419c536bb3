use proptest::prelude::*;

use super::*;
use crate::tofu::syntax::SourceProblem;

const GOLDEN: &str = r#"# This file is maintained automatically by "tofu init".
# Manual edits may be lost in future updates.

provider "registry.opentofu.org/test/bar" {
  version     = "1.2.0"
  constraints = "~> 1.0"
}

provider "registry.opentofu.org/test/baz" {
  version = "1.2.0"
}

provider "registry.opentofu.org/test/boo" {
  version     = "1.2.0"
  constraints = "1.2.0"
}

provider "registry.opentofu.org/test/foo" {
  version     = "1.0.0"
  constraints = ">= 1.0.0"
  hashes = [
    "test:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "test:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
    "test:cccccccccccccccccccccccccccccccccccccccccccccccc",
  ]
}
"#;

fn hash(letter: &str) -> PackageHash {
    format!("test:{}", letter.repeat(48)).parse().unwrap()
}

fn lock(addr: &str, version: &str, constraints: &str, hashes: &[PackageHash]) -> ProviderLock {
    ProviderLock {
        addr: addr.parse().unwrap(),
        version: version.parse().unwrap(),
        constraints: constraints.parse().unwrap(),
        hashes: hashes.to_vec(),
    }
}

fn read(text: &str) -> LockFile {
    LockFile::read(text).unwrap().0
}

fn problems(text: &str) -> Vec<SourceProblem> {
    LockFile::read(text).unwrap_err().problems
}

#[test]
fn locks_are_written_byte_for_byte() {
    let mut file = LockFile::new(LockOrigin::Tofu);
    let hashes = [hash("c"), hash("a"), hash("b"), hash("a")];
    file.set(lock("test/foo", "1.0.0", ">= 1.0.0", &hashes));
    file.set(lock("test/bar", "1.2.0", "~> 1", &[]));
    file.set(lock("test/baz", "1.2.0", "", &[]));
    file.set(lock("test/boo", "1.2.0", "1.2", &[]));
    assert_eq!(file.write(), GOLDEN);
    assert_eq!(read(GOLDEN).write(), GOLDEN);
}

#[test]
fn a_file_without_entries_is_its_header() {
    let header = "# This file is maintained automatically by \"tofu init\".\n# Manual edits may be lost in future updates.\n";
    assert_eq!(LockFile::default().write(), header);
    assert_eq!(
        LockFile::new(LockOrigin::Terraform).write(),
        header.replace("tofu", "terraform")
    );
}

#[test]
fn the_header_that_was_read_is_kept() {
    let terraform = GOLDEN.replace("tofu init", "terraform init");
    let file = read(&terraform).or_origin(LockOrigin::Tofu);
    assert_eq!(file.origin(), Some(LockOrigin::Terraform));
    assert_eq!(file.write(), terraform);
    let windows = terraform.replace('\n', "\r\n");
    assert_eq!(read(&windows).write(), terraform);
    let bare = read("# something else\n").or_origin(LockOrigin::Terraform);
    assert_eq!(bare.origin(), Some(LockOrigin::Terraform));
}

#[test]
fn files_without_entries_are_fine() {
    for text in ["", "# only\n// comments\n", "\u{feff}", "\r\n"] {
        assert!(read(text).is_empty(), "{text:?}");
    }
}

#[test]
fn unknown_hash_schemes_load_in_the_order_of_the_file() {
    let text = r#"
        provider "terraform.io/test/foo" {
          version = "1.0.0"
          hashes = ["test:c", "test:a", "zh:b", "test:a"]
        }
    "#;
    let file = read(text);
    let hashes: Vec<String> = file
        .iter()
        .flat_map(|lock| lock.hashes.iter().map(ToString::to_string))
        .collect();
    assert_eq!(hashes, ["test:c", "test:a", "zh:b", "test:a"]);
    let usable = file.iter().flat_map(ProviderLock::usable_hashes).count();
    assert_eq!(usable, 1);
}

#[test]
fn mistakes_have_their_summary_and_line() {
    const ADDRESS: &str = "Invalid provider source address";
    const NORMAL: &str = "Non-normalized provider source address";
    const VERSION: &str = "Invalid provider version number";
    let block = |inside: &str| format!("provider \"terraform.io/test/foo\" {{\n{inside}\n}}\n");
    let labelled = |label: &str| format!("\nprovider {label:?} {{\n version = \"1.0.0\"\n}}\n");
    let table = [
        (labelled(""), ADDRESS, 2),
        (labelled("too/many/parts/here"), ADDRESS, 2),
        (labelled("aws"), NORMAL, 2),
        (labelled("hashicorp/aws"), NORMAL, 2),
        (labelled("Registry.opentofu.org/example/example"), NORMAL, 2),
        (labelled("registry.opentofu.org/eXample/example"), NORMAL, 2),
        (labelled("registry.opentofu.org/example/Example"), NORMAL, 2),
        (labelled("registry.opentofu.org/-/null"), ADDRESS, 2),
        (labelled("terraform.io/builtin/foo"), ADDRESS, 2),
        (
            block("version = \"1.0.0\"").repeat(2),
            "Duplicate provider lock",
            4,
        ),
        (block("version = \"\""), VERSION, 2),
        (block("version = \"v1.0.0\""), VERSION, 2),
        (block("version = \"1.0\""), VERSION, 2),
        (block("version = \"1\""), VERSION, 2),
        (block("version = \"1.02\""), VERSION, 2),
        (block(""), "Missing required argument", 1),
        (block("version = null"), "Missing required argument", 1),
        (block("version = 1"), "Incorrect attribute value type", 2),
        (block("version = local.x"), "Variables not allowed", 2),
        (
            block("version = \"${local.x}\""),
            "Variables not allowed",
            2,
        ),
        (block("version = f()"), "Function calls not allowed", 2),
        ("doodad \"x\" {}".to_owned(), "Unsupported block type", 1),
        (
            block("version = \"1.0.0\"\nconstraints = \">= 1\""),
            "Invalid provider version constraints",
            3,
        ),
        (
            block("version = \"1.0.0\"\nconstraints = \"garbage\""),
            "Invalid provider version constraints",
            3,
        ),
        (
            block("version = \"1.0.0\"\nhashes = []"),
            "Invalid provider hash set",
            3,
        ),
        (
            block("version = \"1.0.0\"\nhashes = \"h1:x\""),
            "Invalid provider hash set",
            3,
        ),
        (
            block("version = \"1.0.0\"\nhashes = [\n\"h1:x\",\n\"nope\",\n]"),
            "Invalid provider hash string",
            5,
        ),
        (
            block("version = \"1.0.0\"\nunknown = 1"),
            "Unsupported argument",
            3,
        ),
        (
            block("version = \"1.0.0\"\ninner {}"),
            "Unsupported block type",
            3,
        ),
        ("unknown = 1".to_owned(), "Unsupported argument", 1),
        ("provider {}".to_owned(), "Missing name for provider", 1),
        (
            "provider a b {}".to_owned(),
            "Extraneous label for provider",
            1,
        ),
        (
            "provider \"a\nb\" {}".to_owned(),
            "Invalid multi-line string",
            1,
        ),
        (
            block("version = \"1.0.0\"\nversion = \"1.0.0\""),
            "Attribute redefined",
            3,
        ),
        ("\n\nprovider".to_owned(), "Invalid syntax", 3),
    ];
    for (text, summary, line) in table {
        let found = problems(&text);
        let seen: Vec<_> = found
            .iter()
            .map(|p| (p.summary, p.range.start.line))
            .collect();
        assert_eq!(seen, [(summary, line)], "{text}\n{found:?}");
    }
}

#[test]
fn a_mistake_shows_its_place() {
    let text = "\u{feff}provider \"terraform.io/ü/foo\" {\r\n  version = \"1.0\"\r\n}\r\n";
    let found = problems(text);
    let [problem] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(
        problem.to_string(),
        ".terraform.lock.hcl:2:13: Invalid provider version number: version \"1.0\" is invalid: it is not canonical; write 1.0.0"
    );
    assert_eq!(problem.excerpt.line, "  version = \"1.0\"");
    assert_eq!(problem.excerpt.caret, 12..17);
    assert_eq!(problem.range.start.offset, text.find("\"1.0\"").unwrap());
    assert_eq!(problem.range.end.column, 18);
}

#[test]
fn all_mistakes_are_reported() {
    let text = "provider \"\" {}\nprovider \"x/y/z\" {\n  version = \"1\"\n  a = 1\n}\nb {}\n";
    let lines: Vec<usize> = problems(text).iter().map(|p| p.range.start.line).collect();
    assert_eq!(lines, [1, 3, 4, 6]);
    assert_eq!(
        LockFile::read(text)
            .unwrap_err()
            .to_string()
            .matches(".terraform.lock.hcl:")
            .count(),
        4
    );
}

#[test]
fn module_blocks_are_one_warning() {
    let text = "module \"a\" {\n  x = 1\n}\nmodule \"b\" {}\n";
    let (file, warnings) = LockFile::read(text).unwrap();
    assert!(file.is_empty());
    let [warning] = warnings.as_slice() else {
        panic!("{warnings:?}");
    };
    assert_eq!(warning.range.start.line, 1);
    assert_eq!(
        warning.summary,
        "Dependency locks for modules are not yet supported"
    );
}

#[test]
fn only_what_counts_makes_a_file_differ() {
    let base = |constraints: &str, hashes: &[PackageHash]| {
        let mut file = LockFile::default();
        file.set(lock("a/b", "1.0.0", constraints, hashes));
        file
    };
    let loaded = base(">= 1.0.0", &[hash("a"), hash("b")]);
    let mut more = loaded.clone();
    more.set(lock("a/c", "1.0.0", "", &[]));
    let mut newer = loaded.clone();
    newer.set(lock("a/b", "1.0.1", ">= 1.0.0", &[hash("a"), hash("b")]));
    let table = [
        ("the same", loaded.clone(), true),
        (
            "another constraint",
            base("", &[hash("a"), hash("b")]),
            true,
        ),
        (
            "another header",
            loaded.clone().or_origin(LockOrigin::Terraform),
            true,
        ),
        (
            "another order of hashes",
            base("", &[hash("b"), hash("a")]),
            false,
        ),
        ("a hash less", base("", &[hash("a")]), false),
        ("one provider more", more, false),
        ("another version", newer, false),
        ("none", LockFile::default(), false),
    ];
    for (name, file, same) in table {
        assert_eq!(file.same_as(&loaded), same, "{name}");
        assert_eq!(loaded.same_as(&file), same, "{name}, the other way round");
    }
}

#[test]
fn entries_come_and_go() {
    let mut file = read(GOLDEN);
    let foo = "test/foo".parse().unwrap();
    assert_eq!(file.remove(&foo).unwrap().version.to_string(), "1.0.0");
    assert!(file.get(&foo).is_none());
    file.retain(|lock| lock.addr.kind() == "baz");
    assert_eq!(file.iter().count(), 1);
    file.retain(|_| false);
    assert_eq!(file.write().lines().count(), 2);
}

#[test]
fn entries_are_sorted_by_host_namespace_and_type() {
    let mut file = LockFile::default();
    let sorted = [
        "example.com/z/a",
        "registry.opentofu.org/a-b/x",
        "registry.opentofu.org/a/x",
        "registry.opentofu.org/a/y",
        "registry.terraform.io/a/x",
        "тест.com/a/x",
    ];
    // The order is that of the pieces, not of the whole text, and the host's is its ASCII form.
    let sorted = {
        let mut sorted = sorted;
        sorted.sort_by_key(|text| {
            let addr: ProviderAddr = text.parse().unwrap();
            let host = addr.hostname().as_str().to_owned();
            (host, addr.namespace().to_owned(), addr.kind().to_owned())
        });
        sorted
    };
    for text in sorted.iter().rev() {
        file.set(lock(text, "1.0.0", "", &[]));
    }
    let seen: Vec<String> = file.iter().map(|lock| lock.addr.to_string()).collect();
    assert_eq!(seen, sorted);
    assert_eq!(read(&file.write()).write(), file.write());
}

#[test]
fn predecessors_get_siblings_without_hashes() {
    let mut file = LockFile::default();
    let terraform = "registry.terraform.io";
    let add = |file: &mut LockFile, addr: String, version: &str| {
        file.set(lock(&addr, version, ">= 1.0.0", &[hash("a")]));
    };
    add(&mut file, format!("{terraform}/hashicorp/a"), "1.0.0");
    add(&mut file, format!("{terraform}/anything-else/b"), "2.0.0");
    add(&mut file, format!("{terraform}/hashicorp/c"), "3.0.0");
    add(&mut file, "hashicorp/c".to_owned(), "4.0.0");
    let (file, added) = file.with_predecessors();
    let added: Vec<String> = added
        .iter()
        .map(|(from, to)| format!("{from} => {to}"))
        .collect();
    assert_eq!(
        added,
        ["registry.terraform.io/hashicorp/a => registry.opentofu.org/hashicorp/a"]
    );
    let seen: Vec<String> = file
        .iter()
        .map(|l| {
            format!(
                "{} {} {} {}",
                l.addr,
                l.version,
                l.constraints,
                l.hashes.len()
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            "registry.opentofu.org/hashicorp/a 1.0.0 >= 1.0.0 0",
            "registry.opentofu.org/hashicorp/c 4.0.0 >= 1.0.0 1",
            "registry.terraform.io/anything-else/b 2.0.0 >= 1.0.0 1",
            "registry.terraform.io/hashicorp/a 1.0.0 >= 1.0.0 1",
            "registry.terraform.io/hashicorp/c 3.0.0 >= 1.0.0 1",
        ]
    );
    assert!(file.with_predecessors().1.is_empty());
}

#[test]
fn odd_hashes_survive() {
    for odd in [
        "x:${a}",
        "x:%{a}",
        "x:$${",
        "x:\"\\",
        "x:a\tb\u{1}\u{85}",
        "x:ü\u{1f600}",
    ] {
        let mut file = LockFile::default();
        file.set(lock("a/b", "1.0.0", "", &[odd.parse().unwrap()]));
        let text = file.write();
        assert_eq!(read(&text).write(), text, "{odd:?}");
        let kept = read(&text)
            .iter()
            .flat_map(|l| l.hashes.clone())
            .next()
            .unwrap();
        assert_eq!(kept.to_string(), odd);
    }
}

fn some_hashes() -> impl Strategy<Value = Vec<PackageHash>> {
    let hash = "(h1|zh|test):[a-d]{1,2}".prop_map(|text| text.parse().unwrap());
    proptest::collection::vec(hash, 0..6)
}

proptest! {
    #[test]
    fn merging_is_idempotent_commutative_and_associative(
        a in some_hashes(), b in some_hashes(), c in some_hashes(),
    ) {
        let merged = merge_hashes(&a, &b);
        prop_assert_eq!(&merge_hashes(&merged, &b), &merged);
        prop_assert_eq!(&merge_hashes(&b, &a), &merged);
        prop_assert_eq!(merge_hashes(&merged, &c), merge_hashes(&a, &merge_hashes(&b, &c)));
    }

    #[test]
    fn what_is_written_reads_back(entries in proptest::collection::btree_map("[a-c]{1,2}/[a-c]{1,2}", some_hashes(), 0..4)) {
        let mut file = LockFile::new(LockOrigin::Tofu);
        for (addr, hashes) in &entries {
            file.set(lock(addr, "1.2.3", "~> 1.2", &merge_hashes(hashes, &[])));
        }
        let back = read(&file.write());
        prop_assert_eq!(&back, &file);
        prop_assert!(back.same_as(&file));
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "(provider|version|hashes|[ \"={}\\[\\]\n$%a-c:/.0-9#\r<\\\\\u{fe0f}é])*") {
        let _ = LockFile::read(&text);
    }
}
