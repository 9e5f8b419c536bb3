//! What is wrong with a file, and where.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use super::SourceRange;

/// One mistake (or warning) in a file that was read.
///
/// `summary` is the short name OpenTofu gives the situation, so that people find it in searches;
/// `detail` says what was found. Both are safe to print: text from the file is escaped. `Display`
/// is `FILE:LINE:COLUMN: summary: detail`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceProblem {
    /// The kind of mistake, such as `Unsupported block type`.
    pub summary: &'static str,
    /// What was found and what is expected: lower case, no full stop.
    pub detail: Cow<'static, str>,
    /// Where it is.
    pub range: SourceRange,
    /// The line it is on.
    pub excerpt: Excerpt,
}

impl SourceProblem {
    /// The same without its line, for files that may hold secrets.
    pub(crate) fn without_excerpt(self) -> Self {
        Self {
            excerpt: Excerpt::new("", 0..1),
            ..self
        }
    }
}

impl fmt::Display for SourceProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.range, self.summary, self.detail)
    }
}

impl std::error::Error for SourceProblem {}

/// A line of a file with the place to underline.
///
/// Safe to print: control characters and characters that change the direction of text are
/// replaced, tabs are single blanks, and of a very long line only the part around the mistake is
/// kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The line, without its line end.
    pub line: String,
    /// The characters to underline, counted from zero; at least one, and possibly the place just
    /// behind the last character.
    pub caret: Range<usize>,
}

impl Excerpt {
    /// At most this many characters of a line are kept.
    const WIDTH: usize = 160;

    /// The excerpt of `line` that underlines the characters of `marked` (counted from zero).
    pub(super) fn new(line: &str, marked: Range<usize>) -> Self {
        let line = crate::tofu::user_information::mask(line);
        let marked = marked.start..marked.end.max(marked.start + 1);
        let skip = if marked.start < Self::WIDTH {
            0
        } else {
            marked.start - Self::WIDTH / 2
        };
        let line: String = line
            .chars()
            .skip(skip)
            .take(Self::WIDTH)
            .map(printable)
            .collect();
        let width = line.chars().count();
        let start = (marked.start - skip).min(width);
        let end = marked
            .end
            .saturating_sub(skip)
            .clamp(start + 1, width.max(start + 1));
        Self {
            line,
            caret: start..end,
        }
    }
}

/// The character as an excerpt shows it.
fn printable(c: char) -> char {
    match c {
        '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        // Direction marks and overrides: they let a line look like another one.
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c => c,
    }
}

/// All problems as one text, one line each: the `Display` of the errors that carry several.
///
/// # Errors
///
/// Only those of the formatter.
pub fn describe(problems: &[SourceProblem], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (at, problem) in problems.iter().enumerate() {
        if at > 0 {
            f.write_str("; ")?;
        }
        fmt::Display::fmt(problem, f)?;
    }
    Ok(())
}
