//! `publish provider PATH... REF`

use tofu_oci::install::Writes;
use tofu_oci::publish::{
    Existing, Gpg, ProfileChoice, ProviderOptions, ProviderReport, PublishOutcome, Publisher,
    SigningKey,
};
use tofu_oci::store::{Files, Put};
use tofu_oci::types::artifact::{Profile, UserAnnotations};

use super::{Ending, output, progress, signatures};
use crate::args::{PublishProviderArgs, PublishShared, ReleaseProfile};
use crate::diagnostic::{Code, Diagnostic, Failure};
use crate::document::{AttachmentEntry, PackageEntry, ReleaseDocument, ReleaseEntry, ToSignEntry};
use crate::interrupt::{Stop, run_writing};
use crate::printer::{Align, Format, Table, Verbosity, shown, size};
use crate::settings::Settings;

pub(super) fn run(args: PublishProviderArgs, settings: &Settings) -> Result<Ending, Stop> {
    let shared = Shared::read(&args.shared)?;
    if args.sign_with.is_some() && args.profile == ReleaseProfile::Plain {
        return Err(Failure::usage(
            "--profile plain leaves the checksums file out, and --sign-with signs it",
        )
        .into());
    }
    let options = ProviderOptions {
        source: args.source,
        version: args.version,
        platforms: args.platform,
        keys: args.key,
        sign_with: args.sign_with.map(|key| gpg(key, settings)).transpose()?,
        now: signatures::now(settings),
        created: args.shared.created,
        annotations: shared.annotations,
        profile: profile(&args.shared, args.profile)?,
        memory: settings.profiles.clone(),
        existing: shared.existing,
        writes: shared.writes,
        jobs: Some(settings.jobs),
    };
    let publisher = publisher(settings, options.writes)?;
    let report = run_writing(publisher.provider(&args.paths, &args.reference, &options))?;
    let document = document(&report);
    let printer = &settings.printer;
    if printer.format == Format::Human && printer.verbosity == Verbosity::Quiet {
        // The one thing that a script wants to have.
        printer
            .result(&document, || {
                format!("{}\n", shown(&document.release.pinned))
            })
            .map_err(output)?;
        return Ok(ending(report.outcome));
    }
    printer
        .result(&document, || human(&document))
        .map_err(output)?;
    Ok(ending(report.outcome))
}

/// Who signs: GnuPG, where it is installed.
fn gpg(key: SigningKey, settings: &Settings) -> Result<Gpg, Failure> {
    match settings.program("gpg") {
        Some(program) => Ok(Gpg::new(program, key)),
        None => Err(Failure::from(vec![
            Diagnostic::new(Code::SigningFailed, "there is no program gpg on the PATH")
                .hint("install GnuPG, or sign elsewhere and publish the .sig file"),
        ])),
    }
}

/// Whether a plan has something in it.
pub(super) fn ending(outcome: PublishOutcome) -> Ending {
    match outcome {
        PublishOutcome::Planned => Ending::ToDo,
        PublishOutcome::Published | PublishOutcome::Completed | PublishOutcome::Unchanged => {
            Ending::Done
        }
    }
}

/// Who publishes.
pub(super) fn publisher(settings: &Settings, writes: Writes) -> Result<Publisher, Failure> {
    let files = Files::new();
    Ok(Publisher {
        connect: settings.connect(&files)?,
        files,
        progress: progress(settings, writes),
    })
}

/// What the flags of both publish commands come to.
pub(super) struct Shared {
    pub(super) annotations: UserAnnotations,
    pub(super) existing: Existing,
    pub(super) writes: Writes,
}

impl Shared {
    pub(super) fn read(args: &PublishShared) -> Result<Self, Failure> {
        let mut annotations = UserAnnotations::default();
        for text in &args.annotation {
            annotations.add(text)?;
        }
        Ok(Self {
            annotations,
            existing: if args.force {
                Existing::Replace
            } else {
                Existing::Keep
            },
            writes: if args.dry_run {
                Writes::DryRun
            } else {
                Writes::Execute
            },
        })
    }
}

/// The profile that is asked for.
fn profile(shared: &PublishShared, given: ReleaseProfile) -> Result<ProfileChoice, Failure> {
    Ok(ProfileChoice::Given(match given {
        _ if shared.plain => plain(shared, "--plain")?,
        ReleaseProfile::Referrers => Profile::Referrers,
        ReleaseProfile::Embedded => Profile::Embedded,
        ReleaseProfile::Plain => plain(shared, "--profile plain")?,
        ReleaseProfile::Auto => return Ok(ProfileChoice::Auto),
    }))
}

