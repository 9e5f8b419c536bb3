//! What a command that failed hands back.

use super::{Code, Diagnostic, Exit};

/// One or more failures that have nothing to do with each other.
#[derive(Debug)]
pub(crate) struct Failure {
    diagnostics: Vec<Diagnostic>,
}

impl Failure {
    /// The failures, in the order in which they are told.
    pub(crate) fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The exit status: a refusal weighs more than a failure.
    pub(crate) fn status(&self) -> u8 {
        let exits = self
            .diagnostics
            .iter()
            .map(|diagnostic| diagnostic.code.exit());
        // A wrong command line is the reason only where it is the only one.
        let weight = |exit: &Exit| match exit {
            Exit::Usage => 0,
            Exit::Failed => 1,
            Exit::Refused => 2,
        };
        exits.max_by_key(weight).unwrap_or(Exit::Failed).status()
    }

    /// What failed first, with its causes, on one line.
    pub(crate) fn first_message(&self) -> String {
        let first = self.diagnostics.first();
        first.map_or_else(String::new, |first| {
            let parts = std::iter::once(&first.message).chain(&first.causes);
            parts.map(String::as_str).collect::<Vec<_>>().join(": ")
        })
    }

    /// One failure in place of all those of its kind.
    #[must_use]
    pub(crate) fn instead(mut self, diagnostic: Diagnostic) -> Self {
        self.diagnostics.retain(|told| told.code != diagnostic.code);
        self.diagnostics.push(diagnostic);
        Self::from(self.diagnostics)
    }

    /// A command line that cannot be carried out.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Diagnostic::new(Code::Usage, message).into()
    }
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        Self {
            diagnostics: vec![diagnostic],
        }
    }
}

impl From<Vec<Diagnostic>> for Failure {
    /// Sorted by place, then message: work that runs side by side fails in any order.
    fn from(mut diagnostics: Vec<Diagnostic>) -> Self {
        diagnostics.sort_by(|a, b| (&a.excerpt, &a.message).cmp(&(&b.excerpt, &b.message)));
        Self { diagnostics }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_decides_the_status() {
        let status = |codes: &[Code]| {
            let all: Vec<_> = codes
                .iter()
                .map(|&code| Diagnostic::new(code, "x"))
                .collect();
            Failure::from(all).status()
        };
        assert_eq!(status(&[Code::Io]), 1);
        assert_eq!(status(&[Code::Usage]), 2);
        assert_eq!(status(&[Code::Usage, Code::Io]), 1);
        assert_eq!(status(&[Code::LockMismatch, Code::Io, Code::Usage]), 3);
    }

    #[test]
    fn failures_are_told_in_order() {
        let all = ["b", "a"]
            .map(|text| Diagnostic::new(Code::Io, text))
            .to_vec();
        let failure = Failure::from(all);
        let told: Vec<_> = failure
            .diagnostics()
            .iter()
            .map(|d| d.message.as_str())
            .collect();
        assert_eq!(told, ["a", "b"]);
    }
}
