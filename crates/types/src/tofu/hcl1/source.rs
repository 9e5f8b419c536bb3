//! The text of a file that may hold secrets.

use std::borrow::Cow;
use std::ops::Range;

use super::{LIMIT, Mistake, Spelling};
use crate::tofu::syntax::{SourceProblem, SourceRange, SourceText};

/// Names that a CLI configuration is made of. They are public, so a line that holds a mistake may
/// be shown with one of them.
const NAMES: &[&str] = &[
    "access_token",
    "args",
    "credentials",
    "credentials_helper",
    "dev_overrides",
    "direct",
    "discover_ambient_credentials",
    "docker_credentials_helper",
    "docker_style_config_files",
    "download_retry_count",
    "exclude",
    "filesystem_mirror",
    "host",
    "include",
    "network_mirror",
    "oci_credentials",
    "oci_default_credentials",
    "oci_mirror",
    "password",
    "path",
    "plugin_cache_dir",
    "plugin_cache_may_break_dependency_lock_file",
    "provider_installation",
    "refresh_token",
    "registry_protocols",
    "repository_template",
    "request_timeout_seconds",
    "retry_count",
    "services",
    "token",
    "trust_all_hashes",
    "url",
    "username",
];

/// The text of a CLI configuration, which shows nothing of itself that it was not asked to.
///
/// Such files hold tokens and passwords, and a mistake may well stand on their line or even be
/// one: a missing quote makes a token look like a name. So a problem shows of its line only the
/// part that whoever reports it has understood and vouches for ([`problem`](Self::problem)), and
/// for mistakes of the language itself only the well-known name that the line begins with.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    text: SourceText<'a>,
}

impl<'a> Source<'a> {
    /// Takes a file of UTF-8 text.
    pub(super) fn new(file: &str, bytes: &'a [u8]) -> Result<Self, Box<SourceProblem>> {
        let refuse = |detail: String| {
            let empty = SourceText::blank(file);
            Err(Box::new(empty.problem_showing(
                "Invalid CLI configuration",
                detail,
                0..0,
                0..0,
            )))
        };
        if bytes.len() > LIMIT {
            return refuse(format!("CLI configurations may have at most {LIMIT} bytes"));
        }
        if bytes.starts_with("\u{feff}".as_bytes()) {
            return refuse("the file begins with a byte order mark, which clients refuse".into());
        }
        match SourceText::new(file, bytes) {
            Ok(text) => Ok(Self { text }),
            Err(problem) => Err(Box::new(problem.without_excerpt())),
        }
    }

    /// The text.
    pub(super) fn text(&self) -> &'a str {
        self.text.text()
    }

    /// The part of the file that `span` is.
    pub(crate) fn range(&self, span: &Range<usize>) -> SourceRange {
        self.text.range(span)
    }

    /// A problem at `span`. Of its line only what lies in `shown` is shown.
    pub(crate) fn problem(
        &self,
        summary: &'static str,
        detail: impl Into<Cow<'static, str>>,
        span: Range<usize>,
        shown: Range<usize>,
    ) -> SourceProblem {
        self.text.problem_showing(summary, detail, span, shown)
    }

    /// A mistake of the language, with the well-known name at the beginning of its line.
    pub(super) fn mistake(&self, mistake: &Mistake, spelling: Spelling) -> SourceProblem {
        let text = self.text();
        let before = text.get(..mistake.at).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = text.get(start..).unwrap_or_default();
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        let start = start + indent;
        let name = NAMES
            .iter()
            .find(|name| {
                let after = text.get(start..).and_then(|line| line.strip_prefix(**name));
                after.is_some_and(|after| after.starts_with([' ', '\t', '=', '{', '"', '\r', '\n']))
            })
            .map_or(0, |name| name.len());
        let end = text
            .get(mistake.at..)
            .and_then(|rest| rest.chars().next())
            .map_or(mistake.at, |c| mistake.at + c.len_utf8());
        let summary = match spelling {
            Spelling::Native => "Invalid CLI configuration",
            Spelling::Json => "Invalid JSON",
        };
        self.problem(
            summary,
            mistake.detail.clone(),
            mistake.at..end,
            start..start + name,
        )
    }
}