/// The profile that has no annotations, so that none can be added.
pub(super) fn plain(shared: &PublishShared, flag: &str) -> Result<Profile, Failure> {
    if shared.annotation.is_empty() {
        return Ok(Profile::Plain);
    }
    Err(Failure::usage(format!(
        "{flag} leaves out annotations, and --annotation adds one"
    )))
}

/// The profile, as flags and JSON have it.
fn profile_name(profile: Profile) -> &'static str {
    match profile {
        Profile::Referrers => "referrers",
        Profile::Embedded => "embedded",
        Profile::Plain => "plain",
    }
}

/// The outcome, as JSON has it.
pub(super) fn outcome(outcome: PublishOutcome) -> &'static str {
    match outcome {
        PublishOutcome::Published => "published",
        PublishOutcome::Completed => "completed",
        PublishOutcome::Unchanged => "unchanged",
        PublishOutcome::Planned => "planned",
    }
}

/// Whether something was stored, as JSON has it.
fn put(put: Option<Put>) -> Option<&'static str> {
    put.map(|put| match put {
        Put::Uploaded => "uploaded",
        Put::Present => "present",
        Put::Mounted => "mounted",
    })
}

fn document(report: &ProviderReport) -> ReleaseDocument {
    let release = ReleaseEntry {
        reference: report.address.at_tag(&report.tag).to_string(),
        pinned: report.address.at_digest(&report.digest).to_string(),
        version: report.version.to_string(),
        tag: report.tag.to_string(),
        digest: report.digest.to_string(),
        outcome: outcome(report.outcome),
        profile: profile_name(report.profile),
        replaced: report.replaced.as_ref().map(ToString::to_string),
        packages: report
            .packages
            .iter()
            .map(|package| PackageEntry {
                platform: package.platform.to_string(),
                filename: package.filename.clone(),
                digest: package.digest.to_string(),
                size: package.size,
                h1: package.h1.to_string(),
                put: put(package.put),
            })
            .collect(),
        attachments: report
            .attachments
            .iter()
            .map(|attachment| AttachmentEntry {
                kind: attachment.kind.name(),
                platform: attachment.platform.as_ref().map(ToString::to_string),
                filenames: attachment.filenames.clone(),
                digest: attachment.digest.to_string(),
                put: put(attachment.put),
            })
            .collect(),
        bytes: report.bytes,
        to_sign: report.to_sign.as_ref().map(|to_sign| ToSignEntry {
            list: to_sign.list.clone(),
            filename: to_sign.filename.clone(),
            key: to_sign.key.to_string(),
        }),
    };
    ReleaseDocument {
        version: 1,
        release,
    }
}

fn human(document: &ReleaseDocument) -> String {
    let release = &document.release;
    let mut files = Table::new(&[
        ("PLATFORM", Align::Left),
        ("SIZE", Align::Right),
        ("FILE", Align::Left),
    ]);
    for package in &release.packages {
        files.row([
            package.platform.as_str(),
            &size(package.size),
            &package.filename,
        ]);
    }
    for attachment in &release.attachments {
        let platform = attachment.platform.as_deref().unwrap_or_default();
        for filename in &attachment.filenames {
            files.row([platform, "", &format!("{filename} ({})", attachment.kind)]);
        }
    }
    let profile = match release.outcome {
        "planned" => format!("profile {}, ", release.profile),
        _ if release.profile == "embedded" => {
            "evidence inside the packages' manifests, ".to_owned()
        }
        _ => String::new(),
    };
    let to_sign = release.to_sign.as_ref();
    let to_sign = to_sign.map_or_else(String::new, |to_sign| {
        let key = shown(&to_sign.key);
        format!(
            "{} would be signed by {key} as {}; the digests are those before that\n",
            shown(&to_sign.list),
            shown(&to_sign.filename)
        )
    });
    format!(
        "{}\n  {}\n\n{files}\n{to_sign}{profile}{}\n",
        headline(
            release.outcome,
            &release.reference,
            release.replaced.as_deref()
        ),
        shown(&release.digest),
        moved(release.outcome, release.bytes),
    )
}

/// The first line: what came of it.
pub(super) fn headline(outcome: &str, reference: &str, replaced: Option<&str>) -> String {
    let reference = shown(reference);
    let replaced = replaced.map_or_else(String::new, |old| format!(" in place of {}", shown(old)));
    match outcome {
        "published" => format!("Published {reference}{replaced}"),
        "completed" => format!("Completed {reference}, which was published before"),
        "unchanged" => format!("Unchanged: {reference} was published before"),
        _ => format!("Would publish {reference}{replaced}"),
    }
}

/// The last line: how much was moved.
pub(super) fn moved(outcome: &str, bytes: u64) -> String {
    match outcome {
        "planned" => format!("at most {} would be sent", size(bytes)),
        _ => format!("{} sent", size(bytes)),
    }
}
