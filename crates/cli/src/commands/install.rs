//! `install [DIR]`

use std::path::{self, Path, PathBuf};
use std::sync::Arc;

use tofu_oci::cache::LinkMode;
use tofu_oci::install::{
    InstallOptions, InstallReport, Installer, LockChange, LockMode, ModuleHosts, ModuleLockUse,
    PackageAction, PackageOrigin, WarmInstaller, Writes,
};
use tofu_oci::source::{Connect, MultiSource, OciMirror, Reach, Source};
use tofu_oci::store::Files;
use tofu_oci::types::tofu::cli_config::{CliConfig, ProviderInstallation};
use tofu_oci::types::tofu::config::Dialect;
use tofu_oci::types::tofu::lock_file::LockOrigin;
use tofu_oci::types::tofu::{Hostname, ModuleSource};
use tofu_oci::{Progress, Warning};

use super::no_source::NoSource;
use super::requirements::module_name;
use super::verify::proofs;
use super::{Ending, cache, output, progress};
use crate::args::{InstallArgs, LinkModeArg, OriginArg};
use crate::diagnostic::{Failure, unreadable_config};
use crate::document::{
    InstallDocument, InstalledModuleEntry, InstalledProviderEntry, LockFileEntry,
};
use crate::interrupt::{Stop, run_writing};
use crate::printer::{Align, Format, Table, Verbosity, shown, size};
use crate::settings::Settings;

pub(super) fn run(args: InstallArgs, settings: &Settings) -> Result<Ending, Stop> {
    let mut options = options(&args, settings)?;
    if args.signatures.ask() {
        options.judge = Some(args.signatures.judge(settings)?);
    }
    let mut installation = None;
    match configuration(settings, &options) {
        Ok(config) => {
            options.plugin_cache = plugin_cache(config.plugin_cache_dir)?;
            installation = config.provider_installation.filter(|_| args.from.is_none());
        }
        // Where providers are is known without it.
        Err(failure) if args.from.is_some() => {
            let message = format!(
                "the CLI configuration is not used, nor a plugin cache that it names: {}",
                failure.first_message()
            );
            settings.printer.warning("cli-config-unusable", &message);
        }
        Err(failure) => return Err(failure.into()),
    }
    let progress = progress(settings, options.writes);
    if let Some(installation) = &installation {
        warn_of_overrides(installation, &progress);
    }
    let warm = WarmInstaller {
        files: Files::new(),
        cache: cache::open(settings, progress.clone()),
        progress,
    };
    // What is locked and at hand needs no threads, no certificates and no credentials.
    let report = match warm.install(&options) {
        Ok(report) => report,
        // Others with the same packages wait for this one.
        Err(_turn) => whole(args, settings, &options, (installation, warm))?,
    };
    let dry_run = options.writes == Writes::DryRun;
    let document = document(&report, dry_run);
    let ending = ending(&document);
    let printer = &settings.printer;
    if printer.format == Format::Human && printer.verbosity == Verbosity::Quiet && !dry_run {
        return Ok(Ending::Done);
    }
    printer
        .result(&document, || human(&document, printer.verbosity))
        .map_err(output)?;
    Ok(ending)
}

/// The install that may ask registries.
fn whole(
    args: InstallArgs,
    settings: &Settings,
    options: &InstallOptions,
    (installation, warm): (Option<ProviderInstallation>, WarmInstaller),
) -> Result<InstallReport, Stop> {
    let nowhere = Arc::new(NoSource::default());
    let installer = installer(args, settings, (installation, warm), nowhere.clone())?;
    run_writing(installer.install(options)).map_err(|stop| match options.reach {
        Reach::Network => nowhere.explain(stop),
        // What is missing was told, wherever it would have come from.
        Reach::Offline => stop,
    })
}

/// Whether a plan has something in it.
fn ending(document: &InstallDocument) -> Ending {
    let packages = document
        .providers
        .iter()
        .any(|entry| entry.action != "kept");
    let locks = [&document.lock_file]
        .into_iter()
        .chain(&document.module_lock_file)
        .any(|file| file.change != "unchanged");
    let something = packages || locks || !document.modules.is_empty();
    if document.dry_run && something {
        Ending::ToDo
    } else {
        Ending::Done
    }
}

/// What follows from the client whose rules apply.
pub(super) fn base_options(dir: &Path, origin: OriginArg) -> InstallOptions {
    let base = InstallOptions::new(dir);
    match origin {
        OriginArg::Tofu => base,
        OriginArg::Terraform => InstallOptions {
            origin: LockOrigin::Terraform,
            dialect: Dialect::Terraform,
            default_host: Hostname::terraform(),
            ..base
        },
    }
}

