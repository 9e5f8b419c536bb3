//! Mistakes in configurations and lock files, with their places.

use tofu_oci::types::tofu::syntax::SourceProblem;

use super::{Code, Diagnostic, Excerpted};

/// One diagnostic for each mistake.
pub(super) fn problems(code: Code, problems: &[SourceProblem]) -> Vec<Diagnostic> {
    let hint = (code == Code::LockFile).then(|| {
        "remove the entry, or the whole file; the next install writes it again".to_owned()
    });
    problems
        .iter()
        .map(|problem| {
            let message = format!("{}: {}", problem.summary, problem.detail);
            Diagnostic {
                excerpt: Some(Excerpted::of(problem)),
                hint: hint.clone(),
                ..Diagnostic::new(code, message)
            }
        })
        .collect()
}
