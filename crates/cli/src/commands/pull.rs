//! `pull REF -o DIR`

use std::collections::BTreeSet;

use tofu_oci::Outcome;
use tofu_oci::inspect::{ExistingFile, PullOptions, PullReport, PulledKind};
use tofu_oci::trust::policy::Level;
use tofu_oci::types::tofu::Platform;

use super::verify::{proofs, signed_by};
use super::{Ending, inspector, output};
use crate::args::PullArgs;
use crate::document::{PullDocument, PulledFileEntry};
use crate::interrupt::{Stop, run_writing};
use crate::printer::{Align, Table, count, shown, size};
use crate::settings::Settings;

pub(super) fn run(args: PullArgs, settings: &Settings) -> Result<Ending, Stop> {
    let judge = args.signatures.judge(settings)?;
    let options = PullOptions {
        judge,
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
        .summary(&document, || human(&document, &report))
        .map_err(output)?;
    Ok(Ending::Done)
}

fn document(report: &PullReport) -> PullDocument {
    let proof = |platform: Option<&Platform>| {
        let mut proofs = report.proofs.iter();
        proofs.find(|proof| proof.platform.as_ref() == platform)
    };
    PullDocument {
        version: 1,
        reference: report.address.to_string(),
        tag: report.tag.as_ref().map(ToString::to_string),
        files: report
            .files
            .iter()
            .map(|file| {
                let (kind, platform, proof) = match &file.kind {
                    PulledKind::Package(of) => ("package", Some(of.to_string()), proof(Some(of))),
                    PulledKind::Module => ("module", None, proof(None)),
                    PulledKind::Attachment(kind) => (kind.name(), None, None),
                };
                PulledFileEntry {
                    filename: file.filename.clone(),
                    path: file.path.to_string_lossy().into_owned(),
                    kind,
                    platform,
                    digest: file.digest.to_string(),
                    size: file.size,
                    level: proof.map(|proof| proof.verdict.level.to_string()),
                    proofs: proof.map_or_else(Vec::new, |proof| proofs(&proof.verdict)),
                    outcome: match file.outcome {
                        Outcome::Unchanged => "unchanged",
                        Outcome::Done | Outcome::Failed => "written",
                    },
                }
            })
            .collect(),
    }
}

fn human(document: &PullDocument, report: &PullReport) -> String {
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
    let told = report.proofs.iter();
    let told = told.flat_map(|proof| &proof.verdict.warnings);
    let unsigned = match told.count() {
        0 => "not signed",
        _ => "no signature counts",
    };
    format!("{table}\n{}", signers(&document.files, unsigned))
}

/// Who signed the packages: one line for each signature that covers one of them.
fn signers(files: &[PulledFileEntry], unsigned: &str) -> String {
    let packages = || files.iter().filter(|file| file.level.is_some());
    let integrity = Level::Integrity.to_string();
    let count_unsigned = packages()
        .filter(|file| file.level.as_ref() == Some(&integrity))
        .count();
    let mut lines: BTreeSet<String> = packages()
        .flat_map(|file| &file.proofs)
        .map(signed_by)
        .collect();
    if count_unsigned > 0 {
        lines.insert(match count_unsigned == packages().count() {
            true => unsigned.to_owned(),
            false => format!("{unsigned}: {}", count(count_unsigned, "package")),
        });
    }
    lines.into_iter().map(|line| shown(line) + "\n").collect()
}
