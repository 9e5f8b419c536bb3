//! A line of a file with the place to look at.

use std::ops::Range;

use serde::Serialize;
use tofu_oci::types::tofu::syntax::SourceProblem;
use unicode_width::UnicodeWidthStr as _;

use crate::printer::{escape, shown};

/// A line of a file, and which part of it is meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Excerpted {
    /// The file.
    pub(crate) file: String,
    /// The line, from 1.
    pub(crate) line: usize,
    /// The column in characters, from 1.
    pub(crate) column: usize,
    /// The line's text; where it is long, the part around the place.
    pub(crate) text: String,
    /// The characters meant, from 0.
    #[serde(skip)]
    marked: (usize, usize),
}

impl Excerpted {
    /// The place of a mistake.
    pub(crate) fn of(problem: &SourceProblem) -> Self {
        let Range { start, end } = problem.excerpt.caret.clone();
        Self {
            file: problem.range.file.to_string(),
            line: problem.range.start.line,
            column: problem.range.start.column,
            text: problem.excerpt.line.clone(),
            marked: (start, end),
        }
    }

    /// One for the reference.
    pub(crate) fn example() -> Self {
        Self {
            file: "main.tf".to_owned(),
            line: 5,
            column: 17,
            text: "      version = \"=> 1.0\"".to_owned(),
            marked: (16, 24),
        }
    }

    /// Place, line and caret, each line with its line end.
    pub(crate) fn draw(&self) -> String {
        // One character each, so that the caret stays under its character.
        let text: String = self.text.chars().map(visible).collect();
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let part = |from: usize, to: usize| -> usize {
            let part: String = text
                .chars()
                .skip(from)
                .take(to.saturating_sub(from))
                .collect();
            part.width()
        };
        let (start, end) = self.marked;
        let lead = " ".repeat(part(0, start));
        let caret = "^".repeat(part(start, end).max(1));
        format!(
            "  {margin}--> {file}:{line}:{column}\n  {margin} |\n  {number} | {text}\n  {margin} | {lead}{caret}\n",
            file = shown(&self.file),
            line = self.line,
            column = self.column,
        )
    }
}

/// The character, or a substitute for one that [`escape`] would write as several.
fn visible(c: char) -> char {
    let mut buffer = [0; 4];
    match escape(c.encode_utf8(&mut buffer)) {
        std::borrow::Cow::Borrowed(_) => c,
        std::borrow::Cow::Owned(_) => '\u{fffd}',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_its_characters() {
        let excerpt = Excerpted {
            file: "main.tf".to_owned(),
            line: 12,
            column: 5,
            text: "例 = \u{200b}\"x\"".to_owned(),
            marked: (5, 8),
        };
        assert_eq!(
            excerpt.draw(),
            "    --> main.tf:12:5\n     |\n  12 | 例 = \u{fffd}\"x\"\n     |       ^^^\n"
        );
    }
}
