//! What the environment says. Read once; everything below gets values.

#![allow(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the environment"
)]

use std::env;
use std::io::IsTerminal as _;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use anstream::{AutoStream, ColorChoice};
use tofu_oci::default_jobs;
use tofu_oci::install::Writes;
use tofu_oci::source::Connect;
use tofu_oci::store::Files;
use tofu_oci::store::credentials::{AuthEnvironment, OsKind};
use tofu_oci::types::tofu::cli_config::{CliEnvironment, System};

use crate::args::{ColorWhen, GlobalArgs};
use crate::cli_config::ConfigFiles;
use crate::credentials::Credentials;
use crate::diagnostic::Failure;
use crate::network::Network;
use crate::printer::{
    Colour, Format, Glyphs, Printer, ProgressMode, TerminalReporter, Verbosity, WarningForm,
};

/// What the flags of every command and the environment come to.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Who prints.
    pub(crate) printer: Printer,
    /// How many packages are worked on at once.
    pub(crate) jobs: NonZeroUsize,
    /// Where clients keep what is installed: `TF_DATA_DIR`, else `.terraform`.
    pub(crate) data_dir: PathBuf,
    /// Where files may be put that live as long as the run.
    pub(crate) scratch: PathBuf,
    /// Where it is kept which registries take evidence beside packages; nowhere without a home directory.
    pub(crate) profiles: Option<PathBuf>,
    /// Where packages are that all working directories share.
    pub(crate) cache: CachePlaces,
    /// How registries are reached.
    pub(crate) network: Network,
    auth: AuthEnvironment,
    /// Where the CLI configuration is looked for.
    pub(crate) cli_config: ConfigFiles,
    progress: ProgressMode,
}

/// Where the package cache and its stamps are, if anything says so.
#[derive(Debug, Clone)]
pub(crate) struct CachePlaces {
    /// The packages.
    pub(crate) dir: Option<PathBuf>,
    /// The stamps.
    pub(crate) state: Option<PathBuf>,
}

impl Settings {
    /// Puts flags and environment together.
    pub(crate) fn resolve(args: &GlobalArgs) -> Self {
        let verbosity = match (args.quiet, args.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, 1) => Verbosity::Verbose,
            (false, _) => Verbosity::Everything,
        };
        let format = if args.json {
            Format::Json
        } else {
            Format::Human
        };
        Self {
            printer: Printer {
                format,
                verbosity,
                colour: colour(args.color),
                glyphs: glyphs(),
            },
            jobs: args.jobs.unwrap_or_else(default_jobs),
            data_dir: path("TF_DATA_DIR").unwrap_or_else(|| PathBuf::from(".terraform")),
            scratch: env::temp_dir(),
            cache: cache_places(args),
            profiles: state_dir().map(|dir| dir.join("registries.json")),
            network: Network::resolve(args),
            auth: auth_environment(),
            cli_config: ConfigFiles {
                named: args.cli_config.clone(),
                environment: environment(),
            },
            progress: progress(format, verbosity),
        }
    }

    /// Opens repositories, wherever they are.
    ///
    /// # Errors
    ///
    /// A file of certificates that cannot be read.
    pub(crate) fn connect(&self, files: &Files) -> Result<Connect, Failure> {
        let credentials = Credentials::new(files, self.cli_config.clone(), self.auth.clone());
        self.network
            .connect(files, Arc::new(credentials), &self.printer)
    }

    /// Where credentials are looked for and kept; in `file` alone where one is named.
    pub(crate) fn auth_environment(&self, file: Option<&PathBuf>) -> AuthEnvironment {
        let mut environment = self.auth.clone();
        if let Some(file) = file {
            environment.registry_auth_file = Some(file.clone());
        }
        environment
    }

    /// The time, from which ages are reckoned.
    #[allow(clippy::unused_self, reason = "whoever has no settings has no clock")]
    pub(crate) fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    /// Where a program is. Directories of the PATH that are not absolute would depend on where we run.
    pub(crate) fn program(&self, name: &str) -> Option<PathBuf> {
        let name = format!("{name}{}", env::consts::EXE_SUFFIX);
        env::split_paths(self.auth.path.as_ref()?)
            .filter(|dir| dir.is_absolute())
            .map(|dir| dir.join(&name))
            .find(|path| path.is_file())
    }

    /// Who is told what an operation does.
    pub(crate) fn reporter(&self, writes: Writes) -> TerminalReporter {
        let printer = &self.printer;
        let warnings = match (printer.verbosity, printer.format) {
            (Verbosity::Quiet, _) => WarningForm::None,
            (_, Format::Json) => WarningForm::Json,
            (_, Format::Human) => WarningForm::Human,
        };
        // Of a plan nothing is begun or finished, so there is no line to print.
        let mode = match (self.progress, writes) {
            (ProgressMode::Lines | ProgressMode::Json, Writes::DryRun) => ProgressMode::Silent,
            (mode, _) => mode,
        };
        // What is told to whom wants to know more is told to people.
        let verbosity = match printer.format {
            Format::Json => printer.verbosity.min(Verbosity::Normal),
            Format::Human => printer.verbosity,
        };
        TerminalReporter::new(mode, warnings, verbosity, printer.colour)
    }
}

