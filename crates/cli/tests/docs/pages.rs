//! The pages of the documentation: code blocks, links.

use std::fs;
use std::path::{Path, PathBuf};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    path.canonicalize().unwrap()
}

/// The text of a file of the repository.
pub(crate) fn read(path: &str) -> String {
    let text =
        fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    text.replace("\r\n", "\n")
}

/// The paths of the files below the directories and among the files of `places` that end in `ending`, sorted.
pub(crate) fn files(places: &[&str], ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    for place in places {
        walk(&root().join(place), ending, &mut found);
    }
    let root = root();
    let relative = found.iter().map(|path| {
        let path = path.strip_prefix(&root).unwrap().to_str().unwrap();
        path.replace('\\', "/")
    });
    let mut paths: Vec<String> = relative.collect();
    paths.sort();
    paths
}

fn walk(place: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    if place.is_file() {
        found.push(place.to_owned());
        return;
    }
    for entry in fs::read_dir(place).unwrap_or_else(|error| panic!("{}: {error}", place.display()))
    {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            walk(&path, ending, found);
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
}

/// All pages.
pub(crate) fn pages() -> Vec<String> {
    files(
        &[
            "README.md",
            "CONTRIBUTING.md",
            "CHANGELOG.md",
            "docs",
            "examples",
        ],
        ".md",
    )
}

/// A code block.
pub(crate) struct Block {
    /// The language, `sh` mostly.
    pub(crate) language: String,
    /// The heading above it.
    pub(crate) section: String,
    /// What is in it.
    pub(crate) text: String,
}

/// The code blocks of a page.
pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut section = String::new();
    let mut open: Option<Block> = None;
    for line in page.lines() {
        match (line.trim_start().strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(language), None) => {
                open = Some(Block {
                    language: language.to_owned(),
                    section: section.clone(),
                    text: String::new(),
                });
            }
            (None, Some(block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {
                if let Some(heading) = heading(line) {
                    heading.clone_into(&mut section);
                }
            }
        }
    }
    assert!(open.is_none(), "a code block is not closed");
    blocks
}

fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    (text.len() < line.len() && text.starts_with(' ')).then(|| text.trim())
}

/// The names by which links reach the headings of a page.
fn anchors(page: &str) -> Vec<String> {
    let mut inside = false;
    let headings = page.lines().filter_map(|line| {
        if line.starts_with("```") {
            inside = !inside;
        }
        if inside { None } else { heading(line) }
    });
    let names = headings.map(|text| {
        let kept = text.to_lowercase().replace(' ', "-");
        kept.chars()
            .filter(|c| c.is_alphanumeric() || "-_".contains(*c))
            .collect()
    });
    names.collect()
}

/// The targets of the links of a page.
fn links(page: &str) -> Vec<&str> {
    let parts = page.split("](").skip(1);
    parts
        .filter_map(|part| part.split_once(')'))
        .map(|(link, _)| link)
        .collect()
}

#[test]
fn links_lead_somewhere() {
    let root = root();
    let mut seen = 0;
    for path in pages() {
        let page = read(&path);
        for link in links(&page) {
            if link.contains("://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => root.join(&path),
                _ => root.join(&path).parent().unwrap().join(file),
            };
            assert!(target.exists(), "{path}: {link}");
            seen += 1;
            if !anchor.is_empty() {
                let names = anchors(&fs::read_to_string(&target).unwrap());
                assert!(names.iter().any(|name| name == anchor), "{path}: {link}");
            }
        }
    }
    assert!(seen > 30, "{seen}");
}