fn options(args: &InstallArgs, settings: &Settings) -> Result<InstallOptions, Failure> {
    let lock = match (args.locked, args.upgrade) {
        (true, true) => {
            return Err(Failure::usage(
                "--locked (or TOFU_OCI_LOCKED) and --upgrade contradict each other",
            ));
        }
        (true, false) => LockMode::Locked,
        (false, true) => LockMode::Upgrade,
        (false, false) => LockMode::Update,
    };
    let mut options = InstallOptions {
        data_dir: settings.data_dir.clone(),
        lock,
        module_lock: if args.module_lock {
            ModuleLockUse::Create
        } else {
            ModuleLockUse::Existing
        },
        jobs: settings.jobs,
        link_mode: match args.link_mode {
            LinkModeArg::Auto => LinkMode::Auto,
            LinkModeArg::Clone => LinkMode::Clone,
            LinkModeArg::Hardlink => LinkMode::Hardlink,
            LinkModeArg::Copy => LinkMode::Copy,
        },
        reach: if args.offline {
            Reach::Offline
        } else {
            Reach::Network
        },
        writes: if args.dry_run {
            Writes::DryRun
        } else {
            Writes::Execute
        },
        ..base_options(&args.dir, args.origin)
    };
    if !args.platform.is_empty() {
        options.platforms.clone_from(&args.platform);
        options.platforms.sort();
        options.platforms.dedup();
    }
    Ok(options)
}

fn installer(
    args: InstallArgs,
    settings: &Settings,
    (installation, warm): (Option<ProviderInstallation>, WarmInstaller),
    nowhere: Arc<NoSource>,
) -> Result<Installer, Failure> {
    let WarmInstaller {
        files,
        cache,
        progress,
    } = warm;
    let connect = match args.offline {
        true => Connect::offline(files.clone()),
        false => settings.connect(&files)?,
    };
    let source: Arc<dyn Source> = match args.from {
        Some(template) => Arc::new(OciMirror::new(template, connect.clone())),
        None => match installation {
            Some(installation) => Arc::new(MultiSource::of_installation(&installation, &connect)),
            None => nowhere,
        },
    };
    let mut module_hosts = ModuleHosts::default();
    for from in args.module_from {
        module_hosts.map(from.host, from.path);
    }
    Ok(Installer {
        files,
        source,
        connect,
        module_hosts,
        cache,
        progress,
    })
}

/// The CLI configuration that the client would have.
fn configuration(settings: &Settings, options: &InstallOptions) -> Result<CliConfig, Failure> {
    if let Some(file) = settings.cli_config.missing(options.dialect) {
        let message = format!("there is no CLI configuration file {}", file.display());
        settings.printer.warning("cli-config-missing", &message);
    }
    settings
        .cli_config
        .load(options.dialect, &options.default_host)
}

/// The plugin cache as a link has to name it: clients take its path to start where they run.
fn plugin_cache(dir: Option<PathBuf>) -> Result<Option<PathBuf>, Failure> {
    let Some(dir) = dir else {
        return Ok(None);
    };
    match path::absolute(&dir) {
        Ok(dir) => Ok(Some(dir)),
        Err(error) => Err(unreadable_config(&dir, &error)),
    }
}

fn warn_of_overrides(installation: &ProviderInstallation, progress: &Progress) {
    if installation.dev_overrides.is_empty() {
        return;
    }
    let overrides = installation.dev_overrides.iter();
    progress.warn(Warning::DevOverrides {
        overrides: overrides
            .map(|(provider, dir)| (provider.clone(), dir.clone()))
            .collect(),
    });
}

