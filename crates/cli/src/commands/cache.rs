//! `cache dir|list|verify|prune`

use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use tofu_oci::Progress;
use tofu_oci::cache::{
    CacheEntry, CacheOptions, InUse, PackageCache, PackageName, PruneOptions, PruneReport,
    PrunedFrom, PutAside, Stamped, Unused, Verdict, VerifiedEntry,
};
use tofu_oci::install::Writes;
use tofu_oci::store::Files;
use tofu_oci::types::artifact::Timestamp;

use super::{Ending, output, progress};
use crate::args::{CacheArgs, CacheCommand, CachePruneArgs};
use crate::diagnostic::{Code, Diagnostic, Failure, failed};
use crate::document::{
    CacheDirDocument, CacheListDocument, CachePackageEntry, CachePruneDocument,
    CacheVerifyDocument, PrunedPackageEntry, VerifiedPackageEntry,
};
use crate::interrupt::Stop;
use crate::printer::{Align, Table, count, shown, size};
use crate::settings::Settings;

pub(super) fn run(args: &CacheArgs, settings: &Settings) -> Result<Ending, Stop> {
    match &args.command {
        CacheCommand::Dir => dir(settings),
        CacheCommand::List => list(settings),
        CacheCommand::Verify => verify(settings),
        CacheCommand::Prune(args) => prune(args, settings),
    }
}

/// The cache, if there is a place for it.
pub(super) fn open(settings: &Settings, progress: Progress) -> Option<Arc<PackageCache>> {
    let options = CacheOptions {
        dir: settings.cache.dir.clone()?,
        state: settings.cache.state.clone(),
        now: settings.now(),
    };
    Some(Arc::new(PackageCache::open(
        &Files::new(),
        options,
        progress,
    )))
}

fn cache(settings: &Settings) -> Result<Arc<PackageCache>, Failure> {
    open(settings, progress(settings, Writes::Execute)).ok_or_else(|| {
        Diagnostic::new(Code::Usage, "nothing says where the cache is")
            .hint("say where with `--cache-dir` or TOFU_OCI_CACHE_DIR, or set HOME")
            .into()
    })
}

fn broken(cache: &PackageCache) -> impl Fn(io::Error) -> Failure {
    let message = format!("cannot work on the cache {}", cache.dir().display());
    move |error| {
        match error.kind() {
        io::ErrorKind::NotADirectory => Diagnostic {
            causes: vec![error.to_string()],
            ..Diagnostic::new(Code::Io, message.clone()).hint(
                "name a directory with `--cache-dir` or TOFU_OCI_CACHE_DIR, or remove what is in its place",
            )
        }
        .into(),
        _ => failed(message.clone(), &error),
    }
    }
}

fn dir(settings: &Settings) -> Result<Ending, Stop> {
    let cache = cache(settings)?;
    let document = CacheDirDocument {
        version: 1,
        path: cache.dir().to_string_lossy().into_owned(),
    };
    let human = || format!("{}\n", document.path);
    settings.printer.result(&document, human).map_err(output)?;
    Ok(Ending::Done)
}

fn list(settings: &Settings) -> Result<Ending, Stop> {
    let cache = cache(settings)?;
    let exists = cache.exists().map_err(broken(&cache))?;
    let mut entries = cache.list().map_err(broken(&cache))?;
    entries.sort_by_cached_key(|entry| (name(entry.package.as_ref()), entry.digest.clone()));
    let document = CacheListDocument {
        version: 1,
        path: cache.dir().to_string_lossy().into_owned(),
        exists,
        packages: entries.iter().map(package).collect(),
        size: entries.iter().map(|entry| entry.size).sum(),
    };
    let now = settings.now();
    settings
        .printer
        .result(&document, || listing(&document, &entries, now))
        .map_err(output)?;
    Ok(Ending::Done)
}

fn name(package: Option<&PackageName>) -> Option<(String, String, String)> {
    package.map(|name| {
        let provider = name.provider.to_string();
        (
            provider,
            name.version.to_string(),
            name.platform.to_string(),
        )
    })
}

fn package(entry: &CacheEntry) -> CachePackageEntry {
    let name = name(entry.package.as_ref());
    let used = entry.last_used.and_then(seconds);
    CachePackageEntry {
        digest: entry.digest.to_string(),
        source: name.as_ref().map(|(source, ..)| source.clone()),
        version: name.as_ref().map(|(_, version, _)| version.clone()),
        platform: name.map(|(.., platform)| platform),
        size: entry.size,
        last_used: used
            .and_then(Timestamp::from_unix)
            .map(|time| time.to_string()),
        stamped: entry.stamped == Stamped::Yes,
        in_use: entry.in_use == InUse::Linked,
    }
}

fn seconds(time: SystemTime) -> Option<i64> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

