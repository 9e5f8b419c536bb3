//! A file's text, and places in it.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::{Excerpt, SourceProblem};

/// One place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, counted from one.
    pub line: usize,
    /// The column in characters, counted from one. A byte order mark takes no column.
    pub column: usize,
    /// Bytes from the beginning of the file as it is stored, byte order mark included.
    pub offset: usize,
}

/// A part of a file. `Display` is `FILE:LINE:COLUMN` of its start, with control characters of the
/// file name escaped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceRange {
    /// The name the file was given with.
    pub file: Arc<str>,
    /// The first character.
    pub start: Position,
    /// Just behind the last character.
    pub end: Position,
}

impl fmt::Display for SourceRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.file.chars() {
            if c.is_control() {
                write!(f, "{}", c.escape_default())?;
            } else {
                write!(f, "{c}")?;
            }
        }
        write!(f, ":{}:{}", self.start.line, self.start.column)
    }
}

/// Files larger than this many bytes are refused: far beyond any real configuration, and parsing
/// stays within seconds.
const LIMIT: usize = 32 << 20;

/// So many problems are listed, then no more.
const MOST_PROBLEMS: usize = 100;

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A file that was read: its name, its text, and where its lines begin.
///
/// Spans in a tree are byte ranges of [`SourceText::text`], which has no byte order mark.
#[derive(Debug)]
pub(crate) struct SourceText<'a> {
    file: Arc<str>,
    text: &'a str,
    mark: usize,
    lines: Vec<usize>,
}

impl<'a> SourceText<'a> {
    /// Takes a file of UTF-8 text; a byte order mark is skipped.
    pub(crate) fn new(file: &str, bytes: &'a [u8]) -> Result<Self, Box<SourceProblem>> {
        if bytes.len() > LIMIT {
            return Err(Box::new(Self::blank(file).problem(
                "File too large",
                format!("configuration files may have at most {LIMIT} bytes"),
                0..0,
            )));
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Self::index(file, text)),
            Err(error) => {
                let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let good = Self::index(file, std::str::from_utf8(good).unwrap_or_default());
                let end = good.text.len();
                Err(Box::new(good.problem(
                    "Invalid character encoding",
                    "the file is not UTF-8 text from here on",
                    end..end,
                )))
            }
        }
    }

    /// A file of which nothing is known but its name.
    pub(crate) fn blank(file: &str) -> Self {
        Self::index(file, "")
    }

    fn index(file: &str, stored: &'a str) -> Self {
        let text = stored.strip_prefix(BYTE_ORDER_MARK).unwrap_or(stored);
        let breaks = text.bytes().enumerate().filter(|&(_, b)| b == b'\n');
        Self {
            file: file.into(),
            text,
            mark: stored.len() - text.len(),
            lines: std::iter::once(0)
                .chain(breaks.map(|(at, _)| at + 1))
                .collect(),
        }
    }

    /// The text, without a byte order mark.
    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// The text of `span`; empty if the span is none of this text.
    pub(crate) fn slice(&self, span: &Range<usize>) -> &'a str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    /// The part of the file that `span` is.
    pub(crate) fn range(&self, span: &Range<usize>) -> SourceRange {
        SourceRange {
            file: Arc::clone(&self.file),
            start: self.position(span.start),
            end: self.position(span.end.max(span.start)),
        }
    }

    /// A problem at `span`, with the line it begins on.
    pub(crate) fn problem(
        &self,
        summary: &'static str,
        detail: impl Into<Cow<'static, str>>,
        span: Range<usize>,
    ) -> SourceProblem {
        let range = self.range(&span);
        let line = self.line(range.start.line);
        let width = line.chars().count();
        let end = if range.end.line == range.start.line {
            range.end.column - 1
        } else {
            width
        };
        SourceProblem {
            summary,
            detail: detail.into(),
            excerpt: Excerpt::new(line, range.start.column - 1..end),
            range,
        }
    }

    /// A problem at `span` of a file that may hold secrets: of its line only what lies in `shown`
    /// is shown, with an ellipsis for the rest.
    pub(crate) fn problem_showing(
        &self,
        summary: &'static str,
        detail: impl Into<Cow<'static, str>>,
        span: Range<usize>,
        shown: Range<usize>,
    ) -> SourceProblem {
        let range = self.range(&span);
        let start = self.line_start(range.start.line);
        let line = self.line(range.start.line);
        let within = |at: usize| at.clamp(start, start + line.len());
        let shown = within(shown.start)..within(shown.end);
        let before = self.slice(&(start..shown.start));
        let behind = self.slice(&(shown.end..start + line.len()));
        let lead = if before.trim().is_empty() {
            before
        } else {
            "…"
        };
        let tail = if behind.trim().is_empty() { "" } else { "…" };
        let column = |at: usize| {
            let at = at.clamp(shown.start, shown.end.max(shown.start));
            lead.chars().count() + self.slice(&(shown.start..at)).chars().count()
        };
        let end = if range.end.line == range.start.line {
            span.end
        } else {
            shown.end
        };
        let visible = format!("{lead}{}{tail}", self.slice(&shown));
        SourceProblem {
            summary,
            detail: detail.into(),
            excerpt: Excerpt::new(&visible, column(span.start)..column(end)),
            range,
        }
    }

    /// Adds a problem to a list, unless the list is so long that nobody reads on: every problem
    /// costs a look at its line, and generated files can hold thousands on one line.
    pub(crate) fn report(
        &self,
        problems: &mut Vec<SourceProblem>,
        summary: &'static str,
        detail: impl Into<Cow<'static, str>>,
        span: &Range<usize>,
    ) {
        if problems.len() < MOST_PROBLEMS {
            problems.push(self.problem(summary, detail, span.clone()));
        }
    }

    fn position(&self, offset: usize) -> Position {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.lines.partition_point(|&start| start <= offset).max(1);
        let start = self.line_start(line);
        let before = self.text.get(start..offset).unwrap_or_default();
        Position {
            line,
            column: before.chars().count() + 1,
            offset: offset + self.mark,
        }
    }

    /// Where a line begins, counted from one.
    fn line_start(&self, line: usize) -> usize {
        self.lines.get(line - 1).copied().unwrap_or_default()
    }

    /// The text of a line, counted from one, without its line end.
    fn line(&self, line: usize) -> &'a str {
        let start = self.line_start(line);
        let end = self
            .lines
            .get(line)
            .map_or(self.text.len(), |next| next - 1);
        let text = self.text.get(start..end).unwrap_or_default();
        text.strip_suffix('\r').unwrap_or(text)
    }
}
