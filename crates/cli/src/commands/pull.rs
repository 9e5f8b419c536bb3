//! `pull REF -o DIR`

use tofu_oci::Outcome;
use tofu_oci::inspect::{ExistingFile, PullOptions, PullReport, PulledKind};

use super::{Ending, inspector, output};
use crate::args::PullArgs;
use crate::document::{PullDocument, PulledFileEntry};
use crate::interrupt::{Stop, run_writing};
use crate::printer::{Align, Table, size};
use crate::settings::Settings;

pub(super) fn run(args: PullArgs, settings: &Settings) -> Result<Ending, Stop> {
    let options = PullOptions {
        platforms: args.platform,
        existing: if args.force {
            ExistingFile::Replace
        } else {
            ExistingFile::Keep
        },
        jobs: Some(settings.jobs),
    };
    let inspector = inspector(settings)?;
    let report = run_writing(inspector.pull(&args.reference, &args.output, &options))?;
    let document = document(&report);
    settings
        .printer
        .summary(&document, || human(&document))
        .map_err(output)?;
    Ok(Ending::Done)
}

fn document(report: &PullReport) -> PullDocument {
    PullDocument {
        version: 1,
        reference: report.address.to_string(),
        tag: report.tag.as_ref().map(ToString::to_string),
        files: report
            .files
            .iter()
            .map(|file| {
                let (kind, platform) = match &file.kind {
                    PulledKind::Package(platform) => ("package", Some(platform.to_string())),
                    PulledKind::Module => ("module", None),
                    PulledKind::Attachment(kind) => (kind.name(), None),
                };
                PulledFileEntry {
                    filename: file.filename.clone(),
                    path: file.path.to_string_lossy().into_owned(),
                    kind,
                    platform,
                    digest: file.digest.to_string(),
                    size: file.size,
                    outcome: match file.outcome {
                        Outcome::Unchanged => "unchanged",
                        Outcome::Done | Outcome::Failed => "written",
                    },
                }
            })
            .collect(),
    }
}

fn human(document: &PullDocument) -> String {
    let mut table = Table::new(&[
        ("FILE", Align::Left),
        ("SIZE", Align::Right),
        ("KIND", Align::Left),
        ("", Align::Left),
    ]);
    for file in &document.files {
        table.row([
            file.path.as_str(),
            &size(file.size),
            file.kind,
            file.outcome,
        ]);
    }
    table.to_string()
}
