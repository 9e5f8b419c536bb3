//! `verify REF|DIR|--lock-file`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tofu_oci::Progress;
use tofu_oci::install::Writes;
use tofu_oci::source::{MultiSource, OciMirror, Source};
use tofu_oci::store::Files;
use tofu_oci::trust::pgp::KeyOrigin;
use tofu_oci::trust::policy::{Level, LockStanding, Proof, Verdict};
use tofu_oci::types::oci::Address;
use tofu_oci::types::tofu::Hostname;
use tofu_oci::types::tofu::config::Dialect;
use tofu_oci::verify::{
    Checked, Depth, DirectoryOptions, PackageReport, VerifiedPlace, Verifier, VerifyOptions,
    VerifyReport,
};

use super::no_source::NoSource;
use super::{Ending, output, progress};
use crate::args::VerifyArgs;
use crate::diagnostic::Failure;
use crate::document::{ProofEntry, StrayEntry, VerifiedEntry, VerifyDocument, VerifyFailureEntry};
use crate::interrupt::{Stop, run_reading};
use crate::printer::{Align, Table, shown};
use crate::settings::Settings;

/// What is verified.
enum Subject {
    Release(Address),
    Directory(PathBuf),
    LockFile(PathBuf),
}

pub(super) fn run(args: &VerifyArgs, settings: &Settings) -> Result<Ending, Stop> {
    let mut report = match subject(args)? {
        Subject::Release(address) => {
            let (verifier, options) = verifier(args, settings)?;
            run_reading(verifier.release(&address, &options))?
        }
        Subject::LockFile(path) => lock_file(args, &path, settings)?,
        Subject::Directory(path) => directory(args, path, settings)?,
    };
    let failures = std::mem::take(&mut report.failures);
    let failure = (!failures.is_empty()).then(|| Failure::from(failures));
    let document = document(&report, failure.as_ref());
    settings
        .printer
        .result(&document, || human(&document, &report))
        .map_err(output)?;
    match failure {
        Some(failure) => Err(failure.into()),
        None => Ok(Ending::Done),
    }
}

/// What a command line means. A directory that is there is one, unless it is written as a repository.
fn subject(args: &VerifyArgs) -> Result<Subject, Failure> {
    if let Some(path) = &args.lock_file {
        let path = match path.is_dir() {
            true => path.join(".terraform.lock.hcl"),
            false => path.clone(),
        };
        return Ok(Subject::LockFile(path));
    }
    let Some(text) = &args.subject else {
        return Ok(Subject::Directory(PathBuf::from(".")));
    };
    let path = Path::new(text);
    let local = [".", "/", "~"].iter().any(|start| text.starts_with(start));
    if local || path.is_absolute() || (!text.starts_with("dir:") && path.is_dir()) {
        return Ok(Subject::Directory(path.to_owned()));
    }
    match text.parse() {
        Ok(address) => Ok(Subject::Release(address)),
        Err(error) => Err(Failure::usage(format!(
            "there is no directory {text}, and it is no repository: {error}"
        ))),
    }
}

fn verifier(args: &VerifyArgs, settings: &Settings) -> Result<(Verifier, VerifyOptions), Failure> {
    let files = Files::new();
    let options = VerifyOptions {
        platforms: args.platform.clone(),
        depth: match args.content {
            true => Depth::Content {
                scratch: settings.scratch.clone(),
            },
            false => Depth::Manifests,
        },
        judge: args.signatures.judge(settings)?,
    };
    let verifier = Verifier {
        connect: settings.connect(&files)?,
        files,
        progress: progress(settings, Writes::Execute),
    };
    Ok((verifier, options))
}

fn lock_file(args: &VerifyArgs, path: &Path, settings: &Settings) -> Result<VerifyReport, Stop> {
    let (verifier, options) = verifier(args, settings)?;
    let nowhere = Arc::new(NoSource::default());
    let source: Arc<dyn Source> = match &args.from {
        Some(template) => Arc::new(OciMirror::new(template.clone(), verifier.connect.clone())),
        None => {
            let config = settings
                .cli_config
                .load(Dialect::Tofu, &Hostname::opentofu())?;
            match config.provider_installation {
                Some(methods) => {
                    Arc::new(MultiSource::of_installation(&methods, &verifier.connect))
                }
                None => nowhere.clone(),
            }
        }
    };
    let report = verifier.lock_file(path, source.as_ref(), settings.jobs, &options);
    let report = run_reading(report)?;
    match nowhere.unmapped_failure() {
        Some(failure) => Err(failure.into()),
        None => Ok(report),
    }
}