fn listing(document: &CacheListDocument, entries: &[CacheEntry], now: SystemTime) -> String {
    let mut table = Table::new(&[
        ("PROVIDER", Align::Left),
        ("VERSION", Align::Left),
        ("PLATFORM", Align::Left),
        ("SIZE", Align::Right),
        ("LAST USED", Align::Left),
        ("", Align::Left),
    ]);
    for (entry, found) in document.packages.iter().zip(entries) {
        let notes = [
            (!entry.stamped).then_some("not stamped"),
            entry.in_use.then_some("in use"),
        ];
        let notes: Vec<&str> = notes.into_iter().flatten().collect();
        table.row([
            entry.source.as_deref().unwrap_or(&entry.digest),
            entry.version.as_deref().unwrap_or_default(),
            entry.platform.as_deref().unwrap_or_default(),
            &size(entry.size),
            &found.last_used.map(|at| ago(at, now)).unwrap_or_default(),
            &notes.join(", "),
        ]);
    }
    let table = match table.is_empty() {
        true => String::new(),
        false => format!("{table}\n"),
    };
    if !document.exists {
        return absent(&document.path);
    }
    format!(
        "{table}{} ({}) in {}\n",
        count(document.packages.len(), "package"),
        size(document.size),
        shown(&document.path)
    )
}

fn absent(path: &str) -> String {
    format!("there is no cache at {}\n", shown(path))
}

/// How long ago, to the day; what lies in the future is now.
fn ago(time: SystemTime, now: SystemTime) -> String {
    const DAY: u64 = 24 * 60 * 60;
    let days = now
        .duration_since(time)
        .map_or(0, |age| age.as_secs() / DAY);
    match days {
        0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        days => format!("{days} days ago"),
    }
}

fn verify(settings: &Settings) -> Result<Ending, Stop> {
    let cache = cache(settings)?;
    if !cache.exists().map_err(broken(&cache))? {
        // Nobody asks for proof of what he knows is not there.
        let message = format!("there is no cache at {}", cache.dir().display());
        let diagnostic = Diagnostic::new(Code::FileNotFound, message).hint(
            "say where it is with `--cache-dir` or TOFU_OCI_CACHE_DIR; the first install makes one",
        );
        return Err(Failure::from(diagnostic).into());
    }
    let verified = cache.verify().map_err(broken(&cache))?;
    let document = CacheVerifyDocument {
        version: 1,
        path: cache.dir().to_string_lossy().into_owned(),
        packages: verified.iter().map(verdict).collect(),
    };
    settings
        .printer
        .result(&document, || verdicts(&document))
        .map_err(output)?;
    let damaged = verified.iter().filter_map(|entry| match &entry.verdict {
        Verdict::Damaged { aside, .. } => Some(aside),
        Verdict::Sound | Verdict::Unproven | Verdict::Busy => None,
    });
    let damaged: Vec<&PutAside> = damaged.collect();
    match damaged.is_empty() {
        true => Ok(Ending::Done),
        false => Err(Failure::from(damage(&damaged)).into()),
    }
}

/// What is said where packages are damaged.
fn damage(damaged: &[&PutAside]) -> Diagnostic {
    let stuck: Vec<&String> = damaged
        .iter()
        .filter_map(|aside| match aside {
            PutAside::Not { reason } => Some(reason),
            PutAside::To(_) => None,
        })
        .collect();
    let was = |count: usize| if count == 1 { "was" } else { "were" };
    let packages = format!(
        "{} in the cache {} damaged",
        count(damaged.len(), "package"),
        was(damaged.len())
    );
    match stuck.first() {
        None => Diagnostic::new(
            Code::CacheDamaged,
            format!("{packages}, and {} put aside", was(damaged.len())),
        )
        .hint(
            "find out who changed it, then empty the quarantine with `tofu-oci cache prune --all`; installs fetch it again",
        ),
        Some(reason) => Diagnostic {
            causes: vec![(*reason).clone()],
            ..Diagnostic::new(
                Code::CacheDamaged,
                format!("{packages}, and {} could not be put aside", stuck.len()),
            )
            .hint(
                "installs do not use what is damaged; verify the cache again as somebody who may write to it, or remove it",
            )
        },
    }
}

fn verdict(entry: &VerifiedEntry) -> VerifiedPackageEntry {
    let name = name(entry.package.as_ref());
    let (verdict, reason, aside) = match &entry.verdict {
        Verdict::Sound => ("sound", None, None),
        Verdict::Unproven => ("unproven", None, None),
        Verdict::Busy => ("busy", None, None),
        Verdict::Damaged { reason, aside } => ("damaged", Some(reason.clone()), Some(aside)),
    };
    let quarantine = match aside {
        Some(PutAside::To(path)) => Some(path.to_string_lossy().into_owned()),
        Some(PutAside::Not { .. }) | None => None,
    };
    VerifiedPackageEntry {
        digest: entry.digest.to_string(),
        source: name.as_ref().map(|(source, ..)| source.clone()),
        version: name.as_ref().map(|(_, version, _)| version.clone()),
        platform: name.map(|(.., platform)| platform),
        verdict,
        reason,
        quarantine,
    }
}

