//! Whatever is shown as a command is one.

use tofu_oci_cli::reference;

use crate::pages::{blocks, pages, read};
use crate::shell::{commands, variables};

/// Fails where words are no command line.
#[track_caller]
pub(crate) fn understood(place: &str, words: &[String]) {
    if let Err(problem) = reference::understood(words) {
        panic!("{place}: tofu-oci {}: {problem}", words.join(" "));
    }
}

#[test]
fn commands_in_pages_are_understood() {
    let mut seen = 0;
    for path in pages() {
        for block in blocks(&read(&path)) {
            if block.language != "sh" {
                continue;
            }
            for words in commands(&block.text, &variables(VALUES)) {
                understood(&path, &words);
                seen += 1;
            }
        }
    }
    assert!(seen > 50, "{seen}");
}

/// What the variables in pages stand for.
const VALUES: &[(&str, &str)] = &[
    ("PWD", "/work"),
    ("REGISTRY", "oci.example.com"),
    ("TOKEN", "secret"),
    ("VERSION", "1.2.3"),
];

#[test]
fn examples_of_help_are_understood() {
    let mut seen = 0;
    for block in blocks(&read("docs/reference/cli.md")) {
        let Some(name) = block
            .section
            .strip_prefix("`tofu-oci")
            .map(|rest| rest.trim_matches(['`', ' ']))
        else {
            continue;
        };
        let (_, examples) = block
            .text
            .rsplit_once("\nExamples:\n")
            .unwrap_or_else(|| panic!("{name}"));
        // A long one goes on in the next line.
        let examples = examples
            .trim()
            .replace("\n  tofu-oci ", "\r")
            .replace('\n', " ")
            .replace('\r', "\ntofu-oci ");
        assert!(
            examples.lines().all(|line| line.starts_with("tofu-oci ")),
            "{name}: {examples}"
        );
        let lines = commands(&examples, &variables(&[]));
        assert!((2..=3).contains(&lines.len()), "{name}: {examples}");
        for words in lines {
            // An example of a command is one of that command.
            let begins = words.join(" ");
            assert!(begins.starts_with(name), "{name}: {begins}");
            understood(name, &words);
        }
        seen += 1;
    }
    assert!(seen > 15, "{seen}");
}