fn directory(args: &VerifyArgs, dir: PathBuf, settings: &Settings) -> Result<VerifyReport, Stop> {
    if args.signatures.written || args.content {
        return Err(Failure::usage(
            "what is installed has no signatures and no zips beside it; `verify --lock-file` asks where it came from",
        )
        .into());
    }
    let verifier = Verifier {
        files: Files::new(),
        connect: Default::default(),
        progress: Progress::default(),
    };
    Ok(verifier.directory(&DirectoryOptions {
        dir,
        data_dir: settings.data_dir.clone(),
        platforms: args.platform.clone(),
    })?)
}

fn document(report: &VerifyReport, failure: Option<&Failure>) -> VerifyDocument {
    let text = |path: &Path| Some(path.to_string_lossy().into_owned());
    let (kind, reference, tag, path) = match &report.place {
        VerifiedPlace::Release { address, tag } => {
            let tag = tag.as_ref().map(ToString::to_string);
            ("release", Some(address.to_string()), tag, None)
        }
        VerifiedPlace::LockFile { path } => ("lock-file", None, None, text(path)),
        VerifiedPlace::Directory { path } => ("directory", None, None, text(path)),
    };
    let failures = failure.map_or(&[][..], Failure::diagnostics);
    VerifyDocument {
        version: 1,
        kind,
        reference,
        tag,
        path,
        verified: failures.is_empty(),
        freshness: "not-proven",
        packages: report.packages.iter().map(package).collect(),
        stray: report
            .stray
            .iter()
            .map(|stray| StrayEntry {
                path: stray.path.to_string_lossy().into_owned(),
                reason: stray.reason.clone(),
            })
            .collect(),
        failures: failures
            .iter()
            .map(|diagnostic| VerifyFailureEntry {
                code: diagnostic.code.as_str(),
                message: diagnostic.message.clone(),
            })
            .collect(),
    }
}

fn package(package: &PackageReport) -> VerifiedEntry {
    let verdict = &package.verdict;
    let module = package.module.as_ref();
    let provider = package.provider.as_ref().map(ToString::to_string);
    VerifiedEntry {
        source: provider.or_else(|| module.map(|module| module.source.to_string())),
        module: module.map(|module| module.name.clone()),
        version: package.version.as_ref().map(ToString::to_string),
        platform: package.platform.as_ref().map(ToString::to_string),
        filename: package.filename.clone(),
        digest: package.digest.as_ref().map(ToString::to_string),
        h1: package.h1.as_ref().map(ToString::to_string),
        directory: package
            .dir
            .as_ref()
            .map(|dir| dir.to_string_lossy().into_owned()),
        integrity: match package.checked {
            Checked::Manifests => "manifests",
            Checked::Content => "content",
            Checked::Files => "files",
            Checked::Nothing => "none",
        },
        lock_file: package.lock.map(|lock| match lock {
            LockStanding::Matches => "matches",
            LockStanding::Differs => "differs",
            LockStanding::Unknown => "unknown",
        }),
        level: verdict.level.to_string(),
        proofs: proofs(verdict),
        warnings: verdict.warnings.iter().map(ToString::to_string).collect(),
        refusal: verdict.refusal.as_ref().map(ToString::to_string),
    }
}

/// What is proven, for a document.
pub(super) fn proofs(verdict: &Verdict) -> Vec<ProofEntry> {
    let entry = |proof: &Proof| match proof {
        Proof::Lock => ProofEntry {
            kind: "lock",
            level: Level::Integrity.to_string(),
            list: None,
            fingerprint: None,
            signer: None,
            name: None,
            key: None,
            signed_at: None,
        },
        Proof::PgpSums {
            list,
            signature,
            level,
        } => ProofEntry {
            kind: "pgp-sums",
            level: level.to_string(),
            list: Some(list.clone()),
            fingerprint: Some(signature.fingerprint.to_string()),
            signer: Some(signature.signer.to_string()),
            name: signature.name.clone(),
            key: Some(match signature.key_origin {
                KeyOrigin::Pinned => "named",
                KeyOrigin::OriginRegistry => "origin-registry",
                KeyOrigin::Repository => "repository",
            }),
            signed_at: Some(signature.signed_at.to_string()),
        },
    };
    verdict.proofs.iter().map(entry).collect()
}

/// A proof in words.
pub(super) fn signed_by(proof: &ProofEntry) -> String {
    let (Some(fingerprint), Some(at)) = (&proof.fingerprint, &proof.signed_at) else {
        return "the lock file".to_owned();
    };
    let key = match proof.key {
        Some("named") => "a trusted key",
        Some("origin-registry") => "a key that the origin registry names",
        _ => "a key that lay beside the package",
    };
    let name = proof.name.as_ref();
    let name = name.map_or_else(String::new, |name| format!(", {name:?}"));
    format!("signed at {at} by {fingerprint}{name}: {key}")
}

