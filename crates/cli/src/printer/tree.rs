//! A tree drawn with lines.

use std::fmt::Display;

use super::escape::shown;

/// Which characters lines are drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Glyphs {
    /// Box-drawing characters.
    Unicode,
    /// For a locale that is not UTF-8.
    Ascii,
}

/// A node: lines of text, and what hangs below it. Every line is escaped when it is added.
#[derive(Debug)]
pub(crate) struct Tree {
    lines: Vec<String>,
    children: Vec<Tree>,
}

impl Tree {
    /// A node with one line.
    pub(crate) fn new(line: impl Display) -> Self {
        Self {
            lines: vec![shown(line)],
            children: Vec::new(),
        }
    }

    /// Puts a line above the first.
    pub(crate) fn title(&mut self, line: impl Display) {
        self.lines.insert(0, shown(line));
    }

    /// Adds a line below the first: what there is to say about this node.
    pub(crate) fn line(&mut self, line: impl Display) {
        self.lines.push(shown(line));
    }

    /// Hangs a node below this one.
    pub(crate) fn child(&mut self, child: Self) {
        self.children.push(child);
    }

    /// The drawing, each line with its line end.
    pub(crate) fn draw(&self, glyphs: Glyphs) -> String {
        let mut out = String::new();
        self.draw_into(&mut out, "", "", glyphs);
        out
    }

    /// `first` leads the node's first line, `rest` everything else of it.
    fn draw_into(&self, out: &mut String, first: &str, rest: &str, glyphs: Glyphs) {
        let (branch, last, through) = match glyphs {
            Glyphs::Unicode => ("├─ ", "└─ ", "│  "),
            Glyphs::Ascii => ("|- ", "`- ", "|  "),
        };
        // Further lines stand beside the line that leads to the children.
        let beside = if self.children.is_empty() {
            "   "
        } else {
            through
        };
        for (at, line) in self.lines.iter().enumerate() {
            if at == 0 {
                out.extend([first, line, "\n"]);
            } else {
                out.extend([rest, beside, line, "\n"]);
            }
        }
        let mut children = self.children.iter().peekable();
        while let Some(child) = children.next() {
            let (lead, below) = match children.peek() {
                Some(_) => (branch, through),
                None => (last, "   "),
            };
            let first = format!("{rest}{lead}");
            let rest = format!("{rest}{below}");
            child.draw_into(out, &first, &rest, glyphs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Tree {
        let mut target = Tree::new("linux_amd64");
        target.line("sha256:aa");
        target.child(Tree::new("package.zip"));
        let mut root = Tree::new("index");
        root.line("created yesterday");
        root.child(target);
        let mut last = Tree::new("checksums\u{1b}[0m");
        last.line("signed");
        root.child(last);
        root
    }

    #[test]
    fn lines_lead_to_the_last_child() {
        assert_eq!(
            sample().draw(Glyphs::Unicode),
            "index\n\
             │  created yesterday\n\
             ├─ linux_amd64\n\
             │  │  sha256:aa\n\
             │  └─ package.zip\n\
             └─ checksums\\u{1b}[0m\n      signed\n"
        );
    }

    #[test]
    fn without_box_drawing() {
        assert_eq!(
            sample().draw(Glyphs::Ascii),
            "index\n|  created yesterday\n|- linux_amd64\n|  |  sha256:aa\n|  `- package.zip\n`- checksums\\u{1b}[0m\n      signed\n"
        );
    }
}
