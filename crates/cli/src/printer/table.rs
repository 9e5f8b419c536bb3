//! Aligned columns.

use std::fmt;

use unicode_width::UnicodeWidthStr as _;

use super::escape::shown;

/// What stands between two columns.
const GAP: usize = 2;

/// On which side of its column a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// Rows under a heading. Every cell is escaped when it is added.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table of these columns.
    pub(crate) fn new(columns: &[(&'static str, Align)]) -> Self {
        Self {
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; an absent cell is empty.
    pub(crate) fn row<T: fmt::Display>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(shown).collect());
    }

    /// Whether there is no row.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn widths(&self) -> Vec<usize> {
        let column = |(at, (head, _)): (usize, &(&str, Align))| {
            let cells = self.rows.iter().filter_map(|row| row.get(at));
            cells
                .map(|cell| cell.width())
                .fold(head.width(), usize::max)
        };
        self.columns.iter().enumerate().map(column).collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        let head: Vec<String> = self
            .columns
            .iter()
            .map(|(head, _)| (*head).to_owned())
            .collect();
        for row in std::iter::once(&head).chain(&self.rows) {
            let mut line = String::new();
            for (at, (width, (_, align))) in widths.iter().zip(&self.columns).enumerate() {
                let cell = row.get(at).map_or("", String::as_str);
                let blank = " ".repeat(width.saturating_sub(cell.width()));
                if at > 0 {
                    line.push_str(&" ".repeat(GAP));
                }
                match align {
                    Align::Left => line.extend([cell, &blank]),
                    Align::Right => line.extend([&blank, cell]),
                }
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&[
            ("NAME", Align::Left),
            ("SIZE", Align::Right),
            ("KIND", Align::Left),
        ]);
        table.row(["a", "5 B", "file"]);
        table.row(["例え", "1.2 MB", ""]);
        table.row(["a\u{1b}[0m", "12 B"]);
        assert_eq!(
            table.to_string(),
            "NAME          SIZE  KIND\n\
             a              5 B  file\n\
             例え        1.2 MB\n\
             a\\u{1b}[0m    12 B\n"
        );
        assert!(!table.is_empty());
    }
}