/// Who proves most, in a few letters: the id of a key.
fn by(proof: &ProofEntry) -> String {
    match &proof.fingerprint {
        Some(fingerprint) => {
            let start = fingerprint.len().saturating_sub(16);
            fingerprint.get(start..).unwrap_or(fingerprint).to_owned()
        }
        None => "the lock file".to_owned(),
    }
}

fn human(document: &VerifyDocument, report: &VerifyReport) -> String {
    let mut parts = Vec::new();
    if let VerifiedPlace::Release { address, tag } = &report.place {
        let name = match tag {
            Some(tag) => address.repository().at_tag(tag).to_string(),
            None => address.repository().to_string(),
        };
        let digest = document.reference.as_deref().and_then(|reference| {
            let (_, digest) = reference.rsplit_once('@')?;
            Some(digest)
        });
        parts.push(format!(
            "{}\n  {}\n",
            shown(name),
            digest.unwrap_or_default()
        ));
    }
    let tables = [packages_table(document), modules_table(document)];
    let tables = tables.into_iter().filter(|table| !table.is_empty());
    parts.extend(tables.map(|table| table.to_string()));
    parts.push(remarks(document));
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

fn packages_table(document: &VerifyDocument) -> Table {
    let locked = document.kind != "release";
    let mut columns = vec![
        ("PLATFORM", Align::Left),
        ("CHECKED", Align::Left),
        ("LEVEL", Align::Left),
        ("BY", Align::Left),
    ];
    if locked {
        columns.splice(0..0, [("PROVIDER", Align::Left), ("VERSION", Align::Left)]);
        columns.insert(4, ("LOCK FILE", Align::Left));
    }
    let mut table = Table::new(&columns);
    for entry in document.packages.iter().filter(|p| p.module.is_none()) {
        let platform = entry.platform.as_deref().unwrap_or("module");
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let mut row = vec![platform.to_owned(), entry.integrity.to_owned()];
        if locked {
            row.splice(0..0, [text(&entry.source), text(&entry.version)]);
            row.push(entry.lock_file.unwrap_or_default().to_owned());
        }
        row.push(level(entry).to_owned());
        row.push(entry.proofs.first().map_or_else(String::new, by));
        table.row(row);
    }
    table
}

fn modules_table(document: &VerifyDocument) -> Table {
    let mut table = Table::new(&[
        ("MODULE", Align::Left),
        ("SOURCE", Align::Left),
        ("CHECKED", Align::Left),
        ("MODULE LOCK FILE", Align::Left),
        ("LEVEL", Align::Left),
    ]);
    for entry in &document.packages {
        if let Some(module) = &entry.module {
            table.row([
                module.as_str(),
                entry.source.as_deref().unwrap_or_default(),
                entry.integrity,
                entry.lock_file.unwrap_or_default(),
                level(entry),
            ]);
        }
    }
    table
}

fn level(entry: &VerifiedEntry) -> &str {
    match &entry.refusal {
        Some(_) => "refused",
        None => entry.level.as_str(),
    }
}

/// What several packages have in common, each once, and what was not looked at.
fn remarks(document: &VerifyDocument) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut add = |line: String| {
        let line = shown(line);
        if !lines.contains(&line) {
            lines.push(line);
        }
    };
    let proofs = || document.packages.iter().flat_map(|entry| &entry.proofs);
    for proof in proofs().filter(|proof| proof.kind != "lock") {
        add(signed_by(proof));
    }
    for warning in document.packages.iter().flat_map(|entry| &entry.warnings) {
        add(format!("note: {warning}"));
    }
    for stray in &document.stray {
        add(format!("not locked: {} ({})", stray.path, stray.reason));
    }
    if document.kind == "directory" {
        // Modules have no signatures anywhere.
        if document.packages.iter().any(|entry| entry.module.is_none()) {
            add("who signed was not looked at; `verify --lock-file` does".to_owned());
        }
    } else {
        if proofs().all(|proof| proof.kind == "lock") {
            add("nobody signed it, or nobody whose signature counts".to_owned());
        }
        let read = |entry: &VerifiedEntry| entry.integrity != "manifests";
        if !document.packages.iter().all(read) {
            add("the packages were not read; `--content` does".to_owned());
        }
        add("that it is the newest is not proven: whoever may write the tag decides".to_owned());
    }
    let lines = lines.into_iter().map(|line| line + "\n");
    lines.collect()
}
