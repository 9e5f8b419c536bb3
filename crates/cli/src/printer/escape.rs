//! Text of others on a terminal.
//!
//! Names, tags, annotations, file names and messages come from registries, archives and file
//! systems. A terminal obeys some characters and shows others as nothing, so everything that is
//! printed for people passes [`escape`].

use std::borrow::Cow;
use std::fmt::Write as _;

/// `text` with every character that a terminal would obey, hide or reorder written as an escape.
///
/// What is escaped: control characters (C0, DEL, C1), so also ANSI sequences and line ends;
/// characters that change the direction of text; characters without width; line and paragraph
/// separators; tags and variation selectors beyond the first; unassigned characters of the
/// specials block.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_unsafe(c) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// [`escape`] for anything that can be displayed.
pub(crate) fn shown(value: impl std::fmt::Display) -> String {
    escape(&value.to_string()).into_owned()
}

/// Whether a terminal would obey, hide or reorder the character.
pub(super) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            // Without width: soft hyphen, joiners, fillers, byte order mark, invisible operators.
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            // Separators of lines and paragraphs, overrides and isolates of direction.
            | '\u{2028}'..='\u{202e}'
            // Tags, supplementary variation selectors.
            | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_or_hides_is_escaped() {
        for (name, hostile, printed) in [
            (
                "colour",
                "\u{1b}[31mred\u{1b}[0m",
                "\\u{1b}[31mred\\u{1b}[0m",
            ),
            ("title", "\u{1b}]0;owned\u{7}", "\\u{1b}]0;owned\\u{7}"),
            ("C1 sequence", "\u{9b}2J", "\\u{9b}2J"),
            ("lines", "a\r\nb\tc", "a\\r\\nb\\tc"),
            (
                "backspace, delete, nul",
                "a\u{8}\u{7f}\0",
                "a\\u{8}\\u{7f}\\u{0}",
            ),
            ("override", "gpj.\u{202e}exe", "gpj.\\u{202e}exe"),
            ("isolate", "a\u{2066}b\u{2069}", "a\\u{2066}b\\u{2069}"),
            (
                "marks",
                "a\u{200e}\u{200f}\u{61c}",
                "a\\u{200e}\\u{200f}\\u{61c}",
            ),
            (
                "no width",
                "ad\u{200b}min\u{feff}",
                "ad\\u{200b}min\\u{feff}",
            ),
            ("separators", "a\u{2028}b\u{2029}", "a\\u{2028}b\\u{2029}"),
            ("tags", "x\u{e0041}", "x\\u{e0041}"),
        ] {
            assert_eq!(escape(hostile), printed, "{name}");
        }
    }

    #[test]
    fn ordinary_text_is_itself() {
        for text in [
            "",
            "registry.opentofu.org/acme/demo 1.2.3",
            "ほげ/例え",
            "C:\\x\\y",
            "é – “quoted”",
        ] {
            assert!(matches!(escape(text), Cow::Borrowed(same) if same == text));
        }
        assert_eq!(shown(1.5), "1.5");
    }

    #[test]
    fn what_was_escaped_stays() {
        let once = escape("a\u{1b}[0m\n\u{202e}").into_owned();
        assert_eq!(escape(&once), once);
    }
}
