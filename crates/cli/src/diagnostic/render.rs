//! Failures on standard error.

use super::{Diagnostic, Failure};
use crate::document::{ErrorDocument, ErrorFields};
use crate::printer::{Colour, ERROR, Format, LABEL, Printer, json, shown, write_err};

/// Tells a failure.
pub(crate) fn report(printer: &Printer, failure: &Failure) {
    let mut text = String::new();
    for (at, diagnostic) in failure.diagnostics().iter().enumerate() {
        match printer.format {
            Format::Json => text.push_str(&line(diagnostic)),
            Format::Human => {
                if at > 0 {
                    text.push('\n');
                }
                text.push_str(&paragraph(diagnostic, printer.colour));
            }
        }
    }
    write_err(&text);
}

/// A failure as one line of JSON.
pub(super) fn line(diagnostic: &Diagnostic) -> String {
    let document = ErrorDocument {
        version: 1,
        error: ErrorFields {
            code: diagnostic.code.as_str(),
            message: diagnostic.message.clone(),
            at: diagnostic.excerpt.clone(),
            causes: diagnostic.causes.clone(),
            hint: diagnostic.hint.clone(),
            exit: diagnostic.code.exit().status(),
        },
    };
    // Strings and numbers only: this cannot fail.
    json::line(&document).unwrap_or_default()
}

/// A failure for people.
pub(super) fn paragraph(diagnostic: &Diagnostic, colour: Colour) -> String {
    let head = colour.paint(ERROR, &format!("error[{}]", diagnostic.code.as_str()));
    let mut text = format!("{head}: {}\n", shown(&diagnostic.message));
    if let Some(excerpt) = &diagnostic.excerpt {
        text.push_str(&excerpt.draw());
    }
    let label = |name: &str| colour.paint(LABEL, name);
    for cause in &diagnostic.causes {
        text.push_str(&format!("  {}: {}\n", label("cause"), shown(cause)));
    }
    if let Some(hint) = &diagnostic.hint {
        text.push_str(&format!("  {}: {}\n", label("hint"), shown(hint)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;

    fn sample() -> Diagnostic {
        Diagnostic {
            causes: vec!["the tag \u{1b}[31m".to_owned()],
            ..Diagnostic::new(Code::TagNotFound, "cannot read\n\u{202e}it").hint("look")
        }
    }

    #[test]
    fn hostile_text_does_not_reach_the_terminal() {
        assert_eq!(
            paragraph(&sample(), Colour::Off),
            "error[tag-not-found]: cannot read\\n\\u{202e}it\n  cause: the tag \\u{1b}[31m\n  hint: look\n"
        );
    }

    #[test]
    fn the_same_fields_as_json() {
        assert_eq!(
            line(&sample()),
            "{\"version\":1,\"error\":{\"code\":\"tag-not-found\",\"message\":\"cannot read\\n\\u202eit\",\
             \"causes\":[\"the tag \\u001b[31m\"],\"hint\":\"look\",\"exit\":1}}\n"
        );
    }
}