fn verdicts(document: &CacheVerifyDocument) -> String {
    let mut table = Table::new(&[
        ("PROVIDER", Align::Left),
        ("VERSION", Align::Left),
        ("PLATFORM", Align::Left),
        ("", Align::Left),
    ]);
    for entry in document.packages.iter().filter(|e| e.verdict != "sound") {
        let note = match (&entry.reason, entry.verdict) {
            (Some(reason), _) if entry.quarantine.is_none() => {
                format!("damaged, and still in its place: {reason}")
            }
            (Some(reason), _) => format!("damaged: {reason}"),
            (None, "busy") => "somebody works on it".to_owned(),
            (None, _) => "as it says it is; nothing was computed here to compare with".to_owned(),
        };
        table.row([
            entry.source.as_deref().unwrap_or(&entry.digest),
            entry.version.as_deref().unwrap_or_default(),
            entry.platform.as_deref().unwrap_or_default(),
            &note,
        ]);
    }
    let table = match table.is_empty() {
        true => String::new(),
        false => format!("{table}\n"),
    };
    let sound = document.packages.iter().filter(|e| e.verdict == "sound");
    format!(
        "{table}{} of {} in {} proved to be what they were\n",
        sound.count(),
        count(document.packages.len(), "package"),
        shown(&document.path)
    )
}

fn prune(args: &CachePruneArgs, settings: &Settings) -> Result<Ending, Stop> {
    let cache = cache(settings)?;
    let exists = cache.exists().map_err(broken(&cache))?;
    let options = PruneOptions {
        older_than: args.older_than,
        max_size: args.max_size,
        unused: match (args.all, args.unused) {
            (true, _) => Unused::AndUsed,
            (false, true) => Unused::Removed,
            (false, false) => Unused::Kept,
        },
        writes: if args.dry_run {
            Writes::DryRun
        } else {
            Writes::Execute
        },
    };
    let report = cache.prune(&options).map_err(broken(&cache))?;
    let document = pruned(&cache, &report, args.dry_run);
    settings
        .printer
        .summary(&document, || match exists {
            true => pruning(&document),
            false => absent(&document.path),
        })
        .map_err(output)?;
    Ok(match (args.dry_run, report.removed.is_empty()) {
        (true, false) => Ending::ToDo,
        _ => Ending::Done,
    })
}

fn pruned(cache: &PackageCache, report: &PruneReport, dry_run: bool) -> CachePruneDocument {
    let removed = report.removed.iter().map(|entry| {
        let name = name(entry.package.as_ref());
        PrunedPackageEntry {
            digest: entry.digest.to_string(),
            source: name.as_ref().map(|(source, ..)| source.clone()),
            version: name.as_ref().map(|(_, version, _)| version.clone()),
            platform: name.map(|(.., platform)| platform),
            size: entry.size,
            quarantined: entry.from == PrunedFrom::Quarantine,
        }
    });
    CachePruneDocument {
        version: 1,
        path: cache.dir().to_string_lossy().into_owned(),
        dry_run,
        removed: removed.collect(),
        removed_size: report.removed.iter().map(|entry| entry.size).sum(),
        kept: report.kept,
        kept_size: report.kept_size,
        quarantined: report.quarantined,
        quarantined_size: report.quarantined_size,
    }
}

fn pruning(document: &CachePruneDocument) -> String {
    let mut table = Table::new(&[
        ("PROVIDER", Align::Left),
        ("VERSION", Align::Left),
        ("PLATFORM", Align::Left),
        ("SIZE", Align::Right),
        ("", Align::Left),
    ]);
    for entry in &document.removed {
        table.row([
            entry.source.as_deref().unwrap_or(&entry.digest),
            entry.version.as_deref().unwrap_or_default(),
            entry.platform.as_deref().unwrap_or_default(),
            &size(entry.size),
            if entry.quarantined {
                "in the quarantine"
            } else {
                ""
            },
        ]);
    }
    let table = match table.is_empty() {
        true => String::new(),
        false => format!("{table}\n"),
    };
    let verb = match document.dry_run {
        true => "would remove",
        false => "removed",
    };
    let packages = |number: u64| count(usize::try_from(number).unwrap_or(usize::MAX), "package");
    let quarantine = match document.quarantined {
        0 => String::new(),
        number => format!(
            ", {} ({}) in its quarantine",
            packages(number),
            size(document.quarantined_size)
        ),
    };
    format!(
        "{table}{verb} {} ({}); {} ({}) stay in {}{quarantine}\n",
        count(document.removed.len(), "package"),
        size(document.removed_size),
        packages(document.kept),
        size(document.kept_size),
        shown(&document.path)
    )
}
