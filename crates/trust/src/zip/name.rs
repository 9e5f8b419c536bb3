//! The names an entry may have, and which of them are one file on some file systems.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;

use super::{Entry, NameProblem, ZipError, ZipLimits, ZipWarning};

/// The start of every provider executable's name.
const EXECUTABLE: &str = "terraform-provider-";

/// Reads a name as the archive has it: relative, `/` between components, one `/` at the end of a
/// directory.
pub(super) fn read_name(bytes: &[u8], limits: &ZipLimits) -> Result<String, ZipError> {
    let refuse = |problem| ZipError::UnsafeName {
        name: String::from_utf8_lossy(bytes.get(..256).unwrap_or(bytes)).into_owned(),
        problem,
    };
    let text = std::str::from_utf8(bytes).map_err(|_| refuse(NameProblem::NotUtf8))?;
    match problem_of(text, limits) {
        Some(problem) => Err(refuse(problem)),
        None => Ok(text.to_owned()),
    }
}

fn problem_of(text: &str, limits: &ZipLimits) -> Option<NameProblem> {
    if text.is_empty() {
        return Some(NameProblem::Empty);
    }
    if text.len() > limits.name {
        return Some(NameProblem::TooLong);
    }
    if text.chars().any(char::is_control) {
        return Some(NameProblem::Control);
    }
    if text.chars().any(is_deceptive) {
        return Some(NameProblem::Deceptive);
    }
    if text.contains('\\') {
        return Some(NameProblem::Backslash);
    }
    if text.starts_with('/') {
        return Some(NameProblem::Absolute);
    }
    if text.matches('/').count() > limits.depth {
        return Some(NameProblem::TooLong);
    }
    let mut start = text.chars();
    if start.next().is_some_and(|c| c.is_ascii_alphabetic()) && start.next() == Some(':') {
        return Some(NameProblem::Drive);
    }
    for component in text.strip_suffix('/').unwrap_or(text).split('/') {
        match component {
            ".." => return Some(NameProblem::Climbs),
            "" | "." => return Some(NameProblem::NotNormal),
            long if long.len() > limits.name_component => return Some(NameProblem::TooLong),
            _ => {}
        }
    }
    None
}

/// Line and paragraph separators, and the marks that reorder what a terminal shows.
fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Characters that some file systems pass over when they compare names.
fn is_passed_over(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{206a}'..='\u{206f}')
}

/// Whether Windows takes the name.
fn is_portable(name: &str) -> bool {
    name.trim_end_matches('/').split('/').all(|component| {
        let stem = component.split('.').next().unwrap_or(component);
        let device = ["con", "prn", "aux", "nul", "conin$", "conout$"]
            .iter()
            .any(|device| stem.eq_ignore_ascii_case(device))
            || (stem.len() == 4
                && stem.is_char_boundary(3)
                && stem.split_at_checked(3).is_some_and(|(port, digit)| {
                    (port.eq_ignore_ascii_case("com") || port.eq_ignore_ascii_case("lpt"))
                        && digit.bytes().all(|b| b.is_ascii_digit())
                }));
        !device
            && !component.ends_with([' ', '.'])
            && !component.contains(['<', '>', ':', '"', '|', '?', '*'])
    })
}

/// What a file system that folds case and normalises makes of a name.
fn folded(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    // Upper case first: it joins letters that have several lower-case forms.
    let upper: String = name
        .chars()
        .filter(|c| !is_passed_over(*c))
        .nfc()
        .flat_map(char::to_uppercase)
        .collect();
    upper.chars().flat_map(char::to_lowercase).nfc().collect()
}

/// Refuses duplicates, files with entries below them, and names that collide with an executable;
/// other collisions and names that Windows does not take are warnings.
pub(super) fn check_names(entries: &[Entry]) -> Result<Vec<ZipWarning>, ZipError> {
    let mut warnings = Vec::new();
    let mut exact: HashMap<&str, bool> = HashMap::with_capacity(entries.len());
    for entry in entries {
        let bare = entry.name.trim_end_matches('/');
        match exact.insert(bare, entry.is_dir) {
            Some(was_dir) if was_dir != entry.is_dir => {
                return Err(ZipError::FileAndDirectory { name: bare.into() });
            }
            Some(_) => {
                return Err(ZipError::DuplicateName {
                    name: entry.name.clone(),
                });
            }
            None => {}
        }
        if !is_portable(&entry.name) {
            warnings.push(ZipWarning::NotPortable {
                name: entry.name.clone(),
            });
        }
    }
    for entry in entries {
        if let Some(file) = parents(&entry.name).find(|parent| exact.get(parent) == Some(&false)) {
            return Err(ZipError::FileAndDirectory { name: file.into() });
        }
    }
    check_collisions(entries, warnings)
}

fn check_collisions(
    entries: &[Entry],
    mut warnings: Vec<ZipWarning>,
) -> Result<Vec<ZipWarning>, ZipError> {
    let mut seen: HashMap<String, (&str, bool)> = HashMap::with_capacity(entries.len());
    let mut collide = |first: &str, second: &str| {
        for (executable, name) in [(first, second), (second, first)] {
            if executable.starts_with(EXECUTABLE) && !executable.contains('/') {
                return Err(ZipError::CollidesWithExecutable {
                    name: name.into(),
                    executable: executable.into(),
                });
            }
        }
        warnings.push(ZipWarning::NamesCollide {
            first: first.into(),
            second: second.into(),
        });
        Ok(())
    };
    for entry in entries {
        let bare = entry.name.trim_end_matches('/');
        if let Some((first, is_dir)) = seen.insert(folded(bare), (bare, entry.is_dir))
            // Two directories that differ in case become one, which loses nothing.
            && !(is_dir && entry.is_dir)
        {
            collide(first, bare)?;
        }
    }
    for entry in entries {
        for parent in parents(&entry.name) {
            if let Some((file, false)) = seen.get(&folded(parent)).copied() {
                collide(file, &entry.name)?;
            }
        }
    }
    Ok(warnings)
}

/// The directories that a name lies in.
fn parents(name: &str) -> impl Iterator<Item = &str> {
    let bare = name.trim_end_matches('/');
    bare.match_indices('/')
        .filter_map(move |(at, _)| bare.get(..at))
}

/// Whether a file of this name may be in a package: the policy that the names in a zip must pass.
pub fn is_file_name(name: &str, limits: &ZipLimits) -> bool {
    !name.ends_with('/') && problem_of(name, limits).is_none()
}