/// A variable that names a file or directory; one that is set to nothing counts as not set.
fn path(name: &str) -> Option<PathBuf> {
    let value = env::var_os(name).filter(|value| !value.is_empty());
    value.map(PathBuf::from)
}

/// A directory of ours where the system has such: below what `variable` names, else below the home directory; on
/// Windows all are one. A relative path in the variable is to be ignored.
fn own_dir(variable: &str, below_home: &str) -> Option<PathBuf> {
    let dir = match cfg!(windows) {
        true => path("LOCALAPPDATA")?,
        false => path(variable)
            .filter(|dir| dir.is_absolute())
            .or_else(|| Some(path("HOME")?.join(below_home)))?,
    };
    Some(dir.join("tofu-oci"))
}

/// Where programs keep what they found out, which is neither configuration nor cache.
fn state_dir() -> Option<PathBuf> {
    own_dir("XDG_STATE_HOME", ".local/state")
}

/// `--cache-dir`, else the directories that the system has for this.
fn cache_places(args: &GlobalArgs) -> CachePlaces {
    // Where the system has one directory for both they lie beside each other.
    let apart = |dir: PathBuf, name: &str| match cfg!(windows) {
        true => dir.join(name),
        false => dir,
    };
    let dir = own_dir("XDG_CACHE_HOME", ".cache").map(|dir| apart(dir, "cache"));
    let state = state_dir().map(|dir| apart(dir, "state"));
    let named = args
        .cache_dir
        .clone()
        .filter(|dir| !dir.as_os_str().is_empty());
    let absolute = named.map(|dir| std::path::absolute(&dir).unwrap_or(dir));
    CachePlaces {
        dir: absolute.or(dir),
        state,
    }
}

fn auth_environment() -> AuthEnvironment {
    AuthEnvironment {
        os: OsKind::here(),
        home: path(if cfg!(windows) { "USERPROFILE" } else { "HOME" }),
        xdg_runtime_dir: path("XDG_RUNTIME_DIR"),
        xdg_config_home: path("XDG_CONFIG_HOME"),
        docker_config: path("DOCKER_CONFIG"),
        registry_auth_file: path("REGISTRY_AUTH_FILE"),
        path: env::var_os("PATH"),
    }
}

/// What the CLI configuration of a client depends on. Variables that are not text are none to it.
fn environment() -> CliEnvironment {
    let filled = |path: &PathBuf| !path.as_os_str().is_empty();
    CliEnvironment {
        system: if cfg!(windows) {
            System::Windows
        } else {
            System::Unix
        },
        home: env::home_dir().filter(filled),
        app_data: env::var_os("APPDATA").map(PathBuf::from).filter(filled),
        variables: env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
    }
}

fn progress(format: Format, verbosity: Verbosity) -> ProgressMode {
    match (verbosity, format) {
        (Verbosity::Quiet, _) => return ProgressMode::Silent,
        (_, Format::Json) => return ProgressMode::Json,
        (_, Format::Human) => {}
    }
    let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
    if std::io::stderr().is_terminal() && !dumb {
        ProgressMode::Bars
    } else {
        ProgressMode::Lines
    }
}

fn colour(when: ColorWhen) -> Colour {
    let on = match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        // Honours NO_COLOR, CLICOLOR, CLICOLOR_FORCE and TERM.
        ColorWhen::Auto => AutoStream::choice(&std::io::stderr()) != ColorChoice::Never,
    };
    if on { Colour::On } else { Colour::Off }
}

/// Box-drawing characters, unless the locale says that they cannot be shown. A container without
/// any locale usually sits behind a terminal that can.
fn glyphs() -> Glyphs {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .filter_map(env::var_os)
        .find(|value| !value.is_empty());
    match locale {
        Some(locale) if !is_utf8(&locale.to_string_lossy()) => Glyphs::Ascii,
        _ => Glyphs::Unicode,
    }
}

fn is_utf8(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales() {
        for (locale, utf8) in [
            ("C.UTF-8", true),
            ("de_DE.utf8", true),
            ("C", false),
            ("POSIX", false),
            ("de_DE", false),
        ] {
            assert_eq!(is_utf8(locale), utf8, "{locale}");
        }
    }
}