fn document(report: &InstallReport, dry_run: bool) -> InstallDocument {
    InstallDocument {
        version: 1,
        dry_run,
        providers: report
            .providers
            .iter()
            .map(|package| InstalledProviderEntry {
                source: package.provider.to_string(),
                version: package.version.to_string(),
                platform: package.platform.to_string(),
                action: match package.action {
                    PackageAction::Kept => "kept",
                    PackageAction::Linked => "linked",
                    PackageAction::Installed => "installed",
                    PackageAction::Replaced => "replaced",
                },
                from: match package.origin {
                    PackageOrigin::Place => "place",
                    PackageOrigin::Cache => "cache",
                    PackageOrigin::PluginCache => "plugin-cache",
                    PackageOrigin::Source => "source",
                },
                size: package.size,
                directory: package.dir.to_string_lossy().into_owned(),
                plugin_cache: package
                    .plugin_cache
                    .as_ref()
                    .map(|path| path.to_string_lossy().into_owned()),
                hashes: package.hashes.iter().map(ToString::to_string).collect(),
                level: package
                    .verdict
                    .as_ref()
                    .map(|verdict| verdict.level.to_string()),
                proofs: package.verdict.as_ref().map(proofs),
            })
            .collect(),
        modules: report
            .modules
            .iter()
            .map(|module| InstalledModuleEntry {
                path: module_name(&module.path),
                source: module.source.clone(),
                pinned: match module.source.parse() {
                    Ok(ModuleSource::Oci(source)) => Some(source.pinned(&module.manifest.digest)),
                    _ => None,
                },
                digest: module.manifest.digest.to_string(),
                directory: module.dir.clone(),
            })
            .collect(),
        lock_file: LockFileEntry {
            path: report.lock_path.to_string_lossy().into_owned(),
            change: change(report.lock),
        },
        module_lock_file: report.module_lock.as_ref().map(|lock| LockFileEntry {
            path: lock.path.to_string_lossy().into_owned(),
            change: change(lock.change),
        }),
    }
}

fn change(change: LockChange) -> &'static str {
    match change {
        LockChange::Unchanged => "unchanged",
        LockChange::Created => "created",
        LockChange::Updated => "updated",
        LockChange::Withheld => "withheld",
    }
}

fn human(document: &InstallDocument, verbosity: Verbosity) -> String {
    let mut text = String::new();
    let mut providers = Table::new(&[
        ("PROVIDER", Align::Left),
        ("VERSION", Align::Left),
        ("PLATFORM", Align::Left),
        ("SIZE", Align::Right),
        ("", Align::Left),
    ]);
    for entry in &document.providers {
        let length = if entry.size == 0 {
            String::new()
        } else {
            size(entry.size)
        };
        let action = match (document.dry_run, entry.action) {
            (true, "installed") if entry.from == "cache" => "to be installed from the cache",
            (true, "replaced") if entry.from == "cache" => "to be replaced from the cache",
            (true, "installed") => "to be installed",
            (true, "replaced") => "to be replaced",
            (true, "linked") => "to be linked",
            (false, "installed") if entry.from == "cache" => "installed from the cache",
            (false, "replaced") if entry.from == "cache" => "replaced from the cache",
            (_, action) => action,
        };
        let action = match (&entry.plugin_cache, entry.action) {
            (None, _) => action.to_owned(),
            (Some(_), "linked") => format!("{action} from the plugin cache"),
            (Some(_), _) => format!("{action} by way of the plugin cache"),
        };
        providers.row([
            entry.source.as_str(),
            &entry.version,
            &entry.platform,
            &length,
            &action,
        ]);
    }
    let mut modules = Table::new(&[
        ("MODULE", Align::Left),
        ("SOURCE", Align::Left),
        ("", Align::Left),
    ]);
    for entry in &document.modules {
        let action = if document.dry_run {
            "to be installed"
        } else {
            "installed"
        };
        modules.row([entry.path.as_str(), &entry.source, action]);
    }
    for table in [&providers, &modules] {
        if !table.is_empty() {
            text.push_str(&format!("{table}\n"));
        }
    }
    if matches!(verbosity, Verbosity::Verbose | Verbosity::Everything) {
        let pinned = document.modules.iter().filter_map(|m| m.pinned.as_ref());
        for source in pinned {
            text.push_str(&format!("source = \"{}\"\n", shown(source)));
        }
    }
    if text.is_empty() {
        text.push_str("there is nothing to install; ");
    }
    text.push_str(&sum(document));
    text
}

/// The last line: the lock files, and what is or would be moved.
fn sum(document: &InstallDocument) -> String {
    let lock = match (document.lock_file.change, document.dry_run) {
        ("unchanged", _) => "the lock file stays as it is",
        ("created", false) => "the lock file was created",
        ("updated", false) => "the lock file was updated",
        ("created", true) => "the lock file would be created",
        ("updated", true) => "the lock file would be updated",
        _ => "the lock file would have got more hashes, and was left as it is",
    };
    let modules = match (&document.module_lock_file, document.dry_run) {
        (None, _) => String::new(),
        (Some(file), _) if file.change == "unchanged" => {
            "; the module lock file stays as it is".to_owned()
        }
        (Some(file), false) => format!("; the module lock file was {}", file.change),
        (Some(file), true) => format!("; the module lock file would be {}", file.change),
    };
    let lock = format!("{lock}{modules}");
    if document.dry_run {
        let bytes = document.providers.iter().map(|entry| entry.size).sum();
        return format!("{} of packages would be fetched; {lock}\n", size(bytes));
    }
    format!("{lock}\n")
}
