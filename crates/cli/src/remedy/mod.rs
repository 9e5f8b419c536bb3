//! What to do about each kind of failure: the text of `docs/troubleshooting.md`.
//!
//! A hint is one line for the case at hand. A remedy is for somebody who looks the code up: what leads to it, what it
//! looks like, which steps help.

mod configurations;
mod evidence;
mod files;
mod packages;
mod proof;
mod registries;
mod releases;
mod repositories;
mod words;
mod zips;

use crate::diagnostic::Code;

/// What is known about a kind of failure.
#[derive(Debug)]
pub(crate) struct Remedy {
    pub(crate) code: Code,
    /// What leads to it.
    pub(crate) cause: &'static str,
    /// An example: the message, then its causes, without what stands before them.
    pub(crate) example: &'static [&'static str],
    /// What to do next.
    pub(crate) next: &'static str,
}

/// Remedies of failures that have to do with each other.
#[derive(Debug)]
pub(crate) struct Group {
    /// The heading.
    pub(crate) title: &'static str,
    /// In the order of the page.
    pub(crate) remedies: &'static [Remedy],
}

/// All remedies, in the order of the page.
pub(crate) const GROUPS: &[Group] = &[
    words::GROUP,
    files::GROUP,
    repositories::GROUP,
    registries::GROUP,
    packages::GROUP,
    releases::GROUP,
    zips::GROUP,
    proof::GROUP,
    evidence::GROUP,
    configurations::GROUP,
];

/// A group: its title, then for each code the cause, an example and the next step.
macro_rules! group {
    ($title:literal $($code:ident $cause:literal $example:tt $next:literal;)*) => {
        pub(super) const GROUP: $crate::remedy::Group = $crate::remedy::Group {
            title: $title,
            remedies: &[$($crate::remedy::Remedy {
                code: $crate::diagnostic::Code::$code,
                cause: $cause,
                example: &$example,
                next: $next,
            },)*],
        };
    };
}
use group;

#[cfg(test)]
mod tests {
    use super::*;

    fn remedies() -> impl Iterator<Item = &'static Remedy> {
        GROUPS.iter().flat_map(|group| group.remedies)
    }

    #[test]
    fn every_code_has_one() {
        for code in Code::ALL {
            let count = remedies().filter(|remedy| remedy.code == *code).count();
            assert_eq!(count, 1, "crates/cli/src/remedy: {}", code.as_str());
        }
    }

    #[test]
    fn texts_are_sentences() {
        for remedy in remedies() {
            let code = remedy.code.as_str();
            assert!(!remedy.example.is_empty(), "{code}");
            for text in [remedy.cause, remedy.next] {
                assert!(text.ends_with('.') && text.len() > 20, "{code}: {text}");
            }
        }
    }
}
