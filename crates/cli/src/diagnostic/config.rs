//! Mistakes in configurations of all kinds and lock files, with their places.

use std::io;
use std::path::Path;

use tofu_oci::types::tofu::cli_config::CliConfigErrors;
use tofu_oci::types::tofu::syntax::SourceProblem;

use super::{Code, Diagnostic, Excerpted, Failure, io as file};

impl From<CliConfigErrors> for Failure {
    fn from(errors: CliConfigErrors) -> Self {
        problems(Code::CliConfiguration, &errors.problems).into()
    }
}

/// A file of the CLI configuration that cannot be read.
pub(crate) fn unreadable_config(path: &Path, error: &io::Error) -> Failure {
    let message = format!("cannot read the CLI configuration {}", path.display());
    Diagnostic {
        message,
        causes: vec![error.to_string()],
        ..Diagnostic::of(error, file::advice(error))
    }
    .into()
}

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
